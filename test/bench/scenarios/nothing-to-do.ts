import { isDeepStrictEqual } from "node:util";
import { inTurn, median, ratio } from "../measure";
import { processorTimeOfChildren } from "../processor";
import { VARIANTS, type Variant } from "../programs";
import { figure, type Row, type Scenario } from "../result";
import { openCluster, openStack, type Stack, TARGET_BUILD } from "../stacks";

const PINS = 1_000;
const ROUNDS = 3;

/** Those with a bound have the same arguments and outputs as a pin. */
const BASELINES: Readonly<Record<Exclude<Variant, "ours">, Pick<Row, "bound"> & { readonly name: string }>> = {
  bare: { name: "a constant text with the same outputs, without logic", bound: { atMost: 1.1 } },
  capturedOnce: { name: "pulumi.dynamic with the same outputs, one provider", bound: { below: 1 } },
  capturedEach: { name: "pulumi.dynamic with the same outputs, one provider each", bound: { below: 1 } },
  mute: { name: "a constant text without outputs and logic" },
};

/** `pulumi up` runs on every merge, and nearly always there is nothing to do. */
export const nothingToDo: Scenario = {
  name: "nothing-to-do",
  about: `an \`up\` of ${figure(PINS)} pins that hold`,
  async run({ engine, say }) {
    const cluster = await openCluster(TARGET_BUILD);
    // One endpoint is enough: what is measured begins when all are there.
    const args = { ...cluster.args, endpoints: cluster.args.endpoints.slice(0, 1) };
    // Object.keys forgets the type of the keys.
    const variants = Object.keys(VARIANTS) as Variant[];
    const opened = await Promise.all(
      variants.map(async (variant) => {
        const stack = await openStack({ variant, pins: PINS, args, engine });
        return [variant, stack] as const;
      }),
    );
    try {
      for (const [variant, stack] of opened) {
        say(`one resource, and ${figure(PINS - 1)} like it in the state: ${variant}`);
        await stack.seed();
      }
      cluster.cluster.journal.clear();
      say(`${ROUNDS} rounds`);
      const elapsed: Record<Variant, number[]> = { ours: [], bare: [], mute: [], capturedOnce: [], capturedEach: [] };
      const subjects = opened.map(([variant, stack]) => {
        const measure = async () => {
          const { processor, time } = await costOf(stack);
          elapsed[variant].push(time);
          return processor ?? time;
        };
        return [variant, measure] as const;
      });
      // There is one for each variant.
      const cost = await inTurn(Object.fromEntries(subjects) as Costs, ROUNDS);
      return rows(cost, elapsed, cluster.requests());
    } finally {
      for (const [, stack] of opened) await stack.close();
      await cluster.close();
    }
  },
};

type Costs = Record<Variant, () => Promise<number>>;
type Measured = Readonly<Record<Variant, readonly number[]>>;

/** Milliseconds: of processors, in the engine, the program and the plugin together, and of the clock on the wall. */
async function costOf(stack: Stack): Promise<{ processor: number | undefined; time: number }> {
  const before = await processorTimeOfChildren();
  const { changes, durationMs } = await stack.up();
  const after = await processorTimeOfChildren();
  // The pins, and the stack itself.
  const expected = { same: PINS + 1 };
  if (!isDeepStrictEqual(changes, expected))
    throw new Error(`an up that should change nothing of ${PINS} did ${JSON.stringify(changes)}`);
  return { processor: before === undefined || after === undefined ? undefined : after - before, time: durationMs };
}

function rows(cost: Measured, elapsed: Measured, requests: number): Row[] {
  const compare = (of: Measured, baseline: Variant, name: string): Pick<Row, "value" | "unit" | "against"> => {
    const seconds = (variant: Variant) => `${figure(median(of[variant]) / 1_000)} s`;
    return {
      value: ratio(of, "ours", baseline),
      unit: "×",
      against: `${name}: ${seconds("ours")} to ${seconds(baseline)}`,
    };
  };
  return [
    { what: "requests", value: requests, unit: "requests", bound: { exactly: 0 } },
    ...Object.entries(BASELINES).map(([baseline, { name, ...bound }]) => ({
      what: "processor time",
      ...compare(cost, baseline as keyof typeof BASELINES, name), // its own key
      ...bound,
    })),
    ...Object.entries(BASELINES).map(([baseline, { name }]) => ({
      what: "elapsed time",
      ...compare(elapsed, baseline as keyof typeof BASELINES, name), // its own key
    })),
  ];
}
