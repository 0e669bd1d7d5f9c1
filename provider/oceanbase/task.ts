import { Unreachable } from "../core/errors";
import type { Task, TaskStatus } from "../core/pin";
import type { Agents } from "./agents";
import { dagState, percentOf, stageOf } from "./dag";
import { describeFailure } from "./failure";
import { type Dag, dag } from "./schema";

/** How often in a row a task has to be missing before it is believed. */
const MISSES = 4;

export function dagPath(id: string, details: boolean): string {
  return `/api/v1/task/dag/${encodeURIComponent(id)}?show_details=${details}`;
}

/** Watches one DAG through whichever agent answers. */
export class TaskWatcher {
  readonly #agents: Agents;
  /** The DAG as it was last seen with its nodes: their names are fetched only when the stage has changed. */
  #detailed: Dag | undefined;
  #misses = 0;

  constructor(agents: Agents) {
    this.#agents = agents;
  }

  async inspect(task: Task): Promise<TaskStatus> {
    const seen = await this.#agents.read(dagPath(task.id, false), dag);
    if (seen === undefined) return this.#missing(task);
    this.#misses = 0;
    switch (dagState(seen)) {
      case "running":
        return {
          kind: "running",
          message: stageOf(await this.#named(seen)),
          percent: percentOf(seen),
          stages: seen.max_stage,
        };
      case "rolling-back":
        return { kind: "running", message: `rolling back, ${stageOf(await this.#named(seen))}` };
      case "succeeded":
        return { kind: "succeeded" };
      case "rolled-back":
        return {
          kind: "rolled-back",
          message: "the task ended by undoing the upgrade, the old version still runs.",
          remedy: "Find out who rolled it back and why; the next `pulumi up` starts the upgrade anew.",
        };
      case "failed":
        return { kind: "failed", ...describeFailure((await this.#agents.read(dagPath(task.id, true), dag)) ?? seen) };
    }
  }

  /** obshell also says "not found" when its database fails while it looks; only when it keeps saying so it is true. */
  #missing(task: Task): TaskStatus {
    this.#misses += 1;
    if (this.#misses >= MISSES) return { kind: "gone" };
    throw new Unreachable(`task ${task.id} was not found`, { sent: true, heard: true });
  }

  async #named(seen: Dag): Promise<Dag> {
    const known = this.#detailed?.id === seen.id ? this.#detailed : undefined;
    if (known?.stage === seen.stage) return { ...seen, nodes: known.nodes };
    const detailed = await this.#agents.read(dagPath(seen.id, true), dag).catch(() => undefined);
    this.#detailed = detailed ?? { ...seen, nodes: known?.nodes };
    return { ...seen, nodes: this.#detailed.nodes };
  }
}
