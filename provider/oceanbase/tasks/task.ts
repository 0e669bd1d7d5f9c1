import { z } from "zod";
import { ifReadable, mostRelevant, notYet, Refused, Unreachable, UpgradeError } from "../../core/errors";
import type { Permit } from "../../core/request";
import type { Operator, Task, TaskStatus } from "../../core/task";
import type { Agents } from "../agent/agents";
import { type Dag, type DagStages, dag, dagStages } from "../agent/schema";
import { dagState, describeFailure, percentOf, shortStageOf, type stageOf } from "./dag";

/** How often in a row a task must be missing before it counts as missing. */
const MISSES = 4;

export function dagPath(id: string, details: boolean): string {
  return `/api/v1/task/dag/${encodeURIComponent(id)}?show_details=${details}`;
}

/** The known stages of a DAG. */
interface Stages extends DagStages {
  readonly id: string;
  /** The stage at which they were read. */
  readonly stage: number;
}

/** Polls one DAG through any agent that responds. */
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

  /** obshell also responds "not found" when its database fails during the read, so only repeated responses count. */
  #missing(task: Task): TaskStatus {
    this.#misses += 1;
    if (this.#misses >= MISSES) return { kind: "gone" };
    throw new Unreachable(`task ${task.id} was not found`, { sent: true, responded: true });
  }

  /**
   * The DAG with its stages, which are complete from its start. If they cannot be read, they are read again at the next
   * stage.
   */
  async #named(seen: Dag): Promise<Parameters<typeof stageOf>[0]> {
    const { id, stage } = seen;
    let known = this.#stages?.id === id ? this.#stages : undefined;
    if (known === undefined || (known.nodes?.[stage - 1] === undefined && known.stage !== stage)) {
      const found = await ifReadable(this.#agents.read(dagPath(id, true), dagStages));
      known = { id, stage: stage, nodes: found?.nodes ?? known?.nodes };
      this.#stages = known;
    }
    return { ...seen, nodes: known.nodes };
  }
}

/**
 * Re-opens a failed task, trying one agent after the other. Unlike a read of a task, an agent without its database does
 * not forward this, and a failed upgrade may have stopped that database. Ends with the first agent that accepts or
 * refuses, or whose response is lost. obshell refuses a second operator on a task that is open again.
 * @throws Refused or Unreachable, as a write does
 */
export async function reopen(agents: Agents, task: Task, operator: Operator, permit: Permit): Promise<void> {
  const target = `/api/v1/task/dag/${encodeURIComponent(task.id)}`;
  const failures: UpgradeError[] = [];
  for (const origin of agents.origins) {
    try {
      await agents.write({ origin, target, body: { operator: operator.toUpperCase() }, schema: z.unknown(), permit });
      return;
    } catch (error) {
      if (!mayElsewhere(error)) throw error;
      failures.push(error);
    }
  }
  throw mostRelevant(failures);
}

/** Whether the task is unchanged, and another agent may succeed where this one cannot. */
function mayElsewhere(error: unknown): error is UpgradeError {
  if (error instanceof Refused || error instanceof Unreachable) return notYet(error);
  return error instanceof UpgradeError && error.code !== "unauthorized" && error.code !== "held";
}
