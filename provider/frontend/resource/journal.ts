import { createHash } from "node:crypto";
import {
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a resource notes, by the managed thing that it is about: an instance, a cluster's address, a database. */
export type Note = Readonly<Record<string, string>>;

/** `null`: the author's note is removed. */
export type Entry = readonly [topic: string, author: string, note: Note | null];

const FOR_US_ALONE = { directory: 0o700, file: 0o600 };
/** Notes of other operations are removed once their processes have ended and they are so old, in milliseconds. */
const KEPT = 24 * 3_600_000;

/**
 * A file for each process of an operation, below a directory of the user's that nobody else can read or write. Each process
 * appends to its own file and reads the others'. The operation is known by its engine's address, which all of its processes
 * are given. Where the directory cannot be used, the journal says so and keeps nothing.
 */
export class Journal {
  readonly #root: string;
  readonly #directory: string;
  readonly #own: string;
  /** How far the other files were read, and what is left of their last line. */
  readonly #others = new Map<string, { offset: number; rest: string }>();
  #usable: boolean | undefined;
  /** Its own, open as long as the process lives. */
  #file = -1;

  /** @param pid names the file of this process */
  constructor(engineAddress: string, root = userDirectory(), pid = process.pid) {
    this.#root = root;
    this.#directory = join(root, createHash("sha256").update(engineAddress).digest("hex").slice(0, 32));
    this.#own = String(pid);
  }

  /** Whether this process can read and write there. */
  get usable(): boolean {
    this.#usable ??= attempt(() => this.#open());
    return this.#usable;
  }

  write(entry: Entry): void {
    if (!this.usable) return;
    const line = `${JSON.stringify(entry)}\n`;
    this.#usable = attempt(() => writeSync(this.#file, line));
  }

  /** What the other processes have written since the last time. */
  read(): Entry[] {
    if (!this.usable) return [];
    const entries: Entry[] = [];
    this.#usable = attempt(() => {
      for (const name of readdirSync(this.#directory)) if (name !== this.#own) entries.push(...this.#readOther(name));
    });
    return entries;
  }

  #open(): void {
    for (const directory of [this.#root, this.#directory]) makePrivate(directory);
    // An earlier operation had the same address.
    removeEnded(this.#directory);
    for (const name of readdirSync(this.#root)) {
      const directory = join(this.#root, name);
      if (directory !== this.#directory) attempt(() => removeOld(directory));
    }
    this.#file = openSync(join(this.#directory, this.#own), "w", FOR_US_ALONE.file);
  }

  #readOther(name: string): Entry[] {
    const { offset, rest } = this.#others.get(name) ?? { offset: 0, rest: "" };
    const path = join(this.#directory, name);
    if (statSync(path).size === offset) return [];
    const bytes = readFrom(path, offset);
    const lines = `${rest}${bytes.toString("utf8")}`.split("\n");
    this.#others.set(name, { offset: offset + bytes.length, rest: lines.pop() ?? "" });
    return lines.flatMap(entryOf);
  }
}

/** `/tmp/pulumi-dbversion-1000` */
function userDirectory(): string {
  return join(tmpdir(), `pulumi-dbversion-${process.getuid?.() ?? "notes"}`);
}

function attempt(use: () => void): boolean {
  try {
    use();
    return true;
  } catch {
    return false;
  }
}

/** @throws Error when somebody else could read or write there: the place is known to everybody */
function makePrivate(directory: string): void {
  mkdirSync(directory, { mode: FOR_US_ALONE.directory, recursive: true });
  const found = lstatSync(directory);
  const uid = process.getuid?.();
  const open = uid !== undefined && (found.uid !== uid || (found.mode & 0o077) !== 0);
  if (!found.isDirectory() || open) throw new Error(`${directory} is not a directory of this user alone`);
}

/** Removes the files of processes that have ended. Another process may be doing the same. */
function removeEnded(directory: string): void {
  const ended = readdirSync(directory).filter((name) => !isAlive(Number(name)));
  for (const name of ended) attempt(() => unlinkSync(join(directory, name)));
}

/** The same of another operation, long after it. */
function removeOld(directory: string): void {
  if (Date.now() - lstatSync(directory).mtimeMs < KEPT) return;
  removeEnded(directory);
  // Not if a process of it lives.
  rmdirSync(directory);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH");
  }
}

function readFrom(path: string, offset: number): Buffer {
  const file = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(Math.max(fstatSync(file).size - offset, 0));
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, offset));
  } finally {
    closeSync(file);
  }
}

/** None for a line that another version of this package may have written. */
function entryOf(line: string): Entry[] {
  try {
    const read: unknown = JSON.parse(line);
    if (!Array.isArray(read)) return [];
    const [topic, author, note]: unknown[] = read;
    if (typeof topic !== "string" || typeof author !== "string") return [];
    if (note === null) return [[topic, author, null]];
    return isNote(note) ? [[topic, author, note]] : [];
  } catch {
    return [];
  }
}

function isNote(value: unknown): value is Note {
  return typeof value === "object" && value !== null && Object.values(value).every((text) => typeof text === "string");
}
