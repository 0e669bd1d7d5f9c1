import { maySee } from "./access";
import { type ProjectCall, wordQuery } from "./call";
import type { InstanceState, StarRocksState } from "./state";
import { percentAt } from "./status";
import type { JobState, ScheduleState } from "./task";
import { DAY } from "./timings";

/** What the calls about tasks have in common (TaurusDB facts §2.8). */

export const SCHEDULE_NAME = "VERSION_UPGRADE";

const STATES = ["Pending", "Running", "Completed", "Failed"];
const NEW_STATES = ["Unauthorized", "Canceled"];

/** The state that filters tasks. */
export function askedState(call: ProjectCall): string | undefined {
  const { newTaskStates } = call.world.state.switches;
  return wordQuery(call, "status", newTaskStates === "known" ? [...STATES, ...NEW_STATES] : STATES);
}

/** Tasks are kept for one month. */
const KEPT_MS = 30 * DAY;

/** The instance of a task, if the caller may see it. */
export function subjectOf(
  { world, now, project, principal }: ProjectCall,
  task: JobState | ScheduleState,
): InstanceState | StarRocksState | undefined {
  if (task.projectId !== project.id || task.deleted) return undefined;
  if (now < task.visibleAt || now >= task.createdAt + KEPT_MS) return undefined;
  const starRocks = task.kind === "starRocks" ? world.starRocks.get(task.instanceId) : undefined;
  const instance = world.instances.get(starRocks?.parent ?? task.instanceId);
  if (instance === undefined || !maySee(principal, instance)) return undefined;
  return starRocks ?? instance;
}

/** Id and name under which a task shows its instance. */
export function shownInstance(
  { world }: ProjectCall,
  subject: InstanceState | StarRocksState,
): { readonly id: string; readonly name: string } {
  if (!("parent" in subject) || world.state.switches.starRocksJobInstance === "starRocks") return subject;
  return world.instances.get(subject.parent) ?? subject;
}

export function nameOf({ world }: ProjectCall, { kind }: JobState): string {
  if (kind === "starRocks") return world.state.switches.starRocksJobName;
  return kind === "preCheck" ? "CheckKernelUpgrade" : "UpgradeGaussDBforMySQLDatabaseVersion";
}

export function shownStatus(job: JobState): string {
  return job.shownStatus ?? job.status;
}

/** "60%" while it runs, else "". */
export function processText(job: JobState, now: number): string {
  return job.status === "Running" ? `${percentAt(job, now)}%` : "";
}
