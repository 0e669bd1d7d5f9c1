import { mean } from "../measure";
import { figure, type Row, type Scenario } from "../result";
import { TYPES } from "../worlds";
import { redisWorld } from "../worlds/redisenterprise";
import type { World, WorldOptions } from "../worlds/world";

const PINS = 200;
/** Milliseconds of virtual time that every request takes there and back. */
const ROUND_TRIP = 100;
/** Most round trips in a row. An OceanBase agent is asked for its keys, then which cluster it belongs to, then for the rest. */
const MOST = (type: string) => (type.startsWith("oceanbase") ? 3 : 2);
/** What a preview may take when nobody answers, in milliseconds: what it says in docs/performance.md. */
const RUN_BUDGET = 60_000;
const READ_BUDGET = 10_000;
const PLAN = /→|cannot plan/;

/** The engine checks one resource after the other, so whatever a check waits for adds up. */
export const preview: Scenario = {
  name: "preview",
  about: `the preview of ${PINS} new pins, one after the other as the engine asks, a request taking ${ROUND_TRIP} ms of virtual time`,
  async run({ say }) {
    const rows: Row[] = [];
    for (const [type, open, args] of SUBJECTS) {
      say(type);
      rows.push(...(await previewOf(type, open, args)));
    }
    say("nobody answers");
    rows.push(...(await previewInSilence()));
    return rows;
  },
};

type Subject = readonly [
  title: string,
  open: (options: WorldOptions) => World,
  args?: Readonly<Record<string, unknown>>,
];

/** Every resource type, and those that can name what they mean in another way. */
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
    { what: `${type}: plan lines`, value: planned, unit: "lines", bound: { exactly: PINS } },
    {
      what: `${type}: most round trips in a row for a pin`,
      value: Math.max(...others),
      unit: "round trips",
      against: `the first pin of the process: ${figure(first)}; ${figure(world.journal.length / PINS)} requests a pin`,
      bound: { atMost: MOST(type) },
    },
    {
      what: `${type}: time`,
      value: mean(trips),
      unit: "×",
      against: `${PINS} round trips`,
    },
  ];
}

/** Checks the pins in turn. @returns milliseconds of virtual time for each */
async function checkAll({ clock, lifecycle, inputs }: World, args?: Subject[2]): Promise<number[]> {
  const times: number[] = [];
  for (let at = 0; at < PINS; at++) {
    const began = clock.now();
    const { failures = [] } = await lifecycle.check({}, inputs(`pin${at}`, args));
    if (failures.length > 0) throw new Error(`the check failed: ${JSON.stringify(failures)}`);
    times.push(clock.since(began));
  }
  return times;
}

async function previewInSilence(): Promise<Row[]> {
  const [type = "", open] = Object.entries(TYPES)[0] ?? [];
  if (open === undefined) throw new Error("there is no type");
  // An answer takes longer than anybody waits.
  const world = open({ roundTrip: 100 * READ_BUDGET });
  const took = (await checkAll(world)).reduce((sum, each) => sum + each, 0);
  const told = world.lines.filter(({ ephemeral, message }) => !ephemeral && PLAN.test(message)).length;
  return [
    { what: `${type}, silent: pins that say so`, value: told, unit: "pins", bound: { exactly: PINS } },
    {
      what: `${type}, silent: time`,
      value: took / 1_000,
      unit: "s",
      against: `${READ_BUDGET / 1_000} s for a resource, ${RUN_BUDGET / 1_000} s for a run`,
      bound: { atMost: RUN_BUDGET / 1_000 },
    },
  ];
}
