import { describe, expect, it } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { TransportError } from "../../provider/http/transport";
import { openAccess } from "../../provider/taurusdb/project";
import { readStarRocksKernels } from "../../provider/taurusdb/starrocks/instance";
import { partial } from "../support/partial";
import { VirtualClock } from "../support/virtual-clock";
import { kindsOver } from "../systems";
import { accessKey, KEY, MINUTE, NEW, projectId, region, rig, runtimeOf, secretKey, URN, USER } from "../taurusdb/rig";

const HOUR = 60 * MINUTE;
const NO_KEY = { accessKey: undefined, secretKey: undefined };
const BY_PASSWORD = { ...NO_KEY, ...USER };
const TOKENS = "/v3/auth/tokens";
const UP_TO_DATE = { starRocksKernel: NEW };

describe("an access key", () => {
  it("signs every request, and the gateway accepts all of them", async () => {
    const { lifecycle, inputs, cloud } = rig();
    await lifecycle.create(inputs());
    const refused = cloud.journal.entries.filter(({ status }) => status === 401 || status === 403);
    expect(refused).toEqual([]);
    expect(cloud.journal.count("POST", TOKENS)).toBe(0);
  });

  it("that is temporary is sent with its signed token", async () => {
    const { lifecycle, inputs, cloud } = rig({
      switches: { signedHeadersRequired: ["x-sdk-date", "x-security-token"] },
    });
    cloud.control.iam.addTemporaryKey("TEMPORARY", "temporary-secret", { securityToken: "a-t0ken", seconds: 7_200 });
    const args = { accessKey: "TEMPORARY", secretKey: "temporary-secret", securityToken: "a-t0ken" };
    expect((await lifecycle.create(inputs(args))).outs).toMatchObject({ status: "current" });
  });

  it("that is temporary and expires during an upgrade ends the run, and the next run resumes with a new one", async () => {
    const { lifecycle, inputs, cloud, writes } = rig();
    cloud.control.iam.addTemporaryKey("TEMPORARY", "temporary-secret", { securityToken: "a-t0ken", seconds: 180 });
    const args = { accessKey: "TEMPORARY", secretKey: "temporary-secret", securityToken: "a-t0ken" };
    const first = await partial(lifecycle.create(inputs(args)));
    expect(first.reasons[0]).toMatch(/rejected because of its credentials.*Temporary keys expire.*\[unauthorized\]/);
    expect(first.properties).toMatchObject({ status: "upgrading" });
    expect((await lifecycle.update(first.id, first.properties, inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it("with a wrong secret is reported with its sources, and without any secret", async () => {
    const { lifecycle, inputs, cloud, lines } = rig();
    const call = lifecycle.create(inputs({ secretKey: "wrong-secret", projectId }));
    const error: unknown = await call.catch((thrown: unknown) => thrown);
    const text = String(error);
    expect(text).toMatch(/verify aksk signature fail \(APIGW\.0301, HTTP 401\) \(request [0-9a-f]{32}\)/);
    expect(text).toMatch(
      /was rejected because of its credentials \(argument `accessKey`, argument `secretKey`\): `secretKey` does not belong to `accessKey`: /,
    );
    expect(text).not.toMatch(/canonical/i);
    expect(text).toContain("[unauthorized]");
    expect(text + JSON.stringify(lines)).not.toContain("wrong-secret");
    expect(text).not.toContain(accessKey);
    // A request with a bad signature is never retried, because five of them lock the key.
    expect(cloud.journal.entries.map(({ status }) => status)).toEqual([401]);
  });

  it("with a wrong secret does not lock the key, regardless of how many resources use it", async () => {
    const { lifecycle, inputs, cloud, clock } = rig({ starRocks: 4 });
    const each = cloud.starRocks.map(({ id }, at) =>
      inputs({ secretKey: "wrong-secret", starRocksInstanceId: id, projectId, __urn: `${URN}-${at}` }),
    );
    const failures = await Promise.all(each.map(async (args) => (await lifecycle.check({}, args)).failures));
    expect(failures).toHaveLength(4);
    for (const failed of failures) {
      expect(failed?.[0]?.reason).toContain("`secretKey` does not belong to `accessKey`: ");
    }
    await clock.sleep(MINUTE);
    for (const args of each) await expect(lifecycle.create(args)).rejects.toThrow(/`secretKey` does not belong to/);
    expect(cloud.journal.entries.map(({ status }) => status)).toEqual([401]);
    expect((await lifecycle.create(inputs({ projectId }))).outs).toMatchObject({ status: "current" });
  });

  it("is used by one request at a time until the gateway has accepted it", async () => {
    const { cloud, connect, clock } = rig();
    const { gateway } = openAccess({ region, ...KEY, projectId }, runtimeOf(clock), connect, {});
    cloud.faults.add({ match: { method: "GET" }, fault: { kind: "delay", ms: 2_000 } });
    const began = clock.now();
    const ends = await Promise.all([1, 2, 3].map(async () => readStarRocksKernels(gateway).then(() => clock.now())));
    expect(ends.map((at) => at - began)).toEqual([2_000, 2_000, 2_000]);
  });

  it("is used by other requests after ten seconds if the first one has no response", async () => {
    const { cloud, connect, clock } = rig();
    const { gateway } = openAccess({ region, ...KEY, projectId }, runtimeOf(clock), connect, {});
    cloud.faults.add({ match: { method: "GET" }, times: 4, fault: { kind: "delay", ms: 25_000 } });
    const began = clock.now();
    await Promise.all([1, 2, 3, 4].map(() => readStarRocksKernels(gateway)));
    expect(clock.now() - began).toBe(35_000);
  });

  it("whose request was changed in transit is reported with both canonical requests", async () => {
    const { lifecycle, inputs, cloud } = rig();
    const echo = "GET|/v3/other/||host:proxy||host|e3b0";
    const body = JSON.stringify({
      error_code: "APIGW.0301",
      error_msg: `Incorrect IAM authentication information: verify aksk signature fail, canonicalRequest:${echo}|x-security-token:s3cret-token|`,
      request_id: "abc",
    });
    const reply = { status: 401, headers: { "content-type": "application/json" }, body };
    cloud.faults.add({ match: { path: /star-?rocks/ }, times: 9, fault: { kind: "replace", ...reply } });
    const call = lifecycle.create(inputs({ securityToken: "s3cret-token", projectId }));
    const text = String(await call.catch((thrown: unknown) => thrown));
    expect(text).toContain(`The gateway's canonical request: ${echo}|x-security-token:[secret]|`);
    expect(text).toMatch(/This client's: GET\|\/v3\/.*x-security-token:\[secret\]\|.*\. \[unauthorized\]$/);
    expect(text).not.toContain("s3cret-token");
  });

  it("that is unknown is rejected", async () => {
    const { lifecycle, inputs } = rig();
    const text = String(await lifecycle.create(inputs({ accessKey: "AKNOBODY" })).catch((thrown: unknown) => thrown));
    expect(text).toMatch(
      /GET \/v3\/projects\?name=cn-north-4 at https:\/\/iam\.cn-north-4.*ak not exist.*\[unauthorized\]/,
    );
    expect(text).not.toContain("AKNOBODY");
  });

  it("that is locked is reported with the duration", async () => {
    const { lifecycle, inputs, cloud } = rig();
    for (let i = 0; i < 5; i++) {
      await lifecycle.create(inputs({ secretKey: `wrong-secret-${i}`, projectId })).catch(() => undefined);
    }
    await expect(lifecycle.create(inputs({ projectId }))).rejects.toThrow(/locked for five minutes/);
    expect(cloud.writes()).toEqual([]);
  });
});

describe("the clocks of this machine and the server", () => {
  it.each([-3 * HOUR, 3 * HOUR])("may differ by %i ms, which is corrected by the server's time", async (skew) => {
    const { lifecycle, inputs, cloud } = rig({}, { skew, dated: true });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    // The offset is determined once, by the concurrent requests.
    expect(cloud.journal.entries.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(3);
    expect(cloud.acceptedUpgrades).toHaveLength(1);
  });

  it("are corrected for concurrent requests", async () => {
    const { lifecycle, inputs, cloud } = rig({}, { skew: 3 * HOUR, dated: true });
    expect((await lifecycle.create(inputs({ projectId }))).outs).toMatchObject({ status: "current" });
    expect(cloud.journal.entries.filter(({ status }) => status === 401)).toHaveLength(1);
  });

  it("need no correction if they differ within the window", async () => {
    const { lifecycle, inputs, cloud } = rig(UP_TO_DATE, { skew: 14 * MINUTE, dated: true });
    await lifecycle.create(inputs());
    expect(cloud.journal.entries.every(({ status }) => status === 200)).toBe(true);
  });

  it.each(["APIGW.0301", "APIGW.0303"] as const)(
    "cause an error with the gateway's message if they differ too much and no time is reported (%s)",
    async (clockSkewCode) => {
      const { lifecycle, inputs } = rig({ switches: { clockSkewCode } }, { skew: HOUR });
      await expect(lifecycle.create(inputs())).rejects.toThrow(
        /exceeds 15 minutes \(APIGW\.030[13], HTTP 401\).* Check the clock of this machine: .*\[unauthorized\]/,
      );
    },
  );

  it("may drift apart during an upgrade", async () => {
    const { lifecycle, inputs, cloud, clock, writes } = rig({}, { dated: true });
    clock.after(3 * MINUTE, () => cloud.control.gateway.setClockSkew(2 * MINUTE));
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });
});

describe("a user with a password", () => {
  it("needs one token for a whole upgrade", async () => {
    const { lifecycle, inputs, cloud } = rig();
    expect((await lifecycle.create(inputs(BY_PASSWORD))).outs).toMatchObject({ status: "current" });
    expect(cloud.journal.count("POST", TOKENS)).toBe(1);
  });

  it("shares its token with the other resources of the process", async () => {
    const { lifecycle, inputs, cloud } = rig({ ...UP_TO_DATE, starRocks: 8 });
    const ids = cloud.starRocks.map(({ id }) => id);
    await Promise.all(ids.map((id) => lifecycle.create(inputs({ ...BY_PASSWORD, starRocksInstanceId: id }))));
    expect(cloud.journal.count("POST", TOKENS)).toBe(1);
    expect(cloud.journal.count("GET", "/v3/projects")).toBe(1);
  });

  it("requests one more token if its token expires during the upgrade", async () => {
    const { lifecycle, inputs, cloud, clock, writes } = rig();
    clock.after(4 * MINUTE, () => cloud.control.iam.expireTokens());
    expect((await lifecycle.create(inputs(BY_PASSWORD))).outs).toMatchObject({ status: "current" });
    expect(cloud.journal.count("POST", TOKENS)).toBe(2);
    expect(writes()).toBe(1);
  });

  it("requests one more token if its token expires just before the upgrade request", async () => {
    const { lifecycle, inputs, cloud } = rig();
    let expired = false;
    cloud.onCall(({ request }) => {
      if (expired || request.method !== "POST" || !request.target.includes("db-upgrade")) return;
      expired = true;
      cloud.control.iam.expireTokens();
    });
    expect((await lifecycle.create(inputs(BY_PASSWORD))).outs).toMatchObject({ status: "current" });
    expect(cloud.acceptedUpgrades).toHaveLength(1);
    expect(cloud.journal.count("POST", TOKENS)).toBe(2);
  });

  it("renews its token before it expires", async () => {
    const { cloud, clock, connect } = rig();
    const { gateway } = openAccess({ region, ...USER }, runtimeOf(clock), connect, {});
    await readStarRocksKernels(gateway);
    await clock.sleep(23 * HOUR);
    await readStarRocksKernels(gateway);
    expect(cloud.journal.count("POST", TOKENS)).toBe(1);
    await clock.sleep(HOUR - 1_000);
    await readStarRocksKernels(gateway);
    expect(cloud.journal.count("POST", TOKENS)).toBe(2);
    expect(cloud.journal.entries.every(({ status }) => status <= 201)).toBe(true);
  });

  it("whose password was changed during the upgrade ends the run, and the next run resumes", async () => {
    const { lifecycle, inputs, cloud, clock, writes } = rig();
    clock.after(4 * MINUTE, () => cloud.control.iam.setPassword("An0ther!"));
    const first = await partial(lifecycle.create(inputs(BY_PASSWORD)));
    expect(first.reasons[0]).toMatch(
      /for operator of example was rejected.*username or password is wrong.*\[unauthorized\]/,
    );
    const args = inputs({ ...BY_PASSWORD, password: "An0ther!" });
    expect((await lifecycle.update(first.id, first.properties, args)).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it.each([
    ["password", { password: "wr0ng" }],
    ["user", { userName: "nobody" }],
    ["account", { domainName: "nowhere" }],
  ])("with a wrong %s is rejected, and the error has no secret", async (_, wrong) => {
    const { lifecycle, inputs, cloud } = rig();
    const call = lifecycle.create(inputs({ ...BY_PASSWORD, ...wrong }));
    const text = String(await call.catch((thrown: unknown) => thrown));
    expect(text).toMatch(/POST \/v3\/auth\/tokens at https:\/\/iam\.cn-north-4.*HUAWEI ID.*\[unauthorized\]/);
    expect(text).not.toMatch(/wr0ng|Passw0rd/);
    expect(cloud.journal.count("POST", TOKENS)).toBe(1);
  });

  it("is delayed until IAM responds", async () => {
    const { lifecycle, inputs, cloud, clock } = rig(UP_TO_DATE);
    cloud.control.gateway.setUp(`iam.${region}`, false);
    clock.after(MINUTE / 2, () => cloud.control.gateway.setUp(`iam.${region}`, true));
    expect((await lifecycle.create(inputs(BY_PASSWORD))).outs).toMatchObject({ status: "current" });
  });
});

describe("the project", () => {
  it("is found by the region, regardless of sub-projects", async () => {
    const { lifecycle, inputs, cloud } = rig(UP_TO_DATE);
    cloud.control.iam.addProject(region, "test");
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.journal.count("GET", "/v3/projects")).toBe(1);
    await lifecycle.create(inputs());
    expect(cloud.journal.count("GET", "/v3/projects")).toBe(1);
  });

  it("is not read if it is given", async () => {
    const { lifecycle, inputs, cloud } = rig(UP_TO_DATE);
    await lifecycle.create(inputs({ projectId }));
    expect(cloud.journal.count("GET", "/v3/projects")).toBe(0);
  });

  it("that does not exist is reported with the remedy", async () => {
    const { lifecycle, inputs, cloud } = rig();
    cloud.control.iam.account("example").projects = [];
    await expect(lifecycle.create(inputs())).rejects.toThrow(
      /the account has no project named cn-north-4.*`projectId`.*\[blocked\]/,
    );
  });

  it("is never guessed if there are several", async () => {
    const { lifecycle, inputs, cloud } = rig();
    const other = { id: "f".repeat(32), name: region, region };
    cloud.control.iam.account("example").projects.push(other);
    await expect(lifecycle.create(inputs())).rejects.toThrow(
      new RegExp(`several projects named cn-north-4: ${projectId}, f{32}.*\\[blocked\\]`),
    );
  });

  it("of another account is forbidden", async () => {
    const { lifecycle, inputs, cloud } = rig();
    const { projects } = cloud.control.iam.addAccount("another");
    await expect(lifecycle.create(inputs({ projectId: projects[0]?.id }))).rejects.toThrow(
      /was forbidden: .*DBS\.200010, HTTP 403.*project and instance belong to the account.*\[unauthorized\]/,
    );
  });

  it("of another region is forbidden, too", async () => {
    const { lifecycle, inputs } = rig({ regions: ["cn-north-4", "cn-east-3"] });
    await expect(lifecycle.create(inputs({ region: "cn-east-3", projectId }))).rejects.toThrow(/DBS\.200010/);
  });
});

describe("permissions", () => {
  it("to read are named if they are missing", async () => {
    const { lifecycle, inputs, cloud } = rig();
    cloud.control.iam.deny(["gaussdb:instance:list"]);
    await expect(lifecycle.create(inputs())).rejects.toThrow(/requires the IAM action gaussdb:instance:list/);
  });

  it("in identity policies are named in the same way", async () => {
    const { lifecycle, inputs, cloud } = rig();
    const body = JSON.stringify({ error_msg: "Policy does not allow it", encoded_authorization_message: "xyz" });
    const reply = { status: 403, headers: { "content-type": "application/json" }, body };
    cloud.faults.add({ match: { path: /star-?rocks/ }, times: 9, fault: { kind: "replace", ...reply } });
    await expect(lifecycle.create(inputs())).rejects.toThrow(/Policy does not allow it.*gaussdb:instance:list/);
  });
});

describe("two accounts in one process", () => {
  it("are kept apart", async () => {
    const { lifecycle, inputs, cloud } = rig(UP_TO_DATE);
    cloud.control.iam.addAccount("another");
    cloud.control.iam.addUser("foreign-user", { account: "another" });
    cloud.control.iam.addKey("AKFOREIGN", "foreign-secret", "foreign-user");
    const own = lifecycle.create(inputs());
    const foreign = lifecycle.create(inputs({ accessKey: "AKFOREIGN", secretKey: "foreign-secret" }));
    expect((await own).outs).toMatchObject({ status: "current" });
    await expect(foreign).rejects.toThrow(/TaurusDB instance .* does not exist|no StarRocks instance/);
    expect(cloud.journal.count("GET", "/v3/projects")).toBe(2);
  });

  it("are distinguished by their secret key, too", async () => {
    const { lifecycle, inputs } = rig(UP_TO_DATE);
    await lifecycle.create(inputs());
    await expect(lifecycle.create(inputs({ secretKey: `${secretKey}x`, accessKey: KEY.accessKey }))).rejects.toThrow(
      /\[unauthorized\]/,
    );
  });
});

const TEMPORARY_KEY = { accessKey, secretKey, securityToken: "st-0123456789" };
const OPERATOR = { userName: "operator", password: "S3cret-Pw", domainName: "OTC00000000001000000000" };

type Args = Readonly<Record<string, unknown>>;

/** A provider without a network, and the hosts to which it sent requests. */
function offline(env: Readonly<Record<string, string>> = {}, config: Readonly<Record<string, string>> = {}) {
  const hosts = new Set<string>();
  const connect = () => ({
    send: async ({ origin }: { origin: string }) => {
      hosts.add(new URL(origin).hostname);
      throw new TransportError("ENOTFOUND", "getaddrinfo ENOTFOUND");
    },
    close: async () => undefined,
  });
  const lifecycle = new DynamicProvider({
    kinds: kindsOver(connect, env),
    log: { write: () => undefined, flush: async () => undefined },
    rhythm: { change: 0, repeat: 60_000 },
    clock: new VirtualClock(),
    env,
  });
  lifecycle.configure({ config: { get: (key) => config[key] } });
  return { lifecycle, hosts };
}

const RESOURCES: Readonly<Record<string, Args>> = {
  KernelVersion: { instanceIds: ["6754902da1f447269c6979b0590102a5in07"], version: "2.0.78" },
  StarRocksVersion: {
    instanceId: "6754902da1f447269c6979b0590102a5in07",
    starRocksInstanceId: "1c8b1f2e2a2b4f0f9a6d3a0f4a3b9c11in17",
    version: "3.1.15.80",
  },
};

describe.each(Object.entries(RESOURCES))("credentials of taurusdb.%s", (type, resource) => {
  const inputs = (args: Args) => ({
    ...resource,
    ...args,
    unreachableTimeout: "30s",
    __urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/taurusdb:${type}::pinned`,
    __provider: "text",
  });

  it.each([
    ["another cloud", "https://gaussdb-mysql.eu-de.otc.t-systems.com", "otc.t-systems.com"],
    ["another domain of the same vendor", "https://gaussdb.eu-west-101.myhuaweicloud.eu", "myhuaweicloud.eu"],
    ["an unknown cloud", "https://gaussdb.eu-west-0.prod-cloud.example.com", "prod-cloud.example.com"],
  ])("stay in the domain of the endpoint: %s", async (_, endpoint, domain) => {
    for (const credentials of [TEMPORARY_KEY, OPERATOR]) {
      const { lifecycle, hosts } = offline();
      const args = inputs({ region: "eu-de", endpoint, ...credentials });
      expect((await lifecycle.check({}, args)).failures).toEqual([]);
      await lifecycle.create(args).catch(() => undefined);
      expect(hosts.size).toBeGreaterThan(0);
      for (const host of hosts) expect(host.endsWith(`.${domain}`), host).toBe(true);
    }
  });

  it.each([
    "https://10.0.0.9",
    "https://db.example.com",
    "http://127.0.0.1:8080",
    "https://gaussdb.eu-de.otc.t-systems.com:8443",
  ])("are not sent if the address of IAM is unknown: %s", async (endpoint) => {
    for (const credentials of [TEMPORARY_KEY, OPERATOR]) {
      const { lifecycle, hosts } = offline();
      const { failures } = await lifecycle.check({}, inputs({ region: "eu-de", endpoint, ...credentials }));
      expect(failures).toEqual([
        { property: "iamEndpoint", reason: expect.stringContaining("cannot be derived from `endpoint`") },
      ]);
      await expect(lifecycle.create(inputs({ region: "eu-de", endpoint, ...credentials }))).rejects.toThrow(
        /iamEndpoint/,
      );
      expect([...hosts]).toEqual([]);
    }
  });

  it("are sent only to the service with a key and a project", async () => {
    const { lifecycle, hosts } = offline();
    await lifecycle
      .create(inputs({ region: "eu-de", endpoint: "https://10.0.0.9", projectId, ...TEMPORARY_KEY }))
      .catch(() => undefined);
    expect([...hosts]).toEqual(["10.0.0.9"]);
  });

  it("are sent to the given IAM, regardless of its domain", async () => {
    const { lifecycle, hosts } = offline();
    const args = inputs({
      region: "eu-de",
      endpoint: "https://10.0.0.9",
      iamEndpoint: "https://10.0.0.8",
      ...OPERATOR,
    });
    await lifecycle.create(args).catch(() => undefined);
    expect([...hosts]).toEqual(["10.0.0.8"]);
  });

  it("are not sent to an IAM of another cloud that comes from the environment", async () => {
    const env = { HW_AUTH_URL: "https://iam.eu-de.myhuaweicloud.com/v3" };
    const { lifecycle, hosts } = offline(env);
    const args = inputs({ region: "eu-de", endpoint: "https://gaussdb-mysql.eu-de.otc.t-systems.com", ...OPERATOR });
    const reason = expect.stringMatching(/is in myhuaweicloud\.com, but `endpoint` is in otc\.t-systems\.com/);
    expect((await lifecycle.check({}, args)).failures).toEqual([{ property: "iamEndpoint", reason }]);
    await expect(lifecycle.create(args)).rejects.toThrow(/iamEndpoint/);
    expect([...hosts]).toEqual([]);
  });
});
