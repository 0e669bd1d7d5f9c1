import { Watch } from "./pace";
import type { Patience } from "./patience";
import type { Pin, Task, TaskStatus } from "./pin";
import type { Runtime } from "./runtime";

/** How a task ended. What it achieved, only a look at the members can tell. */
export type Ending = Exclude<TaskStatus, { kind: "running" }>;

/** Waits for the end of a task, reporting its progress. */
export async function follow(
  pin: Pick<Pin, "inspect" | "looksAlone">,
  task: Task,
  patience: Patience,
  { clock, signal, random, report }: Runtime,
): Promise<Ending> {
  const watch = new Watch(clock, signal, random, pin.looksAlone);
  for (;;) {
    const status = await patience.ask(() => pin.inspect(task));
    if (status.kind !== "running") return status;
    report(status);
    await watch.pause(status.percent);
  }
}
