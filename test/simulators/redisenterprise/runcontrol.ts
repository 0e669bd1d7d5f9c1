import { advance, install, schedule } from "./engine";
import { isOver, type MachineState } from "./machine";
import type { DatabaseState } from "./state";
import { changed, newUid, type World } from "./world";

/** What an operator does to the state machine of a database. */

export function goOn(world: World, database: DatabaseState, now: number): void {
  const machine = running(database);
  machine.hung = false;
  schedule(world, database, machine, now);
  advance(world, now);
}

export function finish(world: World, database: DatabaseState, now: number): void {
  while (!isOver(database.machine)) {
    const machine = running(database);
    if (machine.held) throw new Error(`database ${database.uid} waits for a node that is down`);
    machine.hung = false;
    schedule(world, database, machine, now);
    advance(world, now);
  }
}

/** The failed state restarts; the retry is a separate action (Redis Enterprise facts §3). */
export function retry(world: World, database: DatabaseState, now: number): void {
  const machine = failed(database);
  machine.status = "active";
  machine.error = null;
  world.state.tasks.push({ actionUid: newUid(world.random), name: "retry_bdb", node: 1, createdAt: now });
  schedule(world, database, machine, now + world.state.timings.stateMs);
  advance(world, now);
}

export function reset(world: World, database: DatabaseState, now: number): void {
  failed(database);
  database.status = "active";
  changed(world.state);
  const following = database.waiting.shift();
  if (following !== undefined) install(world, database, following, now);
  advance(world, now);
}

function running({ uid, machine }: DatabaseState): MachineState {
  if (machine === null || isOver(machine)) throw new Error(`no state machine of database ${uid} is running`);
  return machine;
}

function failed({ uid, machine }: DatabaseState): MachineState {
  if (machine?.status !== "failed") throw new Error(`no state machine of database ${uid} has failed`);
  return machine;
}
