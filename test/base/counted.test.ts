import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { counted } from "../../provider/base/sentences";

const ROOT = resolve(__dirname, "../..");
/** A plural that is spelled by hand: `node${n === 1 ? "" : "s"}`, `n === 1 ? "call" : "calls"` */
const BY_HAND = /=== 1 \? ("" : "s"|"(\w+)" : "\2s")/;

describe("counted", () => {
  it.each([
    [0, "0 zones"],
    [1, "1 zone"],
    [2, "2 zones"],
  ] as const)("%i", (count, text) => {
    expect(counted(count, "zone")).toBe(text);
  });

  it("takes a plural that has no s", () => {
    expect([counted(1, "child", "children"), counted(2, "child", "children")]).toEqual(["1 child", "2 children"]);
  });

  it.each(["provider", "sdk/report"])("is what %s counts with", (folder) => {
    const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".ts"),
    );
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter((name) => BY_HAND.test(readFileSync(join(ROOT, folder, name), "utf8")))).toEqual([]);
  });
});
