import { describe, expect, it } from "vitest";
import { type RefusalKind, Refused } from "../../provider/core/errors";
import { SOON_TRIES } from "../../provider/core/policy";
import type { Unit } from "../../provider/core/unit";
import { batchesOf } from "../../provider/core/unit";
import { Attempts } from "../../provider/core/upgrades/attempts";
import { member } from "./fleet/facts";

const batchesFor = (units: readonly Unit[], attempts: Attempts) =>
  batchesOf(100, units, (name) => attempts.limit(name));

function members(count: number, at?: string, first = 1): Unit[] {
  return Array.from({ length: count }, (_, i) =>
    member({ name: `i${first + i}`, ...(at === undefined ? {} : { at }) }),
  );
}
function sizes(all: readonly Unit[], attempts = new Attempts()): number[] {
  return batchesFor(all, attempts).map((batch) => batch.length);
}
function refuse(attempts: Attempts, batch: readonly Unit[], refusal: RefusalKind) {
  attempts.refused(batch, new Refused("No.", { refusal }));
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
    const batches = batchesFor(mixed, new Attempts());
    expect(batches.map((batch) => batch.length).sort((a, b) => a - b)).toEqual([30, 50, 70, 100]);
    for (const batch of batches) expect(new Set(batch.map(({ from }) => from)).size).toBe(1);
    expect(new Set(batches.flat().map(({ name }) => name)).size).toBe(250);
  });

  it("are halved after a refusal for good, down to one", () => {
    const all = members(100);
    const attempts = new Attempts();
    const found: number[][] = [];
    for (let batch = batchesFor(all, attempts)[0] ?? []; batch.length > 1; batch = batchesFor(all, attempts)[0] ?? []) {
      refuse(attempts, batch, "final");
      found.push(sizes(all, attempts));
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
      const attempts = new Attempts();
      refuse(attempts, all, refusal);
      expect(sizes(all, attempts)).toEqual([10]);
      refuse(attempts, all, refusal);
      expect(sizes(all, attempts)).toEqual([5, 5]);
    },
  );

  it("are whole again after an accepted call", () => {
    const all = members(10);
    const attempts = new Attempts();
    refuse(attempts, all, "final");
    attempts.sent(all.slice(0, 5), 0, 0, false);
    expect(sizes(all, attempts)).toEqual([5, 5]);
    attempts.sent(all.slice(5), 0, 0, false);
    expect(sizes(all, attempts)).toEqual([10]);
  });
});

describe("a member that is refused alone", () => {
  it("is asked for again for ever while it is busy", () => {
    const attempts = new Attempts();
    for (let tries = 0; tries < 50; tries++) refuse(attempts, members(1), "busy");
    expect(attempts.refusal("i1")).toBeUndefined();
  });

  it("is given up when the vendor is never ready for it", () => {
    const attempts = new Attempts();
    for (let tries = 0; tries < SOON_TRIES; tries++) {
      refuse(attempts, members(1), "soon");
      expect(attempts.refusal("i1")).toBeUndefined();
    }
    refuse(attempts, members(1), "soon");
    expect(attempts.refusal("i1")).toMatchObject({ code: "refused" });
  });
});
