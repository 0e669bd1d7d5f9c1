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

  /** The saved state, or undefined if the file does not exist. Throws if it is not JSON. */
  load(): Saved<T> | undefined {
    if (!existsSync(this.#path)) return undefined;
    // Only `save` writes the file; the caller checks its format.
    return JSON.parse(readFileSync(this.#path, "utf8")) as Saved<T>;
  }

  /** Writes the state atomically if it changed. */
  save(savedAt: number, state: T): void {
    const text = JSON.stringify(state);
    if (text === this.#last) return;
    this.#last = text;
    const temporary = `${this.#path}.${process.pid}.tmp`;
    writeFileSync(temporary, `${JSON.stringify({ savedAt, state }, null, 1)}\n`, { mode: 0o600 });
    renameSync(temporary, this.#path);
  }
}
