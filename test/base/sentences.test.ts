import { describe, expect, it } from "vitest";
import { sentences } from "../../provider/base/sentences";
import { UpgradeError } from "../../provider/core/errors";

describe("texts one after the other", () => {
  it.each([
    [["no space left on device", "Fix the cause."], "no space left on device. Fix the cause."],
    [
      ["not found (OB.Server.Process.CheckFailed)", "Run it again."],
      "not found (OB.Server.Process.CheckFailed). Run it again.",
    ],
    [["It runs.", "Wait."], "It runs. Wait."],
    [["Is it there?", "Look."], "Is it there? Look."],
    [['It said "no."', "Ask again."], 'It said "no." Ask again.'],
    [["Headers Timeout Error", undefined], "Headers Timeout Error"],
    [["one", "", "two"], "one. two"],
    [[], ""],
  ] as const)("%j are %j", (texts, whole) => {
    expect(sentences(...texts)).toBe(whole);
  });

  it("are those of an error: what a vendor says needs no full stop of its own", () => {
    const error = new UpgradeError("unreachable", "obshell: disk full", { remedy: "Fix it." });
    expect(error.text).toBe("obshell: disk full. Fix it. [unreachable]");
  });
});
