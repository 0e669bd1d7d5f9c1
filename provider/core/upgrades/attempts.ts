import type { Refused, Unreachable } from "../errors";
import { SOON_TRIES } from "../policy";
import type { Task } from "../task";
import type { CompletedTask, Unit } from "../unit";
import { differ } from "../version";

/** An upgrade of one member that this run requested or found in progress. Times are milliseconds of `Clock.elapsed`. */
export interface Entry {
  /** When its latest request was sent, or when it was first seen in progress. */
  readonly sentAt: number;
  /** When that request completed. */
  readonly respondedAt: number;
  /** The member's version at that time. */
  readonly from: string;
  /** Number of requests that included it, one after the other; 0 for an upgrade that was found in progress. */
  readonly rounds: number;
  /** Set if the response to the latest request was lost: why. */
  readonly lost?: Unreachable;
  /** The latest task that had completed before the request was sent. */
  readonly before?: string;
  /** The task that was seen in progress. */
  readonly task?: Task;
  /** A task was seen, so the request was certainly accepted. */
  readonly shown: boolean;
}

/** Rejected requests that included a member, since its last accepted request. */
interface Rejections {
  /** The member's version at that time: a request from another version is a different one. */
  readonly from: string;
  readonly tries: number;
  /** The maximum size of a request that includes this member. */
  readonly limit: number;
  /** Set when the same request would be rejected again. */
  readonly final?: Refused;
}

/** Upgrade attempts of one run, by member. */
export class Attempts {
  readonly #entries = new Map<string, Entry>();
  readonly #rejections = new Map<string, Rejections>();
  /** When a member was last seen being upgraded, or scheduled; once that has ended, when the first read without it completed. */
  readonly #lastActive = new Map<string, number>();
  /** When the first of the latest reads that show no operation on a member completed. */
  readonly #idle = new Map<string, number>();
  /** When a member's latest successful task was first seen to have completed. */
  readonly #succeeded = new Map<string, { task: string; at: number }>();

  entry(name: string): Entry | undefined {
    return this.#entries.get(name);
  }

  /** A rejection that the same request would receive again. */
  refusal(name: string): Refused | undefined {
    return this.#rejections.get(name)?.final;
  }

  limit(name: string): number {
    return this.#rejections.get(name)?.limit ?? Number.POSITIVE_INFINITY;
  }

  lastActiveAt(name: string): number | undefined {
    return this.#lastActive.get(name);
  }

  /** Since its latest request, if there was one; undefined if the last read shows an operation on it. */
  idleSince(name: string): number | undefined {
    return this.#idle.get(name);
  }

  succeededAt(name: string): number | undefined {
    return this.#succeeded.get(name)?.at;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Members that a request has included. */
  get requested(): Entry[] {
    return [...this.#entries.values()].filter(({ rounds }) => rounds > 0);
  }

  /** Records a request that has completed. @param lost why its response was lost, if it was */
  sent(members: readonly Unit[], sentAt: number, respondedAt: number, lost: Unreachable | undefined): void {
    for (const { name, from, completed } of members) {
      const rounds = (this.#entries.get(name)?.rounds ?? 0) + 1;
      const known = { ...(completed && { before: completed.task.id }), ...(lost && { lost }) };
      this.#entries.set(name, { sentAt, respondedAt, from, rounds, shown: false, ...known });
      this.#rejections.delete(name);
      this.#idle.delete(name);
    }
  }

  /**
   * Records a rejection. The member that caused it is unknown, so the next requests are half as large, down to single
   * members. After `busy` and `soon`, the request is first retried unchanged. If the vendor did not read the request,
   * no member is the cause.
   */
  refused(members: readonly Unit[], refusal: Refused): void {
    const { length } = members;
    for (const { name, from } of members) {
      const { tries: before = 0, limit = Number.POSITIVE_INFINITY } = this.#rejections.get(name) ?? {};
      const tries = before + 1;
      const splits = length > 1 && !refusal.unread && (refusal.refusal === "final" || tries > 1);
      const whole = length === 1 || refusal.unread;
      const final = whole && (refusal.refusal === "final" || (refusal.refusal === "soon" && tries > SOON_TRIES));
      this.#rejections.set(name, {
        from,
        tries,
        limit: splits ? Math.ceil(length / 2) : limit,
        ...(final ? { final: refusal } : {}),
      });
    }
  }

  /** Records what a read shows. */
  seen(members: readonly Unit[], now: number): void {
    for (const member of members) {
      const { name, activity, completed, from } = member;
      if (from !== "" && differ(from, this.#rejections.get(name)?.from ?? from)) this.#rejections.delete(name);
      this.#noteOperation(name, activity !== undefined && activity.kind !== "blocked", now);
      if (completed?.kind === "succeeded" && this.#succeeded.get(name)?.task !== completed.task.id) {
        this.#succeeded.set(name, { task: completed.task.id, at: now });
      }
      if (activity?.kind === "running") this.#running(member, activity.task, now);
      const entry = this.#entries.get(name);
      if (entry === undefined || entry.shown) continue;
      const moved = differ(from, entry.from);
      if (moved || activity?.kind === "scheduled" || completedSince(entry, completed) !== undefined) {
        this.#entries.set(name, { ...entry, shown: true });
      }
    }
  }

  /** @param operation whether a read shows an operation on the member */
  #noteOperation(name: string, operation: boolean, now: number): void {
    if (operation) this.#idle.delete(name);
    else if (this.#idle.has(name)) return;
    else this.#idle.set(name, now);
    // Its operation may have ended just now: before this read, it may not have been possible to read anything.
    if (operation || this.#lastActive.has(name)) this.#lastActive.set(name, now);
  }

  #running({ name, from, completed }: Unit, task: Task, now: number): void {
    const before = completed === undefined ? {} : { before: completed.task.id };
    const found = { sentAt: now, respondedAt: now, from, rounds: 0, ...before };
    this.#entries.set(name, { ...(this.#entries.get(name) ?? found), task, shown: true });
  }
}

/** How the task of this entry ended; undefined while it is in progress. */
export function completedSince(entry: Entry, ended: CompletedTask | undefined): CompletedTask | undefined {
  return ended?.task.id === entry.before ? undefined : ended;
}
