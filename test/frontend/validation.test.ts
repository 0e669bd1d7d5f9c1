import { describe, expect, it } from "vitest";
import { z } from "zod";
import { closest } from "../../provider/base/closest";
import { validateArguments } from "../../provider/frontend/resource/arguments";
import { UNKNOWN } from "../../provider/frontend/resource/properties";
import { SECRET_TYPES } from "../secrets/worlds";
import { loadKind } from "../systems";
import { heldStage as stage } from "./fake-lifecycle";

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
  it("returns valid arguments", () => {
    expect(validateArguments(schema, right)).toEqual({ args: right, failures: [] });
  });

  it.each<[string, Record<string, unknown>, { property: string; reason: string }[]]>([
    [
      "an invalid value",
      { ...right, mode: "fast" },
      [{ property: "mode", reason: 'must be "rolling" or "stopService"' }],
    ],
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
      "a name in another case",
      { ...right, Mode: "rolling" },
      [{ property: "Mode", reason: "is not an argument of this resource; did you mean mode?" }],
    ],
    [
      "a name that resembles none",
      { ...right, backupWindow: 1 },
      [
        {
          property: "",
          reason: "backupWindow is not an argument of this resource; valid names: endpoints, version, mode",
        },
      ],
    ],
  ])("names the property and shows a valid value for %s", (_, raw, failures) => {
    expect(validateArguments(schema, raw).failures).toEqual(failures);
  });

  it("reports all invalid properties together", () => {
    const { failures } = validateArguments(schema, { mode: 1, nodes: 3 });
    expect(failures.map(({ property }) => property).sort()).toEqual(["endpoints", "mode", "nodes", "version"]);
  });

  it.each([
    ["a string", { ...right, version: UNKNOWN }],
    ["a list", { ...right, endpoints: UNKNOWN }],
    ["an element", { ...right, endpoints: ["http://a", UNKNOWN] }],
    ["a choice", { ...right, mode: UNKNOWN }],
  ])("does not validate an unknown value, and returns no arguments: %s", (_, raw) => {
    expect(validateArguments(schema, raw)).toEqual({ failures: [] });
  });

  it("does not validate a list as a whole if one of its elements is unknown", () => {
    const list = z.array(z.string()).refine((all) => all.every((one) => one.startsWith("http")), "must be addresses");
    const judged = (endpoints: string[]) =>
      validateArguments(z.strictObject({ endpoints: list }), { endpoints }).failures;
    expect(judged(["http://a", UNKNOWN])).toEqual([]);
    expect(judged(["http://a", "b"])).toEqual([{ property: "endpoints", reason: "must be addresses" }]);
  });

  it("validates the known values next to unknown ones", () => {
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

  it("is undefined if there are no names", () => {
    expect(closest("version", [])).toBeUndefined();
  });
});

describe("a value that Pulumi would print with its failure", () => {
  const schemaWithSecret = z.strictObject({
    endpoints: z.array(z.string(), { error: "must be a list" }),
    password: z.string({ error: "must be a string" }),
    version: z.string({ error: "must be a string" }),
  });
  const all = { endpoints: ["http://a"], password: "r00t", version: "1" };

  it.each<[string, Record<string, unknown>, string]>([
    ["a secret of the wrong type", { ...all, password: ["r00t"] }, "password must be a string"],
    ["a misspelt secret", { ...all, passwordx: "r00t" }, "passwordx is not an argument"],
    ["an unknown name", { ...all, token: "r00t" }, "token is not an argument"],
    ["a URL with user info instead of a list", { ...all, endpoints: "http://root:r00t@a" }, "endpoints must be a list"],
    [
      "an object that contains a password",
      { ...all, version: [{ args: "OSS_PASSWORD r00t" }] },
      "version must be a string",
    ],
    ["a URL with user info in a list", { ...all, version: ["http://root:r00t@a"] }, "version must be a string"],
  ])("is not shown if it is %s", (_, raw, reason) => {
    const { failures } = validateArguments(schemaWithSecret, raw, ["password"]);
    expect(failures).toEqual([{ property: "", reason: expect.stringContaining(reason) }]);
    expect(JSON.stringify(failures)).not.toContain("r00t");
  });

  it("is shown if it cannot contain a secret", () => {
    const { failures } = validateArguments(schemaWithSecret, { ...all, verison: "1", version: 1 }, ["password"]);
    expect(failures.map(({ property }) => property)).toEqual(["version", "verison"]);
  });
});

/** No compiler checks programs in JavaScript: an unknown argument is rejected, and the closest valid one is named. */

const TYPES = [...new Map(SECRET_TYPES.map((type) => [type.type, type])).values()];

describe.each(TYPES.map((type) => [type.type, type] as const))("%s", async (_, type) => {
  const world = type.open();
  const { inputs, secrets } = await loadKind(type.type);
  const names = "shape" in inputs ? Object.keys(Object(inputs.shape)) : [];
  const reasonsOf = (more: Record<string, unknown>) =>
    validateArguments(inputs, { ...world.args, ...more }, secrets).failures.map(({ property, reason }) =>
      `${property} ${reason}`.trim(),
    );

  it("rejects every misspelt argument, and names the valid one", () => {
    expect(names.length).toBeGreaterThan(8);
    for (const name of names) {
      const misspelt = `${name.slice(0, 2)}${name.slice(3)}`;
      if (names.includes(misspelt)) continue;
      expect(reasonsOf({ [misspelt]: "x" }).join("\n")).toMatch(
        new RegExp(`^${misspelt} is not an argument of this resource; did you mean \\w+\\?$`, "m"),
      );
    }
  });

  it("rejects an argument that resembles none, and lists the valid ones", () => {
    expect(reasonsOf({ zzz: "x" }).join("\n")).toContain(
      `zzz is not an argument of this resource; valid names: ${names.join(", ")}`,
    );
  });

  it("rejects an object in place of a string", () => {
    for (const name of names.filter((each) => each !== "modules")) {
      expect(reasonsOf({ [name]: { value: "x" } }).join("\n"), name).toMatch(new RegExp(`^${name}[. ]`, "m"));
    }
  });
});

it("a module accepts a version and args, and nothing else", async () => {
  const type = TYPES.find((each) => each.type === "redisenterprise:ModuleVersions");
  const world = type?.open();
  const inputs = type && (await loadKind(type.type)).inputs;
  if (world === undefined || inputs === undefined) throw new Error("there is no such type");
  const modules = { search: { version: "2.10", arg: "WORKERS 6" }, bf: { version: "2.6", zzz: 1 } };
  const { failures } = validateArguments(inputs, { ...world.args, modules });
  expect(failures).toEqual(
    expect.arrayContaining([
      { property: "modules.search", reason: "has no arg; did you mean args?" },
      { property: "modules.bf", reason: "has no zzz; valid names: version, args" },
    ]),
  );
});

describe("invalid change rules fail the check, with their name and a valid value", () => {
  const window = { from: "02:00", to: "06:00", timeZone: "UTC" };
  const blackout = { from: "2026-12-20", to: "2027-01-05", reason: "freeze" };
  it.each<[string, Record<string, unknown>, string, RegExp]>([
    ["unknown zone", { windows: [{ ...window, timeZone: "Mars/Base" }] }, "windows.0.timeZone", /IANA.*Asia\/Shanghai/],
    ["an abbreviation as zone", { windows: [{ ...window, timeZone: "CST" }] }, "windows.0.timeZone", /IANA/],
    ["the same in a blackout", { blackouts: [{ ...blackout, timeZone: "IST" }] }, "blackouts.0.timeZone", /IANA/],
    [
      "a zone in a date",
      { blackouts: [{ ...blackout, from: "2026-12-20T18:00[Asia/Shanghai]" }] },
      "blackouts.0.from",
      /T18:00/,
    ],
    ["half an offset", { blackouts: [{ ...blackout, from: "2026-12-20T18:00-08" }] }, "blackouts.0.from", /T18:00/],
    ["a date without dashes", { blackouts: [{ ...blackout, to: "20261221" }] }, "blackouts.0.to", /2027-01-05/],
    [
      "an end of an approval that is not a time",
      {
        approval: {
          formatVersion: 1,
          approvals: {
            u: {
              a: {
                from: "",
                to: "",
                how: "",
                digest: "",
                approvedAt: "2026-01-01T00:00:00Z",
                approvedBy: "",
                expiresAt: "31.12.2026",
              },
            },
          },
        },
      },
      "approval.approvals.u.a.expiresAt",
      /2026-12-04T10:00:00Z/,
    ],
    ["an offset as zone", { windows: [{ ...window, timeZone: "+08:00" }] }, "windows.0.timeZone", /IANA/],
    ["no zone", { windows: [{ from: "02:00", to: "06:00" }] }, "windows.0.timeZone", /IANA/],
    [
      "an end before the beginning",
      { windows: [{ ...window, from: "06:00", to: "02:00" }] },
      "windows.0.to",
      /overnight.*"22:00" to "02:00"/,
    ],
    ["an end at the beginning", { windows: [{ ...window, to: "02:00" }] }, "windows.0.to", /empty.*"00:00" to "24:00"/],
    ["overnight on one day", { windows: [{ ...window, overnight: true }] }, "windows.0.overnight", /same day/],
    ["no window", { windows: [] }, "windows", /must not be empty.*"from": "02:00"/],
    ["a time with one digit", { windows: [{ ...window, from: "2:00" }] }, "windows.0.from", /two digits.*"02:00"/],
    ["a time past midnight", { windows: [{ ...window, to: "25:00" }] }, "windows.0.to", /"06:00"/],
    [
      "lastStart outside the window",
      { windows: [{ ...window, lastStart: "07:00" }] },
      "windows.0.lastStart",
      /after `from` \(02:00\)/,
    ],
    [
      "lastStart at the beginning of the window",
      { windows: [{ ...window, lastStart: "02:00" }] },
      "windows.0.lastStart",
      /after `from`/,
    ],
    ["no day", { windows: [{ ...window, days: [] }] }, "windows.0.days", /\["sat"\]/],
    ["a full name of a day", { windows: [{ ...window, days: ["saturday"] }] }, "windows.0.days.0", /"sat"/],
    ["a misspelt name", { windows: [{ ...window, timezone: "UTC" }] }, "windows.0", /`timezone`/],
    ["a window instead of a list", { windows: window }, "windows", /list of windows.*\[\{/],
    [
      "overlapping blackouts",
      { blackouts: [blackout, { ...blackout, from: "2027-01-05" }] },
      "blackouts",
      /overlap: 2026-12-20 to 2027-01-05 and/,
    ],
    [
      "a blackout that ends before it begins",
      { blackouts: [{ ...blackout, to: "2026-12-19" }] },
      "blackouts.0.to",
      /after `from` \(2026-12-20\)/,
    ],
    ["no date", { blackouts: [{ ...blackout, from: "Christmas" }] }, "blackouts.0.from", /2026-12-20/],
    [
      "a day that does not exist",
      { blackouts: [{ ...blackout, from: "2026-02-30" }] },
      "blackouts.0.from",
      /2026-12-20/,
    ],
    ["no reason", { blackouts: [{ ...blackout, reason: "" }] }, "blackouts.0.reason", /must not be empty/],
    ["an expected duration of zero", { expect: "0m" }, "expect", /above zero.*"50m"/],
    [
      "an expected duration longer than any window",
      { windows: [window], expect: "5h" },
      "expect",
      /longer than every window/,
    ],
    ["an age of zero", { backup: { maxAge: "0h" } }, "backup.maxAge", /above zero.*"24h"/],
    ["a waiver without a reason", { backup: { maxAge: "24h", waive: "" } }, "backup.waive", /must be the reason why/],
    [
      "a file of approvals of a later version",
      { approval: { formatVersion: 2, approvals: {} } },
      "approval.formatVersion",
      /must be 1.*Write it again with this version/,
    ],
    [
      "a path instead of the content of approvals",
      { approval: "approved.json" },
      "approval",
      /`pulumi-dbversion approve`/,
    ],
    ["an unknown choice", { onHeld: "skip" }, "onHeld", /"report", "wait" or "fail"/],
  ])("%s", async (_, args, property, reason) => {
    const { lifecycle, inputs, world } = stage();
    const { failures } = await lifecycle.check({}, inputs(args));
    expect(failures).toEqual([{ property, reason: expect.stringMatching(reason) }]);
    expect(world.reads).toBe(0);
  });
});
