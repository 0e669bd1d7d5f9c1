import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseDuration } from "../../provider/base/sentences";
import { argument, choice, commonArguments, definedBy, definitionsOf } from "../../provider/core/arguments";
import { policyFrom } from "../../provider/core/policy";

const schema = z.strictObject(commonArguments);

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

describe("the definitions of arguments", () => {
  const text = z.string().optional();
  const source = { config: "oracle:password", env: ["ORACLE_PASSWORD"] };
  const fields = {
    password: argument(text, { description: "Of the user.", secret: true, source }),
    name: argument(text, { description: "The user." }),
  };

  it("say what is secret, and where it is looked for", () => {
    const inputs = z.strictObject(fields).superRefine(() => undefined);
    expect(definedBy(inputs)).toEqual({ inputs, secrets: ["password"], credentials: { password: source } });
  });

  it("are of one argument each, though a schema serves many", () => {
    expect(definitionsOf(fields).map(([name, { description }]) => [name, description])).toEqual([
      ["password", "Of the user."],
      ["name", "The user."],
    ]);
  });

  it("are missing nowhere", () => {
    expect(() => definedBy(z.strictObject({ ...fields, port: z.int() }))).toThrow("the argument port is not defined");
  });

  it("of a choice are the values, their meaning and the message", () => {
    const mode = choice({ fast: "at once", slow: "one by one" }, { description: "How." });
    expect([mode.parse("slow"), mode.parse(undefined)]).toEqual(["slow", undefined]);
    expect(mode.safeParse("other").error?.issues[0]?.message).toBe('must be "fast" or "slow"');
    expect(definitionsOf({ mode })[0]?.[1].values).toEqual({ fast: "at once", slow: "one by one" });
  });

  it("have the defaults that hold", () => {
    const times = { unreachableBudget: 0, firstContact: 0, lostReplyWindow: 0, settleTime: 0, spacing: 0 };
    const { onNewer, wait } = policyFrom({}, times);
    const defaults = Object.fromEntries(definitionsOf(commonArguments).map(([name, one]) => [name, one.default]));
    expect(defaults).toMatchObject({ onNewer, wait });
    expect(parseDuration(String(defaults["unreachableTimeout"]))).toBe(20 * 60_000);
  });
});
