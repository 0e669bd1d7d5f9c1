import { z } from "zod";
import { ifAnswered, notYet, Refused, Unreachable, UpgradeError } from "../../core/errors";
import type { Permit } from "../../core/request";
import type { Task, TaskStatus, Way } from "../../core/task";
import type { Agents } from "../agent/agents";
import { tellOne } from "../agent/contact";
import { type Dag, type DagStages, dag, dagStages } from "../agent/schema";
import { dagState, percentOf, shortStageOf, type stageOf } from "./dag";
import { describeFailure } from "./failure";

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
          message: shortStageOf(await this.#named(seen)),
          percent: percentOf(seen),
          stages: seen.max_stage,
        };
      case "rolling-back":
        return { kind: "running", message: `rolling back, ${shortStageOf(await this.#named(seen))}` };
      case "succeeded":
        return { kind: "succeeded" };
      case "rolled-back":
        return {
          kind: "rolled-back",
          message: "the task undid the upgrade, and the old version is still running.",
          remedy: "Find out who rolled it back and why, then run {apply} again to request the upgrade again.",
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
      const found = await ifAnswered(this.#agents.read(dagPath(id, true), dagStages));
      known = { id, asked: stage, nodes: found?.nodes ?? known?.nodes };
      this.#stages = known;
    }
    return { ...seen, nodes: known.nodes };
  }
}

/**
 * Re-opens a failed task, through one agent after the other: unlike a look at a task, an agent that lacks its database
 * does not pass this on, and a failed upgrade may well be what took it away. It ends with the first that says yes or no,
 * or whose answer is lost. A second operator on a task that is open again is refused by obshell.
 * @throws Refused or Unreachable, as a write does
 */
export async function reopen(agents: Agents, task: Task, way: Way, permit: Permit): Promise<void> {
  const target = `/api/v1/task/dag/${encodeURIComponent(task.id)}`;
  const failures: UpgradeError[] = [];
  for (const origin of agents.origins) {
    try {
      await agents.write({ origin, target, body: { operator: way.toUpperCase() }, schema: z.unknown(), permit });
      return;
    } catch (error) {
      if (!mayElsewhere(error)) throw error;
      failures.push(error);
    }
  }
  throw tellOne(failures);
}

/** Whether the task is untouched, and another agent may do what this one cannot. */
function mayElsewhere(error: unknown): error is UpgradeError {
  if (error instanceof Refused || error instanceof Unreachable) return notYet(error);
  return error instanceof UpgradeError && error.code !== "unauthorized" && error.code !== "held";
}
