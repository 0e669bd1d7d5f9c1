import { describeResource } from "../../base/urn";
import type { CommonArguments } from "../../core/arguments";
import type { SomeKind } from "../../core/kind";
import { some } from "../../core/texts/sentences";
import { exclude } from "../../core/version";
import type { RunNotes } from "./run-notes";
import type { Session } from "./session";

/** Topic of the notes: the target version of each managed object of a resource. */
const TARGETS = "targets";

/** An object that another resource manages as well, and the incompatible target versions. */
interface Conflict {
  /** The URN of the other resource. */
  readonly other: string;
  readonly name: string;
  readonly ours: string;
  readonly theirs: string;
}

/** Finds resources of the operation that manage the same object, from their arguments alone. */
export class Overlaps {
  readonly #notes: RunNotes;
  readonly #reported = new Set<string>();

  constructor(notes: RunNotes) {
    this.#notes = notes;
  }

  /** Registers a resource of the program. Warns once for each pair with incompatible versions. */
  declare({ call: { type, urn }, kind, args, reporter }: Session): void {
    if (args === undefined) return;
    const targets = targetsOf(kind, args);
    const note = Object.fromEntries(Object.entries(targets).map(([name, target]) => [`${type} ${name}`, target]));
    this.#notes.note(TARGETS, urn, note);
    const notes = this.#notes.about(TARGETS, Object.keys(note));
    const conflicts = notes.flatMap(({ subject, author: other, text: theirs }): Conflict[] => {
      const ours = note[subject] ?? "";
      // Resources with compatible target versions share their upgrades.
      if (other === urn || !exclude(ours, theirs)) return [];
      return [{ other, name: subject.slice(type.length + 1), ours, theirs }];
    });
    for (const [other, all] of Map.groupBy(conflicts, (conflict) => conflict.other)) {
      const pair = `${urn} ${other}`;
      if (this.#reported.has(pair)) continue;
      this.#reported.add(pair);
      reporter.warn(warningOf(describeResource(type, other), all));
    }
  }
}

function warningOf(other: string, conflicts: readonly Conflict[]): string {
  const [{ ours, theirs } = { ours: "", theirs: "" }] = conflicts;
  return (
    `${other} manages ${some(conflicts.map(({ name }) => name))} as well, with version ${theirs}; this resource has ${ours}. ` +
    "Upgrades are never undone: the higher version remains, and the resource with the lower one then reports " +
    '"newer" and sends nothing. Manage it in one resource only, or give both the same version.'
  );
}

function targetsOf(kind: SomeKind, args: CommonArguments): Readonly<Record<string, string>> {
  const target = String(Reflect.get(args, kind.pinned));
  return kind.targets?.(args) ?? Object.fromEntries(kind.identity(args).map((name) => [name, target]));
}
