import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, expectTypeOf, it } from "vitest";
import { oceanbase, Provider, redisenterprise, type Status, taurusdb, type Upgrade } from "../../sdk";
import { type Registered, registrations, secretValue, settled } from "./registered";

const PROVIDER = 'exports.handler=()=>require("pulumi-dbversion/provider").provider';
const TOKEN = "pulumi-nodejs:dynamic/oceanbase:ClusterVersion";
const args: oceanbase.ClusterVersionArgs = { endpoints: ["http://10.0.0.1:2886"], version: "4.3.5.2" };

async function only(program: () => pulumi.Resource): Promise<Registered> {
  const [first, ...more] = await registrations(program);
  if (first === undefined || more.length > 0) throw new Error(`expected one registration, got ${more.length + 1}`);
  return first;
}

function cluster(given: Partial<oceanbase.ClusterVersionArgs> = {}, options?: pulumi.CustomResourceOptions) {
  return only(() => new oceanbase.ClusterVersion("orders", { ...args, ...given }, options));
}

describe("a registered resource", () => {
  it("is a dynamic resource of its own type", async () => {
    expect(await cluster()).toMatchObject({ type: TOKEN, name: "orders", custom: true });
  });

  it("contains the constant provider string, byte for byte", async () => {
    // Stored in the state of every stack: it must never change.
    expect((await cluster()).inputs["__provider"]).toBe(PROVIDER);
  });

  it("sends the arguments as written, and omits the others", async () => {
    const { inputs } = await cluster({ mode: "rolling", release: pulumi.output("1.el7"), wait: false });
    const { __provider, __urn, ...written } = inputs;
    expect(written).toEqual({ ...args, mode: "rolling", release: "1.el7", wait: false });
  });

  it("contains its URN", async () => {
    expect((await cluster()).inputs["__urn"]).toBe(`urn:pulumi:dev::shop::${TOKEN}::orders`);
  });

  it("contains its URN below a parent", async () => {
    const [, child] = await registrations(() => {
      const parent = new pulumi.ComponentResource("my:component:Database", "db");
      return new oceanbase.ClusterVersion("orders", args, { parent });
    });
    expect(child?.inputs["__urn"]).toBe(`urn:pulumi:dev::shop::my:component:Database$${TOKEN}::orders`);
  });

  it("receives only its own approvals, with and without a parent", async () => {
    const approved = (to: string) => ({
      "10.0.0.1:2886": { from: "1", to, how: "", digest: "d", approvedAt: "2026-01-01T00:00:00Z", approvedBy: "Anna" },
    });
    const own = `urn:pulumi:dev::shop::${TOKEN}::orders`;
    const below = `urn:pulumi:dev::shop::my:component:Database$${TOKEN}::orders`;
    const approval = {
      formatVersion: 1,
      approvals: { [own]: approved("2"), [below]: approved("3"), other: approved("4") },
    };
    expect((await cluster({ approval })).inputs["approval"]).toEqual({
      formatVersion: 1,
      approvals: { [own]: approved("2") },
    });
    const [, child] = await registrations(() => {
      const parent = new pulumi.ComponentResource("my:component:Database", "db");
      return new oceanbase.ClusterVersion("orders", { ...args, approval }, { parent });
    });
    expect(child?.inputs["approval"]).toEqual({ formatVersion: 1, approvals: { [below]: approved("3") } });
    const none = (await cluster({ approval: { formatVersion: 1, approvals: {} } })).inputs["approval"];
    expect(none).toEqual({ formatVersion: 1, approvals: {} });
  });

  it("does not depend on resources with the same parent", async () => {
    const [, ...resources] = await registrations(() => {
      const parent = new pulumi.ComponentResource("my:component:Databases", "dbs");
      const first = new oceanbase.ClusterVersion("first", args, { parent });
      // The SDK extends a dependency on a component to each of its children.
      return new oceanbase.ClusterVersion("second", args, { parent, dependsOn: first });
    });
    expect(resources.map(({ name }) => name)).toEqual(["first", "second"]);
    expect(resources.map(({ dependencies }) => dependencies["__urn"] ?? [])).toEqual([[], []]);
  });

  it("passes customTimeouts to the engine and to the provider", async () => {
    const { inputs, updateTimeout } = await cluster({}, { customTimeouts: { update: "3h" } });
    expect(inputs["__timeouts"]).toEqual({ update: "3h" });
    expect(updateTimeout).toBe("3h");
  });

  it("has no __timeouts without customTimeouts", async () => {
    expect(await cluster()).not.toHaveProperty("inputs.__timeouts");
  });

  it.each(["password", "agentPassword", "clientKey"])("keeps %s secret in inputs and outputs", async (name) => {
    const { inputs, secretOutputs } = await cluster({ [name]: "hunter2" });
    expect(secretValue(inputs[name])).toBe("hunter2");
    expect(secretOutputs).toContain(name);
  });

  it("keeps an argument secret that already is", async () => {
    const { inputs } = await cluster({ password: pulumi.secret("hunter2") });
    expect(secretValue(inputs["password"])).toBe("hunter2");
  });

  it("does not make an undefined argument secret", async () => {
    const { inputs } = await cluster({ password: undefined as never }); // a program without strict types may do this
    expect(inputs).not.toHaveProperty("password");
  });

  it("keeps the additional secret outputs of the program", async () => {
    const { secretOutputs } = await cluster({ clientKey: "key" }, { additionalSecretOutputs: ["members"] });
    expect(secretOutputs).toEqual(expect.arrayContaining(["members", "clientKey"]));
  });

  it("declares no secret outputs for arguments without a value", async () => {
    expect((await cluster()).secretOutputs).toEqual([]);
    expect((await cluster({ password: undefined as never, clientKey: "key" })).secretOutputs).toEqual(["clientKey"]);
  });

  it("does not change the objects that the program passed", async () => {
    const given = Object.freeze({ ...args, password: "hunter2" });
    const options = Object.freeze({ customTimeouts: Object.freeze({ update: "3h" }) });
    await only(() => new oceanbase.ClusterVersion("orders", given, options));
    await only(() => new oceanbase.ClusterVersion("orders", Object.freeze({ ...args }), options));
    expect(given).toEqual({ ...args, password: "hunter2" });
    expect(options).toEqual({ customTimeouts: { update: "3h" } });
  });
});

it("an error at registration has the program's line in its stack trace", () => {
  const thrown = expect.objectContaining({ stack: expect.stringContaining("resource.test.ts") });
  expect(() => new oceanbase.ClusterVersion("", args)).toThrow(thrown);
});

/** A registered cluster with the outputs of its provider. */
async function registeredCluster(outputs: Record<string, unknown>): Promise<oceanbase.ClusterVersion> {
  const kept: oceanbase.ClusterVersion[] = [];
  await registrations(() => {
    const orders = new oceanbase.ClusterVersion("orders", args);
    kept.push(orders);
    return orders;
  }, outputs);
  const [orders] = kept;
  if (orders === undefined) throw new Error("no resource was registered");
  return orders;
}

describe("the outputs of a resource", () => {
  it("have the values that the provider returns", async () => {
    const lastUpgrade: Upgrade = {
      task: "11",
      kind: "OB rolling upgrade",
      from: "4.2.1.8",
      to: "4.3.5.2",
      startedAt: "2026-01-01T00:00:00Z",
      state: "succeeded",
    };
    const given = { currentVersion: "4.3.5.2", members: { a: "4.3.5.2-1" }, status: "current", lastUpgrade };
    const orders = await registeredCluster(given);
    expect(await settled(orders.version)).toBe("4.3.5.2");
    expect(await settled(orders.currentVersion)).toBe("4.3.5.2");
    expect(await settled(orders.members)).toEqual({ a: "4.3.5.2-1" });
    expect(await settled(orders.status)).toBe("current");
    expect(await settled(orders.lastUpgrade)).toEqual(lastUpgrade);
  });

  it("are all declared, even before they have values", async () => {
    const orders = await registeredCluster({});
    for (const name of ["version", "currentVersion", "members", "status", "lastUpgrade"]) {
      expect(pulumi.Output.isInstance(Reflect.get(orders, name)), name).toBe(true);
    }
  });
});

describe("a registration", () => {
  it("has the type and inputs that a real dynamic resource has", async () => {
    class Real extends pulumi.dynamic.Resource {
      constructor(name: string, props: pulumi.Inputs, options?: pulumi.CustomResourceOptions) {
        const provider = { create: async () => ({ id: "x" }) };
        super(provider, name, { currentVersion: undefined, ...props }, options, "oceanbase", "ClusterVersion");
      }
    }
    const options = { customTimeouts: { update: "3h" } };
    const real = await only(() => new Real("orders", { ...args }, options));
    const ours = await cluster({}, options);
    const keys = (inputs: object) => Object.keys(inputs).sort();
    expect(ours).toMatchObject({ type: real.type, name: real.name, custom: real.custom, parent: real.parent });
    expect(ours.updateTimeout).toBe(real.updateTimeout);
    expect(typeof ours.inputs["__provider"]).toBe(typeof real.inputs["__provider"]);
    expect(keys(ours.inputs)).toEqual([...keys(real.inputs), "__timeouts", "__urn"].sort());
  });
});

const IN07 = "6754902da1f447269c6979b0590102a5in07";
const IN17 = "1c8b1f2e2a2b4f0f9a6d3a0f4a3b9c11in17";
const kernel: taurusdb.KernelVersionArgs = { instanceIds: [IN07], version: ">=2.0.75" };
const starRocks: taurusdb.StarRocksVersionArgs = { instanceId: IN07, starRocksInstanceId: IN17, version: "latest" };

const TAURUSDB_TYPES: readonly [string, (more: Partial<taurusdb.KernelArgs>) => pulumi.Resource][] = [
  ["taurusdb:KernelVersion", (more) => new taurusdb.KernelVersion("fleet", { ...kernel, ...more })],
  ["taurusdb:StarRocksVersion", (more) => new taurusdb.StarRocksVersion("reports", { ...starRocks, ...more })],
];

describe.each(TAURUSDB_TYPES)("%s", (type, make) => {
  it("is a dynamic resource of its own type", async () => {
    const [resource] = await registrations(() => make({}));
    expect(resource).toMatchObject({ type: `pulumi-nodejs:dynamic/${type}`, custom: true });
  });

  it("sends the arguments as written, and omits the others", async () => {
    const [resource] = await registrations(() => make({ schedule: "maintenance-window", region: "cn-north-4" }));
    const { __provider, __urn, ...written } = resource?.inputs ?? {};
    const own = type === "taurusdb:KernelVersion" ? kernel : starRocks;
    expect(written).toEqual({ ...own, schedule: "maintenance-window", region: "cn-north-4" });
  });

  it.each(["accessKey", "secretKey", "securityToken", "password"])(
    "keeps %s secret in inputs and outputs",
    async (name) => {
      const [resource] = await registrations(() => make({ [name]: "hunter2" }));
      expect(secretValue(resource?.inputs[name])).toBe("hunter2");
      expect(resource?.secretOutputs).toContain(name);
    },
  );
});

const taurus = { region: "cn-north-4", version: "2.0.78" };
const redis = { endpoints: ["https://10.0.0.1:9443"], databaseId: 1 };

const ALL_TYPES: readonly (readonly [string, () => pulumi.Resource])[] = [
  ["oceanbase.ClusterVersion", () => new oceanbase.ClusterVersion("a", { endpoints: [], version: "4.3.5.2" })],
  ["oceanbase.AgentVersion", () => new oceanbase.AgentVersion("b", { endpoints: [], version: "4.3.5.2" })],
  ["taurusdb.KernelVersion", () => new taurusdb.KernelVersion("c", { ...taurus, instanceIds: [] })],
  [
    "taurusdb.StarRocksVersion",
    () => new taurusdb.StarRocksVersion("d", { ...taurus, instanceId: "i", starRocksInstanceId: "s" }),
  ],
  ["redisenterprise.ModuleVersions", () => new redisenterprise.ModuleVersions("e", { ...redis, modules: {} })],
  [
    "redisenterprise.DatabaseVersion",
    () => new redisenterprise.DatabaseVersion("f", { ...redis, redisVersion: "7.4" }),
  ],
];

/** Outputs that may have no value. */
const MAY_BE_EMPTY = ["lastUpgrade", "problems"];

/** The values of all outputs that the type declares. */
function outputsOf(resource: pulumi.Resource): Promise<Record<string, unknown>> {
  const outputs = Object.entries(resource).filter(([, value]) => pulumi.Output.isInstance(value));
  return new Promise((resolve) => pulumi.all(Object.fromEntries(outputs)).apply((all) => resolve(all)));
}

describe("every output of a resource without changes is defined", () => {
  beforeAll(async () => {
    const observed = { currentVersion: "1", members: {}, status: "current" };
    // The outputs in a state of 0.1.0.
    const newResource = ({ name, inputs }: pulumi.runtime.MockResourceArgs) => ({
      id: `${name}-id`,
      state: { ...inputs, ...observed },
    });
    await pulumi.runtime.setMocks({ newResource, call: ({ inputs }) => inputs }, "shop", "dev");
  });

  it.each(ALL_TYPES)("%s", async (_, make) => {
    const outputs = await outputsOf(make());
    expect(Object.keys(outputs)).toContain("lastUpgrade");
    const undefinedOutputs = Object.entries(outputs).filter(([, value]) => value === undefined);
    expect(undefinedOutputs).toEqual([]);
    const empty = MAY_BE_EMPTY.filter((name) => name in outputs);
    expect(empty).not.toEqual([]);
    for (const name of empty) expect(outputs[name] ?? {}).toEqual({});
  });
});

// The next two functions never run. The compiler checks them, and an unused @ts-expect-error is an error itself.
function oceanbasePrograms(password: pulumi.Output<string>, agents: oceanbase.ClusterVersion): void {
  const right = { endpoints: ["http://10.0.0.1:2886"], version: "4.3.5.2" };
  new oceanbase.ClusterVersion("a", right);
  new oceanbase.ClusterVersion("a", { ...right, password, mode: "rolling", onNewer: "fail", wait: true });
  new oceanbase.ClusterVersion("a", { ...right, version: agents.version }, { dependsOn: agents });
  new Provider("p", { oceanbase: { password } });

  // @ts-expect-error a misspelled argument
  new oceanbase.ClusterVersion("a", { ...right, pasword: "x" });
  // @ts-expect-error a missing version
  new oceanbase.ClusterVersion("a", { endpoints: ["http://10.0.0.1:2886"] });
  // @ts-expect-error missing endpoints
  new oceanbase.ClusterVersion("a", { version: "4.3.5.2" });
  // @ts-expect-error one endpoint that is not a list
  new oceanbase.ClusterVersion("a", { endpoints: "http://10.0.0.1:2886", version: "4.3.5.2" });
  // @ts-expect-error a version that is a number
  new oceanbase.ClusterVersion("a", { ...right, version: 4 });
  // @ts-expect-error a mode that does not exist
  new oceanbase.ClusterVersion("a", { ...right, mode: "fast" });
  // @ts-expect-error a policy that does not exist
  new oceanbase.ClusterVersion("a", { ...right, onNewer: "downgrade" });
  // @ts-expect-error an observed output is not an argument
  new oceanbase.ClusterVersion("a", { ...right, currentVersion: "4.3.5.2" });
  // @ts-expect-error a vendor that does not exist
  new Provider("p", { oracle: { password } });
}

function taurusdbPrograms(key: pulumi.Output<string>, instance: pulumi.Output<string>): void {
  new taurusdb.KernelVersion("a", { ...kernel, preCheck: false, accessKey: key, secretKey: key, onNewer: "accept" });
  new taurusdb.KernelVersion("a", { instanceIds: [instance], version: "latest", schedule: "now" });
  new taurusdb.StarRocksVersion("a", { ...starRocks, skipValidation: true, wait: false, projectId: instance });

  // @ts-expect-error one instance that is not a list
  new taurusdb.KernelVersion("a", { ...kernel, instanceIds: IN07 });
  // @ts-expect-error an argument of the other type
  new taurusdb.KernelVersion("a", { ...kernel, skipValidation: true });
  // @ts-expect-error an argument of the other type
  new taurusdb.StarRocksVersion("a", { ...starRocks, preCheck: true });
  // @ts-expect-error a missing id
  new taurusdb.StarRocksVersion("a", { instanceId: IN07, version: "latest" });
  // @ts-expect-error a schedule that does not exist
  new taurusdb.StarRocksVersion("a", { ...starRocks, schedule: "tonight" });
  // @ts-expect-error the service's name of an argument
  new taurusdb.StarRocksVersion("a", { ...starRocks, delay: true });
  // @ts-expect-error a setting that does not exist
  new Provider("p", { huaweicloud: { ak: key } });
}

describe("the types", () => {
  describe("of OceanBase", () => {
    it("reject misspelled and invalid arguments", () => {
      expect(oceanbasePrograms).toBeTypeOf("function");
    });

    it("of the outputs match the documentation", () => {
      expectTypeOf<oceanbase.ClusterVersion["version"]>().toEqualTypeOf<pulumi.Output<string>>();
      expectTypeOf<oceanbase.ClusterVersion["currentVersion"]>().toEqualTypeOf<pulumi.Output<string>>();
      expectTypeOf<oceanbase.ClusterVersion["members"]>().toEqualTypeOf<pulumi.Output<Record<string, string>>>();
      expectTypeOf<oceanbase.ClusterVersion["status"]>().toEqualTypeOf<pulumi.Output<Status>>();
      expectTypeOf<oceanbase.ClusterVersion["lastUpgrade"]>().toEqualTypeOf<pulumi.Output<Upgrade | null>>();
    });
  });

  describe("of TaurusDB", () => {
    it("reject misspelled and invalid arguments", () => {
      expect(taurusdbPrograms).toBeTypeOf("function");
    });

    it("of the outputs match the documentation", () => {
      expectTypeOf<taurusdb.KernelVersion["currentVersion"]>().toEqualTypeOf<pulumi.Output<string>>();
      expectTypeOf<taurusdb.StarRocksVersion["version"]>().toEqualTypeOf<pulumi.Output<string>>();
      expectTypeOf<taurusdb.StarRocksVersion["members"]>().toEqualTypeOf<pulumi.Output<Record<string, string>>>();
      expectTypeOf<taurusdb.StarRocksVersion["status"]>().toEqualTypeOf<pulumi.Output<Status>>();
    });
  });
});

const ROOT = resolve(__dirname, "../..");

describe("an explicit provider", () => {
  it("is registered as a provider of dynamic resources, with secret settings under their config keys", async () => {
    const [provider] = await registrations(() => new Provider("production", { oceanbase: { password: "hunter2" } }));
    expect(provider).toMatchObject({ type: "pulumi:providers:pulumi-nodejs", name: "production" });
    expect(Object.keys(provider?.inputs ?? {})).toEqual(["oceanbase:password"]);
    // The settings of a provider are sent as JSON strings.
    expect(JSON.stringify(secretValue(provider?.inputs["oceanbase:password"]))).toContain("hunter2");
  });

  it("passes on all connection settings and credentials, as secrets", async () => {
    const huaweicloud = {
      region: "cn-north-4",
      projectId: "054e292c9880d4992f02c0196d3ea468",
      endpoint: "https://db.example.com",
      iamEndpoint: "https://iam.example.com",
      accessKey: "AK",
      secretKey: "SK",
      securityToken: "ST",
      userName: "operator",
      password: pulumi.secret("hunter2"),
      domainName: "example",
    };
    const [provider] = await registrations(() => new Provider("production", { huaweicloud }));
    expect(Object.keys(provider?.inputs ?? {}).sort()).toEqual(
      Object.keys(huaweicloud)
        .map((name) => `huaweicloud:${name}`)
        .sort(),
    );
    for (const value of Object.values(provider?.inputs ?? {})) expect(secretValue(value)).toBeDefined();
  });

  it.each([{}, { oceanbase: {} }])("accepts no settings: %j", async (args) => {
    const [provider] = await registrations(() => new Provider("production", args));
    expect(provider?.inputs).toEqual({});
  });

  it("passes on the change rules of the stack: a freeze of either, and the stack's windows if it has none", async () => {
    pulumi.runtime.setAllConfig({
      "dbversion:freeze": "incident 4711",
      "dbversion:windows": "[1]",
      "dbversion:proxy": "x",
    });
    try {
      const settings = async (dbversion?: Record<string, string>) => {
        const args = dbversion === undefined ? {} : { dbversion };
        const [provider] = await registrations(() => new Provider("production", args));
        return Object.entries(provider?.inputs ?? {}).map(([key, value]) => [key, String(secretValue(value))]);
      };
      expect(Object.fromEntries(await settings())).toEqual({
        "dbversion:freeze": "incident 4711",
        "dbversion:windows": "[1]",
      });
      expect(Object.fromEntries(await settings({ freeze: "mine", windows: "[2]" }))).toEqual({
        "dbversion:freeze": "mine; incident 4711",
        "dbversion:windows": "[2]",
      });
    } finally {
      pulumi.runtime.setAllConfig({});
    }
  });

  it("does not pass on undefined settings", async () => {
    const huaweicloud = { region: "eu-west-101", securityToken: undefined as never }; // allowed without exactOptionalPropertyTypes
    const [provider] = await registrations(() => new Provider("production", { huaweicloud }));
    expect(Object.keys(provider?.inputs ?? {})).toEqual(["huaweicloud:region"]);
  });

  it.each<[string, unknown, string]>([
    [
      "a misspelt setting",
      { oceanbase: { pasword: "hunter2" } },
      "oceanbase.pasword is not a setting; did you mean password?",
    ],
    ["a misspelt vendor", { oceanbse: { password: "hunter2" } }, "oceanbse is not a vendor; did you mean oceanbase?"],
    [
      "an unknown setting",
      { redisenterprise: { zzz: "hunter2" } },
      "redisenterprise.zzz is not a setting; valid names: endpoints, username, password, allowUntrustedCertificate",
    ],
    [
      "a setting of another vendor",
      { oceanbase: { secretKey: "hunter2" } },
      "oceanbase.secretKey is not a setting; valid names: password, agentPassword",
    ],
    [
      "a setting without its vendor",
      { password: "hunter2" },
      "password is not a vendor; valid names: oceanbase, huaweicloud, redisenterprise, dbversion",
    ],
    [
      "a name from the prototype of objects",
      { oceanbase: { constructor: "hunter2" } },
      "oceanbase.constructor is not a setting",
    ],
    [
      "a string instead of an object",
      { oceanbase: "hunter2" },
      "oceanbase must be an object with password, agentPassword",
    ],
    [
      "a list instead of an object",
      { oceanbase: ["hunter2"] },
      "oceanbase must be an object with password, agentPassword",
    ],
    [
      "an output instead of an object",
      { oceanbase: pulumi.output({ password: "hunter2" }) },
      "oceanbase must be an object with",
    ],
    ["a number", { huaweicloud: { region: 4 } }, "huaweicloud.region must be a string, not of type number"],
    [
      "a list",
      { redisenterprise: { endpoints: ["hunter2"] } },
      "redisenterprise.endpoints must be a string, not a list",
    ],
  ])("rejects %s, without its value in the error", async (_, args, message) => {
    const registering = registrations(() => new Provider("production", args as never)); // a JavaScript program has no types
    const error: unknown = await registering.catch((thrown: unknown) => thrown);
    expect(pulumi.RunError.isInstance(error)).toBe(true);
    expect(String(error)).toContain(`Provider "production": ${message}`);
    expect(String(error)).not.toContain("hunter2");
  });

  it("fails the program if a resolved output has the wrong type", () => {
    const program = `
      const pulumi = require("@pulumi/pulumi");
      pulumi.runtime.setMocks({ newResource: () => ({ id: "x", state: {} }), call: () => ({}) });
      const { Provider } = require("pulumi-dbversion");
      new Provider("production", { oceanbase: { password: pulumi.output(4) } });`;
    const { status, stderr } = spawnSync(process.execPath, ["-e", program], { cwd: ROOT, encoding: "utf8" });
    expect(stderr).toContain('Provider "production": oceanbase.password must be a string, not of type number');
    expect(status).not.toBe(0);
  });

  it("accepts a secret from the stack configuration", async () => {
    const password = pulumi.secret("hunter2");
    const [provider] = await registrations(() => new Provider("production", { oceanbase: { password } }));
    expect(secretValue(provider?.inputs["oceanbase:password"])).toBeDefined();
  });

  it("can be used by a resource", async () => {
    const seen = await registrations(() => {
      const provider = new Provider("production", { oceanbase: { password: "hunter2" } });
      return new oceanbase.ClusterVersion("orders", { endpoints: ["http://a:1"], version: "4.3.5.2" }, { provider });
    });
    expect(seen.map(({ name }) => name)).toEqual(["production", "orders"]);
    expect(JSON.stringify(seen[1]?.inputs)).not.toContain("hunter2");
  });
});
