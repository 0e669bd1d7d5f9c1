import { isOpen } from "../../core/fleet/earlier";
import type { UpgradeRecord } from "../../core/outcome";
import { canonical, describeUrn, type Properties, typeOfUrn } from "./properties";
import type { RunNotes } from "./run-notes";
import { rememberedUpgrade } from "./state";

/** Topic of the notes: which resource relies on a scheduled upgrade of a member. */
const RELIES = "relies";

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
  seen(urn: string | undefined, outputs: Properties, before?: Properties): void {
    if (urn === undefined) return;
    const author = authorOf(urn, outputs);
    if (before !== undefined && authorOf(urn, before) !== author) this.gone(urn, before);
    const note = relianceOf(urn, outputs);
    if (note !== undefined) this.#notes.note(RELIES, author, note);
  }

  /**
   * Creates or updates a resource. It may find scheduled upgrades of its members and rely on them before its state says so.
   * @param run its end is the moment from which the state says what the resource relies on
   */
  async during<T>(urn: string | undefined, members: readonly string[], run: () => Promise<T>): Promise<T> {
    if (urn === undefined) return run();
    const author = runOf(urn);
    this.#notes.note(RELIES, author, Object.fromEntries(members.map((member) => [thingOf(urn, member), urn])));
    try {
      return await run();
    } finally {
      this.#notes.note(RELIES, author, {});
    }
  }

  /** A resource with this state is no more. */
  gone(urn: string | undefined, outputs: Properties): void {
    if (urn !== undefined && relianceOf(urn, outputs) !== undefined) {
      this.#notes.remove(RELIES, authorOf(urn, outputs));
    }
  }

  /**
   * Why a resource must not cancel a scheduled upgrade of a member that it no longer needs; undefined when it may.
   * @param outputs the resource's own state
   */
  reasonToKeep(urn: string | undefined, outputs: Properties, member: string): string | undefined {
    const own: readonly string[] = [authorOf(urn ?? "", outputs), runOf(urn ?? "")];
    const notes = this.#notes.about(RELIES, [thingOf(urn ?? "", member)]);
    const other = notes.find(({ author }) => !own.includes(author));
    if (other !== undefined) return `${describeUrn(other.text)} relies on it.`;
    if (this.#notes.complete) return undefined;
    return "whether another resource relies on it is unknown, because the directory for temporary files cannot be used.";
  }
}

/**
 * A state of a resource: while a resource is replaced, two states have one URN. The record of the upgrade tells them apart, as
 * only one of them can have scheduled it.
 */
function authorOf(urn: string, { lastUpgrade }: Properties): string {
  return `${urn} ${canonical(lastUpgrade ?? null)}`;
}

function runOf(urn: string): string {
  return `${urn} runs`;
}

/** Undefined where nothing is, or may be, scheduled that the resource needs. Of several members some may run and others wait. */
function relianceOf(urn: string, outputs: Properties): Record<string, string> | undefined {
  const upgrade = rememberedUpgrade(outputs);
  const satisfied = outputs["status"] === "current" || outputs["status"] === "newer";
  if (upgrade === undefined || satisfied || !isOpen(upgrade)) return undefined;
  const things = membersOf(outputs, upgrade).map((member) => [thingOf(urn, member), urn] as const);
  return Object.fromEntries(things);
}

/** Whether the record has upgrades that wait for their window, as far as it is known. */
export function isScheduled(upgrade: UpgradeRecord): boolean {
  return upgrade.state === "deferred" || (isOpen(upgrade) && upgrade.tasks !== undefined);
}

function membersOf({ members }: Properties, { tasks = {} }: UpgradeRecord): string[] {
  const observed = typeof members === "object" && members !== null ? Object.keys(members) : [];
  return [...new Set([...observed, ...Object.keys(tasks)])];
}

function thingOf(urn: string, member: string): string {
  return `${typeOfUrn(urn) ?? ""} ${member}`;
}
