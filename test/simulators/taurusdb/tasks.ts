import type { InstanceState, Script, StarRocksState } from "./state";
import type { JobState, ScheduleState } from "./task";
import { currentOrNext, next } from "./window";
import { enter, nextOrder, uuid, type World } from "./world";

/** Creates jobs and scheduled tasks. */

type Subject = InstanceState | StarRocksState;

export interface JobPlan {
  readonly schedule?: ScheduleState;
  /** From acceptance to start. */
  readonly startMs: number;
  readonly skipValidation?: boolean;
}

/** Accepts a job; undefined if a script drops it. */
export function addJob(
  world: World,
  now: number,
  kind: JobState["kind"],
  subject: Subject,
  { schedule, startMs, skipValidation = false }: JobPlan,
): JobState | undefined {
  const script = kind === "preCheck" ? null : takeScript(world, subject.id);
  if (script?.what === "vanish") return undefined;
  const waits = script?.what === "awaitApproval";
  const job: JobState = {
    id: schedule?.runId ?? uuid(world.random),
    order: nextOrder(world),
    kind,
    projectId: subject.projectId,
    instanceId: subject.id,
    scheduleId: schedule?.id ?? null,
    script,
    skipValidation,
    status: waits ? "Unauthorized" : "Pending",
    shownStatus: null,
    createdAt: now,
    visibleAt: schedule ? now : now + world.state.timings.visibleMs,
    startedAt: null,
    endedAt: null,
    runMs: durationOf(world, kind),
    outcome: null,
    failReason: "",
    hungAt: null,
    deleted: false,
    due: waits ? [] : [{ at: now + startMs, step: "start" }],
  };
  world.state.jobs.push(job);
  world.jobs.set(job.id, job);
  enter(world.agenda, "job", job);
  if (kind !== "preCheck") subject.job = job.id;
  return job;
}

function durationOf({ state, random }: World, kind: JobState["kind"]): number {
  const { upgradeMs, starRocksMs, preCheckMs, jitter } = state.timings;
  const base = { upgrade: upgradeMs, starRocks: starRocksMs, preCheck: preCheckMs }[kind];
  return jitter === 0 ? base : Math.round(base * (1 + jitter * (2 * random.next() - 1)));
}

function takeScript({ state }: World, id: string): Omit<Script, "left"> | null {
  const found = state.scripts.find((script) => script.left > 0 && (script.instance ?? id) === id);
  if (found === undefined) return null;
  found.left -= 1;
  if (found.left <= 0) state.scripts.splice(state.scripts.indexOf(found), 1);
  const { left: _, ...script } = found;
  return script;
}

/** The id of a scheduled task in upgrade responses and `jobs`. */
export function asJob({ state }: World, id: string): string {
  if (state.switches.scheduleIds !== "byCall") return id;
  return id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Schedules an upgrade for the maintenance window of its instance (TaurusDB facts §3.2). */
export function addSchedule(
  world: World,
  now: number,
  kind: ScheduleState["kind"],
  subject: Subject,
  skipValidation = false,
): ScheduleState {
  const { switches, timings } = world.state;
  const id = switches.scheduleIds === "dashed" ? uuid(world.random) : world.random.hex(32);
  const span = spanFor(world, subject, now);
  const schedule: ScheduleState = {
    id,
    order: nextOrder(world),
    kind,
    projectId: subject.projectId,
    instanceId: subject.id,
    skipValidation,
    runId: switches.scheduledRunId === "same" ? asJob(world, id) : uuid(world.random),
    status: "Pending",
    createdAt: now,
    visibleAt: now + timings.visibleMs,
    ...span,
    failReason: "",
    deleted: false,
    due: [{ at: span.startAt, step: "fire" }],
  };
  world.state.schedules.push(schedule);
  world.schedules.set(id, schedule);
  enter(world.agenda, "schedule", schedule);
  return schedule;
}

function spanFor({ state }: World, subject: Subject, now: number): { startAt: number; endAt: number } {
  if (state.switches.delayedInsideWindow === "nextWindow") return next(subject.window, now);
  const { startAt, endAt } = currentOrNext(subject.window, now);
  return { startAt: Math.max(startAt, now), endAt };
}

/** Moves the pending tasks of an instance to its new window. */
export function reschedule(world: World, subject: Subject, now: number): void {
  for (const schedule of pendingOf(world, subject.id)) {
    Object.assign(schedule, spanFor(world, subject, now));
    schedule.due = [{ at: schedule.startAt, step: "fire" }];
    enter(world.agenda, "schedule", schedule);
  }
}

export function pendingOf(world: World, instanceId: string): readonly ScheduleState[] {
  return world.state.schedules.filter((one) => one.status === "Pending" && one.instanceId === instanceId);
}

export function cancelSchedule(schedule: ScheduleState): void {
  schedule.status = "Canceled";
  schedule.due = [];
}
