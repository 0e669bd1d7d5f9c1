import { describe, expect, it } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { TransportError } from "../../provider/http/transport";
import { VirtualClock } from "../support/virtual-clock";
import { kindsOver } from "../systems";
import { accessKey, projectId, secretKey } from "../taurusdb/rig";

const KEY = { accessKey, secretKey, securityToken: "st-0123456789" };
const USER = { userName: "operator", password: "S3cret-Pw", domainName: "OTC00000000001000000000" };

type Args = Readonly<Record<string, unknown>>;

/** Pins whose network leads nowhere and notes who was called. */
function offline(env: Readonly<Record<string, string>> = {}, config: Readonly<Record<string, string>> = {}) {
  const called = new Set<string>();
  const connect = () => ({
    send: async ({ origin }: { origin: string }) => {
      called.add(new URL(origin).hostname);
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
  return { lifecycle, called };
}

const PINS: Readonly<Record<string, Args>> = {
  KernelVersion: { instanceIds: ["6754902da1f447269c6979b0590102a5in07"], version: "2.0.78" },
  StarRocksVersion: {
    instanceId: "6754902da1f447269c6979b0590102a5in07",
    starRocksInstanceId: "1c8b1f2e2a2b4f0f9a6d3a0f4a3b9c11in17",
    version: "3.1.15.80",
  },
};

describe.each(Object.entries(PINS))("credentials of taurusdb.%s", (type, pin) => {
  const inputs = (args: Args) => ({
    ...pin,
    ...args,
    unreachableTimeout: "30s",
    __urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/taurusdb:${type}::pinned`,
    __provider: "text",
  });

  it.each([
    ["another cloud", "https://gaussdb-mysql.eu-de.otc.t-systems.com", "otc.t-systems.com"],
    ["another domain of the same vendor", "https://gaussdb.eu-west-101.myhuaweicloud.eu", "myhuaweicloud.eu"],
    ["a cloud that is not known", "https://gaussdb.eu-west-0.prod-cloud.example.com", "prod-cloud.example.com"],
  ])("stay in the domain of the endpoint: %s", async (_, endpoint, domain) => {
    for (const credentials of [KEY, USER]) {
      const { lifecycle, called } = offline();
      const args = inputs({ region: "eu-de", endpoint, ...credentials });
      expect((await lifecycle.check({}, args)).failures).toEqual([]);
      await lifecycle.create(args).catch(() => undefined);
      expect(called.size).toBeGreaterThan(0);
      for (const host of called) expect(host.endsWith(`.${domain}`), host).toBe(true);
    }
  });

  it.each([
    "https://10.0.0.9",
    "https://db.example.com",
    "http://127.0.0.1:8080",
    "https://gaussdb.eu-de.otc.t-systems.com:8443",
  ])("go nowhere where nothing tells where IAM is: %s", async (endpoint) => {
    for (const credentials of [KEY, USER]) {
      const { lifecycle, called } = offline();
      const { failures } = await lifecycle.check({}, inputs({ region: "eu-de", endpoint, ...credentials }));
      expect(failures).toEqual([
        { property: "iamEndpoint", reason: expect.stringContaining("cannot be derived from `endpoint`") },
      ]);
      await expect(lifecycle.create(inputs({ region: "eu-de", endpoint, ...credentials }))).rejects.toThrow(
        /iamEndpoint/,
      );
      expect([...called]).toEqual([]);
    }
  });

  it("go to the service alone with a key and a project", async () => {
    const { lifecycle, called } = offline();
    await lifecycle
      .create(inputs({ region: "eu-de", endpoint: "https://10.0.0.9", projectId, ...KEY }))
      .catch(() => undefined);
    expect([...called]).toEqual(["10.0.0.9"]);
  });

  it("go to the IAM that is named, wherever that is", async () => {
    const { lifecycle, called } = offline();
    const args = inputs({ region: "eu-de", endpoint: "https://10.0.0.9", iamEndpoint: "https://10.0.0.8", ...USER });
    await lifecycle.create(args).catch(() => undefined);
    expect([...called]).toEqual(["10.0.0.8"]);
  });

  it("do not go to an IAM of another cloud, from wherever that comes", async () => {
    const env = { HW_AUTH_URL: "https://iam.eu-de.myhuaweicloud.com/v3" };
    const { lifecycle, called } = offline(env);
    const args = inputs({ region: "eu-de", endpoint: "https://gaussdb-mysql.eu-de.otc.t-systems.com", ...USER });
    const reason = expect.stringMatching(/is in myhuaweicloud\.com, but `endpoint` is in otc\.t-systems\.com/);
    expect((await lifecycle.check({}, args)).failures).toEqual([{ property: "iamEndpoint", reason }]);
    await expect(lifecycle.create(args)).rejects.toThrow(/iamEndpoint/);
    expect([...called]).toEqual([]);
  });
});
