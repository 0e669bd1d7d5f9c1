import type { CommonArguments } from "../../core/arguments";
import type { SomeKind } from "../../core/kind";
import { some } from "../../core/texts/sentences";
import { exclude } from "../../core/version";
import type { RunNotes } from "./run-notes";
import type { Session } from "./session";
import { describeResource } from "./session";

/** Topic of the notes: the target version of each managed object of a resource. */
const TARGETS = "targets";

/** An object that two resources manage, and their target versions. */
interface Shared {
  readonly name: string;
  readonly ours: string;
  readonly theirs: string;
}

/** Finds resources of the operation that manage the same object, from their arguments alone. */
export class Overlaps {
  readonly #notes: RunNotes;
  readonly #told = new Set<string>();

  constructor(notes: RunNotes) {
    this.#notes = notes;
  }

  /** Registers a resource of the program. Warns once for each pair with incompatible versions. */
  declare({ call: { type, urn }, kind, args, news }: Session): void {
    if (args === undefined) return;
    const targets = targetsOf(kind, args);
    const note = Object.fromEntries(Object.entries(targets).map(([name, target]) => [`${type} ${name}`, target]));
    this.#notes.note(TARGETS, urn, note);
    const pairs = new Map<string, Shared[]>();
    for (const { thing, author, text: theirs } of this.#notes.about(TARGETS, Object.keys(note))) {
      if (author === urn) continue;
      const shared = { name: thing.slice(type.length + 1), ours: note[thing] ?? "", theirs };
      pairs.set(author, [...(pairs.get(author) ?? []), shared]);
    }
    const conflicts = [...pairs].flatMap(([other, shared]) => {
      const text = conflictOf(describeResource(type, other), shared);
      return text === undefined ? [] : [{ other, text }];
    });
    for (const { other, text } of conflicts) if (this.#isNews(`${urn} ${other}`)) news.warn(text);
  }

  #isNews(what: string): boolean {
    const known = this.#told.has(what);
    this.#told.add(what);
    return !known;
  }
}

/** Undefined if one version can satisfy both for every object: then they share upgrades. */
function conflictOf(other: string, shared: readonly Shared[]): string | undefined {
  const different = shared.filter(({ ours, theirs }) => exclude(ours, theirs));
  const [first] = different;
  if (first === undefined) return undefined;
  return (
    `${other} manages ${namesOf(different)} as well, with version ${first.theirs}; this resource has ${first.ours}. ` +
    "Upgrades are never undone: the higher version remains, and the resource with the lower one then reports " +
    '"newer" and sends nothing. Manage it in one resource only, or give both the same version.'
  );
}

function namesOf(shared: readonly Shared[]): string {
  return some(shared.map(({ name }) => name));
}

function targetsOf(kind: SomeKind, args: CommonArguments): Readonly<Record<string, string>> {
  const target = String(Reflect.get(args, kind.pinned));
  return kind.targets?.(args) ?? Object.fromEntries(kind.identity(args).map((name) => [name, target]));
}
