import type { Refused } from "./errors";
import { SOON_TRIES } from "./policy";
import type { Task } from "./task";
import type { Ended, Unit } from "./unit";
import { differ } from "./version";

/** An upgrade of one member that this run asked for, or found running. Times in milliseconds of `Clock.elapsed`. */
export interface Entry {
  /** When its newest call was sent, or it was first seen running. */
  readonly sentAt: number;
  /** When that call was over. */
  readonly answeredAt: number;
  /** What it ran then. */
  readonly from: string;
  /** Calls that it was named in, each after an earlier one had ended; 0 for an upgrade that was found running. */
  readonly rounds: number;
  /** The answer to the newest call was lost. */
  readonly lost: boolean;
  /** The newest task that had ended before the call was sent. */
  readonly before?: string;
  /** The task that was seen running. */
  readonly task?: Task;
  /** Something of it was seen: it certainly was accepted. */
  readonly shown: boolean;
}

/** Refusals that a member was part of, since its last accepted call. */
interface Doubt {
  /** What it ran then: from another version it is another request. */
  readonly from: string;
  readonly tries: number;
  /** How many members a call may name that names this one. */
  readonly limit: number;
  /** The same call would be refused again. */
  readonly final?: Refused;
}

/** The memory of one run, by member. */
export class Attempts {
  readonly #entries = new Map<string, Entry>();
  readonly #doubts = new Map<string, Doubt>();
  /** When something was last seen to be done to a member, or to wait for its window. */
  readonly #stirred = new Map<string, number>();
  /** When a member's newest successful task was first seen to have ended. */
  readonly #succeeded = new Map<string, { task: string; at: number }>();

  entry(name: string): Entry | undefined {
    return this.#entries.get(name);
  }

  /** A refusal that the same call would meet again. */
  refusal(name: string): Refused | undefined {
    return this.#doubts.get(name)?.final;
  }

  limit(name: string): number {
    return this.#doubts.get(name)?.limit ?? Number.POSITIVE_INFINITY;
  }

  stirredAt(name: string): number | undefined {
    return this.#stirred.get(name);
  }

  succeededAt(name: string): number | undefined {
    return this.#succeeded.get(name)?.at;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Members that a call has named. */
  get asked(): Entry[] {
    return [...this.#entries.values()].filter(({ rounds }) => rounds > 0);
  }

  /** A call was sent at some time, and is over. */
  sent(members: readonly Unit[], sentAt: number, answeredAt: number, lost: boolean): void {
    for (const { name, from, ended } of members) {
      const rounds = (this.#entries.get(name)?.rounds ?? 0) + 1;
      const before = ended === undefined ? {} : { before: ended.task.id };
      this.#entries.set(name, { sentAt, answeredAt, from, rounds, lost, shown: false, ...before });
      this.#doubts.delete(name);
    }
  }

  /**
   * A call was refused for one of its members, which one is not known: halves are tried, then each alone. What may pass
   * (`busy`, `soon`) is first tried once more as it was. A refusal of a request that was not read is about no member.
   */
  refused(members: readonly Unit[], refusal: Refused): void {
    const { length } = members;
    for (const { name, from } of members) {
      const { tries: before = 0, limit = Number.POSITIVE_INFINITY } = this.#doubts.get(name) ?? {};
      const tries = before + 1;
      const splits = length > 1 && !refusal.unread && (refusal.refusal === "final" || tries > 1);
      const whole = length === 1 || refusal.unread;
      const final = whole && (refusal.refusal === "final" || (refusal.refusal === "soon" && tries > SOON_TRIES));
      this.#doubts.set(name, {
        from,
        tries,
        limit: splits ? Math.ceil(length / 2) : limit,
        ...(final ? { final: refusal } : {}),
      });
    }
  }

  /** Notes what a look shows. */
  seen(members: readonly Unit[], now: number): void {
    for (const member of members) {
      const { name, activity, ended, from } = member;
      if (from !== "" && differ(from, this.#doubts.get(name)?.from ?? from)) this.#doubts.delete(name);
      if (activity !== undefined && activity.kind !== "blocked") this.#stirred.set(name, now);
      if (ended?.kind === "succeeded" && this.#succeeded.get(name)?.task !== ended.task.id) {
        this.#succeeded.set(name, { task: ended.task.id, at: now });
      }
      if (activity?.kind === "running") this.#running(member, activity.task, now);
      const entry = this.#entries.get(name);
      if (entry === undefined || entry.shown) continue;
      const moved = differ(from, entry.from);
      if (moved || activity?.kind === "scheduled" || endedSince(entry, ended) !== undefined) {
        this.#entries.set(name, { ...entry, shown: true });
      }
    }
  }

  #running({ name, from, ended }: Unit, task: Task, now: number): void {
    const before = ended === undefined ? {} : { before: ended.task.id };
    const found = { sentAt: now, answeredAt: now, from, rounds: 0, lost: false, ...before };
    this.#entries.set(name, { ...(this.#entries.get(name) ?? found), task, shown: true });
  }
}

/** The end of the task that the entry is about; undefined while that has not ended. */
export function endedSince(entry: Entry, ended: Ended | undefined): Ended | undefined {
  return ended?.task.id === entry.before ? undefined : ended;
}
