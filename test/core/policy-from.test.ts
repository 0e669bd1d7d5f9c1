import { describe, expect, it } from "vitest";
import { policyFrom } from "../../provider/core/policy";

const MINUTE = 60_000;
const times = {
  unreachableBudget: 20 * MINUTE,
  firstContact: MINUTE,
  lostReplyWindow: 30_000,
  settleTime: MINUTE,
  spacing: 3_000,
};

describe("policyFrom", () => {
  it("takes the vendor's times and the documented defaults", () => {
    const changes = { freezes: [], windows: [], blackouts: [], expect: undefined, onHeld: "report" };
    const decided = { onNewer: "report", onFailure: "report", wait: true, changes };
    expect(policyFrom({}, times)).toEqual({ ...times, ...decided });
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
