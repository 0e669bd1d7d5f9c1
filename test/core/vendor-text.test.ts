import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { vendorText } from "../../provider/core/texts/vendor-text";

describe("what a vendor said, as a message quotes it", () => {
  it("is on one line, without control characters, empty lines and blanks around", () => {
    expect(vendorText("  \u001b[31mred\u0007 \r\n\r\n\tnext   word\n")).toBe("[31mred | next word");
  });

  it("has each line once, where it stood last", () => {
    expect(vendorText(["waiting", "disk is full", "waiting", "failed: disk is full", "failed: disk is full"])).toBe(
      "disk is full | waiting | failed: disk is full",
    );
  });

  it("keeps the last lines of a long text whole, and shows that it is cut", () => {
    const lines = Array.from({ length: 500 }, (_, nth) => `line ${nth} of the output`);
    const text = vendorText([...lines, "MyError: 'restore job is not finished'"], 100);
    expect(text).toMatch(
      /^… line \d+ of the output \| .*line 499 of the output \| MyError: 'restore job is not finished'$/,
    );
    expect(text.length).toBeLessThanOrEqual(102);
  });

  it("keeps the last words of a last line that is too long", () => {
    expect(vendorText(`${"word ".repeat(100)}is not finished`, 30)).toBe("… word word is not finished");
    expect(vendorText("磁盘空间不足".repeat(100), 6)).toBe("… 磁盘空间不足");
    expect(vendorText(`error ${"x".repeat(100)}`, 30)).toBe("… ");
  });

  it("loses its credentials before it is cut: behind the cut nothing would say what they are", () => {
    const text = `password="${"R00t-Pw-9 ".repeat(30)}" | ${"x ".repeat(40)}end`;
    for (let longest = 10; longest < 400; longest += 7) expect(vendorText(text, longest)).not.toMatch(/R00t|Pw-9/);
  });

  it("is never longer than asked for, and never empty for a text that says something", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.integer({ min: 20, max: 100 }), (text, longest) => {
        expect(vendorText(text, longest).length).toBeLessThanOrEqual(longest + 2);
      }),
    );
  });
});
