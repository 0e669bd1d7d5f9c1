import { describe, expect, it } from "vitest";
import { z } from "zod";
import { closest } from "../../provider/base/closest";
import { validateArguments } from "../../provider/frontend/resource/arguments";
import { UNKNOWN } from "../../provider/frontend/resource/properties";

const schema = z.strictObject({
  endpoints: z.array(z.string({ error: 'must be a string, such as "http://10.0.0.1:2886"' }), {
    error: 'must be a list of addresses, such as ["http://10.0.0.1:2886"]',
  }),
  version: z
    .string({ error: 'must be a string, such as "4.3.5.2"' })
    .regex(/^[\d.]+$/, 'must be a version, such as "4.3.5.2"'),
  mode: z.enum(["rolling", "stopService"], { error: 'must be "rolling" or "stopService"' }).optional(),
});
const right = { endpoints: ["http://a"], version: "4.3.5.2" };

describe("validateArguments", () => {
  it("gives the arguments when they are right", () => {
    expect(validateArguments(schema, right)).toEqual({ args: right, failures: [] });
  });

  it.each<[string, Record<string, unknown>, { property: string; reason: string }[]]>([
    ["a wrong value", { ...right, mode: "fast" }, [{ property: "mode", reason: 'must be "rolling" or "stopService"' }]],
    [
      "a value of the wrong type",
      { ...right, version: 4 },
      [{ property: "version", reason: 'must be a string, such as "4.3.5.2"' }],
    ],
    [
      "a missing value",
      { endpoints: ["http://a"] },
      [{ property: "version", reason: 'is missing; it must be a string, such as "4.3.5.2"' }],
    ],
    [
      "a value inside a list",
      { ...right, endpoints: ["http://a", 5] },
      [{ property: "endpoints.1", reason: 'must be a string, such as "http://10.0.0.1:2886"' }],
    ],
    [
      "a misspelt name",
      { ...right, verison: "4" },
      [{ property: "verison", reason: "is not an argument of this resource; did you mean version?" }],
    ],
    [
      "a name in other letters",
      { ...right, Mode: "rolling" },
      [{ property: "Mode", reason: "is not an argument of this resource; did you mean mode?" }],
    ],
    [
      "a name like none",
      { ...right, backupWindow: 1 },
      [
        {
          property: "",
          reason: "backupWindow is not an argument of this resource; valid names: endpoints, version, mode",
        },
      ],
    ],
  ])("names the property and shows a right value for %s", (_, raw, failures) => {
    expect(validateArguments(schema, raw).failures).toEqual(failures);
  });

  it("names everything that is wrong at once", () => {
    const { failures } = validateArguments(schema, { mode: 1, nodes: 3 });
    expect(failures.map(({ property }) => property).sort()).toEqual(["endpoints", "mode", "nodes", "version"]);
  });

  it.each([
    ["a text", { ...right, version: UNKNOWN }],
    ["a list", { ...right, endpoints: UNKNOWN }],
    ["an element", { ...right, endpoints: ["http://a", UNKNOWN] }],
    ["a choice", { ...right, mode: UNKNOWN }],
  ])("does not judge what is not known yet, but has no arguments then: %s", (_, raw) => {
    expect(validateArguments(schema, raw)).toEqual({ failures: [] });
  });

  it("does not judge a list as a whole while one of its elements is not known", () => {
    const list = z.array(z.string()).refine((all) => all.every((one) => one.startsWith("http")), "must be addresses");
    const judged = (endpoints: string[]) =>
      validateArguments(z.strictObject({ endpoints: list }), { endpoints }).failures;
    expect(judged(["http://a", UNKNOWN])).toEqual([]);
    expect(judged(["http://a", "b"])).toEqual([{ property: "endpoints", reason: "must be addresses" }]);
  });

  it("judges what is known beside what is not", () => {
    const { args, failures } = validateArguments(schema, { ...right, version: UNKNOWN, mode: "fast" });
    expect(args).toBeUndefined();
    expect(failures.map(({ property }) => property)).toEqual(["mode"]);
  });
});

describe("closest", () => {
  const known = ["endpoints", "version", "release", "mode", "upgradeDir", "password"];

  it.each([
    ["endpoint", "endpoints"],
    ["Version", "version"],
    ["relase", "release"],
    ["moed", "mode"],
    ["upgradedir", "upgradeDir"],
    ["passwd", "password"],
    ["x", undefined],
    ["timeout", undefined],
    ["", undefined],
  ])("to %j is %s", (written, expected) => {
    expect(closest(written, known)).toBe(expected);
  });

  it("is undefined when nothing is known", () => {
    expect(closest("version", [])).toBeUndefined();
  });
});

describe("a value that Pulumi would print beside its failure", () => {
  const schemaWithSecret = z.strictObject({
    endpoints: z.array(z.string(), { error: "must be a list" }),
    password: z.string({ error: "must be a string" }),
    version: z.string({ error: "must be a string" }),
  });
  const all = { endpoints: ["http://a"], password: "r00t", version: "1" };

  it.each<[string, Record<string, unknown>, string]>([
    ["a secret of the wrong type", { ...all, password: ["r00t"] }, "password must be a string"],
    ["a misspelt secret", { ...all, passwordx: "r00t" }, "passwordx is not an argument"],
    ["a name that is not known", { ...all, token: "r00t" }, "token is not an argument"],
    ["a URL with user-info as a text", { ...all, endpoints: "http://root:r00t@a" }, "endpoints must be a list"],
    [
      "one that holds a password somewhere",
      { ...all, version: [{ args: "OSS_PASSWORD r00t" }] },
      "version must be a string",
    ],
    ["a URL with user-info in a list", { ...all, version: ["http://root:r00t@a"] }, "version must be a string"],
  ])("is not shown when it is %s", (_, raw, reason) => {
    const { failures } = validateArguments(schemaWithSecret, raw, ["password"]);
    expect(failures).toEqual([{ property: "", reason: expect.stringContaining(reason) }]);
    expect(JSON.stringify(failures)).not.toContain("r00t");
  });

  it("is shown when it can hold no secret", () => {
    const { failures } = validateArguments(schemaWithSecret, { ...all, verison: "1", version: 1 }, ["password"]);
    expect(failures.map(({ property }) => property)).toEqual(["version", "verison"]);
  });
});
