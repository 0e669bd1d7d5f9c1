import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDuration, parseTime } from "../../sdk/report/format";
import { scaleOf } from "../../sdk/report/scale";

const at = (text: string) => Date.parse(text);

describe("the time scale", () => {
  it.each([
    ["minutes", "2026-03-14T18:00Z", "2026-03-14T18:01Z", ["03-14 18:00"]],
    ["hours", "2026-03-14T08:00Z", "2026-03-14T18:00Z", ["03-14 12:00", "03-14 18:00"]],
    ["days", "2026-03-14T08:00Z", "2026-03-20T18:00Z", ["2026-03-16", "2026-03-18"]],
    ["months", "2026-01-10T00:00Z", "2026-05-10T00:00Z", ["2026-03", "2026-05"]],
    ["years", "2019-01-10T00:00Z", "2026-05-10T00:00Z", ["2020", "2025"]],
  ])("has ticks by %s", (_, from, to, labels) => {
    expect(scaleOf([at(from), at(to)]).ticks.map(({ label }) => label)).toEqual(labels);
  });

  const near = ["2026-03-14T08:00Z", "2026-03-14T09:00Z", "2026-03-14T16:00Z"].map(at);
  const [opens, closes] = [at("2026-04-20T02:00Z"), at("2026-04-20T06:00Z")];

  it("leaves out the time before one far window, and names when it opens", () => {
    const scale = scaleOf([...near, opens, closes]);
    expect(scale.cut).toBe(72);
    expect(scale.ticks.map(({ label }) => label)).toEqual(["03-14 12:00", "04-20 02:00"]);
    expect(scale.at(near[2] ?? 0) - scale.at(near[0] ?? 0)).toBeGreaterThan(50);
    expect(scale.at(closes) - scale.at(opens)).toBeGreaterThan(10);
    expect(scale.at(opens)).toBeGreaterThan(72);
  });

  it("leaves nothing out of an upgrade, or where times lie evenly", () => {
    expect(scaleOf([...near, opens, closes], [[near[2] ?? 0, opens]]).cut).toBeUndefined();
    expect(scaleOf([1, 2, 3, 4].map((day) => at(`2026-03-0${day}T00:00Z`))).cut).toBeUndefined();
  });

  it("has labels that do not meet on a phone", () => {
    const times = fc.array(fc.integer({ min: 0, max: at("2100-01-01T00:00Z") }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(times, (list) => {
        const scale = scaleOf(list);
        const spans = scale.ticks.map(({ time, label }) => labelSpan(scale.at(time), label));
        for (const [index, [from]] of spans.entries()) {
          if (index > 0) expect(from, JSON.stringify(scale.ticks)).toBeGreaterThan(spans[index - 1]?.[1] ?? 0);
        }
      }),
    );
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

/** Where a label lies in a picture of 320 pixels, as the timeline places it; 6.5 pixels for a character. */
function labelSpan(place: number, label: string): readonly [from: number, to: number] {
  const [x, width] = [(place / 100) * 320, label.length * 6.5];
  if (place < 14) return [x, x + width];
  return place > 86 ? [x - width, x] : [x - width / 2, x + width / 2];
}

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
