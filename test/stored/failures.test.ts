import { describe, expect, it } from "vitest";
import type { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { argumentsOf } from "../../provider/frontend/resource/properties";
import { OLD_BUILD, rig as oceanbase } from "../oceanbase/rig";
import { rigFor, SIDES } from "../redisenterprise/sides";
import { report, resource, stackExport } from "../report/export";
import { partial } from "../support/partial";
import { kernelRig } from "../taurusdb/kernel-rig";
import { rig as starRocks } from "../taurusdb/rig";

type Values = Record<string, unknown>;

/** An upgrade that will fail, and the vendor's message. */
interface Failing {
  readonly lifecycle: DynamicProvider;
  readonly inputs: Values;
  readonly message: string;
  /** Releases the database at the vendor, so that an upgrade can be requested again. */
  release?(): Promise<void>;
}

const FAILING: readonly (readonly [string, () => Failing])[] = [
  ["oceanbase.ClusterVersion", () => cluster("ClusterVersion")],
  ["oceanbase.AgentVersion", () => cluster("AgentVersion")],
  ["taurusdb.KernelVersion", () => fleet().failing],
  ["taurusdb.StarRocksVersion", reports],
  ...SIDES.map(([, side]) => [`redisenterprise.${side.type}`, () => database(side)] as const),
];

function cluster(type: "ClusterVersion" | "AgentVersion"): Failing {
  const world = oceanbase({ buildVersion: OLD_BUILD });
  world.cluster.control.addAgentPackage("4.4.2.0", "102026041610.el7");
  world.cluster.control.fail({ stage: 3 });
  const targetArgs = type === "AgentVersion" ? { version: "4.4.2.0", release: "102026041610.el7" } : {};
  return {
    lifecycle: world.lifecycle,
    inputs: {
      ...world.inputs(targetArgs),
      __urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:${type}::orders`,
    },
    message: "stage 3/",
    release: async () => {
      world.cluster.control.operate("ROLLBACK");
      await world.clock.sleep(600_000);
    },
  };
}

function fleet() {
  const world = kernelRig({ instances: 4 });
  world.cloud.control.fail({ instance: world.ids[1] ?? "", reason: "The disk is full." });
  return { world, failing: { lifecycle: world.lifecycle, inputs: world.inputs(), message: "The disk is full." } };
}

function reports(): Failing {
  const world = starRocks();
  world.cloud.control.fail({ reason: "The disk is full." });
  return { lifecycle: world.lifecycle, inputs: world.inputs(), message: "The disk is full." };
}

function database(side: (typeof SIDES)[number][1]): Failing {
  const world = rigFor(side, "behind");
  world.cluster.control.fail({ state: "prepare", error: "The disk is full." });
  return {
    lifecycle: world.lifecycle,
    inputs: side.inputs(world),
    message: "The disk is full.",
    release: async () => world.cluster.control.reset(1),
  };
}

/** The outputs with the reason of the failure. */
function reasons({ problems, lastUpgrade }: Values): string {
  return JSON.stringify([problems, Object(lastUpgrade)["reason"]]);
}

describe.each(FAILING)("a failed upgrade of %s", (type, open) => {
  it("stays in the state with status, record and the vendor's reason after every refresh, and is no drift", async () => {
    const { lifecycle, inputs, message, release } = open();
    const failed = await partial(lifecycle.create(inputs));
    expect(failed.properties).toMatchObject({ status: "failed", lastUpgrade: { state: "failed" } });
    expect(reasons(failed.properties)).toContain(message);
    let { properties } = failed;
    for (const step of [undefined, release, undefined]) {
      await step?.();
      const { props = {}, inputs: stored } = await lifecycle.read(failed.id, properties);
      expect(props).toMatchObject({ status: "failed", lastUpgrade: failed.properties["lastUpgrade"] });
      expect(props["problems"]).toEqual(failed.properties["problems"]);
      expect(props).not.toHaveProperty("__drifted");
      expect(argumentsOf(stored as Values)).toEqual(argumentsOf(inputs));
      properties = props;
    }
    expect(await lifecycle.diff(failed.id, properties, inputs)).toEqual({ changes: true, replaces: [] });
    const kept = resource({ type: type.replace(".", ":"), name: "it", observed: properties });
    const page = report(stackExport([kept]), "stack.json");
    expect(page).toContain(message);
  });

  it("is replaced by the next upgrade that succeeds", async () => {
    const { lifecycle, inputs, release } = open();
    const failed = await partial(lifecycle.create(inputs));
    await release?.();
    const { props = {} } = await lifecycle.read(failed.id, failed.properties);
    const { outs } = await lifecycle.update(failed.id, props, inputs);
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(outs["lastUpgrade"]).not.toHaveProperty("reason");
    if (type === "taurusdb.KernelVersion") expect(outs["problems"]).toEqual({});
  });
});

describe("the problems of a fleet after a refresh", () => {
  async function one() {
    const { world, failing } = fleet();
    const failed = await partial(failing.lifecycle.create(failing.inputs));
    return { ...world, failed, bad: world.ids[1] ?? "" };
  }

  it("are removed for an instance that has reached its version meanwhile", async () => {
    const { lifecycle, cloud, failed, bad } = await one();
    cloud.control.setKernel("2.0.78.260600", bad);
    const { props } = await lifecycle.read(failed.id, failed.properties);
    expect(props).toMatchObject({ status: "current", problems: {} });
  });

  it("are removed for an instance that is being upgraded", async () => {
    const { lifecycle, clock, inputs, failed, ids, cancel } = await one();
    void clock.sleep(120_000).then(cancel);
    await lifecycle.update(failed.id, failed.properties, inputs({ instanceIds: ids })).catch(() => undefined);
    const { props } = await lifecycle.read(failed.id, failed.properties);
    expect(props).toMatchObject({ status: "upgrading", problems: {} });
  });

  it("are replaced by drift for an instance that was downgraded further", async () => {
    const { lifecycle, cloud, failed, bad } = await one();
    cloud.control.setKernel("2.0.60.240100", bad);
    const { props } = await lifecycle.read(failed.id, failed.properties);
    expect(props).toMatchObject({ status: "behind", problems: {}, __drifted: true });
  });

  it("include an instance that no longer exists", async () => {
    const { lifecycle, cloud, failed, bad, ids } = await one();
    const gone = ids[2] ?? "";
    cloud.control.removeInstance(gone);
    const { props } = await lifecycle.read(failed.id, failed.properties);
    expect(props).toMatchObject({
      status: "failed",
      problems: {
        [bad]: expect.stringContaining("The disk is full."),
        [gone]: expect.stringContaining("The instance does not exist"),
      },
    });
    expect(props).not.toHaveProperty("__drifted");
  });
});
