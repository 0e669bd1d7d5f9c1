import { Unreachable } from "../../core/errors";
import type { Clock } from "../../core/runtime";
import type { Task, TaskStatus } from "../../core/task";
import { printable } from "../../http/body";
import { describeCrdbFailure, ownIdOf } from "../active-active";
import { ACTIVE } from "../database/database";
import { readDatabase, readMachines } from "../observe";
import type { Nodes } from "../rest/nodes";
import { type Action, action, crdbTask } from "../rest/schema";
import { deadEndOf, describeFailure, describeStep, isUpgrade, newestMachine, percentOf, stageOf } from "./activity";

/** If the response contained no action, the database identifies its upgrade. */
const UNNAMED = "bdb:";

export function unnamedUpgrade(database: number): string {
  return `${UNNAMED}${database}`;
}

/**
 * How long a database must be idle, without any action, before an upgrade without an action of its own counts as
 * finished, in milliseconds: right after a request, the database is still shown in its earlier state. A task must be
 * missing equally long to count as gone.
 */
const IDLE_TIME = 5_000;

/**
 * Polls one upgrade of a database: its action, or the CRDB task, then the database itself until it is active with no
 * action.
 */
export class Watcher {
  readonly #nodes: Nodes;
  readonly #clock: Clock;
  /** Since when nothing has been visible, as of the last poll; by the clock's `elapsed`. */
  #idleSince: number | undefined;
  /** CRDB tasks that are known to exist, or to have existed. */
  readonly #known = new Set<string>();

  constructor(nodes: Nodes, clock: Clock) {
    this.#nodes = nodes;
    this.#clock = clock;
  }

  /** The vendor has accepted a request with this task, or shows it. */
  known(task: Pick<Task, "id">): void {
    const id = ownIdOf(task);
    if (id !== undefined) this.#known.add(id);
  }

  /** @param database uid of the database that the task upgrades */
  async inspect(task: Task, database: number): Promise<TaskStatus> {
    const crdb = ownIdOf(task);
    if (crdb !== undefined) return this.#crdbTask(crdb, database);
    const found = await this.#find(task.id, database);
    if (found === undefined) return this.#unknown(task, database);
    switch (stageOf(found)) {
      case "failed":
        return { kind: "failed", ...describeFailure(found, database) };
      case "completed":
        return this.#settled(found.action_uid, database);
      default:
        return running(found);
    }
  }

  async #find(id: string, database: number): Promise<Action | undefined> {
    if (!id.startsWith(UNNAMED)) return this.#nodes.read(`/v1/actions/${encodeURIComponent(id)}`, action);
    const upgrades = (await readMachines(this.#nodes, database)).filter(isUpgrade);
    const newest = newestMachine(upgrades);
    return newest !== undefined && stageOf(newest) === "running" ? newest : undefined;
  }

  /** The action has finished; the database must confirm it, with nothing else in progress. */
  async #settled(id: string, uid: number): Promise<TaskStatus> {
    const database = await readDatabase(this.#nodes, uid);
    if (database === undefined) return { kind: "gone" };
    const free = database.action === undefined || database.action === id;
    if (database.status === ACTIVE && free) return { kind: "succeeded" };
    if (database.status !== ACTIVE) {
      const waits = deadEndOf(database) === undefined && !heldByFailure(await readMachines(this.#nodes, uid));
      if (!waits) return { kind: "succeeded" };
    }
    return { kind: "running", message: `completed, the database is still ${database.status}` };
  }

  /**
   * The cluster does not have the action: only the last run of each object is kept, and some servers lose even that.
   * This is neither a failure nor a success. The database itself shows whether something is running, and its version
   * afterwards whether it was upgraded.
   */
  async #unknown({ id, requestedAt }: Task, uid: number): Promise<TaskStatus> {
    const database = await readDatabase(this.#nodes, uid);
    if (database === undefined) return { kind: "gone" };
    const machines = await readMachines(this.#nodes, uid);
    const runs = newestMachine(machines.filter((machine) => stageOf(machine) === "running"));
    if (runs !== undefined) return this.#active(running(runs));
    if (deadEndOf(database) !== undefined) return this.#active({ kind: "gone" });
    const failed = newestMachine(machines.filter((machine) => isUpgrade(machine) && stageOf(machine) === "failed"));
    if (database.status !== ACTIVE && failed !== undefined) {
      return { kind: "failed", ...describeFailure(failed, uid) };
    }
    // The cluster keeps only the last run, which is a different one.
    if (database.status !== ACTIVE && heldByFailure(machines)) return this.#active({ kind: "gone" });
    if (database.status !== ACTIVE || (database.action !== undefined && database.action !== id)) {
      return this.#active({ kind: "running", message: `the database is ${database.status}` });
    }
    // A run that does not wait polls once.
    const old = requestedAt !== undefined && this.#clock.now() - Date.parse(requestedAt) >= IDLE_TIME;
    if (old || this.#isIdle()) return this.#active({ kind: "gone" });
    return { kind: "running", message: "the cluster lists no action, reading again" };
  }

  #active(status: TaskStatus): TaskStatus {
    this.#idleSince = undefined;
    return status;
  }

  /** Only the task shows the result on other clusters. An unknown task is gone, whatever the database shows. */
  async #crdbTask(id: string, database: number): Promise<TaskStatus> {
    const task = await this.#nodes.read(`/v1/crdb_tasks/${encodeURIComponent(id)}`, crdbTask);
    if (task === undefined) return this.#missing(id);
    this.#known.add(id);
    switch (stageOf(task)) {
      case "failed":
        return this.#active({ kind: "failed", ...describeCrdbFailure(task) });
      case "completed":
        return this.#active(await this.#settled(id, database));
      default:
        return this.#active({ kind: "running", message: `CRDB task ${id}: ${printable(task.status)}` });
    }
  }

  /**
   * A missing task may reappear shortly: the cluster may be electing its master.
   * @throws Unreachable until then for a task that this run has not seen: it may never have existed
   */
  #missing(id: string): TaskStatus {
    if (this.#isIdle()) return this.#active({ kind: "gone" });
    const message = `the cluster does not know CRDB task ${id}, reading again`;
    if (!this.#known.has(id)) throw new Unreachable(message, { sent: true, responded: true });
    return { kind: "running", message };
  }

  #isIdle(): boolean {
    this.#idleSince ??= this.#clock.elapsed();
    return this.#clock.elapsed() - this.#idleSince >= IDLE_TIME;
  }
}

/**
 * Whether a change that started after an upgrade has failed, and keeps the database from becoming active. Waiting does
 * not resolve that. The next observation shows what the upgrade has achieved, and what locks the database now.
 */
function heldByFailure(machines: readonly Action[]): boolean {
  const newest = newestMachine(machines);
  return newest !== undefined && stageOf(newest) === "failed";
}

function running(found: Action): TaskStatus {
  const percent = percentOf(found);
  return { kind: "running", message: describeStep(found), ...(percent === undefined ? {} : { percent }) };
}
