import type { Clock } from "../shell/clock";
import type { Random } from "../shell/random";
import type { AgentState, ClusterState, ObserverState } from "./state";

/** What the modules of the simulator share: the state, and what is not part of it. */
export interface World {
  readonly state: ClusterState;
  readonly random: Random;
  /** Time by which credentials expire, if it is not the cluster's own. */
  readonly authClock: Clock | undefined;
}

/** A fast simulated clock must reject neither clients that send real time nor those that use simulated time. */
export function authTime({ authClock }: World, now: number): number {
  return authClock === undefined ? now : Math.min(now, authClock.now());
}

export function addressOf(agent: Pick<AgentState, "ip" | "port">): string {
  return agent.ip.includes(":") ? `[${agent.ip}]:${agent.port}` : `${agent.ip}:${agent.port}`;
}

export function isUp(agent: AgentState): boolean {
  return !agent.stopped && !agent.restarting;
}

/** Agents that the cluster knows. */
export function registeredAgents(state: ClusterState): readonly AgentState[] {
  return state.agents.filter((agent) => agent.unregistered !== true);
}

/** The status of `DBA_OB_SERVERS`, with obshell's value for a stopped server. */
export function serverStatus(observer: ObserverState): "ACTIVE" | "INACTIVE" | "STOPPED" {
  if (observer.stopped === true) return "STOPPED";
  return observerCondition(observer) === "up" ? "ACTIVE" : "INACTIVE";
}

/** The state of the observer of an agent, after the effects of an upgrade or an outage. */
export function observerCondition(observer: ObserverState): "up" | "vanishing" | "gone" | "dead" {
  return observer.outage === "none" ? observer.process : observer.outage;
}

export function holdsDatabase(agent: AgentState): boolean {
  return agent.identity === "CLUSTER AGENT" && observerCondition(agent.observer) === "up";
}

export function zonesOf(state: ClusterState): readonly string[] {
  return [...new Set(state.agents.map((agent) => agent.zone))];
}

/** The agent that runs the scheduler: the first that is up and has its database. */
export function maintainerOf(state: ClusterState): number | undefined {
  const found = state.agents.findIndex((agent) => isUp(agent) && holdsDatabase(agent));
  return found < 0 ? undefined : found;
}

export const HOME = "/home/admin/oceanbase";

/** An index into a list that the simulator itself keeps consistent. */
export function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new RangeError(`no element ${index} in a list of ${list.length}`);
  return found;
}
