import { readFile } from "node:fs/promises";

/** Milliseconds of a clock tick (`sysconf(_SC_CLK_TCK)` is 100 on every Linux that Node runs on). */
const TICK = 10;
/** Where the times of the ended children stand, counted behind the name, which is in brackets (proc_pid_stat(5)). */
const CHILDREN_USER = 13;

/**
 * Processor time of all processes that were started and have ended so far, and of theirs, in milliseconds: what work costs,
 * whatever else the machine does meanwhile.
 * @returns undefined where the system does not tell it
 */
export async function processorTimeOfChildren(): Promise<number | undefined> {
  const stat = await readFile("/proc/self/stat", "utf8").catch(() => undefined);
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[CHILDREN_USER]) + Number(fields[CHILDREN_USER + 1])) * TICK;
}
