import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Unreachable, UpgradeError } from "../../../provider/core/errors";
import { summaryOf } from "../../../provider/core/run";
import { holds, parseConstraint, parseVersion } from "../../../provider/core/version";
import { type RandomUp, randomUp, specs } from "./random-worlds";
import {
  joining,
  newer,
  play,
  record,
  running,
  satisfied,
  succeeded,
  TITLE,
  task,
  upgrade,
  waiting,
} from "./scripted-driver";
import type { Spec } from "./vendor";
import { HOUR, MINUTE, type Run, SETTLE, type Up, World } from "./world";

const ENDED = [running, succeeded];

describe("a run without changes", () => {
  it("adopts the database with one read and no request", async () => {
    const { outcome, starts, journal } = await play({ reads: [satisfied] });
    expect(outcome).toMatchObject({ status: "current", accepted: false });
    expect(outcome.error).toBeUndefined();
    expect(outcome.upgrade).toBeUndefined();
    expect(outcome.observation?.plan).toEqual(satisfied);
    expect(starts).toBe(0);
    expect(journal).toEqual(["read"]);
  });
});

describe("a run that upgrades", () => {
  it("reads twice, sends one request, waits, and reads again", async () => {
    const { outcome, starts, journal, messages } = await play({
      reads: [upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: ENDED,
    });
    expect(outcome).toMatchObject({
      status: "current",
      accepted: false,
      upgrade: { task: "11", kind: "rolling upgrade", from: "4.2.1.8", to: "4.3.5.2", state: "succeeded" },
    });
    expect(outcome.error).toBeUndefined();
    expect(outcome.observation?.plan).toEqual(satisfied);
    expect(starts).toBe(1);
    expect(journal).toEqual(["read", "read", "start", "inspect 11", "inspect 11", "read"]);
    expect(messages).toContain("upgrade 11 started");
  });

  it("records the times of the request and of the observed end, by its own clock", async () => {
    const { outcome, took } = await play({
      reads: [upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: [running, running, running, succeeded],
    });
    const { startedAt, finishedAt } = outcome.upgrade ?? {};
    expect(startedAt).toBe("2026-01-01T00:00:00.000Z");
    expect(Date.parse(finishedAt ?? "") - Date.parse(startedAt ?? "")).toBe(took);
    expect(took).toBeGreaterThan(0);
  });

  it.each([
    ["is up to date", satisfied, "current"],
    ["is ahead of the target", newer, "newer"],
  ] as const)("sends no request if the second read %s", async (_, second, status) => {
    const { outcome, starts } = await play({ reads: [upgrade(), second] });
    expect(outcome.status).toBe(status);
    expect(starts).toBe(0);
  });

  it("joins instead of sending a request if the second read shows our upgrade", async () => {
    const { outcome, starts } = await play({ reads: [upgrade(), joining, satisfied], inspections: ENDED });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "11", state: "succeeded" } });
    expect(starts).toBe(0);
  });

  it("needs two consecutive reads: one before a wait does not count", async () => {
    const { starts, journal } = await play({
      reads: [upgrade(), waiting(), upgrade(), satisfied],
      starts: [task],
    });
    expect(starts).toBe(0);
    expect(journal).toEqual(["read", "read", "read", "read"]);
  });

  it("with wait: false ends once the vendor has accepted, if there is no maintenance window", async () => {
    const { outcome, starts, journal } = await play({
      schedules: false,
      reads: [upgrade()],
      starts: [task],
      policy: { wait: false },
    });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, upgrade: { task: "11", state: "running" } });
    expect(outcome.error).toBeUndefined();
    expect(outcome.upgrade).not.toHaveProperty("finishedAt");
    expect(starts).toBe(1);
    expect(journal.at(-1)).toBe("start");
  });
});

describe("a read", () => {
  it("that throws an unexpected error fails the run with the code unexpected", async () => {
    const cause = new TypeError("cannot read properties of undefined");
    const { outcome, starts } = await play({ reads: [cause] });
    expect(outcome).toMatchObject({ status: "behind", error: { code: "unexpected", cause } });
    expect(outcome.observation).toBeUndefined();
    expect(starts).toBe(0);
  });

  it("without versions is retried within the budget, and is not a basis for a decision", async () => {
    const unknown = { kind: "unknown", reason: "the database does not respond to its agents" } as const;
    const { outcome, starts, reports } = await play({ reads: [...Array(40).fill(unknown), satisfied] });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(0);
    expect(reports.at(-1)).toBe("no response");
  });

  it("that never shows versions fails as unreachable, without an observation", async () => {
    const { outcome, starts, took } = await play({ reads: [{ kind: "unknown", reason: "no members" }] });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "unreachable" } });
    expect(outcome.error?.message).toContain(`${TITLE} could not be read for 20 min`);
    expect(outcome.observation).toBeUndefined();
    expect(starts).toBe(0);
    expect(took).toBeGreaterThanOrEqual(20 * 60_000);
  });
});

describe("a run that finds our upgrade in progress", () => {
  it("joins it and sends no request", async () => {
    const { outcome, starts, messages } = await play({ reads: [joining, satisfied], inspections: ENDED });
    expect(outcome).toMatchObject({
      status: "current",
      upgrade: { task: "11", from: "4.2.1.8", to: "4.3.5.2", state: "succeeded" },
    });
    expect(starts).toBe(0);
    expect(messages).toEqual(["joins running upgrade 11 (rolling upgrade to 4.3.5.2)"]);
  });

  it("reports its progress while waiting", async () => {
    const { reports } = await play({ reads: [joining, satisfied], inspections: ENDED });
    expect(reports).toContain("stage 2/9");
  });

  it("only records it with wait: false", async () => {
    const { outcome, starts, journal } = await play({ reads: [joining], policy: { wait: false } });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, upgrade: { task: "11", state: "running" } });
    expect(starts).toBe(0);
    expect(journal).toEqual(["read"]);
  });

  it("keeps waiting while the vendor is unreachable during restarts", async () => {
    const noResponse = new Unreachable("connection refused", { sent: false, responded: false });
    const { outcome, starts } = await play({
      reads: [joining, satisfied],
      inspections: [running, ...Array<Unreachable>(30).fill(noResponse), running, succeeded],
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(0);
  });

  it("keeps the start time and original version from the state", async () => {
    const { outcome } = await play({
      reads: [joining, satisfied],
      inspections: ENDED,
      remembered: record("running", { from: "4.2.1.7" }),
    });
    expect(outcome.upgrade).toMatchObject({ from: "4.2.1.7", startedAt: "2025-12-31T23:00:00.000Z" });
  });
});

describe("a run that finds another operation in progress", () => {
  it("waits until it has ended, then upgrades", async () => {
    const { outcome, starts, reports } = await play({
      reads: [waiting(), waiting(), waiting(), upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(1);
    expect(reports).toContain("waiting for backup 3");
  });

  it("does not wait if the request could never succeed afterwards", async () => {
    const { outcome, starts, took } = await play({
      reads: [
        waiting({ code: "x", property: "mode", message: "Rolling needs 3 zones.", remedy: 'Set mode: "stopService".' }),
      ],
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "blocked" } });
    expect(starts).toBe(0);
    expect(took).toBe(0);
  });

  it("waits although there are findings, which may be resolved meanwhile", async () => {
    const finding = { code: "agent-not-running", message: "An agent does not run.", remedy: "Start it." };
    const { outcome, starts } = await play({
      reads: [waiting(finding), waiting(finding), upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(1);
  });
});

describe("the summary of a run", () => {
  const finishedAt = "2026-01-01T00:01:28.000Z";
  const startedAt = "2026-01-01T00:00:00.000Z";
  const done = record("succeeded", { startedAt, finishedAt });

  describe("a succeeded upgrade", () => {
    it.each([
      [
        "with the number of stages if the vendor reports it",
        done,
        undefined,
        { stages: 30 },
        " in 1 min 28 s, 30 stages",
      ],
      ["without stages otherwise", done, undefined, {}, " in 1 min 28 s"],
      ["with the time over all runs that waited", done, record("running", { startedAt }), {}, " in 1 min 28 s"],
      ["without a time if no run waited", done, record("running", { startedAt }), undefined, ""],
      [
        "with the time that it was observed, if it was joined",
        { ...done, joined: true as const },
        undefined,
        {},
        ", seen running for 1 min 28 s",
      ],
      [
        "with 0 ms if the clock was set back",
        { ...done, finishedAt: "2025-12-31T23:00:00.000Z" },
        undefined,
        {},
        " in 0 ms",
      ],
    ])("is summarized %s", (_, upgrade, remembered, noted, rest) => {
      expect(summaryOf({ upgrade }, remembered, noted)).toBe(`upgraded 4.2.1.8 → 4.3.5.2${rest}`);
    });

    it("lists only the upgraded modules if versions have names", () => {
      const modules = { ...done, from: "ReJSON 2.8.4, search 2.10.17, bf 2.8.7", to: "ReJSON 2.8.10, bf 2.8.9" };
      const line = summaryOf({ upgrade: modules }, undefined, undefined);
      expect(line).toBe("upgraded ReJSON 2.8.4, bf 2.8.7 → ReJSON 2.8.10, bf 2.8.9");
    });

    it("shows the exact version if only a release was requested", () => {
      const release = { ...done, from: "7.2.7", to: "7.4" };
      const seen = (parts: bigint[]) => ({ members: [{ name: "bdb:1", version: { parts } }] });
      expect(summaryOf({ upgrade: release, observation: seen([7n, 4n, 2n]) }, undefined, undefined)).toBe(
        "upgraded 7.2.7 → 7.4.2",
      );
      expect(summaryOf({ upgrade: release, observation: seen([7n, 40n]) }, undefined, undefined)).toBe(
        "upgraded 7.2.7 → 7.4",
      );
    });

    it("is summarized only once", () => {
      expect(summaryOf({ upgrade: done }, done, {})).toBeUndefined();
    });

    it("without the new version has no summary, because the run fails", () => {
      expect(
        summaryOf({ upgrade: done, error: new UpgradeError("not-upgraded", "Still old.") }, undefined, {}),
      ).toBeUndefined();
    });
  });

  it.each(["running", "deferred", "failed", "rolled-back", "withdrawn", "unknown", "gone"] as const)(
    "is missing for an upgrade in state %s",
    (state) => {
      expect(summaryOf({ upgrade: record(state, { finishedAt }) }, undefined, {})).toBeUndefined();
    },
  );

  it("is missing without an upgrade", () => {
    expect(summaryOf({}, undefined, undefined)).toBeUndefined();
  });
});

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
