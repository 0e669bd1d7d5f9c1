import { Random } from "../simulators";
import { type ChangeRules, STARTS, ZONES } from "./change-rules";
import type { Damage, Effect, Fault, History, Moment, NetworkEffect, Run } from "./history";
import { Timeline } from "./timeline";
import type { WorldOfType } from "./world";

type Make<T> = (chance: Chance) => T;

/** Random choices of a generator. */
class Chance extends Random {
  of<const T>(list: readonly [T, ...T[]]): T {
    return list[this.integer(list.length)] ?? list[0];
  }

  /** One of several values, by weight. */
  weighted<T>(makers: readonly (readonly [weight: number, make: Make<T>])[]): T {
    const sum = makers.reduce((total, [weight]) => total + weight, 0);
    let left = this.next() * sum;
    for (const [weight, make] of makers) {
      left -= weight;
      if (left < 0) return make(this);
    }
    throw new RangeError("the weights are empty");
  }

  happens(share: number): boolean {
    return this.next() < share;
  }

  /** Small numbers more often than large ones. */
  upTo(most: number): number {
    return 1 + Math.floor(most * this.next() ** 2);
  }
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;

const STATUSES = [400, 401, 403, 404, 409, 429, 500, 502, 503, 504, 200] as const;
const DAMAGES: readonly [Damage, ...Damage[]] = [
  "missing",
  "missing",
  "version",
  "version",
  "state",
  "state",
  "null",
  "retyped",
  "number",
  "text",
  "list",
  "key",
];
const DELAYS = [2 * SECOND, 20 * SECOND, 59 * SECOND, 65 * SECOND, 85 * SECOND, 2 * MINUTE, 30 * MINUTE] as const;
const JUMPS = [5 * SECOND, 45 * SECOND, 5 * MINUTE, 60 * MINUTE, 24 * 60 * MINUTE] as const;

const spanOf: Make<number> = (chance) =>
  chance.weighted([
    [6, () => 1],
    [2, () => 2 + chance.integer(2)],
    [1.5, () => 4 + chance.integer(9)],
    [0.5, () => 13 + chance.integer(48)],
  ]);

const network: Make<NetworkEffect> = (chance) => {
  const span = spanOf(chance);
  const pick = chance.integer(2 ** 31);
  const processed = chance.happens(0.5);
  return chance.weighted<NetworkEffect>([
    [1, () => ({ kind: "refused", span })],
    [0.5, () => ({ kind: "connect-timeout", span })],
    [2, () => ({ kind: "reset", processed, span })],
    [1.5, () => ({ kind: "no-response", processed, span: Math.min(span, 3) })],
    [0.7, () => ({ kind: "slow", ms: chance.upTo(55 * SECOND), span: Math.min(span, 3) })],
    [1, () => ({ kind: "delayed", ms: chance.of(DELAYS), span: 1 })],
    [1, () => ({ kind: "truncated", share: chance.next(), noticed: processed, span })],
    [1.5, () => ({ kind: "replaced", shape: "proxy", status: chance.of(STATUSES), pick, processed, span })],
    [1.5, () => ({ kind: "replaced", shape: "vendor", status: chance.of(STATUSES), pick, processed, span })],
    [1, () => ({ kind: "garbage", pick, span })],
    [4, () => ({ kind: "damaged", damage: chance.of(DAMAGES), pick, span: Math.min(span, 3) })],
  ]);
};

const moment: Make<Moment> = (chance) => ({
  when: chance.happens(0.5) ? "before" : "after",
  delay: chance.happens(0.4) ? 0 : chance.upTo(3 * SECOND),
});

function effect(chance: Chance, events: readonly [string, ...string[]] | undefined): Effect {
  const vendor: Make<Effect> = () => ({
    kind: "vendor",
    event: events === undefined ? "" : chance.of(events),
    parameter: chance.next(),
    delay: chance.happens(0.5) ? 0 : chance.upTo(10 * SECOND),
  });
  return chance.weighted<Effect>([
    [55, network],
    [10, () => ({ kind: "kill", ...moment(chance) })],
    [8, () => ({ kind: "interrupt", ...moment(chance) })],
    [4, () => ({ kind: "clock", ms: chance.of(JUMPS) * (chance.happens(0.5) ? 1 : -1) })],
    [events === undefined ? 0 : 22, vendor],
  ]);
}

function fault(chance: Chance, events: readonly [string, ...string[]] | undefined): Fault {
  const done = effect(chance, events);
  return chance.happens(0.35)
    ? { at: "write", nth: chance.happens(0.85) ? 1 : 2, effect: done }
    : { at: "request", nth: chance.upTo(45), effect: done };
}

function run(chance: Chance, op: Run["op"], events: readonly [string, ...string[]] | undefined): Run {
  const count = chance.weighted([
    [2, () => 0],
    [5, () => 1],
    [3, () => 2],
    [1, () => 3 + chance.integer(4)],
  ]);
  return {
    op,
    gap: chance.happens(0.7) ? chance.upTo(5 * SECOND) : chance.upTo(10 * MINUTE),
    ...(op === "up" && chance.happens(0.12) ? { limit: chance.upTo(30) } : {}),
    faults: Array.from({ length: count }, () => fault(chance, events)),
  };
}

/** How many milliseconds after the end of a killed process its request may reach the vendor. */
const LATEST_REQUEST = 20 * SECOND;

/**
 * Delays every second write of a killed process, so that it arrives after the end of the process. It has its own random
 * numbers, so that the histories of older seeds do not change.
 */
function withLateRequests(runs: readonly Run[], chance: Chance): Run[] {
  return runs.map(({ faults, ...run }) => ({
    ...run,
    faults: faults.flatMap((one) => [one, ...lateRequest(one, chance)]),
  }));
}

function lateRequest({ at, nth, effect }: Fault, chance: Chance): Fault[] {
  if (at !== "write" || effect.kind !== "kill" || effect.when !== "before" || chance.happens(0.5)) return [];
  // A process that is killed immediately sends nothing.
  const ms = effect.delay + chance.upTo(LATEST_REQUEST);
  return effect.delay === 0 ? [] : [{ at, nth, effect: { kind: "delayed", ms, span: 1 } }];
}

/** The share of histories with change rules. */
const CONTROLLED = 0.35;

/** Adds change rules, also with their own random numbers. */
function withRules(runs: readonly Run[], chance: Chance): Pick<History, "start" | "runs"> {
  if (!chance.happens(CONTROLLED)) return { runs };
  const start = chance.of(STARTS);
  const ruled = runs.map((run) => (chance.happens(0.8) ? { ...run, rules: rules(chance) } : run));
  // A hold often continues in the next run.
  return { start, runs: ruled.map((run, at) => (at > 0 && chance.happens(0.4) ? (runs[at] ?? run) : run)) };
}

const minutes: Make<number> = (chance) =>
  chance.weighted([
    [1, () => chance.integer(3)],
    [2, () => chance.upTo(60)],
    [2, () => chance.upTo(12 * 60)],
  ]);

const rules: Make<ChangeRules> = (chance) => ({
  ...(chance.happens(0.5)
    ? { window: { opensIn: signed(chance), lasts: 1 + minutes(chance), zone: chance.of(ZONES) } }
    : {}),
  ...(chance.happens(0.2) ? { blackout: { beginsIn: signed(chance), lasts: 1 + minutes(chance) } } : {}),
  ...(chance.happens(0.15) ? { freeze: true } : {}),
  ...(chance.happens(0.35) ? { approval: chance.of(["right", "right", "none", "stale"]) } : {}),
  ...(chance.happens(0.3) ? { backup: chance.of(["fresh", "fresh", "none", "old", "waived", "aging"]) } : {}),
  ...(chance.happens(0.4) ? { onHeld: chance.happens(0.7) ? "wait" : "fail" } : {}),
});

function signed(chance: Chance): number {
  return minutes(chance) * (chance.happens(0.6) ? -1 : 1);
}

const known = new Map<string, readonly string[]>();

function eventsOf(type: WorldOfType): readonly string[] {
  const names = known.get(type.type) ?? Object.keys(type.make(new Timeline(), new Random(0)).events);
  known.set(type.type, names);
  return names;
}

/** The history of a seed: one to five commands with faults. Commands without faults follow when it is played. */
export function generate(type: WorldOfType, seed: number): History {
  const chance = new Chance(seed);
  const [first, ...rest] = eventsOf(type);
  const events = first === undefined ? undefined : ([first, ...rest] as const);
  const scene = chance.integer(2 ** 31);
  const count = chance.weighted([
    [5, () => 1],
    [3, () => 2],
    [1.5, () => 3],
    [1, () => 4 + chance.integer(2)],
  ]);
  const runs: Run[] = [];
  while (runs.length < count) {
    if (chance.happens(0.15)) runs.push(run(chance, "preview", events));
    if (chance.happens(0.1)) runs.push(run(chance, "refresh", events));
    runs.push(run(chance, "up", events));
  }
  const late = withLateRequests(runs, new Chance(seed ^ 0x1a7e));
  return { type: type.type, seed, scene, ...withRules(late, new Chance(seed ^ 0xc4a6)) };
}
