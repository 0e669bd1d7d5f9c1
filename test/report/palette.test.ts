import { describe, expect, it } from "vitest";
import { STATUSES } from "../../sdk/report/format";
import { DARK, LIGHT, type Palette } from "../../sdk/report/style";

/** Relative luminance of `#rrggbb` (WCAG 2.2). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

it("contrast is measured as the guidelines do", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21);
  expect(contrast("#767676", "#ffffff")).toBeCloseTo(4.54, 2);
});

describe.each([
  ["light", LIGHT],
  ["dark", DARK],
] satisfies [string, Palette][])("the %s palette", (_, palette) => {
  const { page, panel, text, muted, link, status } = palette;
  const inks = [text, muted, link];

  it.each([page, panel])("can be read on %s", (ground) => {
    for (const ink of inks) expect(contrast(ink, ground)).toBeGreaterThanOrEqual(4.5);
  });

  it.each(STATUSES)("has a badge for %s that can be read, and a bar that can be seen", (name) => {
    expect(contrast(status[name].text, status[name].ground)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(status[name].text, panel)).toBeGreaterThanOrEqual(4.5);
  });
});
