import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Agenda } from "./agenda";
import { compareKernel, newest } from "./kernel";
import { HOUR } from "./timings";
import { currentOrNext, next, windowOf } from "./window";

describe("the agenda", () => {
  it("gives out the earliest first, and of one moment the first that came", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9)), (times) => {
        const agenda = new Agenda();
        for (const [order, at] of times.entries()) {
          agenda.push({ at, order, step: "end", kind: "job", owner: "" });
        }
        const given = times.map(() => agenda.pop());
        const sorted = [...times.entries()].sort(([a, x], [b, y]) => x - y || a - b);
        expect(given.map((one) => [one?.order, one?.at])).toEqual(sorted);
        expect([agenda.pop(), agenda.peek()]).toEqual([undefined, undefined]);
      }),
    );
  });
});

describe("kernel versions", () => {
  it("are ordered as numbers, although the fourth part changes style", () => {
    const ordered = [
      "2.0.28.7",
      "2.0.28.18",
      "2.0.48.231200",
      "2.0.51.240305",
      "2.0.69.250900",
      "2.0.75",
      "2.0.75.28",
      "2.0.78.260600",
    ];
    expect([...ordered].reverse().sort(compareKernel)).toEqual(ordered);
    expect(newest(ordered.map((kernel) => ({ kernel })))).toBe("2.0.78.260600");
    expect(newest([])).toBeUndefined();
  });

  it("are antisymmetric", () => {
    const version = fc.array(fc.nat(300_000), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("."));
    fc.assert(
      fc.property(version, version, (a, b) => {
        expect(Math.sign(compareKernel(a, b))).toBe(0 - Math.sign(compareKernel(b, a)));
      }),
    );
  });
});

describe("a maintenance window", () => {
  it.each([
    ["18:00", "22:00", "18:00-22:00"],
    ["22:00", "02:00", "22:00-02:00"],
    ["18:00", "23:00", undefined],
    ["18:30", "22:30", undefined],
    ["24:00", "04:00", undefined],
  ])("from %s to %s is %s", (start, end, expected) => {
    expect(windowOf(start, end)).toBe(expected);
  });

  it("holds the moment or follows it, within a day", () => {
    const start = fc.integer({ min: 0, max: 23 }).map((hour) => `${String(hour).padStart(2, "0")}:00`);
    fc.assert(
      fc.property(start, fc.nat(4_102_444_800_000), (from, now) => {
        const window = `${from}-`;
        const current = currentOrNext(window, now);
        expect(current.endAt).toBeGreaterThan(now);
        expect(current.startAt - now).toBeLessThanOrEqual(20 * HOUR);
        const coming = next(window, now);
        expect(coming.startAt).toBeGreaterThan(now);
        expect(coming.startAt - now).toBeLessThanOrEqual(24 * HOUR);
        expect(new Date(coming.startAt).toISOString().slice(11, 16)).toBe(from);
      }),
    );
  });
});
