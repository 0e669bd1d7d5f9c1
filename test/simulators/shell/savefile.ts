import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";

/** A simulator's state in a JSON file, with the simulated time at which it was saved. */
export interface Saved<T> {
  readonly savedAt: number;
  readonly state: T;
}

export class SaveFile<T> {
  readonly #path: string;
  #last = "";

  constructor(path: string) {
    this.#path = path;
  }

  /** What was saved, or undefined if the file is not there. Throws if it is no JSON. */
  load(): Saved<T> | undefined {
    if (!existsSync(this.#path)) return undefined;
    // The file is written by `save` alone; its owner checks the format it holds.
    return JSON.parse(readFileSync(this.#path, "utf8")) as Saved<T>;
  }

  /** Writes the state if it changed; a reader never sees half a file. */
  save(savedAt: number, state: T): void {
    const text = JSON.stringify(state);
    if (text === this.#last) return;
    this.#last = text;
    const temporary = `${this.#path}.${process.pid}.tmp`;
    writeFileSync(temporary, `${JSON.stringify({ savedAt, state }, null, 1)}\n`, { mode: 0o600 });
    renameSync(temporary, this.#path);
  }
}
