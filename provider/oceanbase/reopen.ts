import { z } from "zod";
import { notYet, PinError, Refused, Unreachable } from "../core/errors";
import type { Task, Way } from "../core/task";
import type { Agents } from "./agents";
import { tellOne } from "./contact";

/**
 * Re-opens a failed task, through one agent after the other: unlike a look at a task, an agent that lacks its database
 * does not pass this on, and a failed upgrade may well be what took it away. It ends with the first that says yes or no,
 * or whose answer is lost. A second operator on a task that is open again is refused by obshell.
 * @throws Refused or Unreachable, as a write does
 */
export async function reopen(agents: Agents, task: Task, way: Way): Promise<void> {
  const target = `/api/v1/task/dag/${encodeURIComponent(task.id)}`;
  const failures: PinError[] = [];
  for (const origin of agents.origins) {
    try {
      await agents.write(origin, target, { operator: way.toUpperCase() }, z.unknown());
      return;
    } catch (error) {
      if (!mayElsewhere(error)) throw error;
      failures.push(error);
    }
  }
  throw tellOne(failures);
}

/** Whether the task is untouched, and another agent may do what this one cannot. */
function mayElsewhere(error: unknown): error is PinError {
  if (error instanceof Refused || error instanceof Unreachable) return notYet(error);
  return error instanceof PinError && error.code !== "unauthorized";
}
