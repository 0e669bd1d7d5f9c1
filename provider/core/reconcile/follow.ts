import type { Driver } from "../driver";
import type { Runtime } from "../runtime";
import { nameOf, type Task, type TaskStatus } from "../task";
import { Stall, Watch } from "./pace";
import type { UnreachableBudget } from "./unreachable-budget";

/** How a task ended. Its effect is only known after a read of the members. */
export type Ending = Exclude<TaskStatus, { kind: "running" }>;

/** Waits for the end of a task and reports its progress. */
export async function follow(
  driver: Pick<Driver, "inspect" | "ownReads" | "lookAt">,
  task: Task,
  budget: UnreachableBudget,
  runtime: Runtime,
): Promise<Ending> {
  const { clock, signal, random, report } = runtime;
  const watch = new Watch(clock, signal, random, driver.ownReads);
  const stall = new Stall(runtime, nameOf(task), driver.lookAt?.(task));
  for (;;) {
    const status = await budget.ask(() => inspect(driver, task));
    if (status.kind !== "running") return status;
    report(stall.seen(status));
    await watch.pause(status.percent);
  }
}

export async function inspect(driver: Pick<Driver, "inspect">, task: Task): Promise<TaskStatus> {
  if (driver.inspect === undefined) throw new Error("a task is to be read from a vendor that only lists tasks");
  return driver.inspect(task);
}
