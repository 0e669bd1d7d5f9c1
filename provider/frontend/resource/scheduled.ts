import { canonical } from "../../base/json";
import type { UpgradeRecord } from "../../core/outcome";
import { isOpen } from "../../core/record";
import { type Call, describeResource } from "./call";
import type { Properties } from "./properties";
import type { RunNotes } from "./run-notes";
import { rememberedUpgrade } from "./state";

/** Topic of the notes: which resource relies on a scheduled upgrade of a member. */
const RELIES = "relies";

/** The resource. */
type Of = Pick<Call, "type" | "urn">;

/**
 * Which resources of the operation rely on upgrades that wait for a maintenance window. A resource that is renamed, replaced or
 * moved is created first and joins the upgrade that the old one scheduled; then the old one is deleted, and must not cancel
 * it. What a resource relies on stands in its state, so it is known whether or not the resource changes in this operation.
 */
export class Scheduled {
  readonly #notes: RunNotes;

  constructor(notes: RunNotes) {
    this.#notes = notes;
  }

  /** A resource of the program is at this state. @param before the state that it had before */
  seen(call: Of, outputs: Properties, before?: Properties): void {
    const author = authorOf(call, outputs);
    if (before !== undefined && authorOf(call, before) !== author) this.gone(call, before);
    const note = relianceOf(call, outputs);
    if (note !== undefined) this.#notes.note(RELIES, author, note);
  }

  /**
   * Creates or updates a resource. It may find scheduled upgrades of its members and rely on them before its state says so.
   * @param run its end is the moment from which the state says what the resource relies on
   */
  async during<T>(call: Of, members: readonly string[], run: () => Promise<T>): Promise<T> {
    const author = runOf(call);
    this.#notes.note(RELIES, author, noteOf(call, members));
    try {
      return await run();
    } finally {
      this.#notes.note(RELIES, author, {});
    }
  }

  /** A resource with this state is no more. */
  gone(call: Of, outputs: Properties): void {
    if (relianceOf(call, outputs) !== undefined) this.#notes.remove(RELIES, authorOf(call, outputs));
  }

  /**
   * Why a resource must not cancel a scheduled upgrade of a member that it no longer needs; undefined when it may.
   * @param outputs the resource's own state
   */
  reasonToKeep(call: Of, outputs: Properties, member: string): string | undefined {
    const own: readonly string[] = [authorOf(call, outputs), runOf(call)];
    const notes = this.#notes.about(RELIES, [thingOf(call, member)]);
    const other = notes.find(({ author }) => !own.includes(author));
    if (other !== undefined) return `${other.text} relies on it.`;
    if (this.#notes.complete) return undefined;
    return "whether another resource relies on it is unknown, because the directory for temporary files cannot be used.";
  }
}

/**
 * A state of a resource: while a resource is replaced, two states have one URN. The record of the upgrade tells them apart, as
 * only one of them can have scheduled it.
 */
function authorOf({ urn }: Of, { lastUpgrade }: Properties): string {
  return `${urn} ${canonical(lastUpgrade ?? null)}`;
}

function runOf({ urn }: Of): string {
  return `${urn} runs`;
}

/** Undefined where nothing is, or may be, scheduled that the resource needs. Of several members some may run and others wait. */
function relianceOf(call: Of, outputs: Properties): Record<string, string> | undefined {
  const upgrade = rememberedUpgrade(outputs);
  const satisfied = outputs["status"] === "current" || outputs["status"] === "newer";
  if (upgrade === undefined || satisfied || !isOpen(upgrade)) return undefined;
  return noteOf(call, membersOf(outputs, upgrade));
}

function noteOf(call: Of, members: readonly string[]): Record<string, string> {
  const text = describeResource(call.type, call.urn);
  return Object.fromEntries(members.map((member) => [thingOf(call, member), text]));
}

/** Whether the record has upgrades that wait for their window, as far as it is known. */
export function isScheduled(upgrade: UpgradeRecord): boolean {
  return upgrade.state === "deferred" || (isOpen(upgrade) && upgrade.tasks !== undefined);
}

function membersOf({ members }: Properties, { tasks = {} }: UpgradeRecord): string[] {
  const observed = typeof members === "object" && members !== null ? Object.keys(members) : [];
  return [...new Set([...observed, ...Object.keys(tasks)])];
}

function thingOf({ type }: Of, member: string): string {
  return `${type} ${member}`;
}
