import * as pulumi from "@pulumi/pulumi";
import { describe, expect, it } from "vitest";
import { oceanbase, type Upgrade } from "../../sdk";
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

describe("a registered pin", () => {
  it("is a dynamic resource of its own type", async () => {
    expect(await cluster()).toMatchObject({ type: TOKEN, name: "orders", custom: true });
  });

  it("carries the constant provider text, byte for byte", async () => {
    // Stored in the state of every stack: it must never change.
    expect((await cluster()).inputs["__provider"]).toBe(PROVIDER);
  });

  it("sends the arguments as written, and nothing for those that were not", async () => {
    const { inputs } = await cluster({ mode: "rolling", release: pulumi.output("1.el7"), wait: false });
    const { __provider, __urn, ...written } = inputs;
    expect(written).toEqual({ ...args, mode: "rolling", release: "1.el7", wait: false });
  });

  it("knows its URN", async () => {
    expect((await cluster()).inputs["__urn"]).toBe(`urn:pulumi:dev::shop::${TOKEN}::orders`);
  });

  it("knows its URN below a parent", async () => {
    const [, child] = await registrations(() => {
      const parent = new pulumi.ComponentResource("my:component:Database", "db");
      return new oceanbase.ClusterVersion("orders", args, { parent });
    });
    expect(child?.inputs["__urn"]).toBe(`urn:pulumi:dev::shop::my:component:Database$${TOKEN}::orders`);
  });

  it("takes only what was approved for itself, at the stack and below a parent", async () => {
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

  it("does not wait for its siblings, nor depend on them", async () => {
    const [, ...pins] = await registrations(() => {
      const parent = new pulumi.ComponentResource("my:component:Databases", "dbs");
      const first = new oceanbase.ClusterVersion("first", args, { parent });
      // The SDK takes a dependency on a component for one on each of its children.
      return new oceanbase.ClusterVersion("second", args, { parent, dependsOn: first });
    });
    expect(pins.map(({ name }) => name)).toEqual(["first", "second"]);
    expect(pins.map(({ dependencies }) => dependencies["__urn"] ?? [])).toEqual([[], []]);
  });

  it("passes customTimeouts to the engine and to itself", async () => {
    const { inputs, updateTimeout } = await cluster({}, { customTimeouts: { update: "3h" } });
    expect(inputs["__timeouts"]).toEqual({ update: "3h" });
    expect(updateTimeout).toBe("3h");
  });

  it("has no __timeouts without them", async () => {
    expect(await cluster()).not.toHaveProperty("inputs.__timeouts");
  });

  it.each(["password", "agentPassword", "clientKey"])("keeps %s secret, in and out", async (name) => {
    const { inputs, secretOutputs } = await cluster({ [name]: "hunter2" });
    expect(secretValue(inputs[name])).toBe("hunter2");
    expect(secretOutputs).toContain(name);
  });

  it("keeps a secret that was one already", async () => {
    const { inputs } = await cluster({ password: pulumi.secret("hunter2") });
    expect(secretValue(inputs["password"])).toBe("hunter2");
  });

  it("makes no secret of what was not given", async () => {
    const { inputs } = await cluster({ password: undefined as never }); // as a program without strict types would
    expect(inputs).not.toHaveProperty("password");
  });

  it("keeps the additional secret outputs that the program asks for", async () => {
    const { secretOutputs } = await cluster({ clientKey: "key" }, { additionalSecretOutputs: ["members"] });
    expect(secretOutputs).toEqual(expect.arrayContaining(["members", "clientKey"]));
  });

  it("names no secret that it was not given", async () => {
    expect((await cluster()).secretOutputs).toEqual([]);
    expect((await cluster({ password: undefined as never, clientKey: "key" })).secretOutputs).toEqual(["clientKey"]);
  });

  it("does not change what the program passed in", async () => {
    const given = Object.freeze({ ...args, password: "hunter2" });
    const options = Object.freeze({ customTimeouts: Object.freeze({ update: "3h" }) });
    await only(() => new oceanbase.ClusterVersion("orders", given, options));
    await only(() => new oceanbase.ClusterVersion("orders", Object.freeze({ ...args }), options));
    expect(given).toEqual({ ...args, password: "hunter2" });
    expect(options).toEqual({ customTimeouts: { update: "3h" } });
  });
});

it("an error of a registration leads to the line in the program", () => {
  const thrown = expect.objectContaining({ stack: expect.stringContaining("resource.test.ts") });
  expect(() => new oceanbase.ClusterVersion("", args)).toThrow(thrown);
});

/** A registered cluster, with what its provider gives. */
async function made(outputs: Record<string, unknown>): Promise<oceanbase.ClusterVersion> {
  const kept: oceanbase.ClusterVersion[] = [];
  await registrations(() => {
    const orders = new oceanbase.ClusterVersion("orders", args);
    kept.push(orders);
    return orders;
  }, outputs);
  const [orders] = kept;
  if (orders === undefined) throw new Error("nothing was made");
  return orders;
}

describe("the outputs of a pin", () => {
  it("hold what the provider gives", async () => {
    const lastUpgrade: Upgrade = {
      task: "11",
      kind: "OB rolling upgrade",
      from: "4.2.1.8",
      to: "4.3.5.2",
      startedAt: "2026-01-01T00:00:00Z",
      state: "succeeded",
    };
    const given = { currentVersion: "4.3.5.2", members: { a: "4.3.5.2-1" }, status: "current", lastUpgrade };
    const orders = await made(given);
    expect(await settled(orders.version)).toBe("4.3.5.2");
    expect(await settled(orders.currentVersion)).toBe("4.3.5.2");
    expect(await settled(orders.members)).toEqual({ a: "4.3.5.2-1" });
    expect(await settled(orders.status)).toBe("current");
    expect(await settled(orders.lastUpgrade)).toEqual(lastUpgrade);
  });

  it("are all declared, also before there is anything in them", async () => {
    const orders = await made({});
    for (const name of ["version", "currentVersion", "members", "status", "lastUpgrade"]) {
      expect(pulumi.Output.isInstance(Reflect.get(orders, name)), name).toBe(true);
    }
  });
});

describe("the contract with a real dynamic resource", () => {
  it("is kept: same kind of type, same shape of registration", async () => {
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
