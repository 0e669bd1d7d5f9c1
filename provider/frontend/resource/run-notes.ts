import type { Journal, Note } from "./journal";

export interface Noted {
  readonly thing: string;
  readonly author: string;
  readonly text: string;
}

/**
 * What the resources of one operation (`preview`, `up`, `destroy`) note for each other. All plugin processes of the operation
 * share the notes: an explicit `Provider` has a process of its own. Nothing in them outlives the operation.
 */
export class RunNotes {
  readonly #journal: Journal | undefined;
  /** Topic and thing → author → text. */
  readonly #texts = new Map<string, Map<string, string>>();
  /** Topic and author → things. */
  readonly #things = new Map<string, readonly string[]>();
  readonly #removed = new Set<string>();

  /** @param journal what is shared with the other processes; none where there are no others */
  constructor(journal?: Journal) {
    this.#journal = journal;
  }

  /** Whether the other processes' notes can be read, and they can read ours. */
  get complete(): boolean {
    return this.#journal?.usable ?? true;
  }

  /** In the place of what the author has noted before. */
  note(topic: string, author: string, note: Note): void {
    this.#keep(topic, author, note);
    this.#journal?.write([topic, author, note]);
  }

  /** Removes an author's note permanently, for all processes. */
  remove(topic: string, author: string): void {
    this.#keep(topic, author, undefined);
    this.#journal?.write([topic, author, null]);
  }

  /** What is noted about these things. */
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
    // Two processes may write in any order; what was removed stays removed.
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
