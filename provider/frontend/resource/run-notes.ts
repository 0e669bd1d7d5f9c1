import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, openSync, readdirSync, readFileSync, rmdirSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isTable } from "../../base/json";

export interface Noted {
  readonly subject: string;
  readonly author: string;
  readonly text: string;
}

/**
 * Notes that the resources of one operation (`preview`, `up`, `destroy`) leave for each other. All plugin processes of
 * the operation share them, because an explicit `Provider` has its own process. Notes do not outlive the operation.
 */
export class RunNotes {
  readonly #journal: Journal | undefined;
  /** By topic and author. */
  readonly #notes = new Map<string, Map<string, Entry[2]>>();

  /** @param journal shared with the other processes; missing if there are none */
  constructor(journal?: Journal) {
    this.#journal = journal;
  }

  /** Whether this process and the others can read each other's notes. */
  get complete(): boolean {
    return this.#journal?.usable ?? true;
  }

  /** Replaces the author's previous note. */
  note(topic: string, author: string, note: Note): void {
    this.#write([topic, author, note]);
  }

  /** Removes an author's note permanently, for all processes. */
  remove(topic: string, author: string): void {
    this.#write([topic, author, null]);
  }

  /** All notes about these objects. */
  about(topic: string, subjects: readonly string[]): Noted[] {
    for (const entry of this.#journal?.read() ?? []) this.#keep(entry);
    const notes = [...(this.#notes.get(topic) ?? [])];
    return subjects.flatMap((subject) =>
      notes.flatMap(([author, note]) => {
        const text = note?.[subject];
        return text === undefined ? [] : [{ subject, author, text }];
      }),
    );
  }

  #write(entry: Entry): void {
    this.#keep(entry);
    this.#journal?.write(entry);
  }

  #keep([topic, author, note]: Entry): void {
    const notes = this.#notes.get(topic) ?? new Map<string, Entry[2]>();
    // Writes of two processes arrive in any order; a removed note stays removed.
    if (notes.get(author) !== null) this.#notes.set(topic, notes.set(author, note));
  }
}

/** A note of a resource, by the managed object that it is about: an instance, a cluster's address, a database. */
export type Note = Readonly<Record<string, string>>;

/** `null`: the author's note is removed. */
export type Entry = readonly [topic: string, author: string, note: Note | null];

const FOR_US_ALONE = { directory: 0o700, file: 0o600 };
/** Minimum age in milliseconds before notes of other operations are removed, once their processes have ended. */
const KEPT = 24 * 3_600_000;

/**
 * One file per process of an operation, in a directory that only the user can read or write. Each process appends to
 * its own file and reads the others. The engine's address, which all processes of an operation receive, identifies the
 * operation. If the directory is not usable, `usable` is false and nothing is stored.
 */
export class Journal {
  readonly #root: string;
  readonly #directory: string;
  readonly #own: string;
  /** Where the next line begins that was not read yet, by file. */
  readonly #positions = new Map<string, number>();
  #usable: boolean | undefined;
  /** Descriptor of its own file, open until the process ends. */
  #file = -1;

  /** @param pid the name of this process's file */
  constructor(engineAddress: string, root = userDirectory(), pid = process.pid) {
    this.#root = root;
    this.#directory = join(root, createHash("sha256").update(engineAddress).digest("hex").slice(0, 32));
    this.#own = String(pid);
  }

  /** Whether this process can read and write the directory. */
  get usable(): boolean {
    this.#usable ??= attempt(() => this.#open());
    return this.#usable;
  }

  write(entry: Entry): void {
    if (!this.usable) return;
    const line = `${JSON.stringify(entry)}\n`;
    this.#usable = attempt(() => writeSync(this.#file, line));
  }

  /** New entries of the other processes since the last call. */
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
    // An earlier operation may have used the same address.
    removeStale(this.#directory);
    for (const name of readdirSync(this.#root)) {
      const directory = join(this.#root, name);
      if (directory !== this.#directory) attempt(() => removeOld(directory));
    }
    this.#file = openSync(join(this.#directory, this.#own), "w", FOR_US_ALONE.file);
  }

  /** An incomplete last line is read later. */
  #readOther(name: string): Entry[] {
    const bytes = readFileSync(join(this.#directory, name));
    const end = bytes.lastIndexOf("\n") + 1;
    const lines = bytes.toString("utf8", this.#positions.get(name) ?? 0, end).split("\n");
    this.#positions.set(name, end);
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

/** @throws Error if another user could read or write there, because the path is predictable */
function makePrivate(directory: string): void {
  mkdirSync(directory, { mode: FOR_US_ALONE.directory, recursive: true });
  const found = lstatSync(directory);
  const uid = process.getuid?.();
  const open = uid !== undefined && (found.uid !== uid || (found.mode & 0o077) !== 0);
  if (!found.isDirectory() || open) throw new Error(`${directory} is not a directory of this user alone`);
}

/** Removes the files of processes that have ended. Another process may do the same concurrently. */
function removeStale(directory: string): void {
  const ended = readdirSync(directory).filter((name) => !isAlive(Number(name)));
  for (const name of ended) attempt(() => unlinkSync(join(directory, name)));
}

/** The same for an old operation. */
function removeOld(directory: string): void {
  if (Date.now() - lstatSync(directory).mtimeMs < KEPT) return;
  removeStale(directory);
  // Fails if one of its processes is still alive.
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

/** None for an empty line, and for one that another version of this package may have written. */
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
  return isTable(value) && Object.values(value).every((text) => typeof text === "string");
}
