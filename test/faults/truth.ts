import type { Judge } from "./judge";
import type { Upgrade, World } from "./world";

const NONE: readonly string[] = [];

/** What is so at the vendor, followed from request to request. */
export class Truth {
  readonly #world: World;
  readonly #judge: Judge;
  /** Every version that a member had, as outputs write it. */
  readonly #had = new Set<string>();
  readonly #names = new Set<string>();
  /** Upgrades that were accepted when the run that had sent them was gone, too late for the next run to know of them. */
  readonly #orphans = new Set<string>();
  #accepted = 0;

  constructor(world: World, judge: Judge) {
    this.#world = world;
    this.#judge = judge;
    this.look();
  }

  /** Notes what runs. */
  look(): void {
    for (const [name, version] of Object.entries(this.#world.members())) {
      this.#names.add(name);
      this.#had.add(version);
    }
  }

  /**
   * The vendor has processed a request.
   * @param write whether it asked for a change
   * @param awaited whether anybody still waits for the answer
   * @param killed milliseconds since the process that asked was killed
   * @returns the ids of the upgrades that it accepted
   */
  processed(write: boolean, awaited: boolean, killed?: number): readonly string[] {
    this.look();
    if (!write) return NONE;
    const upgrades = this.#world.upgrades();
    const fresh = upgrades.slice(this.#accepted);
    this.#accepted = upgrades.length;
    const { lag, spacing } = this.#world;
    // The run after the killed one waits so long before it calls, and sees by then what is accepted in time to show.
    const shows = killed !== undefined && killed + lag <= spacing;
    for (const upgrade of fresh) {
      if (!awaited && !shows) this.#orphans.add(upgrade.id);
      else if (upgrade.aimed) this.#judgeAcceptance(upgrade, upgrades);
    }
    return fresh.map(({ id }) => id);
  }

  #judgeAcceptance({ id, subject }: Upgrade, all: readonly Upgrade[]): void {
    const earlier = all.filter((upgrade) => upgrade.aimed && upgrade.subject === subject && upgrade.id !== id);
    const open = earlier.filter((upgrade) => upgrade.state !== "failed" && this.knowable(upgrade.id));
    const list = () => open.map((upgrade) => `${upgrade.id} (${upgrade.state})`).join(", ");
    this.#judge.that(open.length === 0, "one upgrade", () => `${id} was accepted beside ${list()}`);
  }

  /** Whether an upgrade was accepted while the run that had sent it still waited, or soon after that. */
  knowable(id: string): boolean {
    return !this.#orphans.has(id);
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
