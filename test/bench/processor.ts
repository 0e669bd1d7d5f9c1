import { readFile } from "node:fs/promises";

/** Milliseconds of a clock tick (`sysconf(_SC_CLK_TCK)` is 100 on every Linux that Node runs on). */
const TICK = 10;
/** The index of the times of ended child processes, after the name in parentheses (proc_pid_stat(5)). */
const CHILDREN_USER = 13;

/**
 * Processor time in milliseconds of all child processes that have ended, and of their children. It does not depend on other
 * load of the machine.
 * @returns undefined if the system does not report it
 */
export async function processorTimeOfChildren(): Promise<number | undefined> {
  const stat = await readFile("/proc/self/stat", "utf8").catch(() => undefined);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[CHILDREN_USER]) + Number(fields[CHILDREN_USER + 1])) * TICK;
}
