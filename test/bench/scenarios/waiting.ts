import { mean, seeded } from "../measure";
import { figure, type Row, type Scenario } from "../result";
import { TYPES } from "../worlds";
import type { World, WorldOptions } from "../worlds/world";

const LENGTHS = { "30 s": 30_000, "10 min": 600_000, "60 min": 3_600_000 };
/** Most of the mean lag, in percent of the length. */
const MOST = 3;
/** Upgrades of each length, so that their ends fall anywhere between two looks. */
const UPGRADES = 9;
/** They differ in length by up to this share. */
const SPREAD = 0.1;
/** How often the truth is looked up: so many times in an upgrade, but at least once in so many milliseconds. */
const FINE = { times: 500, milliseconds: 250 };
/** Status of a request that found nobody listening, in the simulators' journals. */
const NOBODY = 0;
/** Milliseconds between two looks: obshell's Go SDK, redisctl, Terraform. */
const FIXED = [2_000, 5_000, 10_000];

/** One upgrade that was waited for. Milliseconds. */
interface Wait {
  /** From the accepted call to the end at the vendor. */
  readonly length: number;
  /** From there to the end of the run. */
  readonly lag: number;
  /** Requests that a server got between the accepted call and the end of the run. */
  readonly requests: number;
  /** Connections that were refused because nobody listened. */
  readonly refused: number;
}

/** The end of an upgrade is to be seen soon, without asking all the time. */
export const waiting: Scenario = {
  name: "waiting",
  about: `how late the end of an upgrade is seen, and what that costs; ${UPGRADES} upgrades of each length, in virtual time`,
  async run({ say }) {
    const rows: Row[] = [];
    for (const [type, open] of Object.entries(TYPES)) {
      say(type);
      const all: (readonly Wait[])[] = [];
      for (const [name, length] of Object.entries(LENGTHS)) {
        const waits: Wait[] = [];
        for (let seed = 1; seed <= UPGRADES; seed++) waits.push(await waitFor(open, length, seed));
        rows.push(...told(`${type}, ${name}`, waits));
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
  const run = world.lifecycle.create(world.inputs("pin")).finally(() => {
    done = true;
  });
  const ended = endOf(world, Math.min(length / FINE.times, FINE.milliseconds), () => done);
  const { outs } = await run;
  const now = clock.now();
  if (outs["status"] !== "current") throw new Error(`the upgrade ended as ${String(outs["status"])}`);
  const [call] = world.writes();
  const end = await ended;
  if (call === undefined || end === undefined) throw new Error("no upgrade was seen to end");
  const meanwhile = journal.slice(journal.indexOf(call) + 1);
  const requests = meanwhile.filter(({ status }) => status !== NOBODY).length;
  return { length: end - call.at, lag: now - end, requests, refused: meanwhile.length - requests };
}

/** The last time that the vendor itself knew the upgrade to run. */
async function endOf(world: World, step: number, stopped: () => boolean): Promise<number | undefined> {
  for (let running = world.clock.now(); ; running = world.clock.now()) {
    await world.clock.sleep(step);
    if (world.over()) return running;
    if (stopped()) return undefined;
  }
}

/** What a loop that asks once in so many milliseconds makes of them: the end falls anywhere between two looks. */
function fixed(interval: number, waits: readonly Wait[]) {
  return { lag: interval / 2, requests: mean(waits.map(({ length }) => Math.ceil(length / interval))) };
}

function told(name: string, waits: readonly Wait[]): Row[] {
  const lag = mean(waits.map((wait) => wait.lag));
  const baselines = FIXED.map((interval) => `every ${interval / 1_000} s: ${figure(fixed(interval, waits).requests)}`);
  return [
    {
      what: `${name}: mean lag`,
      value: 100 * shareOf(lag, waits),
      unit: "%",
      against: `the upgrade's length; ${figure(lag / 1_000)} s`,
      bound: { atMost: MOST },
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
      against: `${baselines.join("; ")}; ${figure(mean(waits.map(({ refused }) => refused)))} found nobody`,
    },
  ];
}

/**
 * Requests of one upgrade of each length. A fixed interval is one for all of them: nobody knows beforehand how long an
 * upgrade takes. Compared are those whose mean lag over all lengths keeps the bound, too.
 */
function requestsOf(type: string, all: readonly (readonly Wait[])[]): Row {
  const baselines = FIXED.map((interval) => {
    const each = all.map((waits) => ({ waits, ...fixed(interval, waits) }));
    const lag = 100 * mean(each.map(({ lag, waits }) => shareOf(lag, waits)));
    return { interval, lag, requests: each.reduce((sum, { requests }) => sum + requests, 0) };
  });
  const asSoon = baselines.filter(({ lag }) => lag <= MOST).map(({ requests }) => requests);
  const against = baselines.map(
    ({ interval, lag, requests }) => `every ${interval / 1_000} s: ${figure(requests)} (mean lag ${figure(lag)} %)`,
  );
  return {
    what: `${type}, one of each: requests`,
    value: all.reduce((sum, waits) => sum + mean(waits.map(({ requests }) => requests)), 0),
    unit: "requests",
    against: against.join("; "),
    bound: { below: Math.min(...asSoon) },
  };
}

function shareOf(lag: number, waits: readonly Wait[]): number {
  return lag / mean(waits.map(({ length }) => length));
}
