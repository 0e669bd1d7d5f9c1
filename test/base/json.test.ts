import { expect, it } from "vitest";
import { mapTexts } from "../../provider/base/json";

it("mapTexts changes every text of a value, the names of members too, and nothing else", () => {
  const value = { a: "a", list: ["a", 1, null, true, undefined, { a: { a: "aa" } }], empty: {}, none: [] };
  const changed = { b: "b", list: ["b", 1, null, true, undefined, { b: { b: "bb" } }], empty: {}, none: [] };
  expect(mapTexts(value, (text) => text.replaceAll(/^a+$/g, (all) => "b".repeat(all.length)))).toEqual(changed);
  const hostile = JSON.parse('{"__proto__": "a", "constructor": "a"}');
  expect(JSON.stringify(mapTexts(hostile, (text) => text.toUpperCase()))).toBe('{"__PROTO__":"A","CONSTRUCTOR":"A"}');
});
