import { isDeepStrictEqual } from "node:util";
import { inTurn, median, ratio } from "../measure";
import { processorTimeOfChildren } from "../processor";
import { VARIANTS, type Variant } from "../programs";
import { figure, type Row, type Scenario } from "../result";
import { openCluster, openStack, type Stack, TARGET_BUILD } from "../stacks";

const RESOURCES = 1_000;
const ROUNDS = 3;

/** Baselines with a bound have the same arguments and outputs as a resource of this package. */
const BASELINES: Readonly<Record<Exclude<Variant, "ours">, Pick<Row, "bound"> & { readonly name: string }>> = {
  bare: { name: "a constant string with the same outputs, without logic", bound: { atMost: 1.1 } },
  capturedOnce: { name: "pulumi.dynamic with the same outputs, one provider", bound: { below: 1 } },
  capturedEach: { name: "pulumi.dynamic with the same outputs, one provider per resource", bound: { below: 1 } },
  withoutOutputs: { name: "a constant string without outputs and logic" },
};

/** `pulumi up` runs on every merge, and nearly always makes no changes. */
export const nothingToDo: Scenario = {
  name: "nothing-to-do",
  about: `an \`up\` of ${figure(RESOURCES)} resources that are up to date`,
  async run({ engine, report }) {
    const cluster = await openCluster(TARGET_BUILD);
    // One endpoint suffices, because only the no-op run is measured.
    const args = { ...cluster.args, endpoints: cluster.args.endpoints.slice(0, 1) };
    // Object.keys loses the type of the keys.
    const variants = Object.keys(VARIANTS) as Variant[];
    const opened = await Promise.all(
      variants.map(async (variant) => {
        const stack = await openStack({ variant, resources: RESOURCES, args, engine });
        return [variant, stack] as const;
      }),
    );
    try {
      for (const [variant, stack] of opened) {
        report(`creating one resource, and ${figure(RESOURCES - 1)} copies in the state: ${variant}`);
        await stack.seed();
      }
      cluster.cluster.journal.clear();
      report(`${ROUNDS} rounds`);
      const elapsed: Record<Variant, number[]> = {
        ours: [],
        bare: [],
        withoutOutputs: [],
        capturedOnce: [],
        capturedEach: [],
      };
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

/** The processor time of engine, program and plugin, and the elapsed time, in milliseconds. */
async function costOf(stack: Stack): Promise<{ processor: number | undefined; time: number }> {
  const before = await processorTimeOfChildren();
  const { changes, durationMs } = await stack.up();
  const after = await processorTimeOfChildren();
  // The resources and the stack itself.
  const expected = { same: RESOURCES + 1 };
  if (!isDeepStrictEqual(changes, expected))
    throw new Error(`the up should make no changes to ${RESOURCES} resources, but made ${JSON.stringify(changes)}`);
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
