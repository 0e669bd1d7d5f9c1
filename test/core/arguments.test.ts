import { describe, expect, it } from "vitest";
import { z } from "zod";
import { commonArguments } from "../../provider/core/arguments";

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
