import { describe, expect, it } from "vitest";
import { z } from "zod";
import { commonArguments, policyFrom } from "../../provider/core/arguments";

const schema = z.strictObject(commonArguments);

const MINUTE = 60_000;
const times = { unreachableBudget: 20 * MINUTE, firstContact: MINUTE, lostReplyWindow: 30_000, settleTime: MINUTE };

describe("the common arguments", () => {
  it.each([
    {},
    { onNewer: "report" },
    { onNewer: "accept", wait: false },
    { onNewer: "fail", unreachableTimeout: "90m" },
    { unreachableTimeout: "1h30m" },
  ])("may be %j", (args) => {
    expect(schema.parse(args)).toEqual(args);
  });

  it.each([
    [{ onNewer: "ignore" }, 'must be "report", "accept" or "fail"'],
    [{ onNewer: true }, 'must be "report", "accept" or "fail"'],
    [{ wait: "false" }, "must be true or false"],
    [{ unreachableTimeout: 20 }, 'must be a duration, such as "20m"'],
    [{ unreachableTimeout: "20 minutes" }, 'must be a duration above zero, such as "20m"'],
    [{ unreachableTimeout: "0s" }, 'must be a duration above zero, such as "20m"'],
  ])("of %j are refused: %s", (args, message) => {
    const { error } = schema.safeParse(args);
    expect(error?.issues.map((issue) => issue.message)).toEqual([message]);
    expect(error?.issues[0]?.path).toEqual(Object.keys(args));
  });
});

describe("policyFrom", () => {
  it("takes the vendor's times and the documented defaults", () => {
    expect(policyFrom({}, times)).toEqual({ ...times, onNewer: "report", onFailure: "report", wait: true });
  });

  it("takes what the user decides", () => {
    expect(policyFrom({ onNewer: "fail", wait: false }, times)).toMatchObject({ onNewer: "fail", wait: false });
  });

  it("takes a longer unreachableTimeout for an upgrade that runs, not for a first contact", () => {
    const policy = policyFrom({ unreachableTimeout: "2h" }, times);
    expect(policy).toMatchObject({ unreachableBudget: 120 * MINUTE, firstContact: MINUTE });
  });

  it("takes a shorter one for both", () => {
    const policy = policyFrom({ unreachableTimeout: "10s" }, times);
    expect(policy).toMatchObject({ unreachableBudget: 10_000, firstContact: 10_000 });
  });
});
