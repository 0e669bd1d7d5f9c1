import type { Entry } from "./agenda";
import { blockersOf, startOutcome } from "./effects";
import type { InstanceState, StarRocksState } from "./state";
import { IDLE, isUnavailable, SETTLING, statusAt } from "./status";
import { type Due, isOver, type JobState, type JobStatus, type ScheduleState } from "./task";
import { addJob } from "./tasks";
import { enter, type World } from "./world";

type Subject = InstanceState | StarRocksState;

/**
 * Processes all events until `now`, in order of time. The result of a job depends only on the
 * clock and earlier actions: the number of polls changes nothing.
 */
export function advance(world: World, now: number): void {
  for (let entry = nextEntry(world); entry !== undefined && entry.at <= now; entry = nextEntry(world)) {
    world.agenda.pop();
    perform(world, entry);
  }
}

/** The earliest valid entry: a canceled job leaves its entry behind. */
export function nextEntry(world: World): Entry | undefined {
  for (;;) {
    const entry = world.agenda.peek();
    if (entry === undefined) return undefined;
    const due = ownerOf(world, entry)?.due[0];
    if (due !== undefined && due.at === entry.at && due.step === entry.step) return entry;
    world.agenda.pop();
  }
}

function ownerOf(world: World, { kind, owner }: Entry): JobState | ScheduleState | undefined {
  return kind === "job" ? world.jobs.get(owner) : world.schedules.get(owner);
}

function perform(world: World, { kind, owner, at, step }: Entry): void {
  if (kind === "schedule") {
    const schedule = world.schedules.get(owner);
    if (schedule !== undefined) fire(world, schedule, at);
    return;
  }
  const job = world.jobs.get(owner);
  if (job === undefined) return;
  plan(world, job, job.due.slice(1));
  if (step === "start") startJob(world, job, at);
  else if (step === "version") bringVersion(world, job, at);
  else endJob(world, job, at, job.script?.what === "fail" ? "Failed" : "Completed");
}

/** Sets the further steps of a job. */
export function plan(world: World, job: JobState, due: readonly Due[]): void {
  job.due = [...due];
  enter(world.agenda, "job", job);
}

function startJob(world: World, job: JobState, at: number): void {
  job.status = "Running";
  job.startedAt = at;
  const blockers = blockersOf(world, job);
  if (blockers.length > 0) {
    job.failReason = blockers.join(" ");
    endJob(world, job, at, "Failed");
    return;
  }
  startOutcome(world, job);
  const { script } = job;
  if (script?.what === "hang") {
    job.hungAt = script.percent;
    return;
  }
  if (script?.what === "fail") {
    job.failReason = script.reason;
    plan(world, job, [{ at: at + Math.floor((job.runMs * script.percent) / 100), step: "end" }]);
    return;
  }
  planEnd(world, job, at, at + job.runMs);
}

/** Plans the remaining steps of a successful job. */
export function planEnd(world: World, job: JobState, now: number, end: number): void {
  const lag = job.kind === "preCheck" ? 0 : world.state.timings.versionLagMs;
  const version = { at: Math.max(now, end + lag), step: "version" } as const;
  const over = { at: end, step: "end" } as const;
  plan(world, job, lag > 0 ? [over, version] : [version, over]);
}

function bringVersion(world: World, job: JobState, at: number): void {
  const { outcome } = job;
  const instance = world.instances.get(job.instanceId);
  const subject = instance ?? world.starRocks.get(job.instanceId);
  if (subject === undefined || outcome === null) return;
  if (outcome.version !== null) subject.kernel = outcome.version;
  if (instance !== undefined) instance.preparation = outcome.preparation;
  subject.updatedAt = at;
  if (isOver(job.status) && subject.job === job.id) subject.job = null;
}

/** Ends a job; its instance is free as soon as it shows the new version. */
export function endJob(world: World, job: JobState, at: number, status: JobStatus): void {
  job.status = status;
  job.endedAt = at;
  job.hungAt = null;
  const waits = status === "Completed" && job.due.some((due) => due.step === "version");
  if (!waits) plan(world, job, []);
  const subject = world.instances.get(job.instanceId) ?? world.starRocks.get(job.instanceId);
  if (subject !== undefined && subject.job === job.id && !waits) {
    subject.job = null;
    subject.updatedAt = at;
  }
  if (subject !== undefined && job.kind !== "preCheck" && status === "Completed") settle(world, subject, job, at);
  const check = world.instances.get(job.instanceId)?.check;
  if (job.kind === "preCheck" && check?.jobId === job.id) check.finishedAt = at;
  const schedule = job.scheduleId === null ? undefined : world.schedules.get(job.scheduleId);
  if (schedule !== undefined && (status === "Completed" || status === "Failed" || status === "Canceled")) {
    schedule.status = status;
    schedule.failReason = job.failReason;
  }
}

/** The state of an instance after its upgrade has completed, unless it was set from outside. */
function settle(world: World, subject: Subject, { script }: JobState, at: number): void {
  const { settleMs } = world.state.timings;
  if (statusAt(world, subject, at) !== IDLE) return;
  if (script?.what === "damage") Object.assign(subject, { status: "FAILED", statusUntil: null });
  else if (settleMs > 0) Object.assign(subject, { status: SETTLING, statusUntil: at + settleMs });
}

/** The maintenance window is open: the task runs, or waits for its instance until the window closes. */
function fire(world: World, schedule: ScheduleState, at: number): void {
  schedule.due = [];
  if (schedule.status !== "Pending") return;
  const subject = world.instances.get(schedule.instanceId) ?? world.starRocks.get(schedule.instanceId);
  if (subject === undefined) {
    schedule.status = "Failed";
    schedule.failReason = "The DB instance does not exist.";
    return;
  }
  if (subject.job === null && !isUnavailable(statusAt(world, subject, at))) {
    const run = { schedule, startMs: 0, skipValidation: schedule.skipValidation };
    // If a script drops the run, the task ends anyway.
    schedule.status = addJob(world, at, schedule.kind, subject, run) === undefined ? "Completed" : "Running";
    return;
  }
  const again = at + world.state.timings.windowRetryMs;
  if (again >= schedule.endAt) {
    schedule.status = "Failed";
    schedule.failReason = "The DB instance was not available in its maintenance window.";
    return;
  }
  schedule.due = [{ at: again, step: "fire" }];
  enter(world.agenda, "schedule", schedule);
}
