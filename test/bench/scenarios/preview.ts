import { mean } from "../measure";
import { figure, type Row, type Scenario } from "../result";
import { TYPES } from "../worlds";
import { redisWorld } from "../worlds/redisenterprise";
import type { World, WorldOptions } from "../worlds/world";

const RESOURCES = 200;
/** The round-trip time of every request, in milliseconds of virtual time. */
const ROUND_TRIP = 100;
/** The bound for consecutive round trips. OceanBase requires three: the agents' keys, their cluster, then everything else. */
const MOST = (type: string) => (type.startsWith("oceanbase") ? 3 : 2);
/** The time limits of a preview of unreachable systems, in milliseconds (docs/performance.md). */
const RUN_BUDGET = 60_000;
const READ_BUDGET = 10_000;
const PLAN = /→|cannot plan/;

/** The engine checks one resource after the other, so the durations of checks add up. */
export const preview: Scenario = {
  name: "preview",
  about: `the preview of ${RESOURCES} new resources, checked one after the other, with ${ROUND_TRIP} ms of virtual time per request`,
  async run({ report }) {
    const rows: Row[] = [];
    for (const [type, open, args] of SUBJECTS) {
      report(type);
      rows.push(...(await previewOf(type, open, args)));
    }
    report("unreachable systems");
    rows.push(...(await previewOfUnreachable()));
    return rows;
  },
};

type Subject = readonly [
  title: string,
  open: (options: WorldOptions) => World,
  args?: Readonly<Record<string, unknown>>,
];

/** Every resource type, and variants of arguments. */
const SUBJECTS: readonly Subject[] = [
  ...Object.entries(TYPES),
  ["redisenterprise.DatabaseVersion by name", redisWorld, { databaseId: undefined, databaseName: "cache" }],
];

async function previewOf(type: string, open: Subject[1], args: Subject[2]): Promise<Row[]> {
  const world = open({ roundTrip: ROUND_TRIP });
  const trips = (await checkAll(world, args)).map((took) => took / ROUND_TRIP);
  const planned = world.lines.filter(({ ephemeral, message }) => !ephemeral && /→/.test(message)).length;
  const [first = 0, ...others] = trips;
  return [
    { what: `${type}: plan lines`, value: planned, unit: "lines", bound: { exactly: RESOURCES } },
    {
      what: `${type}: consecutive round trips per resource, maximum`,
      value: Math.max(...others),
      unit: "round trips",
      against: `the first resource of the process: ${figure(first)}; ${figure(world.journal.length / RESOURCES)} requests per resource`,
      bound: { atMost: MOST(type) },
    },
    {
      what: `${type}: time`,
      value: mean(trips),
      unit: "×",
      against: `${RESOURCES} round trips`,
    },
  ];
}

/** Checks the resources one after the other. @returns milliseconds of virtual time for each */
async function checkAll({ clock, lifecycle, inputs }: World, args?: Subject[2]): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < RESOURCES; at++) {
    const start = clock.now();
    const { failures = [] } = await lifecycle.check({}, inputs(`res${at}`, args));
    if (failures.length > 0) throw new Error(`the check failed: ${JSON.stringify(failures)}`);
    times.push(clock.since(start));
  }
  return times;
}

async function previewOfUnreachable(): Promise<Row[]> {
  const [type = "", open] = Object.entries(TYPES)[0] ?? [];
  if (open === undefined) throw new Error("there is no type");
  // A response takes longer than any time limit.
  const world = open({ roundTrip: 100 * READ_BUDGET });
  const took = (await checkAll(world)).reduce((sum, each) => sum + each, 0);
  const reported = world.lines.filter(({ ephemeral, message }) => !ephemeral && PLAN.test(message)).length;
  return [
    {
      what: `${type}, unreachable: resources that report this`,
      value: reported,
      unit: "resources",
      bound: { exactly: RESOURCES },
    },
    {
      what: `${type}, unreachable: time`,
      value: took / 1_000,
      unit: "s",
      against: `${READ_BUDGET / 1_000} s for a resource, ${RUN_BUDGET / 1_000} s for a run`,
      bound: { atMost: RUN_BUDGET / 1_000 },
    },
  ];
}
