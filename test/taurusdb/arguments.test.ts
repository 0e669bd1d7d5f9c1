import { describe, expect, it } from "vitest";
import { regionsOf } from "../../provider/huaweicloud/service";
import { TAURUSDB } from "../../provider/taurusdb/service";
import { D, kernelRig } from "./kernel-rig";
import { instanceId, KEY, NEW, projectId, rig, USER } from "./rig";

const NO_KEY = { accessKey: undefined, secretKey: undefined };

/** The failures of a preview, without requests to the cloud. */
async function failuresOf(
  args: Record<string, unknown>,
  surroundings: Parameters<typeof rig>[1] = {},
): Promise<readonly { property: string; reason: string }[]> {
  const { lifecycle, inputs, cloud } = rig({ starRocksKernel: NEW }, surroundings);
  const { failures } = await lifecycle.check({}, inputs(args));
  if ((failures ?? []).length > 0) expect(cloud.journal.entries).toEqual([]);
  return failures ?? [];
}

describe("invalid input fails the check with the name of the property and a valid value", () => {
  const SR = `${"a".repeat(32)}in17`;

  it.each<[string, Record<string, unknown>, string, RegExp]>([
    [
      "StarRocks id where TaurusDB's is due",
      { instanceId: SR },
      "instanceId",
      /is the id of a StarRocks instance.*end in in07/,
    ],
    [
      "TaurusDB id where StarRocks' is due",
      { starRocksInstanceId: instanceId },
      "starRocksInstanceId",
      /is the id of a TaurusDB instance.*end in in17/,
    ],
    ["id of a node", { instanceId: `${"a".repeat(32)}no07` }, "instanceId", /is the id of a node/],
    ["id of a proxy", { instanceId: `${"a".repeat(32)}po01` }, "instanceId", /is the id of a proxy/],
    ["id with another suffix", { instanceId: `${"a".repeat(32)}in99` }, "instanceId", /ends in in99/],
    ["short id", { starRocksInstanceId: "abcin17" }, "starRocksInstanceId", /has 7 characters; .*36/],
    ["id with dashes", { instanceId: "6754902d-a1f4-4726-9c69-79b0590102a5" }, "instanceId", /letters and digits only/],
    ["empty id", { instanceId: "" }, "instanceId", /must not be empty/],
    ["no id", { starRocksInstanceId: undefined }, "starRocksInstanceId", /is missing; it must be a string, such as/],
    ["number as a version", { version: 3 }, "version", /must be a string, such as "3\.1\.15\.80"/],
    ["word as a version", { version: "newest" }, "version", /is not a kernel version.*"latest"/],
    ["version of one part", { version: "3" }, "version", /must have 2 to 4 numbers/],
    ["version of five parts", { version: "3.1.15.80.1" }, "version", /must have 2 to 4 numbers/],
    ["version with a build", { version: "3.1.15.80-1" }, "version", /must have 2 to 4 numbers/],
    ["negative part", { version: "3.-1" }, "version", /is not a kernel version/],
    ["latest with onNewer fail", { version: "latest", onNewer: "fail" }, "onNewer", /nothing is newer/],
    [
      "a window of the program together with that of the service",
      { schedule: "maintenance-window", windows: [{ from: "02:00", to: "06:00", timeZone: "UTC" }] },
      "windows",
      /cannot be combined with `schedule`.*leave it out/,
    ],
    [
      "blackouts together with the window of the service",
      { schedule: "maintenance-window", blackouts: [{ from: "2026-12-20", to: "2026-12-21", reason: "x" }] },
      "blackouts",
      /cannot be combined with `schedule`.*leave it out/,
    ],
    ["unknown schedule", { schedule: "tonight" }, "schedule", /"now" or "maintenance-window"/],
    ["skipValidation as a string", { skipValidation: "true" }, "skipValidation", /true or false/],
    ["region in upper case", { region: "CN-North-4" }, "region", /must be in lower case. Example: "cn-north-4"/],
    [
      "unknown region",
      { region: "cn-north-99" },
      "region",
      /not a known region.*cn-north-4.*endpoint.*HUAWEICLOUD_SDK_REGION_GAUSSDB_CN_NORTH_99/,
    ],
    ["region with blanks", { region: "north 4" }, "region", /is not the name of a region/],
    ["no region", { region: undefined }, "region", /is missing \(.*\); it must be the region of the instances/],
    [
      "endpoint without IAM endpoint",
      { region: undefined, endpoint: "https://db.example.com" },
      "projectId",
      /is missing \(.*\); it is required when `endpoint` is set without `region`/,
    ],
    ["endpoint with a path", { endpoint: "https://db.example.com/v3" }, "endpoint", /without a path/],
    ["endpoint that is not a URL", { endpoint: "http://" }, "endpoint", /is not a URL/],
    ["endpoint of another protocol", { endpoint: "ftp://db.example.com" }, "endpoint", /http:\/\/ or https:\/\//],
    ["project that is not an id", { projectId: "cn-north-4" }, "projectId", /32 letters and digits/],
    [
      "user name without account",
      { ...NO_KEY, userName: "a", password: "b" },
      "domainName",
      /is missing \(.*HW_DOMAIN_NAME`\); it is required together with `userName`/,
    ],
    [
      "password without user name",
      { ...NO_KEY, password: "bcd" },
      "userName",
      /is missing \(.*\); it is required together with `password`/,
    ],
    ["unknown argument", { instanceID: instanceId }, "instanceID", /did you mean instanceId/],
    ["wait as a string", { wait: "no" }, "wait", /true or false/],
  ])("%s", async (_, args, property, reason) => {
    expect(await failuresOf(args)).toEqual([{ property, reason: expect.stringMatching(reason) }]);
  });

  it.each<[string, Record<string, unknown>, RegExp]>([
    [
      "access key without secret key",
      { secretKey: undefined },
      /^secretKey is missing \(.*`HW_SECRET_KEY` or `HUAWEICLOUD_SDK_SK`\); it is required together with `accessKey`/,
    ],
    [
      "secret key without access key",
      { accessKey: undefined },
      /^accessKey is missing \(.*\); it is required together with `secretKey`/,
    ],
    [
      "user name without password",
      { ...NO_KEY, userName: "a", domainName: "b" },
      /^password is missing \(.*\); it is required together with `userName`/,
    ],
    [
      "no credentials at all",
      NO_KEY,
      /^accessKey is missing \(.*HW_ACCESS_KEY.*\); .*`userName`, `password` and `domainName`/,
    ],
    ["empty secret key", { secretKey: "" }, /^secretKey must not be empty/],
  ])("%s, with its name in the reason because it is a secret", async (_, args, reason) => {
    expect(await failuresOf(args)).toEqual([{ property: "", reason: expect.stringMatching(reason) }]);
  });

  it("never repeats an endpoint that contains a password", async () => {
    const failures = await failuresOf({ endpoint: "https://me:hunter2@db.example.com" });
    expect(failures).toEqual([{ property: "", reason: expect.stringContaining("must not contain credentials") }]);
    expect(JSON.stringify(failures)).not.toContain("hunter2");
  });

  it("is not validated while it is unknown", async () => {
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    expect(await failuresOf({ region: unknown, instanceId: unknown, secretKey: unknown, version: unknown })).toEqual(
      [],
    );
  });
});

describe("valid input", () => {
  it.each<[string, Record<string, unknown>]>([
    ["a project", { projectId }],
    ["an endpoint without a scheme", { endpoint: "gaussdb.cn-north-4.myhuaweicloud.com" }],
    ["an IAM endpoint with a path", { iamEndpoint: "https://iam.cn-north-4.myhuaweicloud.com:443/v3" }],
    [
      "an unknown region with an endpoint",
      { region: "eu-west-101", endpoint: "https://gaussdb.eu-west-101.myhuaweicloud.eu" },
    ],
    ["a private endpoint with an IAM endpoint", { endpoint: "https://10.0.0.9:8443", iamEndpoint: "https://10.0.0.8" }],
    ["a private endpoint with key and project, which need no IAM", { endpoint: "https://10.0.0.9", projectId }],
    ["a user", { ...NO_KEY, ...USER }],
    ["a key and a user", USER],
    ["a user name without password next to a key", { userName: "operator" }],
  ])("is %s", async (_, args) => {
    expect(await failuresOf(args)).toEqual([]);
  });

  it.each(regionsOf(TAURUSDB))("is region %s", async (region) => {
    expect(await failuresOf({ region })).toEqual([]);
  });
});

describe("a missing argument", () => {
  const nothing = { region: undefined, ...NO_KEY };

  it.each<[string, Parameters<typeof rig>[1]]>([
    [
      "the stack's configuration",
      {
        config: Object.fromEntries(
          Object.entries({ ...KEY, region: "cn-north-4" }).map(([k, v]) => [`huaweicloud:${k}`, v]),
        ),
      },
    ],
    ["HW_*", { env: { HW_REGION_NAME: "cn-north-4", HW_ACCESS_KEY: KEY.accessKey, HW_SECRET_KEY: KEY.secretKey } }],
    [
      "HUAWEICLOUD_SDK_*",
      { env: { HW_REGION_NAME: "cn-north-4", HUAWEICLOUD_SDK_AK: KEY.accessKey, HUAWEICLOUD_SDK_SK: KEY.secretKey } },
    ],
    [
      "HW_USER_*",
      {
        env: {
          HW_REGION_NAME: "cn-north-4",
          HW_PROJECT_ID: projectId,
          HW_USER_NAME: USER.userName,
          HW_USER_PASSWORD: USER.password,
          HW_DOMAIN_NAME: USER.domainName,
          HW_AUTH_URL: "https://iam.cn-north-4.myhuaweicloud.com/v3",
        },
      },
    ],
  ])("is taken from %s", async (_, surroundings) => {
    const { lifecycle, inputs, lines } = rig({ starRocksKernel: NEW }, surroundings);
    const { outs } = await lifecycle.create(inputs(nothing));
    expect(outs).toMatchObject({ status: "current" });
    for (const secret of [KEY.secretKey, USER.password]) {
      expect(JSON.stringify([outs, lines])).not.toContain(secret);
    }
  });

  it("is taken from the configuration only if the argument is not set", async () => {
    const wrong = { HW_ACCESS_KEY: "nobody", HW_SECRET_KEY: "nothing", HW_PROJECT_ID: "0".repeat(32) };
    const config = { "huaweicloud:projectId": projectId };
    const { lifecycle, inputs } = rig({ starRocksKernel: NEW }, { env: wrong, config });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
  });

  it("is taken from the variable that the SDKs read for the region's endpoint", async () => {
    const config = { "huaweicloud:projectId": projectId };
    const env = { HUAWEICLOUD_SDK_REGION_GAUSSDB_CN_NORTH_4: "https://nowhere.example.com" };
    const { lifecycle, inputs } = rig({ starRocksKernel: NEW }, { env, config });
    await expect(lifecycle.create(inputs())).rejects.toThrow(/nowhere\.example\.com/);
    const given = { endpoint: "https://gaussdb.cn-north-4.myhuaweicloud.com" };
    expect((await lifecycle.create(inputs(given))).outs).toMatchObject({ status: "current" });
  });

  it("is reported if that variable is not an address", async () => {
    const env = { HUAWEICLOUD_SDK_REGION_GAUSSDB_CN_NORTH_4: "http://" };
    expect(await failuresOf({}, { env })).toEqual([
      {
        property: "region",
        reason: expect.stringContaining(
          "environment variable HUAWEICLOUD_SDK_REGION_GAUSSDB_CN_NORTH_4 that is not a URL",
        ),
      },
    ]);
  });

  it("may be unknown to this package as a region if the SDKs' variable has its endpoint", async () => {
    const env = { HUAWEICLOUD_SDK_REGION_GAUSSDB_EU_WEST_101: "https://db.example.com" };
    expect(await failuresOf({ region: "eu-west-101", projectId }, { env })).toEqual([]);
  });
});

describe("a KernelVersion", () => {
  describe("an invalid argument is named", () => {
    const id = D.instanceId;
    it.each([
      ["no instance", { instanceIds: [] }, "instanceIds", /at least one/],
      ["a string instead of a list", { instanceIds: id }, "instanceIds", /must be a list/],
      ["a duplicate", { instanceIds: [id, id] }, "instanceIds", /twice/],
      ["a StarRocks id", { instanceIds: [`${id.slice(0, -4)}in17`] }, "instanceIds.0", /StarRocks/],
      ["a short id", { instanceIds: ["abcin07"] }, "instanceIds.0", /36/],
      ["a malformed version", { version: "2.0.x" }, "version", /is not a kernel version/],
      ["a negative part", { version: "2.-1" }, "version", /is not a kernel version/],
      ["an unknown schedule", { schedule: "tonight" }, "schedule", /"maintenance-window"/],
      ["latest that fails on newer", { version: "latest", onNewer: "fail" }, "onNewer", /latest/],
      ["an unknown region", { region: "mars-north-1" }, "region", /endpoint/],
      ["a region in capitals", { region: "CN-North-4" }, "region", /cn-north-4/],
      ["a key without its secret", { secretKey: undefined }, undefined, /secretKey/],
      ["a misspelt argument", { preCheks: true }, "preCheks", /preCheck/],
    ])("%s", async (_, args, property, reason) => {
      const { lifecycle, inputs, cloud } = kernelRig();
      const { failures = [] } = await lifecycle.check({}, inputs(args));
      expect(failures).toHaveLength(1);
      if (property !== undefined) expect(failures[0]?.property).toBe(property);
      expect(failures[0]?.reason).toMatch(reason);
      expect(cloud.journal.entries).toEqual([]);
    });

    it("an instance of another project is reported by apply, with the project and the region", async () => {
      const { lifecycle, inputs } = kernelRig();
      const stranger = `${"0".repeat(32)}in07`;
      await expect(lifecycle.create(inputs({ instanceIds: [stranger] }))).rejects.toThrow(
        /The instance does not exist in project .* Check the id, `region` and `projectId`/,
      );
    });
  });
});
