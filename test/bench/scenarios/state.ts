import type { ExportedResource } from "../../engine";
import { figure, type Row, type Scenario } from "../result";
import { OLD_BUILD, openCluster, openStack, type StackOptions } from "../stacks";
import { databaseWorld } from "../worlds/oceanbase";
import { kernelWorld } from "../worlds/taurusdb";

/** Simulated seconds in a real one. */
const SPEED = 30;
const HISTORY = 30;
/** What newer engines write for every resource of every package: where in the program it was declared. */
const OF_THE_ENGINE = ["sourcePosition", "stackTrace"];
const OBSERVED = ["currentVersion", "members", "status", "lastUpgrade"];

/** The state is read and written as a whole by every operation. */
export const state: Scenario = {
  name: "state",
  about: "what a pin takes in the stack file after an upgrade",
  async run({ engine, say }) {
    const cluster = await openCluster(OLD_BUILD, SPEED);
    // As the README has it: the password is in the stack's configuration.
    const { password, ...args } = cluster.args;
    const stored = (more: Partial<StackOptions>) =>
      storedPin({ variant: "ours", pins: 1, args, engine, secrets: { "oceanbase:password": password }, ...more });
    try {
      say("an upgrade through the engine");
      const pin = await stored({});
      const alone = await stored({ args: { ...args, endpoints: args.endpoints.slice(0, 1) } });
      say("the same with the password as an argument");
      cluster.cluster.control.setBuildVersion(OLD_BUILD);
      const given = await stored({ args: cluster.args, secrets: {} });
      say(`${HISTORY} upgrades in memory`);
      return [...pinRows({ pin, alone, given }), await historyRow(), await instanceRow()];
    } finally {
      await cluster.close();
    }
  },
};

/** What the engine stores of the only resource of a program. */
async function storedPin(options: StackOptions): Promise<ExportedResource> {
  const stack = await openStack(options);
  try {
    await stack.up();
    const { deployment } = await stack.engine.exportState();
    const pin = deployment.resources?.find(({ urn }) => urn.endsWith("::pin0"));
    if (pin === undefined) throw new Error("the pin is not in the state");
    return pin;
  } finally {
    await stack.close();
  }
}

function size(value: unknown, indent?: number): number {
  return JSON.stringify(value, undefined, indent).length;
}

/** Without what the engine adds to every resource of every package. */
function sizeOf(pin: ExportedResource): number {
  return size(Object.fromEntries(Object.entries(pin).filter(([key]) => !OF_THE_ENGINE.includes(key))));
}

type Pins = Readonly<Record<"pin" | "alone" | "given", ExportedResource>>;

function pinRows({ pin, alone, given }: Pins): Row[] {
  return [
    {
      what: "oceanbase.ClusterVersion after an upgrade, 3 endpoints and members",
      value: sizeOf(pin),
      unit: "bytes",
      against: `compact JSON; inputs ${size(pin.inputs)}, outputs ${size(pin.outputs)}; ${figure(size(pin) - sizeOf(pin))} more of source positions`,
      bound: { atMost: 1_600 },
    },
    {
      what: "the same with the password as an argument",
      value: sizeOf(given),
      unit: "bytes",
      against: `Pulumi stores it encrypted in inputs and outputs: ${figure(sizeOf(given) - sizeOf(pin))} more`,
    },
    { what: "the first with one endpoint, at its pin without an upgrade", value: sizeOf(alone), unit: "bytes" },
    {
      what: "of the first what was observed and done",
      value: size(OBSERVED.map((key) => pin.outputs?.[key])),
      unit: "bytes",
      against: OBSERVED.join(", "),
    },
    { what: "the first as the CLI indents it", value: size(pin, 4), unit: "bytes" },
  ];
}

/** Whether anything grows from upgrade to upgrade. */
async function historyRow(): Promise<Row> {
  const { lifecycle, inputs, cluster } = databaseWorld();
  const first = await lifecycle.create(inputs("pin"));
  let outs: Record<string, unknown> = first.outs;
  for (let upgrade = 1; upgrade < HISTORY; upgrade++) {
    cluster.control.setBuildVersion(OLD_BUILD);
    outs = (await lifecycle.update(first.id, { ...outs, __drifted: true }, inputs("pin"))).outs;
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

/** What each further instance takes in a pin of many. */
async function instanceRow(): Promise<Row> {
  const sizes: number[] = [];
  const counts = [100, 200];
  for (const instances of counts) {
    const { lifecycle, inputs } = kernelWorld({ instances });
    const { outs } = await lifecycle.create(inputs("pin"));
    sizes.push(JSON.stringify(inputs("pin")).length + JSON.stringify(outs).length);
  }
  const [few = 0, many = 0] = sizes;
  return { what: "each instance of a taurusdb.KernelVersion", value: (many - few) / 100, unit: "bytes" };
}
