import type { Journal, Note } from "./journal";

export interface Noted {
  readonly thing: string;
  readonly author: string;
  readonly text: string;
}

/**
 * Notes that the resources of one operation (`preview`, `up`, `destroy`) leave for each other. All plugin processes of
 * the operation share them, because an explicit `Provider` has its own process. Notes do not outlive the operation.
 */
export class RunNotes {
  readonly #journal: Journal | undefined;
  /** Topic and object → author → text. */
  readonly #texts = new Map<string, Map<string, string>>();
  /** Topic and author → objects. */
  readonly #things = new Map<string, readonly string[]>();
  readonly #removed = new Set<string>();

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
    this.#keep(topic, author, note);
    this.#journal?.write([topic, author, note]);
  }

  /** Removes an author's note permanently, for all processes. */
  remove(topic: string, author: string): void {
    this.#keep(topic, author, undefined);
    this.#journal?.write([topic, author, null]);
  }

  /** All notes about these objects. */
  about(topic: string, things: readonly string[]): Noted[] {
    for (const [topic, author, note] of this.#journal?.read() ?? []) this.#keep(topic, author, note ?? undefined);
    return things.flatMap((thing) => {
      const texts = this.#texts.get(keyOf(topic, thing)) ?? [];
      return [...texts].map(([author, text]) => ({ thing, author, text }));
    });
  }

  #keep(topic: string, author: string, note: Note | undefined): void {
    const known = keyOf(topic, author);
    for (const thing of this.#things.get(known) ?? []) this.#texts.get(keyOf(topic, thing))?.delete(author);
    this.#things.delete(known);
    if (note === undefined) this.#removed.add(known);
    // Writes of two processes arrive in any order; a removed note stays removed.
    if (note === undefined || this.#removed.has(known)) return;
    this.#things.set(known, Object.keys(note));
    for (const [thing, text] of Object.entries(note)) {
      const key = keyOf(topic, thing);
      const texts = this.#texts.get(key) ?? new Map<string, string>();
      this.#texts.set(key, texts.set(author, text));
    }
  }
}

function keyOf(topic: string, name: string): string {
  return `${topic} ${name}`;
}
