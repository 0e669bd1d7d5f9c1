import { describe, expect, it } from "vitest";
import { HOUR, MINUTE, many, SECOND, SETTLE, World } from "./world";

const OLD = "2.0.48.231200";
/** How long a lost call may take to show: see `policy` in world.ts. */
const LOST = SETTLE;

describe("a call whose answer was lost", () => {
  it("after its effect is found, and never sent again", async () => {
    const world = new World(many(3, OLD));
    const { outcome, calls, warnings } = await world.up({ faults: ["lost-after"] });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(calls).toHaveLength(1);
    expect(warnings).toEqual([
      "The response to the upgrade request was lost (Connection reset.). Searching for the upgrades.",
    ]);
  });

  it("before its effect is looked for, and not sent again in the same run", async () => {
    const world = new World(many(3, OLD));
    const { outcome, calls, took } = await world.up({ faults: ["lost-before"] });
    expect(outcome).toMatchObject({
      status: "behind",
      accepted: false,
      error: { code: "unconfirmed" },
      upgrade: { state: "failed" },
    });
    expect(outcome.problems?.["i001"]).toBe("the response to the upgrade request was lost, and no upgrade appeared");
    expect(calls).toHaveLength(1);
    expect(took).toBeGreaterThan(LOST);
    expect(took).toBeLessThan(LOST + MINUTE);
    const next = await world.up();
    expect(next.outcome.status).toBe("current");
    expect(next.calls).toEqual([["i001", "i002", "i003"]]);
  });

  it("does not keep other batches from being sent", async () => {
    const world = new World([...many(2, OLD), ...many(2, "2.0.75.28", {}, 3)]);
    const { outcome, calls } = await world.up({ faults: ["lost-before"] });
    expect(outcome).toMatchObject({ status: "behind", error: { code: "unconfirmed" } });
    expect(calls).toEqual([
      ["i001", "i002"],
      ["i003", "i004"],
    ]);
    expect(world.vendor.versionOf("i004")).toBe("2.0.78.260600");
  });

  it.each([
    ["after its effect", "lost-after", 0],
    ["before its effect", "lost-before", 1],
  ] as const)("%s, in a run that was stopped right then: the next waits first", async (_, fault, again) => {
    const world = new World(many(2, OLD, { fates: [{ startsAfter: 4 * MINUTE }] }));
    const first = await world.up({ faults: [fault], abortAfter: 10 * SECOND });
    expect(first.outcome).toMatchObject({
      status: "upgrading",
      accepted: true,
      error: { code: "interrupted" },
      upgrade: { state: "unknown" },
    });
    expect(first.outcome.error?.message).toBe(
      "Interrupted: the upgrade request was sent to Orders fleet, but no response was received.",
    );
    const next = await world.up();
    expect(next.outcome.status).toBe("current");
    expect(next.calls).toHaveLength(again);
    const sentAgain = next.requests.find(({ what }) => what === "call")?.at;
    const sentFirst = Date.parse(first.outcome.upgrade?.startedAt ?? "");
    if (again > 0) expect((sentAgain ?? 0) - sentFirst).toBeGreaterThanOrEqual(LOST);
    expect(world.vendor.broken).toEqual([]);
  });

  it("is known to be accepted once its upgrades show", async () => {
    const world = new World(many(2, OLD, { fates: [{ takes: HOUR }] }));
    const { outcome } = await world.up({ faults: ["lost-after"], abortAfter: 30 * MINUTE });
    expect(outcome).toMatchObject({ status: "upgrading", upgrade: { state: "running" } });
    expect(outcome.error?.message).toBe(
      "Interrupted: Orders fleet is still running upgrade batch (kernel upgrade of 2 instances to 2.0.78.260600).",
    );
  });
});

describe("a clock that is put forward or back", () => {
  it.each([24 * HOUR, -24 * HOUR])("by %i ms right after a call changes nothing", async (forward) => {
    const world = new World(many(2, OLD, { fates: [{ startsAfter: 4 * MINUTE }] }));
    const { outcome, calls, took } = await world.up({
      on: (moment, _, { clock }) => {
        if (moment === "call:end") clock.put(forward);
      },
    });
    expect(outcome.status).toBe("current");
    expect(calls).toHaveLength(1);
    expect(took).toBeLessThan(16 * MINUTE);
  });

  it.each([24 * HOUR, -24 * HOUR])(
    "by %i ms in a run that is stopped does not make the next one forget",
    async (by) => {
      const world = new World(many(2, OLD, { fates: [{ startsAfter: 4 * MINUTE }] }));
      await world.up({
        faults: ["lost-after"],
        abortAfter: 5 * SECOND,
        on: (moment, nth, { clock }) => {
          if (moment === "look:end" && nth === 3) clock.put(by);
        },
      });
      const next = await world.up();
      expect(next.outcome.status).toBe("current");
      expect(next.calls).toEqual([]);
      expect(next.took).toBeLessThan(16 * MINUTE);
    },
  );
});

describe("calls of several times in one run", () => {
  it("are all waited for by the next run: the newest that had not shown counts", async () => {
    const slow = { startsAfter: 4 * MINUTE, takes: 20 * MINUTE };
    const world = new World(many(2, OLD, { fates: [{ to: "2.0.51.240305", takes: HOUR }, slow] }));
    // The second round is asked for after an hour; the run ends before anything of it shows.
    const first = await world.up({ abortAfter: HOUR + MINUTE });
    expect(first.calls).toHaveLength(2);
    expect(first.outcome.upgrade?.state).toBe("running");
    const next = await world.up();
    expect(next.outcome.status).toBe("current");
    expect(next.calls).toEqual([]);
    expect(world.vendor.broken).toEqual([]);
  });

  it("do not let a later run forget what an earlier one asked for", async () => {
    const world = new World([
      ...many(1, OLD, { fates: [{ ends: "fails", startsAfter: SECOND, takes: SECOND }, {}] }),
      ...many(1, "2.0.75.28", { fates: [{ startsAfter: 4 * MINUTE }] }, 2),
    ]);
    await world.up({ abortAfter: 20 * SECOND });
    // The first has failed and can be asked for again; the second has been asked for and does not show yet.
    const next = await world.up({ faults: ["busy"] });
    expect(next.outcome.status).toBe("current");
    expect(next.calls).toEqual([["i001"], ["i001"]]);
    expect(next.warnings).toEqual([
      "Upgrades failed since the last run, and are asked for again: i001 (t1: disk full.)",
    ]);
    expect(world.vendor.broken).toEqual([]);
  });

  it("are still waited for when the run that waited for them was stopped as well", async () => {
    const world = new World(many(2, OLD, { fates: [{ startsAfter: 4 * MINUTE }] }));
    await world.up({ faults: ["lost-after"], abortAfter: 5 * SECOND });
    await world.up({ abortAfter: 5 * SECOND });
    await world.up({ abortAfter: 5 * SECOND, silence: [[0, HOUR]] });
    const last = await world.up();
    expect(last.outcome.status).toBe("current");
    expect(last.calls).toEqual([]);
  });
});
