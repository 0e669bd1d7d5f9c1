import { canonical } from "../../base/json";
import { sentences } from "../../base/sentences";
import { describeResource } from "../../base/urn";
import { asUpgradeError } from "../../core/errors";
import { taskOf, type UpgradeRecord } from "../../core/outcome";
import { giveUp } from "../../core/run";
import type { Runtime } from "../../core/runtime";
import { nameOf } from "../../core/task";
import { isOpen } from "../../core/upgrades/record";
import type { Properties } from "./properties";
import type { RunNotes } from "./run-notes";
import { type Call, Failure, policyOf, type Session, withDriver } from "./session";
import { rememberedUpgrade } from "./state";

/** Topic of the notes: the resource that relies on a scheduled upgrade of a member. */
const RELIES = "relies";

/** Timeout for canceling a scheduled upgrade, in milliseconds. */
const LIMIT = 5 * 60_000;

type Of = Pick<Call, "type" | "urn">;

/**
 * Tracks which resources of the operation rely on scheduled upgrades. A resource that is renamed, replaced or moved is
 * created first and joins the upgrade that the old one scheduled. Then the old one is deleted, and must not cancel it.
 * Reliance is part of a resource's state, so it is known whether or not the resource changes in this operation.
 */
export class Scheduled {
  readonly #notes: RunNotes;

  constructor(notes: RunNotes) {
    this.#notes = notes;
  }

  /** Records the state of a resource in the program. @param before its previous state */
  seen(call: Of, outputs: Properties, before?: Properties): void {
    const author = authorOf(call, outputs);
    if (before !== undefined && authorOf(call, before) !== author) this.gone(call, before);
    const note = relianceOf(call, outputs);
    if (note !== undefined) this.#notes.note(RELIES, author, note);
  }

  /**
   * Creates or updates a resource. It may find scheduled upgrades of its members and rely on them before its state
   * shows that.
   * @param run when it ends, the state shows what the resource relies on
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

  /** Removes a resource with this state. */
  gone(call: Of, outputs: Properties): void {
    if (relianceOf(call, outputs) !== undefined) this.#notes.remove(RELIES, authorOf(call, outputs));
  }

  /**
   * Why a resource must not cancel a scheduled upgrade of a member that it no longer needs; undefined if it may.
   * @param outputs the resource's own state
   */
  reasonToKeep(call: Of, outputs: Properties, member: string): string | undefined {
    const own: readonly string[] = [authorOf(call, outputs), runOf(call)];
    const notes = this.#notes.about(RELIES, [subjectOf(call, member)]);
    const other = notes.find(({ author }) => !own.includes(author));
    if (other !== undefined) return `${other.text} relies on it.`;
    if (this.#notes.complete) return undefined;
    return "whether another resource relies on it is unknown, because the directory for temporary files cannot be used.";
  }

  /** `keepScheduled` for a run of a resource. @param outputs its state */
  keeping(session: Session, outputs: Properties): NonNullable<Runtime["keepScheduled"]> {
    const { call, kind, args } = session;
    return (member) => {
      const members = member === undefined && args !== undefined ? kind.identity(args) : [member ?? ""];
      const reasons = members.map((one) => this.reasonToKeep(call, outputs, one));
      const reason = reasons.find((one) => one !== undefined);
      if (reason === undefined) return undefined;
      return `${reason} No resource will cancel it: ${byHandOf(session)}.`;
    };
  }

  /**
   * Cancels upgrades that a deleted resource has scheduled and that have not started. Upgrades in progress are not
   * changed.
   * @param outputs the state of the resource
   * @param upgrade its last upgrade, which is not complete
   * @throws Failure if it was not canceled and may still be scheduled
   */
  async cancelLeft(session: Session, outputs: Properties, upgrade: UpgradeRecord): Promise<void> {
    const { call, kind, args, reporter } = session;
    // An upgrade that was not requested for a window continues.
    if (!isScheduled(upgrade) && (args === undefined || kind.schedules?.(args) !== true)) return;
    const byHand = `${byHandOf(session)}.`;
    if (upgrade.joined === true) {
      const name = nameOf(taskOf(upgrade));
      reporter.warn(
        `${name} was not scheduled by this resource, so deleting the resource does not cancel it; ${byHand}`,
      );
      return;
    }
    if (upgrade.state === "unknown" && !isScheduled(upgrade)) {
      reporter.warn(`It is unknown whether an upgrade that this resource requested was scheduled; ${byHand}`);
      return;
    }
    const policy = policyOf(session, outputs);
    const keepScheduled = this.keeping(session, outputs);
    try {
      await withDriver(session, call.limit ?? LIMIT, (driver, runtime) =>
        giveUp(driver, upgrade, policy, { ...runtime, keepScheduled }),
      );
    } catch (error) {
      const { code, message } = asUpgradeError(error);
      const remedy = `Run the command again. Alternatively, remove the resource from the state with \`pulumi state delete '${call.urn}'\`; then, ${byHand}`;
      throw new Failure(
        session.redact(`${sentences("The scheduled upgrade was not canceled.", message, remedy)} [${code}]`),
      );
    }
  }
}

/** How a user can cancel a scheduled upgrade without this tool. */
function byHandOf({ kind }: Session): string {
  return `if it is still scheduled and no longer needed, ${kind.cancelByHand ?? "cancel it at the vendor"}`;
}

/**
 * Identifies a state of a resource, because two states have the same URN during a replacement. The upgrade record
 * distinguishes them: only one of them can have scheduled it.
 */
function authorOf({ urn }: Of, { lastUpgrade }: Properties): string {
  return `${urn} ${canonical(lastUpgrade ?? null)}`;
}

function runOf({ urn }: Of): string {
  return `${urn} runs`;
}

/** Undefined if no upgrade that the resource needs is, or may be, scheduled. Other members may be in progress. */
function relianceOf(call: Of, outputs: Properties): Record<string, string> | undefined {
  const upgrade = rememberedUpgrade(outputs);
  const satisfied = outputs["status"] === "current" || outputs["status"] === "newer";
  if (upgrade === undefined || satisfied || !isOpen(upgrade)) return undefined;
  return noteOf(call, membersOf(outputs, upgrade));
}

function noteOf(call: Of, members: readonly string[]): Record<string, string> {
  const text = describeResource(call.type, call.urn);
  return Object.fromEntries(members.map((member) => [subjectOf(call, member), text]));
}

/** Whether the record has scheduled upgrades, as far as known. */
function isScheduled(upgrade: UpgradeRecord): boolean {
  return upgrade.state === "deferred" || (isOpen(upgrade) && upgrade.tasks !== undefined);
}

function membersOf({ members }: Properties, { tasks = {} }: UpgradeRecord): string[] {
  const observed = typeof members === "object" && members !== null ? Object.keys(members) : [];
  return [...new Set([...observed, ...Object.keys(tasks)])];
}

function subjectOf({ type }: Of, member: string): string {
  return `${type} ${member}`;
}
