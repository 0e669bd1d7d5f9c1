import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseDuration } from "../../provider/base/sentences";
import { argument, choice, commonArguments, definedBy, definitionsOf } from "../../provider/core/arguments";
import { policyFrom } from "../../provider/core/policy";

const schema = z.strictObject(commonArguments);

describe("common arguments", () => {
  it.each([
    {},
    { onNewer: "report" },
    { onNewer: "accept", wait: false },
    { onNewer: "fail", unreachableTimeout: "90m" },
    { unreachableTimeout: "1h30m" },
  ])("accept %j", (args) => {
    expect(schema.parse(args)).toEqual(args);
  });

  it.each([
    [{ onNewer: "ignore" }, 'must be "report", "accept" or "fail"'],
    [{ onNewer: true }, 'must be "report", "accept" or "fail"'],
    [{ wait: "false" }, "must be true or false"],
    [{ unreachableTimeout: 20 }, 'must be a duration, such as "20m"'],
    [{ unreachableTimeout: "20 minutes" }, 'must be a duration above zero, such as "20m"'],
    [{ unreachableTimeout: "0s" }, 'must be a duration above zero, such as "20m"'],
  ])("reject %j: %s", (args, message) => {
    const { error } = schema.safeParse(args);
    expect(error?.issues.map((issue) => issue.message)).toEqual([message]);
    expect(error?.issues[0]?.path).toEqual(Object.keys(args));
  });
});

describe("argument definitions", () => {
  const text = z.string().optional();
  const source = { config: "oracle:password", env: ["ORACLE_PASSWORD"] };
  const fields = {
    password: argument(text, { description: "Of the user.", secret: true, source }),
    name: argument(text, { description: "The user." }),
  };

  it("list the secrets and the sources of credentials", () => {
    const inputs = z.strictObject(fields).superRefine(() => undefined);
    expect(definedBy(inputs)).toEqual({ inputs, secrets: ["password"], credentials: { password: source } });
  });

  it("stay separate if arguments share a schema", () => {
    expect(definitionsOf(fields).map(([name, { description }]) => [name, description])).toEqual([
      ["password", "Of the user."],
      ["name", "The user."],
    ]);
  });

  it("are required for every argument", () => {
    expect(() => definedBy(z.strictObject({ ...fields, port: z.int() }))).toThrow("the argument port is not defined");
  });

  it("list the values of a choice with their meanings and an error message", () => {
    const mode = choice({ fast: "at once", slow: "one by one" }, { description: "How." });
    expect([mode.parse("slow"), mode.parse(undefined)]).toEqual(["slow", undefined]);
    expect(mode.safeParse("other").error?.issues[0]?.message).toBe('must be "fast" or "slow"');
    expect(definitionsOf({ mode })[0]?.[1].values).toEqual({ fast: "at once", slow: "one by one" });
  });

  it("document the defaults that policyFrom uses", () => {
    const times = { unreachableBudget: 0, firstContact: 0, lostReplyWindow: 0, settleTime: 0, spacing: 0 };
    const { onNewer, wait } = policyFrom({}, times);
    const defaults = Object.fromEntries(definitionsOf(commonArguments).map(([name, one]) => [name, one.default]));
    expect(defaults).toMatchObject({ onNewer, wait });
    expect(parseDuration(String(defaults["unreachableTimeout"]))).toBe(20 * 60_000);
  });
});

const MINUTE = 60_000;
const times = {
  unreachableBudget: 20 * MINUTE,
  firstContact: MINUTE,
  lostReplyWindow: 30_000,
  settleTime: MINUTE,
  spacing: 3_000,
};

describe("policyFrom", () => {
  it("uses the vendor's times and the documented defaults", () => {
    const changes = { freezes: [], windows: [], blackouts: [], expect: undefined, onHeld: "report" };
    const decided = { onNewer: "report", onFailure: "report", wait: true, changes };
    expect(policyFrom({}, times)).toEqual({ ...times, ...decided });
  });

  it("uses the values that the user sets", () => {
    expect(policyFrom({ onNewer: "fail", wait: false }, times)).toMatchObject({ onNewer: "fail", wait: false });
  });

  it("applies a longer unreachableTimeout to an upgrade in progress, not to the first contact", () => {
    const policy = policyFrom({ unreachableTimeout: "2h" }, times);
    expect(policy).toMatchObject({ unreachableBudget: 120 * MINUTE, firstContact: MINUTE });
  });

  it("applies a shorter unreachableTimeout to both", () => {
    const policy = policyFrom({ unreachableTimeout: "10s" }, times);
    expect(policy).toMatchObject({ unreachableBudget: 10_000, firstContact: 10_000 });
  });
});
