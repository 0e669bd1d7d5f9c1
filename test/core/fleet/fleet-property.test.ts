import fc from "fast-check";
import { expect, it } from "vitest";
import { holds, parseConstraint, parseVersion } from "../../../provider/core/version";
import { type RandomUp, randomUp, specs } from "./random-worlds";
import type { Spec } from "./vendor";
import { HOUR, MINUTE, type Run, SETTLE, type Up, World } from "./world";

/** More of them find more: `FLEET_RUNS=5000`. */
const RUNS = Number(process.env["FLEET_RUNS"] ?? 150);
/** Longer than any of these worlds has a reason to keep a run waiting. */
const LONGEST = 24 * HOUR;

/** What was asked for: by a call that was accepted, or whose answer was lost. */
interface Asked {
  readonly run: number;
  readonly age: number;
  readonly version: string | undefined;
}

class Trial {
  readonly world: World;
  readonly #specs: readonly Spec[];
  readonly #asked = new Map<string, Asked>();
  readonly #faulty: string[] = [];
  /** Asked for by runs since which the pin has always had them, and has not been satisfied. */
  readonly #ours = new Set<string>();
  #run = 0;
  #calledAt = 0;

  constructor(all: readonly Spec[]) {
    this.#specs = all;
    this.world = new World(all);
  }

  async up({ up, without, stopAt, elsewhere }: Omit<RandomUp, "pause">): Promise<Run> {
    const { vendor } = this.world;
    const all = this.#specs.map(({ name }) => name);
    const names = all.filter((name, i) => !without.includes(i) && !this.#isBackTooSoon(name));
    const chosen = names.length === 0 ? all.slice(0, 1) : names;
    for (const { name } of this.#specs) if (!chosen.includes(name)) this.#ours.delete(name);
    this.#run += 1;
    const began = vendor.age;
    const run = await this.world.up({
      ...up,
      names: chosen,
      on: (moment, nth, stage) => {
        if (moment === stopAt?.[0] && nth === stopAt[1]) stage.abort();
        const other = elsewhere?.[1] === undefined ? undefined : this.#specs[elsewhere[1]]?.name;
        if (moment === "look:end" && nth === elsewhere?.[0] && other !== undefined) vendor.startElsewhere(other);
      },
      onCall: (asked) => this.#before(asked),
      onSent: (asked) => this.#sent(asked),
    });
    this.#judge(run, up, chosen, vendor.age - began);
    return run;
  }

  /** One that left the pin before its upgrade ended: nobody brings it back while that may not show. */
  #isBackTooSoon(name: string): boolean {
    const { vendor } = this.world;
    const last = this.#asked.get(name);
    return last !== undefined && !this.#ours.has(name) && (vendor.age - last.age < SETTLE || vendor.isOpen(name));
  }

  #before(names: readonly string[]): void {
    const { vendor } = this.world;
    this.#calledAt = vendor.age;
    for (const name of names) {
      const last = this.#asked.get(name);
      if (last === undefined) continue;
      if (last.run === this.#run && vendor.versionOf(name) === last.version) {
        this.#faulty.push(`${name} was asked for twice in a run although nothing had moved`);
      }
      if (!vendor.hasTaskSince(name, last.age) && vendor.age - last.age < SETTLE) {
        this.#faulty.push(`${name} was asked for again after ${vendor.age - last.age} ms`);
      }
    }
  }

  #sent(names: readonly string[]): void {
    const { vendor } = this.world;
    for (const name of names) {
      this.#ours.add(name);
      this.#asked.set(name, { run: this.#run, age: this.#calledAt, version: vendor.versionOf(name) });
    }
  }

  #judge({ outcome, late, requests, took }: Run, up: Up, names: readonly string[], lasted: number): void {
    const { vendor } = this.world;
    expect(vendor.broken).toEqual([]);
    expect(this.#faulty).toEqual([]);
    expect(late).toEqual([]);
    expect(took).toBe(lasted);
    expect(took).toBeLessThan(LONGEST);
    expect(requests.length).toBeLessThan(400 + took / (5 * 1_000));
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
    // What still comes of those is no matter of the pin any more.
    for (const name of names) if (satisfied(name)) this.#ours.delete(name);
    if (outcome.accepted) expect(outcome.upgrade).toBeDefined();
    if (outcome.status === "deferred" && outcome.error === undefined) {
      expect(vendor.waiting.length).toBeGreaterThan(0);
      expect(outcome.upgrade?.window).toBeDefined();
    }
    if (["behind", "failed"].includes(outcome.status)) expect(outcome.error).toBeDefined();
  }
}

/** Nothing is wrong with them that an upgrade cannot fix. */
function mendable(all: readonly Spec[]): boolean {
  return all.every(
    ({ broken, deletedAt, version }) => broken === undefined && deletedAt === undefined && version !== "2.0.80.1",
  );
}

it("keeps its promises in any world, whatever happens to its runs", { timeout: 60_000 + RUNS * 200 }, async () => {
  await fc.assert(
    fc.asyncProperty(specs, fc.array(randomUp, { minLength: 1, maxLength: 4 }), async (all, ups) => {
      const trial = new Trial(all);
      for (const { pause, ...one } of ups) {
        await trial.up(one);
        await trial.world.clock.sleep(pause);
      }
      if (!mendable(all)) return;
      // Left alone, it gets everybody there.
      await trial.world.clock.sleep(8 * HOUR);
      let last: Run | undefined;
      for (let i = 0; i < 5 && last?.outcome.status !== "current"; i++) {
        last = await trial.up({ up: {}, without: [] });
        await trial.world.clock.sleep(MINUTE);
      }
      expect(last?.outcome.status).toBe("current");
      const after = await trial.up({ up: {}, without: [] });
      expect(after.requests.map(({ what }) => what)).toEqual(["look"]);
    }),
    { numRuns: RUNS },
  );
});
