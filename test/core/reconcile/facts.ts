import type { HoldOf } from "../../../provider/core/control/control";
import { inferred, type Lists } from "../../../provider/core/decision/evidence";
import { verdictOn as decide, type Verdict } from "../../../provider/core/decision/verdict";
import { Unreachable } from "../../../provider/core/errors";
import type { UpgradeRecord } from "../../../provider/core/outcome";
import type { Step } from "../../../provider/core/request";
import type { Task } from "../../../provider/core/task";
import { textsOfMany } from "../../../provider/core/texts/texts";
import type { Activity, CompletedTask, Finding, Unit, View } from "../../../provider/core/unit";
import { Attempts } from "../../../provider/core/upgrades/attempts";
import { earlierOf } from "../../../provider/core/upgrades/earlier";
import { ScheduledTasks } from "../../../provider/core/upgrades/scheduled-tasks";
import { parseVersion, type Version } from "../../../provider/core/version";
import { MINUTE, SETTLE, WORDS } from "./world";

/** The time of all reads, unless given. */
export const NOW = Date.UTC(2026, 0, 1, 12);
export const OLD = "2.0.48.231200";
export const NEW = "2.0.78.260600";
export const window = { opens: "2026-01-01T18:00:00.000Z", closes: "2026-01-01T22:00:00.000Z" };

export function version(text: string): Version {
  const parsed = parseVersion(text);
  if (parsed === undefined) throw new Error(`${text} is no version`);
  return parsed;
}

export function task(id: string, to = NEW): Task {
  return { id, kind: "KernelUpgrade", to };
}

type Overrides = Partial<Pick<Unit, "name" | "standing" | "activity" | "completed">> & {
  readonly at?: string;
  readonly target?: string;
};

/** An instance that is outdated and can be requested. */
export function member({
  name = "a",
  at = OLD,
  standing = "behind",
  target = "newest",
  ...rest
}: Overrides = {}): Unit {
  const step: Step = { unit: name, from: at, to: target, method: "POST", path: "/upgrade", item: null, group: at };
  const upgrade = { from: at, route: `${at} → ${target}`, how: "now", findings: [], step };
  return {
    name,
    members: [{ name, version: version(at) }],
    standing,
    at,
    from: at,
    ahead: standing === "newer" ? [name] : [],
    ...(standing === "behind" ? { upgrade } : {}),
    ...rest,
  };
}

export const upgrading = (id = "t1", percent?: number): Activity => ({
  kind: "running",
  task: task(id),
  message: "upgrading",
  ...(percent === undefined ? {} : { percent }),
});
export const scheduled = (id = "t1", when = window): Activity => ({ kind: "scheduled", task: task(id), window: when });
export const busy = (name = "in backup"): Activity => ({ kind: "busy", name });
export const frozen: Finding = { code: "frozen", message: "It is frozen.", remedy: "Thaw it." };
export const blocked = (property?: string): Activity => ({
  kind: "blocked",
  finding: {
    code: "frozen",
    message: "It is frozen.",
    remedy: "Thaw it.",
    ...(property === undefined ? {} : { property }),
  },
});
export const succeeded = (id = "t1", began = NOW): CompletedTask => ({ kind: "succeeded", task: task(id), began });
export const failed = (id = "t1", began = NOW): CompletedTask => ({
  kind: "failed",
  task: task(id),
  began,
  message: "disk full.",
  remedy: "Make room.",
});

export function seen(units: readonly Unit[], ...absent: string[]): View {
  return {
    units,
    absent: absent.map((name) => ({
      name,
      finding: { code: "gone", message: "It is not there.", remedy: "Take it out." },
    })),
  };
}

export function record(
  state: UpgradeRecord["state"],
  ago: number,
  overrides: Partial<UpgradeRecord> = {},
): UpgradeRecord {
  const startedAt = new Date(NOW - ago).toISOString();
  return { task: "batch", kind: "kernel upgrade of 2 instances", from: OLD, to: NEW, startedAt, state, ...overrides };
}

/** The circumstances that determine the verdict on an instance. */
interface Circumstances extends Lists {
  /** Tasks that the vendor did not cancel despite repeated requests. */
  readonly kept: ReadonlySet<string>;
  readonly schedules: boolean;
  readonly holdOf: HoldOf;
}

/** The verdict on an instance whose tasks are only listed. */
export function verdictOn(one: Unit, { kept, schedules, holdOf, ...lists }: Circumstances): Verdict {
  const { attempts, schedule, now, times } = lists;
  return decide(one, {
    now,
    known: inferred(one, lists),
    rounds: attempts.entry(one.name)?.rounds ?? 0,
    refusal: attempts.refusal(one.name),
    settleTime: times.settleTime,
    schedules,
    owns: (of) => schedule.owns(one.name, of),
    isKept: ({ id }) => kept.has(id),
    holdOf,
    texts: textsOfMany("Orders fleet", WORDS),
  });
}

/** The circumstances of a run that has sent nothing yet. */
export function circumstances({
  remembered,
  ...overrides
}: Partial<Circumstances> & { remembered?: UpgradeRecord } = {}): Circumstances {
  return {
    now: NOW,
    attempts: new Attempts(),
    times: { settleTime: SETTLE, lostReplyWindow: 10 * MINUTE },
    earlier: earlierOf(remembered, { now: () => NOW, elapsed: () => NOW }, SETTLE),
    schedule: new ScheduledTasks(remembered),
    kept: new Set(),
    schedules: false,
    holdOf: () => undefined,
    ...overrides,
  };
}

/** An upgrade of instance `a` that this resource scheduled. */
export const own = record("deferred", 60 * MINUTE, { tasks: { a: "t1" }, window });

export const LOST = new Unreachable("Connection reset.", { sent: true, responded: false });

/** Attempts after a request that names the instance was sent, and completed, so long ago. */
export function requested(
  ago: number,
  { lost = false, rounds = 1, before }: { lost?: boolean; rounds?: number; before?: string } = {},
) {
  const attempts = new Attempts();
  const then = member(before === undefined ? {} : { completed: succeeded(before, 0) });
  for (let round = 0; round < rounds; round++)
    attempts.sent([then], NOW - ago - 1_000, NOW - ago, lost ? LOST : undefined);
  return attempts;
}

/** The same, and reads have shown these since, the last one so long ago. */
export function observed(attempts: Attempts, ago: number, ...members: Unit[]) {
  for (const one of members) attempts.seen([one], NOW - ago);
  return attempts;
}
