import type { Clock } from "../shell/clock";
import type { Random } from "../shell/random";
import { EventQueue } from "./queue";
import type { ClusterState, DatabaseState, NodeState } from "./state";

/** What the modules of the simulator share: the state, values derived from it, and what is not part of it. */
export interface World {
  readonly state: ClusterState;
  readonly random: Random;
  /** Time by which tokens expire. */
  readonly authClock: Clock;
  /** Future steps of all state machines; postponed ones stay in it and are skipped. */
  readonly queue: EventQueue;
  readonly databases: Map<number, DatabaseState>;
  /** Action of a state machine → its database. */
  readonly actions: Map<string, number>;
}

export function makeWorld(state: ClusterState, random: Random, authClock: Clock): World {
  const world: World = {
    state,
    random,
    authClock,
    queue: new EventQueue(),
    databases: new Map(state.databases.map((database) => [database.uid, database])),
    actions: new Map(),
  };
  for (const { uid, machine, waiting } of state.databases) {
    if (machine?.next) world.queue.push({ ...machine.next, database: uid });
    for (const one of [...(machine ? [machine] : []), ...waiting]) world.actions.set(one.actionUid, uid);
  }
  return world;
}

export function newUid(random: Random): string {
  const hex = random.hex(32);
  const variant = "89ab"[Number.parseInt(hex[16] ?? "0", 16) % 4];
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `4${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20),
  ].join("-");
}

export function nodeOf(state: ClusterState, uid: number): NodeState {
  const node = state.nodes.find((one) => one.uid === uid);
  if (node === undefined) throw new RangeError(`there is no node ${uid}`);
  return node;
}

export function masterOf(state: ClusterState): NodeState | undefined {
  return state.nodes.find((node) => node.uid === state.master && !node.down);
}

/** Whether more than half of the nodes are up; otherwise no master is elected. */
export function hasQuorum({ nodes }: ClusterState): boolean {
  return nodes.filter((node) => !node.down).length * 2 > nodes.length;
}

/** The version of the node that decides: the master, or the first. */
export function softwareOf(state: ClusterState): string {
  return (masterOf(state) ?? state.nodes[0])?.softwareVersion ?? "0";
}

export function changed(state: ClusterState): void {
  state.clusterStateId += 1;
}
