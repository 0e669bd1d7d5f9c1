import { nameOf } from "./describe";
import { Watch } from "./pace";
import type { Patience } from "./patience";
import type { Pin, Task, TaskStatus } from "./pin";
import type { Runtime } from "./runtime";
import { Stall } from "./stall";

/** How a task ended. What it achieved, only a look at the members can tell. */
export type Ending = Exclude<TaskStatus, { kind: "running" }>;

/** Waits for the end of a task, reporting its progress. */
export async function follow(
  pin: Pick<Pin, "inspect" | "looksAlone" | "lookAt">,
  task: Task,
  patience: Patience,
  runtime: Runtime,
): Promise<Ending> {
  const { clock, signal, random, report } = runtime;
  const watch = new Watch(clock, signal, random, pin.looksAlone);
  const stall = new Stall(runtime, nameOf(task), pin.lookAt?.(task));
  for (;;) {
    const status = await patience.ask(() => pin.inspect(task));
    if (status.kind !== "running") return status;
    report(stall.seen(status));
    await watch.pause(status.percent);
  }
}
