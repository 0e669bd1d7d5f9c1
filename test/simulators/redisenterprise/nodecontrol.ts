import { defaultRedis, supportedBy } from "./builds";
import { modulesOf } from "./catalogue";
import { acceptUpgrade, advance, elect } from "./engine";
import { Refusal } from "./errors";
import { isOver } from "./machine";
import type { DatabaseState, NodeState } from "./state";
import { planUpgrade } from "./upgrade";
import { atLeast } from "./version";
import { changed, hasQuorum, masterOf, nodeOf, type World } from "./world";

/** What happens to the nodes of a cluster. */

export function stop(world: World, uid: number, now: number): void {
  nodeOf(world.state, uid).down = true;
  if (!hasQuorum(world.state)) world.state.master = null;
  callElection(world, now);
}

export function start(world: World, uid: number, now: number): void {
  const { state } = world;
  const node = nodeOf(state, uid);
  state.counters.boot += 1;
  node.bootId = state.counters.boot;
  node.down = false;
  if (masterOf(state) === undefined) callElection(world, now);
  else elect(world, now);
  advance(world, now);
}

export function changeMaster(world: World, uid: number, now: number): void {
  if (nodeOf(world.state, uid).down) throw new Error(`node ${uid} is down and cannot be the master`);
  world.state.master = uid;
  elect(world, now);
}

export function install(world: World, uid: number, softwareVersion: string): void {
  const node = nodeOf(world.state, uid);
  node.softwareVersion = softwareVersion;
  node.supported = supportedBy(softwareVersion);
}

/** An upgrade to one of these versions or later invalidates all tokens (Redis Enterprise facts §1.2). */
const NEW_TOKENS_SINCE = "8.0.22";

export function upgradeCluster(world: World, softwareVersion: string, now: number): void {
  const { state } = world;
  for (const node of state.nodes) install(world, node.uid, softwareVersion);
  state.modules = [...modulesOf(softwareVersion), ...state.modules.filter((module) => !module.bundled)];
  state.policy.defaultRedisVersion = defaultRedis(softwareVersion);
  if (atLeast(softwareVersion, NEW_TOKENS_SINCE)) state.tokenGeneration += 1;
  changed(state);
  const master = masterOf(state);
  if (master === undefined) return;
  for (const database of state.databases) if (database.autoUpgrade) autoUpgrade(world, master, database, now);
  advance(world, now);
}

/** A database that cannot be upgraded, or is busy, is not changed. */
function autoUpgrade(world: World, node: NodeState, database: DatabaseState, now: number): void {
  if (!isOver(database.machine)) return;
  try {
    const plan = planUpgrade({ world, node }, database, {});
    if (plan.restarts) acceptUpgrade(world, database, plan, "auto_upgrade", now);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
  }
}

function callElection(world: World, now: number): void {
  const { state } = world;
  if (masterOf(state) !== undefined) return;
  state.master = null;
  state.timers.push({ at: now + state.timings.electionMs, type: "election" });
  advance(world, now);
}
