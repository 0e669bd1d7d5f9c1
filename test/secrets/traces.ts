import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Traces of a run that other users can read: command lines during the run, files afterwards. */

const PROC = "/proc";
/** Milliseconds between two samples of the processes. */
const EVERY = 50;

/** Whether this system shows the command lines of processes in files, as Linux does. */
export const SHOWS_COMMANDS = existsSync(join(PROC, "self", "cmdline"));

/** Records the command lines of every descendant process from now on. */
export function watchCommands(): { seen(): readonly string[]; stop(): readonly string[] } {
  const seen = new Set<string>();
  const sample = () => {
    for (const pid of below(process.pid)) seen.add(readProc(pid, "cmdline").replaceAll("\0", " ").trim());
  };
  const timer = setInterval(sample, EVERY);
  return {
    seen: () => [...seen],
    stop: () => {
      clearInterval(timer);
      return [...seen];
    },
  };
}

/** All descendants of a process. */
function below(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync(PROC).filter((each) => /^\d+$/.test(each))) {
    // "<pid> (<name>) <state> <parent> …": the name may contain anything.
    const parent = Number(readProc(Number(name), "stat").split(") ").at(-1)?.split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const pids = [root];
  for (const pid of pids) pids.push(...(children.get(pid) ?? []));
  return pids.slice(1);
}

/** Empty when the process has ended meanwhile. */
function readProc(pid: number, file: "cmdline" | "stat"): string {
  try {
    return readFileSync(join(PROC, String(pid), file), "utf8");
  } catch {
    return "";
  }
}

/** The path and the content of every file below a directory, read byte by byte. Links are named, not followed. */
export async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name);
      return entry.isFile() ? `${path}\n${await readFile(path, "latin1")}` : path;
    }),
  );
}
