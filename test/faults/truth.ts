import type { RuleChecks } from "./rules";
import type { Upgrade, World } from "./world";

const NONE: readonly string[] = [];

/** The true state of the vendor, updated with every request. */
export class GroundTruth {
  readonly #world: World;
  readonly #checks: RuleChecks;
  /** Every version that a member had, as in the outputs. */
  readonly #had = new Set<string>();
  readonly #names = new Set<string>();
  /** Upgrades accepted after their run had ended, too late to be visible to the next run. */
  readonly #unknowable = new Set<string>();
  #accepted = 0;

  constructor(world: World, checks: RuleChecks) {
    this.#world = world;
    this.#checks = checks;
    this.observe();
  }

  /** Records the current versions. */
  observe(): void {
    for (const [name, version] of Object.entries(this.#world.members())) {
      this.#names.add(name);
      this.#had.add(version);
    }
  }

  /**
   * Called when the vendor has processed a request.
   * @param write whether it was a write
   * @param awaited whether the client still waits for the response
   * @param killed milliseconds since the process of the client was killed
   * @returns the ids of the upgrades that it accepted
   */
  processed(write: boolean, awaited: boolean, killed?: number): readonly string[] {
    this.observe();
    if (!write) return NONE;
    const upgrades = this.#world.upgrades();
    const added = upgrades.slice(this.#accepted);
    this.#accepted = upgrades.length;
    const { visibilityDelay, spacing } = this.#world;
    // The next run waits this long before its upgrade request, so it sees what is accepted and visible by then.
    const visibleInTime = killed !== undefined && killed + visibilityDelay <= spacing;
    for (const upgrade of added) {
      if (!awaited && !visibleInTime) this.#unknowable.add(upgrade.id);
      else if (upgrade.reachesTarget) this.#checkAcceptance(upgrade, upgrades);
    }
    return added.map(({ id }) => id);
  }

  #checkAcceptance({ id, unit }: Upgrade, all: readonly Upgrade[]): void {
    const earlier = all.filter((upgrade) => upgrade.reachesTarget && upgrade.unit === unit && upgrade.id !== id);
    const open = earlier.filter((upgrade) => upgrade.state !== "failed" && this.knowable(upgrade.id));
    const list = () => open.map((upgrade) => `${upgrade.id} (${upgrade.state})`).join(", ");
    this.#checks.require(open.length === 0, "one upgrade", () => `${id} was accepted in addition to ${list()}`);
  }

  /** Whether an upgrade was accepted while its run still waited, or soon enough after that. */
  knowable(id: string): boolean {
    return !this.#unknowable.has(id);
  }

  /** Whether a member had this version at some time, with or without its build. */
  had(version: string): boolean {
    if (this.#had.has(version)) return true;
    return [...this.#had].some((one) => one.startsWith(`${version}-`));
  }

  isMember(name: string): boolean {
    return this.#names.has(name);
  }
}
