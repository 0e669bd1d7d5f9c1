import type { Refused } from "../errors";
import { compareVersions, type Version } from "../version";
import type { Ended, FleetMember } from "./fleet";

/** What a run has done about one member. */
export interface Entry {
  /** Milliseconds since 1970: when its newest call was sent. */
  readonly sentAt: number;
  /** What it ran then. */
  readonly version: Version;
  /** Calls that it was named in, each after an earlier one had ended. */
  readonly rounds: number;
  /** The answer to the newest call was lost. */
  readonly lost: boolean;
  /** The newest task that had ended before the call was sent. */
  readonly before?: string;
  /** When its task was first seen to have succeeded with the old version still running. */
  readonly succeededAt?: number;
}

/** The memory of one run, by member. */
export class Tally {
  readonly #entries = new Map<string, Entry>();
  readonly #refused = new Map<string, Refused>();
  /** How many members a call may name that names this one: halved when a call is refused for good. */
  readonly #limits = new Map<string, number>();

  entry(name: string): Entry | undefined {
    return this.#entries.get(name);
  }

  /** A refusal that the same call would meet again. */
  refusal(name: string): Refused | undefined {
    return this.#refused.get(name);
  }

  limit(name: string): number {
    return this.#limits.get(name) ?? Number.POSITIVE_INFINITY;
  }

  /** When the first call of this run was sent. */
  get since(): number | undefined {
    let first: number | undefined;
    for (const { sentAt } of this.#entries.values()) first = Math.min(first ?? sentAt, sentAt);
    return first;
  }

  get size(): number {
    return this.#entries.size;
  }

  sent(members: readonly FleetMember[], at: number, lost: boolean): void {
    for (const { name, version, ended } of members) {
      const rounds = (this.#entries.get(name)?.rounds ?? 0) + 1;
      const before = ended === undefined ? {} : { before: ended.task.id };
      this.#entries.set(name, { sentAt: at, version, rounds, lost, ...before });
    }
  }

  /** Which of them made the vendor refuse is not known: halves are tried, then each alone. */
  refused(members: readonly FleetMember[], refusal: Refused): void {
    for (const { name } of members) {
      if (members.length === 1) this.#refused.set(name, refusal);
      else this.#limits.set(name, Math.ceil(members.length / 2));
    }
  }

  /** Notes what a look shows of calls that were sent. */
  seen(members: readonly FleetMember[], now: number): void {
    for (const { name, ended, version } of members) {
      const entry = this.#entries.get(name);
      if (entry === undefined || entry.succeededAt !== undefined || endedSince(entry, ended)?.kind !== "succeeded")
        continue;
      if (compareVersions(version, entry.version) === 0) this.#entries.set(name, { ...entry, succeededAt: now });
    }
  }
}

/** The end of the task that the call started; undefined while that has not ended. */
export function endedSince(entry: Entry, ended: Ended | undefined): Ended | undefined {
  return ended?.task.id === entry.before ? undefined : ended;
}
