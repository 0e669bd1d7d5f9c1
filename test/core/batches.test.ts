import { describe, expect, it } from "vitest";
import { batchesOf } from "../../provider/core/batches";
import { type RefusalKind, Refused } from "../../provider/core/errors";
import { Tally } from "../../provider/core/fleet/tally";
import { SOON_TRIES } from "../../provider/core/policy";
import type { Unit } from "../../provider/core/unit";
import { member } from "./fleet/facts";

const batchesFor = (units: readonly Unit[], tally: Tally) => batchesOf(100, units, (name) => tally.limit(name));

function members(count: number, at?: string, first = 1): Unit[] {
  return Array.from({ length: count }, (_, i) =>
    member({ name: `i${first + i}`, ...(at === undefined ? {} : { at }) }),
  );
}
function sizes(all: readonly Unit[], tally = new Tally()): number[] {
  return batchesFor(all, tally).map((batch) => batch.length);
}
function refuse(tally: Tally, batch: readonly Unit[], refusal: RefusalKind) {
  tally.refused(batch, new Refused("No.", { refusal }));
}

describe("the batches of a call", () => {
  it("are none for nobody", () => {
    expect(sizes([])).toEqual([]);
  });

  it.each([
    [1, [1]],
    [100, [100]],
    [101, [100, 1]],
    [250, [100, 100, 50]],
  ])("hold at most a hundred: %i", (count, expected) => {
    expect(sizes(members(count))).toEqual(expected);
  });

  it("hold members of one group, and every member once", () => {
    const all = [...members(70, "2.0.48.1"), ...members(150, "2.0.51.1", 71), ...members(30, "2.0.75.1", 221)];
    const mixed = all.map((_, at) => all[(at * 97) % all.length]).filter((one) => one !== undefined);
    const batches = batchesFor(mixed, new Tally());
    expect(batches.map((batch) => batch.length).sort((a, b) => a - b)).toEqual([30, 50, 70, 100]);
    for (const batch of batches) expect(new Set(batch.map(({ from }) => from)).size).toBe(1);
    expect(new Set(batches.flat().map(({ name }) => name)).size).toBe(250);
  });

  it("are halved after a refusal for good, down to one", () => {
    const all = members(100);
    const tally = new Tally();
    const found: number[][] = [];
    for (let batch = batchesFor(all, tally)[0] ?? []; batch.length > 1; batch = batchesFor(all, tally)[0] ?? []) {
      refuse(tally, batch, "final");
      found.push(sizes(all, tally));
    }
    expect(found[0]).toEqual([50, 50]);
    expect(found[1]).toEqual([25, 25, 50]);
    expect(found.at(-1)?.slice(0, 2)).toEqual([1, 1]);
    expect(found).toHaveLength(7);
  });

  it.each(["busy", "soon"] as const)(
    "are tried once more as they were after a refusal that may pass: %s",
    (refusal) => {
      const all = members(10);
      const tally = new Tally();
      refuse(tally, all, refusal);
      expect(sizes(all, tally)).toEqual([10]);
      refuse(tally, all, refusal);
      expect(sizes(all, tally)).toEqual([5, 5]);
    },
  );

  it("are whole again after an accepted call", () => {
    const all = members(10);
    const tally = new Tally();
    refuse(tally, all, "final");
    tally.sent(all.slice(0, 5), 0, 0, false);
    expect(sizes(all, tally)).toEqual([5, 5]);
    tally.sent(all.slice(5), 0, 0, false);
    expect(sizes(all, tally)).toEqual([10]);
  });
});

describe("a member that is refused alone", () => {
  it("is asked for again for ever while it is busy", () => {
    const tally = new Tally();
    for (let tries = 0; tries < 50; tries++) refuse(tally, members(1), "busy");
    expect(tally.refusal("i1")).toBeUndefined();
  });

  it("is given up when the vendor is never ready for it", () => {
    const tally = new Tally();
    for (let tries = 0; tries < SOON_TRIES; tries++) {
      refuse(tally, members(1), "soon");
      expect(tally.refusal("i1")).toBeUndefined();
    }
    refuse(tally, members(1), "soon");
    expect(tally.refusal("i1")).toMatchObject({ code: "refused" });
  });
});
