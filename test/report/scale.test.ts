import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { scaleOf } from "../../sdk/report/scale";
import { formatDuration, parseTime } from "../../sdk/report/time";

const at = (text: string) => Date.parse(text);

describe("the time scale", () => {
  it.each([
    ["minutes", "2026-03-14T18:00Z", "2026-03-14T18:01Z", ["03-14 17:55", "03-14 18:00", "03-14 18:05", "03-14 18:10"]],
    ["hours", "2026-03-14T08:00Z", "2026-03-14T18:00Z", ["03-14 09:00", "03-14 12:00", "03-14 15:00", "03-14 18:00"]],
    ["days", "2026-03-14T08:00Z", "2026-03-20T18:00Z", ["2026-03-16", "2026-03-18", "2026-03-20"]],
    ["months", "2026-01-10T00:00Z", "2026-05-10T00:00Z", ["2026-02", "2026-03", "2026-04", "2026-05"]],
    ["years", "2019-01-10T00:00Z", "2026-05-10T00:00Z", ["2020", "2022", "2024", "2026"]],
  ])("has ticks by %s", (_, from, to, labels) => {
    expect(scaleOf([at(from), at(to)]).ticks.map(({ label }) => label)).toEqual(labels);
  });

  it("keeps every time and tick inside, in order, and never has many ticks", () => {
    const times = fc.array(fc.integer({ min: 0, max: at("2100-01-01T00:00Z") }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(times, (list) => {
        const scale = scaleOf(list);
        const places = [...list].sort((a, b) => a - b).map(scale.at);
        expect(places.every((place, index) => place > 0 && place < 100 && place >= (places[index - 1] ?? 0))).toBe(
          true,
        );
        expect(scale.ticks.length).toBeLessThanOrEqual(4);
        for (const { time } of scale.ticks)
          expect(scale.at(time)).toSatisfy((place: number) => place >= 0 && place <= 100);
      }),
    );
  });
});

describe("a duration", () => {
  it.each([
    [0, "0 s"],
    [42_000, "42 s"],
    [60_000, "1 min"],
    [2_530_000, "42 min 10 s"],
    [7_500_000, "2 h 5 min"],
    [86_400_000, "1 d"],
    [273_600_000, "3 d 4 h"],
  ])("of %i ms is %s", (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });
});

describe("a time", () => {
  it.each(["yesterday", "2026", "0000-01-01T00:00:00Z", "2026-13-01T00:00:00Z", ""])("is not %j", (text) => {
    expect(parseTime(text)).toBeUndefined();
  });
});
