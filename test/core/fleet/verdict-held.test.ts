import { describe, expect, it } from "vitest";
import { busy, called, circumstances, member, record, verdictOn } from "./facts";
import { MINUTE } from "./world";

const hold = { code: "freeze", message: "changes are frozen: incident" } as const;
const holdOf = () => hold;
const one = member({ activity: busy() });

describe("a member that is held while something else is done to it", () => {
  it("is not waited for", () => {
    expect(verdictOn(one, circumstances({ holdOf }))).toEqual({ kind: "held", hold });
    const remembered = record("succeeded", 60 * MINUTE);
    expect(verdictOn(one, circumstances({ holdOf, remembered }))).toEqual({ kind: "held", hold });
  });

  it.each([
    ["this run asked for its upgrade", { attempts: called(MINUTE) }, true],
    ["an earlier run did", { remembered: record("running", MINUTE) }, false],
    ["an earlier run did, and the response was lost", { remembered: record("unknown", MINUTE) }, false],
  ])("is waited for where that may be its own upgrade: %s", (_, about, accepted) => {
    const verdict = { kind: "wait", message: "in backup", accepted };
    expect(verdictOn(one, circumstances({ holdOf, ...about }))).toEqual(verdict);
  });

  it("is done where it satisfies the target version", () => {
    const there = member({ standing: "holds", activity: busy() });
    expect(verdictOn(there, circumstances({ holdOf }))).toEqual({ kind: "done" });
  });
});
