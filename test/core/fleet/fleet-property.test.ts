import fc from "fast-check";
import { expect, it } from "vitest";
import { holds, parseConstraint, parseVersion } from "../../../provider/core/version";
import { type RandomUp, randomUp, specs } from "./random-worlds";
import type { Spec } from "./vendor";
import { HOUR, MINUTE, type Run, SETTLE, type Up, World } from "./world";

/** Number of random fleets: `FLEET_RUNS=5000` finds more. */
const RUNS = Number(process.env["FLEET_RUNS"] ?? 150);
/** Longer than any run of these fleets should take. */
const LONGEST = 24 * HOUR;

/** The last request for an instance that was accepted, or whose response was lost. */
interface Requested {
  readonly run: number;
  readonly age: number;
  readonly version: string | undefined;
}

class Trial {
  readonly world: World;
  readonly #specs: readonly Spec[];
  readonly #requested = new Map<string, Requested>();
  readonly #violations: string[] = [];
  /** Requested by a run, never removed from the resource since, and not up to date yet. */
  readonly #ours = new Set<string>();
  #run = 0;
  #requestedAt = 0;

  constructor(all: readonly Spec[]) {
    this.#specs = all;
    this.world = new World(all);
  }

  async up({ up, without, stopAt, elsewhere, unreachableUntil }: Omit<RandomUp, "pause">): Promise<Run> {
    const { vendor } = this.world;
    const all = this.#specs.map(({ name }) => name);
    const names = all.filter((name, i) => !without.includes(i) && !this.#isAddedTooSoon(name));
    const chosen = names.length === 0 ? all.slice(0, 1) : names;
    for (const { name } of this.#specs) if (!chosen.includes(name)) this.#ours.delete(name);
    this.#run += 1;
    const began = vendor.age;
    const [member = 0, after = 0] = unreachableUntil ?? [];
    const opens = unreachableUntil && this.#specs[member]?.window?.[0];
    const unreachableFor = opens === undefined ? 0 : opens + after - began;
    const run = await this.world.up({
      ...up,
      ...(unreachableFor > 0 ? { unreachable: [...(up.unreachable ?? []), [0, unreachableFor] as const] } : {}),
      names: chosen,
      on: (moment, nth, stage) => {
        if (moment === stopAt?.[0] && nth === stopAt[1]) stage.abort();
        const other = elsewhere?.[1] === undefined ? undefined : this.#specs[elsewhere[1]]?.name;
        if (moment === "read:end" && nth === elsewhere?.[0] && other !== undefined) vendor.startElsewhere(other);
      },
      beforeRequest: (requested) => this.#before(requested),
      afterRequest: (requested) => this.#sent(requested),
    });
    this.#judge(run, up, chosen, vendor.age - began);
    return run;
  }

  /** Removed from the resource before its upgrade ended: not added again while that upgrade may not be visible. */
  #isAddedTooSoon(name: string): boolean {
    const { vendor } = this.world;
    const last = this.#requested.get(name);
    return last !== undefined && !this.#ours.has(name) && (vendor.age - last.age < SETTLE || vendor.isOpen(name));
  }

  #before(names: readonly string[]): void {
    const { vendor } = this.world;
    this.#requestedAt = vendor.age;
    for (const name of names) {
      const last = this.#requested.get(name);
      if (last === undefined) continue;
      if (last.run === this.#run && vendor.versionOf(name) === last.version) {
        this.#violations.push(`${name} was requested twice in a run although nothing had changed`);
      }
      if (!vendor.hasTaskSince(name, last.age) && vendor.age - last.age < SETTLE) {
        this.#violations.push(`${name} was requested again after ${vendor.age - last.age} ms`);
      }
    }
  }

  #sent(names: readonly string[]): void {
    const { vendor } = this.world;
    for (const name of names) {
      this.#ours.add(name);
      this.#requested.set(name, { run: this.#run, age: this.#requestedAt, version: vendor.versionOf(name) });
    }
  }

  #judge({ outcome, late, journal, took }: Run, up: Up, names: readonly string[], lasted: number): void {
    const { vendor } = this.world;
    expect(vendor.broken).toEqual([]);
    expect(this.#violations).toEqual([]);
    expect(late).toEqual([]);
    expect(took).toBe(lasted);
    expect(took).toBeLessThan(LONGEST);
    expect(journal.length).toBeLessThan(400 + took / (5 * 1_000));
    const constraint = parseConstraint(up.version ?? ">=2.0.78");
    const satisfied = (name: string) => {
      const version = parseVersion(vendor.versionOf(name) ?? "");
      return constraint !== undefined && version !== undefined && holds(version, constraint);
    };
    if (outcome.status === "current") {
      expect(outcome).toMatchObject({ accepted: false });
      expect(outcome.error).toBeUndefined();
      expect(names.filter((name) => !satisfied(name))).toEqual([]);
    }
    const open = names.filter((name) => this.#ours.has(name) && vendor.isOpen(name) && !satisfied(name));
    if (open.length > 0) expect(outcome.accepted).toBe(true);
    // Later upgrades of these no longer concern the resource.
    for (const name of names) if (satisfied(name)) this.#ours.delete(name);
    if (outcome.accepted) expect(outcome.upgrade).toBeDefined();
    if (outcome.status === "deferred" && outcome.error === undefined) {
      expect(vendor.waiting.length).toBeGreaterThan(0);
      expect(outcome.upgrade?.window).toBeDefined();
    }
    if (["behind", "failed"].includes(outcome.status)) expect(outcome.error).toBeDefined();
  }
}

/** Whether an upgrade can bring every instance to the target. */
function fixable(all: readonly Spec[]): boolean {
  return all.every(
    ({ broken, deletedAt, version }) => broken === undefined && deletedAt === undefined && version !== "2.0.80.1",
  );
}

it("upgrades random fleets without a duplicate or lost request despite faults and interruptions", {
  timeout: 60_000 + RUNS * 200,
}, async () => {
  await fc.assert(
    fc.asyncProperty(specs, fc.array(randomUp, { minLength: 1, maxLength: 4 }), async (all, ups) => {
      const trial = new Trial(all);
      for (const { pause, ...one } of ups) {
        await trial.up(one);
        await trial.world.clock.sleep(pause);
      }
      if (!fixable(all)) return;
      // Without further faults, every instance reaches the target.
      await trial.world.clock.sleep(8 * HOUR);
      let last: Run | undefined;
      for (let i = 0; i < 5 && last?.outcome.status !== "current"; i++) {
        last = await trial.up({ up: {}, without: [] });
        await trial.world.clock.sleep(MINUTE);
      }
      expect(last?.outcome.status).toBe("current");
      const after = await trial.up({ up: {}, without: [] });
      expect(after.journal.map(({ what }) => what)).toEqual(["read"]);
    }),
    { numRuns: RUNS },
  );
});
