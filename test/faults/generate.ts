import { Random } from "../simulators";
import { type ChangeRules, STARTS, ZONES } from "./change-rules";
import type { Damage, Fault, Harm, History, Moment, NetworkHarm, Run } from "./history";
import { Timeline } from "./timeline";
import type { WorldOfType } from "./world";

type Make<T> = (chance: Chance) => T;

/** Random choices of a generator. */
class Chance extends Random {
  of<const T>(list: readonly [T, ...T[]]): T {
    return list[this.integer(list.length)] ?? list[0];
  }

  /** One of several makers, by weight. */
  weighed<T>(makers: readonly (readonly [weight: number, make: Make<T>])[]): T {
    const sum = makers.reduce((total, [weight]) => total + weight, 0);
    let left = this.next() * sum;
    for (const [weight, make] of makers) {
      left -= weight;
      if (left < 0) return make(this);
    }
    throw new RangeError("there is nothing to choose from");
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
  chance.weighed([
    [6, () => 1],
    [2, () => 2 + chance.integer(2)],
    [1.5, () => 4 + chance.integer(9)],
    [0.5, () => 13 + chance.integer(48)],
  ]);

const network: Make<NetworkHarm> = (chance) => {
  const span = spanOf(chance);
  const pick = chance.integer(2 ** 31);
  const processed = chance.happens(0.5);
  return chance.weighed<NetworkHarm>([
    [1, () => ({ kind: "refused", span })],
    [0.5, () => ({ kind: "connect-timeout", span })],
    [2, () => ({ kind: "reset", processed, span })],
    [1.5, () => ({ kind: "silence", processed, span: Math.min(span, 3) })],
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

function harm(chance: Chance, troubles: readonly [string, ...string[]] | undefined): Harm {
  const vendor: Make<Harm> = () => ({
    kind: "vendor",
    trouble: troubles === undefined ? "" : chance.of(troubles),
    dial: chance.next(),
    delay: chance.happens(0.5) ? 0 : chance.upTo(10 * SECOND),
  });
  return chance.weighed<Harm>([
    [55, network],
    [10, () => ({ kind: "kill", ...moment(chance) })],
    [8, () => ({ kind: "interrupt", ...moment(chance) })],
    [4, () => ({ kind: "clock", ms: chance.of(JUMPS) * (chance.happens(0.5) ? 1 : -1) })],
    [troubles === undefined ? 0 : 22, vendor],
  ]);
}

function fault(chance: Chance, troubles: readonly [string, ...string[]] | undefined): Fault {
  const done = harm(chance, troubles);
  return chance.happens(0.35)
    ? { at: "write", nth: chance.happens(0.85) ? 1 : 2, harm: done }
    : { at: "request", nth: chance.upTo(45), harm: done };
}

function run(chance: Chance, op: Run["op"], troubles: readonly [string, ...string[]] | undefined): Run {
  const count = chance.weighed([
    [2, () => 0],
    [5, () => 1],
    [3, () => 2],
    [1, () => 3 + chance.integer(4)],
  ]);
  return {
    op,
    gap: chance.happens(0.7) ? chance.upTo(5 * SECOND) : chance.upTo(10 * MINUTE),
    ...(op === "up" && chance.happens(0.12) ? { limit: chance.upTo(30) } : {}),
    faults: Array.from({ length: count }, () => fault(chance, troubles)),
  };
}

/** How much later than the process that sent it is killed a call may reach the vendor, in milliseconds. */
const LATEST_CALL = 20 * SECOND;

/**
 * Every other call of a process that is killed is still on its way then. Chosen apart from everything else, so that the
 * histories of older seeds stay what they were.
 */
function withLateCalls(runs: readonly Run[], chance: Chance): Run[] {
  return runs.map(({ faults, ...run }) => ({
    ...run,
    faults: faults.flatMap((one) => [one, ...lateCall(one, chance)]),
  }));
}

function lateCall({ at, nth, harm }: Fault, chance: Chance): Fault[] {
  if (at !== "write" || harm.kind !== "kill" || harm.when !== "before" || chance.happens(0.5)) return [];
  // What is killed at the very moment sends nothing any more.
  const ms = harm.delay + chance.upTo(LATEST_CALL);
  return harm.delay === 0 ? [] : [{ at, nth, harm: { kind: "delayed", ms, span: 1 } }];
}

/** Histories in which the program says when upgrades may begin. */
const CONTROLLED = 0.35;

/** Chosen apart from everything else, too. */
function withRules(runs: readonly Run[], chance: Chance): Pick<History, "start" | "runs"> {
  if (!chance.happens(CONTROLLED)) return { runs };
  const start = chance.of(STARTS);
  const ruled = runs.map((run) => (chance.happens(0.8) ? { ...run, rules: rules(chance) } : run));
  // What held an upgrade before often still does.
  return { start, runs: ruled.map((run, at) => (at > 0 && chance.happens(0.4) ? (runs[at] ?? run) : run)) };
}

const minutes: Make<number> = (chance) =>
  chance.weighed([
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

function troublesOf(type: WorldOfType): readonly string[] {
  const names = known.get(type.type) ?? Object.keys(type.make(new Timeline(), new Random(0)).troubles);
  known.set(type.type, names);
  return names;
}

/** The history of a seed: one to five commands with whatever goes wrong in them. What follows them is without faults. */
export function generate(type: WorldOfType, seed: number): History {
  const chance = new Chance(seed);
  const [first, ...rest] = troublesOf(type);
  const troubles = first === undefined ? undefined : ([first, ...rest] as const);
  const scene = chance.integer(2 ** 31);
  const count = chance.weighed([
    [5, () => 1],
    [3, () => 2],
    [1.5, () => 3],
    [1, () => 4 + chance.integer(2)],
  ]);
  const runs: Run[] = [];
  while (runs.length < count) {
    if (chance.happens(0.15)) runs.push(run(chance, "preview", troubles));
    if (chance.happens(0.1)) runs.push(run(chance, "refresh", troubles));
    runs.push(run(chance, "up", troubles));
  }
  const late = withLateCalls(runs, new Chance(seed ^ 0x1a7e));
  return { type: type.type, seed, scene, ...withRules(late, new Chance(seed ^ 0xc4a6)) };
}
