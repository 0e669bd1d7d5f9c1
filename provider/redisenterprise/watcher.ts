import type { Clock } from "../core/clock";
import type { Task, TaskStatus } from "../core/pin";
import { ACTIVE } from "./database";
import { readDatabase } from "./find-database";
import { readMachines } from "./look";
import { describeFailure, describeStep, isUpgrade, newestMachine, percentOf, stageOf } from "./machine";
import type { Nodes } from "./nodes";
import { type Action, action, crdbTask } from "./schema";

/** Ids of tasks that are no action: a CRDB task, or "the upgrade of this database" where the answer named no action. */
const CRDB_TASK = "crdb_tasks/";
const UNNAMED = "bdb:";

export function crdbTaskId(id: string): string {
  return `${CRDB_TASK}${id}`;
}

export function unnamedUpgrade(database: number): string {
  return `${UNNAMED}${database}`;
}

/**
 * How long a database has to be at rest, without any action, before an upgrade without an action of its own counts as
 * over, in milliseconds: right after a call it is shown as it was before.
 */
const QUIET = 5_000;

/** Follows one upgrade of a database: its action, then the database itself until that is active with no action. */
export class Watcher {
  readonly #nodes: Nodes;
  readonly #clock: Clock;
  /** Since when the database is at rest, as far as the last look told. */
  #quietSince: number | undefined;

  constructor(nodes: Nodes, clock: Clock) {
    this.#nodes = nodes;
    this.#clock = clock;
  }

  /** @param database uid of the database that the task upgrades */
  async inspect(task: Task, database: number): Promise<TaskStatus> {
    if (task.id.startsWith(CRDB_TASK)) return this.#crdbTask(task.id.slice(CRDB_TASK.length), database);
    const found = await this.#find(task.id, database);
    if (found === undefined) return this.#unknown(task.id, database);
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

  /** The action is over; the database has to show it, with nothing else under way. */
  async #settled(id: string, uid: number): Promise<TaskStatus> {
    const database = await readDatabase(this.#nodes, uid);
    if (database === undefined) return { kind: "gone" };
    const free = database.action === undefined || database.action === id;
    if (database.status === ACTIVE && free) return { kind: "succeeded" };
    return { kind: "running", message: `completed, the database is still ${database.status}` };
  }

  /**
   * The cluster does not know the action: only the last run of each object is kept, and some servers forget even that. No
   * failure; the database itself tells whether something runs, and what runs afterwards whether it was upgraded.
   */
  async #unknown(id: string, uid: number): Promise<TaskStatus> {
    const database = await readDatabase(this.#nodes, uid);
    if (database === undefined) return { kind: "gone" };
    const machines = await readMachines(this.#nodes, uid);
    const runs = newestMachine(machines.filter((machine) => stageOf(machine) === "running"));
    if (runs !== undefined) return this.#notQuiet(running(runs));
    const failed = newestMachine(machines.filter((machine) => isUpgrade(machine) && stageOf(machine) === "failed"));
    if (database.status !== ACTIVE && failed !== undefined) {
      return { kind: "failed", ...describeFailure(failed, uid) };
    }
    if (database.status !== ACTIVE || (database.action !== undefined && database.action !== id)) {
      return this.#notQuiet({ kind: "running", message: `the database is ${database.status}` });
    }
    this.#quietSince ??= this.#clock.now();
    if (this.#clock.now() - this.#quietSince >= QUIET) return this.#notQuiet({ kind: "succeeded" });
    return { kind: "running", message: "the cluster shows no action, looking again" };
  }

  #notQuiet(status: TaskStatus): TaskStatus {
    this.#quietSince = undefined;
    return status;
  }

  async #crdbTask(id: string, database: number): Promise<TaskStatus> {
    const task = await this.#nodes.read(`/v1/crdb_tasks/${encodeURIComponent(id)}`, crdbTask);
    if (task === undefined) return this.#unknown(id, database);
    switch (stageOf(task)) {
      case "failed": {
        const errors = (task.errors ?? []).map(
          ({ cluster_name, description, error_code }) =>
            `${cluster_name ?? "a cluster"}: ${description ?? "no reason"} (${error_code ?? "no code"})`,
        );
        return {
          kind: "failed",
          message: `CRDB task ${id} failed: ${errors.join("; ") || "without a reason"}.`,
          remedy: "Some participants may have been upgraded: look at each, mend the cause, then run `pulumi up` again.",
        };
      }
      case "completed":
        return this.#settled(id, database);
      default:
        return { kind: "running", message: `CRDB task ${id}: ${task.status}` };
    }
  }
}

function running(found: Action): TaskStatus {
  const percent = percentOf(found);
  return { kind: "running", message: describeStep(found), ...(percent === undefined ? {} : { percent }) };
}
