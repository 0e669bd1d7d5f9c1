import { mean, seeded } from "../measure";
import { figure, type Row, type Scenario } from "../result";
import { TYPES } from "../worlds";
import type { World, WorldOptions } from "../worlds/world";

const LENGTHS = { "30 s": 30_000, "10 min": 600_000, "60 min": 3_600_000 };
/** The bound for the mean lag, in percent of the length. */
const MOST_LAG = 3;
/** The number of upgrades of each length, so that they end at different times between two polls. */
const UPGRADES = 9;
/** The maximum relative difference of their lengths. */
const SPREAD = 0.1;
/** How often the true state is sampled: this many times per upgrade, but at least every so many milliseconds. */
const SAMPLING = { times: 500, milliseconds: 250 };
/** The status of a refused connection in the simulators' journals. */
const REFUSED = 0;
/** Polling intervals of obshell's Go SDK, redisctl and Terraform, in milliseconds. */
const FIXED_INTERVALS = [2_000, 5_000, 10_000];

/** The wait for one upgrade. Milliseconds. */
interface Wait {
  /** From the accepted upgrade request to the end at the vendor. */
  readonly length: number;
  /** From the end at the vendor to the end of the run. */
  readonly lag: number;
  /** Requests that a server received between the accepted upgrade request and the end of the run. */
  readonly requests: number;
  /** Refused connections. */
  readonly refused: number;
}

/** The end of an upgrade must be detected soon, with few requests. */
export const waiting: Scenario = {
  name: "waiting",
  about: `how late the end of an upgrade is detected, and with how many requests; ${UPGRADES} upgrades of each length, in virtual time`,
  async run({ report }) {
    const rows: Row[] = [];
    for (const [type, open] of Object.entries(TYPES)) {
      report(type);
      const all: (readonly Wait[])[] = [];
      for (const [name, length] of Object.entries(LENGTHS)) {
        const waits: Wait[] = [];
        for (let seed = 1; seed <= UPGRADES; seed++) waits.push(await waitFor(open, length, seed));
        rows.push(...rowsOf(`${type}, ${name}`, waits));
        all.push(waits);
      }
      rows.push(requestsOf(type, all));
    }
    return rows;
  },
};

async function waitFor(open: (options: WorldOptions) => World, length: number, seed: number): Promise<Wait> {
  const random = seeded(seed);
  const world = open({ random, upgrade: length * (1 - SPREAD + 2 * SPREAD * random()) });
  const { clock, journal } = world;
  let done = false;
  const run = world.lifecycle.create(world.inputs("res")).finally(() => {
    done = true;
  });
  const ended = endOf(world, Math.min(length / SAMPLING.times, SAMPLING.milliseconds), () => done);
  const { outs } = await run;
  const now = clock.now();
  if (outs["status"] !== "current") throw new Error(`the upgrade ended as ${String(outs["status"])}`);
  const [request] = world.writes();
  const end = await ended;
  if (request === undefined || end === undefined) throw new Error("the end of the upgrade was not detected");
  const polls = journal.slice(journal.indexOf(request) + 1);
  const requests = polls.filter(({ status }) => status !== REFUSED).length;
  return { length: end - request.at, lag: now - end, requests, refused: polls.length - requests };
}

/** The last time at which the upgrade was in progress at the vendor. */
async function endOf(world: World, step: number, stopped: () => boolean): Promise<number | undefined> {
  for (let running = world.clock.now(); ; running = world.clock.now()) {
    await world.clock.sleep(step);
    if (world.isFinished()) return running;
    if (stopped()) return undefined;
  }
}

/** The mean lag and the requests of polling with a fixed interval. */
function fixed(interval: number, waits: readonly Wait[]) {
  return { lag: interval / 2, requests: mean(waits.map(({ length }) => Math.ceil(length / interval))) };
}

function rowsOf(name: string, waits: readonly Wait[]): Row[] {
  const lag = mean(waits.map((wait) => wait.lag));
  const baselines = FIXED_INTERVALS.map(
    (interval) => `every ${interval / 1_000} s: ${figure(fixed(interval, waits).requests)}`,
  );
  return [
    {
      what: `${name}: mean lag`,
      value: 100 * shareOf(lag, waits),
      unit: "%",
      against: `the upgrade's length; ${figure(lag / 1_000)} s`,
      bound: { atMost: MOST_LAG },
    },
    {
      what: `${name}: longest lag`,
      value: Math.max(...waits.map((wait) => wait.lag)) / 1_000,
      unit: "s",
      bound: { atMost: 15 },
    },
    {
      what: `${name}: requests`,
      value: mean(waits.map((wait) => wait.requests)),
      unit: "requests",
      against: `${baselines.join("; ")}; ${figure(mean(waits.map(({ refused }) => refused)))} refused`,
    },
  ];
}

/**
 * The requests of one upgrade of each length, compared with fixed intervals. A fixed interval applies to all lengths, because
 * the length is not known in advance. Only intervals whose mean lag is within the bound are compared.
 */
function requestsOf(type: string, all: readonly (readonly Wait[])[]): Row {
  const baselines = FIXED_INTERVALS.map((interval) => {
    const each = all.map((waits) => ({ waits, ...fixed(interval, waits) }));
    const lag = 100 * mean(each.map(({ lag, waits }) => shareOf(lag, waits)));
    return { interval, lag, requests: each.reduce((sum, { requests }) => sum + requests, 0) };
  });
  const comparable = baselines.filter(({ lag }) => lag <= MOST_LAG).map(({ requests }) => requests);
  const against = baselines.map(
    ({ interval, lag, requests }) => `every ${interval / 1_000} s: ${figure(requests)} (mean lag ${figure(lag)} %)`,
  );
  return {
    what: `${type}, one of each: requests`,
    value: all.reduce((sum, waits) => sum + mean(waits.map(({ requests }) => requests)), 0),
    unit: "requests",
    against: against.join("; "),
    bound: { below: Math.min(...comparable) },
  };
}

function shareOf(lag: number, waits: readonly Wait[]): number {
  return lag / mean(waits.map(({ length }) => length));
}
