import { inTurn, median, ratio } from "../measure";
import { processorTimeOfChildren } from "../processor";
import { VARIANTS, type Variant } from "../programs";
import { figure, type Row, type Scenario } from "../result";
import { openCluster, openStack, type Stack, TARGET_BUILD } from "../stacks";

const WANTED = 1_000;
/** The local engine writes the whole state at every step, so that making many resources takes long before anything is measured. */
const MOST = { local: 100, cli: WANTED };
const ROUNDS = 3;

const BASELINES = {
  bare: { name: "a constant text without logic", bound: { atMost: 1.1 } },
  capturedOnce: { name: "pulumi.dynamic, one provider", bound: { below: 1 } },
  capturedEach: { name: "pulumi.dynamic, one provider each", bound: { below: 1 } },
} as const;

/** `pulumi up` runs on every merge, and nearly always there is nothing to do. */
export const nothingToDo: Scenario = {
  name: "nothing-to-do",
  about: `an \`up\` of ${figure(WANTED)} pins that hold; ${MOST.local} on the local engine`,
  async run({ engine, say }) {
    const pins = MOST[engine];
    const cluster = await openCluster(TARGET_BUILD);
    // One endpoint is enough: what is measured begins when all are there.
    const args = { ...cluster.args, endpoints: cluster.args.endpoints.slice(0, 1) };
    // Object.keys forgets the type of the keys.
    const variants = Object.keys(VARIANTS) as Variant[];
    const opened = await Promise.all(
      variants.map(async (variant) => {
        const stack = await openStack({ variant, pins, args, engine });
        return [variant, stack] as const;
      }),
    );
    try {
      for (const [variant, stack] of opened) {
        say(`creating ${figure(pins)} resources: ${variant}`);
        await stack.up();
      }
      cluster.cluster.journal.clear();
      say(`${ROUNDS} rounds`);
      const elapsed: Record<Variant, number[]> = { ours: [], bare: [], capturedOnce: [], capturedEach: [] };
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
      return [
        { what: "pins", value: pins, unit: "pins", bound: { exactly: WANTED } },
        ...rows(cost, elapsed, cluster.requests()),
      ];
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
  const changed = Object.keys(changes).filter((kind) => kind !== "same");
  if (changed.length > 0) throw new Error(`an up that should do nothing did: ${changed.join(", ")}`);
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
    ...Object.entries(BASELINES).map(([baseline, { name, bound }]) => ({
      what: "processor time",
      ...compare(cost, baseline as keyof typeof BASELINES, name), // its own key
      bound,
    })),
    ...Object.entries(BASELINES).map(([baseline, { name }]) => ({
      what: "elapsed time",
      ...compare(elapsed, baseline as keyof typeof BASELINES, name), // its own key
    })),
  ];
}
