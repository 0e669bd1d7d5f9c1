import type { Clock } from "../shell/clock";
import { Random } from "../shell/random";
import type { AccountState, ProjectState } from "./account";
import { Agenda } from "./agenda";
import type { CloudState, InstanceState, RegionState, StarRocksState } from "./state";
import type { JobState, ScheduleState } from "./task";

/** What the modules of the simulator share: the state, and its indexes. */
export interface World {
  readonly state: CloudState;
  readonly random: Random;
  /** Time by which credentials expire, if it is not the cloud's own. */
  readonly authClock: Clock | undefined;
  readonly instances: Map<string, InstanceState>;
  readonly starRocks: Map<string, StarRocksState>;
  readonly jobs: Map<string, JobState>;
  readonly schedules: Map<string, ScheduleState>;
  /** Pending events, earliest first. */
  readonly agenda: Agenda;
}

/** Builds the indexes of a state. */
export function openWorld(state: CloudState, authClock: Clock | undefined): World {
  const agenda = new Agenda();
  for (const job of state.jobs) enter(agenda, "job", job);
  for (const schedule of state.schedules) enter(agenda, "schedule", schedule);
  return {
    state,
    random: new Random(state.seed),
    authClock,
    instances: byId(state.instances),
    starRocks: byId(state.starRocks),
    jobs: byId(state.jobs),
    schedules: byId(state.schedules),
    agenda,
  };
}

function byId<T extends { readonly id: string }>(list: readonly T[]): Map<string, T> {
  return new Map(list.map((one) => [one.id, one]));
}

/** Adds the next step of a job or schedule to the agenda. */
export function enter(agenda: Agenda, kind: "job" | "schedule", owner: JobState | ScheduleState): void {
  const [due] = owner.due;
  if (due !== undefined) agenda.push({ ...due, kind, owner: owner.id, order: owner.order });
}

export function regionOf(world: World, projectId: string): RegionState {
  const project = projectById(world, projectId);
  const region = world.state.regions.find((one) => one.name === project?.project.region);
  if (region === undefined) throw new RangeError(`no region for project ${projectId}`);
  return region;
}

export function projectById(
  world: World,
  id: string,
): { readonly account: AccountState; readonly project: ProjectState } | undefined {
  for (const account of world.state.accounts) {
    const project = account.projects.find((one) => one.id === id);
    if (project !== undefined) return { account, project };
  }
  return undefined;
}

export function nextOrder(world: World): number {
  world.state.order += 1;
  return world.state.order;
}

export function uuid(random: Random): string {
  return [8, 4, 4, 4, 12].map((digits) => random.hex(digits)).join("-");
}
