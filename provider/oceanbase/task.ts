import { Unreachable } from "../core/errors";
import type { Task, TaskStatus } from "../core/task";
import type { Agents } from "./agents";
import { dagState, percentOf, stageOf } from "./dag";
import { describeFailure } from "./failure";
import { type Dag, type DagStages, dag, dagStages } from "./schema";

/** How often in a row a task has to be missing before it is believed. */
const MISSES = 4;

export function dagPath(id: string, details: boolean): string {
  return `/api/v1/task/dag/${encodeURIComponent(id)}?show_details=${details}`;
}

/** What is known of the stages of a DAG. */
interface Stages extends DagStages {
  readonly id: string;
  /** The stage at which they were asked for. */
  readonly asked: number;
}

/** Watches one DAG through whichever agent answers. */
export class TaskWatcher {
  readonly #agents: Agents;
  #stages: Stages | undefined;
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

  /**
   * The DAG with its stages, which are all there from its beginning. Where they cannot be had they are asked for again at the
   * next stage.
   */
  async #named(seen: Dag): Promise<Parameters<typeof stageOf>[0]> {
    const { id, stage } = seen;
    let known = this.#stages?.id === id ? this.#stages : undefined;
    if (known === undefined || (known.nodes?.[stage - 1] === undefined && known.asked !== stage)) {
      const found = await this.#agents.read(dagPath(id, true), dagStages).catch(() => undefined);
      known = { id, asked: stage, nodes: found?.nodes ?? known?.nodes };
      this.#stages = known;
    }
    return { ...seen, nodes: known.nodes };
  }
}
