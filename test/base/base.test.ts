import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { mapTexts } from "../../provider/base/json";
import { OLDEST_NODE, requireNode } from "../../provider/base/node-version";
import { counted, sentences } from "../../provider/base/sentences";
import { UpgradeError } from "../../provider/core/errors";
import { OLDEST_NODE as OLDEST_OF_SIMULATORS } from "../simulators/shell/node";

describe("joined texts", () => {
  it.each([
    [["no space left on device", "Fix the cause."], "no space left on device. Fix the cause."],
    [
      ["not found (OB.Server.Process.CheckFailed)", "Run it again."],
      "not found (OB.Server.Process.CheckFailed). Run it again.",
    ],
    [["It is running.", "Wait."], "It is running. Wait."],
    [["Does it exist?", "Check."], "Does it exist? Check."],
    [['It returned "no."', "Try again."], 'It returned "no." Try again.'],
    [["Headers Timeout Error", undefined], "Headers Timeout Error"],
    [["one", "", "two"], "one. two"],
    [[], ""],
  ] as const)("%j are %j", (texts, whole) => {
    expect(sentences(...texts)).toBe(whole);
  });

  it("are used for an error, and a vendor's text without a full stop gets one", () => {
    const error = new UpgradeError("unreachable", "obshell: disk full", { remedy: "Fix it." });
    expect(error.text).toBe("obshell: disk full. Fix it. [unreachable]");
  });
});

const ROOT = resolve(__dirname, "../..");
/** A plural written by hand: `node${n === 1 ? "" : "s"}`, `n === 1 ? "call" : "calls"` */
const BY_HAND = /=== 1 \? ("" : "s"|"(\w+)" : "\2s")/;

describe("counted", () => {
  it.each([
    [0, "0 zones"],
    [1, "1 zone"],
    [2, "2 zones"],
  ] as const)("%i", (count, text) => {
    expect(counted(count, "zone")).toBe(text);
  });

  it("accepts a plural without s", () => {
    expect([counted(1, "child", "children"), counted(2, "child", "children")]).toEqual(["1 child", "2 children"]);
  });

  it.each(["provider", "sdk/report"])("is used for all counted nouns in %s", (folder) => {
    const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".ts"),
    );
    expect(files.length).toBeGreaterThan(10);
    expect(files.filter((name) => BY_HAND.test(readFileSync(join(ROOT, folder, name), "utf8")))).toEqual([]);
  });
});

it("mapTexts changes every string of a value, including the names of members, and nothing else", () => {
  const value = { a: "a", list: ["a", 1, null, true, undefined, { a: { a: "aa" } }], empty: {}, none: [] };
  const changed = { b: "b", list: ["b", 1, null, true, undefined, { b: { b: "bb" } }], empty: {}, none: [] };
  expect(mapTexts(value, (text) => text.replaceAll(/^a+$/g, (all) => "b".repeat(all.length)))).toEqual(changed);
  const hostile = JSON.parse('{"__proto__": "a", "constructor": "a"}');
  expect(JSON.stringify(mapTexts(hostile, (text) => text.toUpperCase()))).toBe('{"__PROTO__":"A","CONSTRUCTOR":"A"}');
});

describe("the Node version", () => {
  it.each(["v22.19.0", "v22.20.1", "v23.0.0", "v24.0.0-nightly2025", "v100.0.0"])("%s is new enough", (version) => {
    expect(() => requireNode("the provider process", version)).not.toThrow();
  });

  it.each(["v20.20.2", "v22.18.9", "v18.0.0", "v9.9.9"])(
    "%s is too old, in one sentence and without a stack",
    (version) => {
      const message = `pulumi-dbversion needs Node 22.19 or later; the provider process runs on ${version}`;
      const error = (() => {
        try {
          requireNode("the provider process", version);
        } catch (thrown) {
          return thrown;
        }
        return undefined;
      })();
      expect(error).toMatchObject({ message, stack: message });
    },
  );

  it("is the one that the package and the simulators require", () => {
    const { engines } = JSON.parse(readFileSync(join(__dirname, "..", "..", "package.json"), "utf8"));
    expect(engines.node).toBe(`>=${OLDEST_NODE}`);
    expect(OLDEST_OF_SIMULATORS).toBe(OLDEST_NODE);
  });
});
