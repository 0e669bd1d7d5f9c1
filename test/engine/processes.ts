import { execFile } from "node:child_process";
import { promisify } from "node:util";

interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** All processes below one process, found through `ps`, which Linux and macOS both have. */
export async function descendants(root: number): Promise<ProcessInfo[]> {
  const all = await list();
  const found: ProcessInfo[] = [];
  const pending = [root];
  for (let parent = pending.shift(); parent !== undefined; parent = pending.shift()) {
    const children = all.filter((info) => info.parent === parent);
    found.push(...children);
    pending.push(...children.map(({ pid }) => pid));
  }
  return found;
}

/** The Node process that serves the dynamic provider, not the shell script that starts it nor what the script runs to find it. */
export function isDynamicProvider({ command }: ProcessInfo): boolean {
  return /cmd\/dynamic-provider/.test(command) && !/pulumi-resource-pulumi-nodejs|require\.resolve/.test(command);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Sends SIGKILL to those processes that still run the same command as when they were found. */
export async function killAll(seen: readonly ProcessInfo[]): Promise<void> {
  if (!seen.some(({ pid }) => isAlive(pid))) return;
  const now = new Map((await list()).map((info) => [info.pid, info.command]));
  for (const { pid, command } of seen) if (now.get(pid) === command) kill(pid, "SIGKILL");
}

/** Signals a process (or, by a negative id, a process group) that may have ended already. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

async function list(): Promise<ProcessInfo[]> {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,stat=,args="], { maxBuffer: 1 << 26 });
  return stdout.split("\n").flatMap((line) => {
    const [, pid, parent, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
    if (pid === undefined || state?.startsWith("Z")) return [];
    return [{ pid: Number(pid), parent: Number(parent), command: command ?? "" }];
  });
}

export type { ProcessInfo };
