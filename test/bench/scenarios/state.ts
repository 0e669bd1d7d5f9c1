import type { ExportedResource } from "../../engine";
import { figure, type Row, type Scenario } from "../result";
import { OLD_BUILD, openCluster, openStack, type StackOptions } from "../stacks";
import { databaseWorld } from "../worlds/oceanbase";
import { kernelWorld } from "../worlds/taurusdb";

/** Simulated seconds per real second. */
const SPEED = 30;
const HISTORY = 30;
/** Properties that newer engines write for every resource: where the program declares it. */
const OF_THE_ENGINE = ["sourcePosition", "stackTrace"];
const OBSERVED = ["currentVersion", "members", "status", "lastUpgrade"];

/** Every operation reads and writes the complete state. */
export const state: Scenario = {
  name: "state",
  about: "the size of a resource in the stack file after an upgrade",
  async run({ engine, report }) {
    const cluster = await openCluster(OLD_BUILD, SPEED);
    // As in the README: the password is in the stack configuration.
    const { password, ...args } = cluster.args;
    const stored = (more: Partial<StackOptions>) =>
      storedResource({
        variant: "ours",
        resources: 1,
        args,
        engine,
        secrets: { "oceanbase:password": password },
        ...more,
      });
    try {
      report("an upgrade through the engine");
      const full = await stored({});
      const alone = await stored({ args: { ...args, endpoints: args.endpoints.slice(0, 1) } });
      report("the same with the password as an argument");
      cluster.cluster.control.setBuildVersion(OLD_BUILD);
      const given = await stored({ args: cluster.args, secrets: {} });
      report(`${HISTORY} upgrades in memory`);
      return [...resourceRows({ full, alone, given }), await historyRow(), await instanceRow()];
    } finally {
      await cluster.close();
    }
  },
};

/** The only resource of a program in the state. */
async function storedResource(options: StackOptions): Promise<ExportedResource> {
  const stack = await openStack(options);
  try {
    await stack.up();
    const { deployment } = await stack.engine.exportState();
    const resource = deployment.resources?.find(({ urn }) => urn.endsWith("::res0"));
    if (resource === undefined) throw new Error("the resource is not in the state");
    return resource;
  } finally {
    await stack.close();
  }
}

function size(value: unknown, indent?: number): number {
  return JSON.stringify(value, undefined, indent).length;
}

/** The size without properties that the engine adds to every resource. */
function sizeOf(resource: ExportedResource): number {
  return size(Object.fromEntries(Object.entries(resource).filter(([key]) => !OF_THE_ENGINE.includes(key))));
}

type Resources = Readonly<Record<"full" | "alone" | "given", ExportedResource>>;

function resourceRows({ full, alone, given }: Resources): Row[] {
  return [
    {
      what: "oceanbase.ClusterVersion after an upgrade, 3 endpoints and members",
      value: sizeOf(full),
      unit: "bytes",
      against: `compact JSON; inputs ${size(full.inputs)}, outputs ${size(full.outputs)}; ${figure(size(full) - sizeOf(full))} more for source positions`,
      bound: { atMost: 1_600 },
    },
    {
      what: "the same with the password as an argument",
      value: sizeOf(given),
      unit: "bytes",
      against: `Pulumi stores it encrypted in inputs and outputs: ${figure(sizeOf(given) - sizeOf(full))} more`,
    },
    { what: "the first with one endpoint, up to date without an upgrade", value: sizeOf(alone), unit: "bytes" },
    {
      what: "the first: observed outputs and the last upgrade",
      value: size(OBSERVED.map((key) => full.outputs?.[key])),
      unit: "bytes",
      against: OBSERVED.join(", "),
    },
    { what: "the first, indented as by the CLI", value: size(full, 4), unit: "bytes" },
  ];
}

/** Whether the outputs grow with every upgrade. */
async function historyRow(): Promise<Row> {
  const { lifecycle, inputs, cluster } = databaseWorld();
  const first = await lifecycle.create(inputs("res"));
  let outs: Record<string, unknown> = first.outs;
  for (let upgrade = 1; upgrade < HISTORY; upgrade++) {
    cluster.control.setBuildVersion(OLD_BUILD);
    outs = (await lifecycle.update(first.id, { ...outs, __drifted: true }, inputs("res"))).outs;
  }
  const [before, after] = [first.outs, outs].map((each) => JSON.stringify(each).length);
  return {
    what: `outputs after ${HISTORY} upgrades`,
    value: (after ?? Number.NaN) / (before ?? Number.NaN),
    unit: "×",
    against: `after one: ${figure(after ?? 0)} to ${figure(before ?? 0)} bytes; the vendor's task ids grow`,
    bound: { atMost: 1.01 },
  };
}

/** The size of each further instance in a resource with many. */
async function instanceRow(): Promise<Row> {
  const sizes: number[] = [];
  const counts = [100, 200];
  for (const instances of counts) {
    const { lifecycle, inputs } = kernelWorld({ instances });
    const { outs } = await lifecycle.create(inputs("res"));
    sizes.push(JSON.stringify(inputs("res")).length + JSON.stringify(outs).length);
  }
  const [few = 0, many = 0] = sizes;
  return { what: "each instance of a taurusdb.KernelVersion", value: (many - few) / 100, unit: "bytes" };
}
