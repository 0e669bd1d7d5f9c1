import { formatDuration } from "../../base/sentences";
import type { Driver } from "../driver";
import type { Clock, Progress, Runtime } from "../runtime";
import type { Texts } from "../texts/texts";
import type { View } from "../unit";

/** Shortest pause, in milliseconds, like all times here. */
const SHORTEST = 750;
const LONGEST = 15_000;
/** Pause as a share of the time waited so far: the maximum relative delay in noticing the end. */
const SHARE = 0.05;
/** If the vendor reports progress, the next poll comes at the latest after half of the estimated remaining time… */
const MIDDLE = 0.5;
/**
 * …but not before this share of the time-based pause, because percentages stall. It is never later than that pause,
 * because they also jump.
 */
const LEAST = 1 / 8;
/** Pauses are randomly shortened by up to this share, so that many resources spread out. */
const JITTER = 0.1;
/** Shortest pause before a rejected request is retried. */
const REFUSED = 5_000;
/** Longest pause while the server is unreachable: the end of a restart is likely the end of the upgrade. */
const WHILE_UNREACHABLE = 5_000;
/** A process that wakes late is overloaded: it pauses for at least this many times its delay. */
const OVERLOAD_FACTOR = 20;
/** Polls of the whole process per second, if each costs its own requests: more resources make longer pauses. */
const POLLS_PER_SECOND = 100;

/** Number of resources that currently pause between such polls, by clock: a process has one clock. */
const pauses = new WeakMap<Clock, number>();

/** @param more how many to add */
function count(clock: Clock, more = 0): number {
  const now = (pauses.get(clock) ?? 0) + more;
  if (more !== 0) pauses.set(clock, now);
  return now;
}

/** The progress that the vendor reports, and how long we have been waiting. */
export interface Pulse {
  readonly waited: number;
  readonly percent?: number;
}

/**
 * Milliseconds until the next poll: short at first, longer later, shorter again when the reported progress is near the
 * end. `chance` in [0, 1) spreads many resources apart; `others` wait in the same process.
 */
export function nextPoll({ waited, percent }: Pulse, chance: number, others = 0): number {
  const shortest = within((1_000 * others) / POLLS_PER_SECOND, SHORTEST, LONGEST);
  const byTime = within(waited * SHARE, shortest, LONGEST);
  const known = percent !== undefined && percent > 0 && percent <= 100;
  const remaining = known ? (waited * (100 - percent)) / percent : 0;
  const usual = known ? within(remaining * MIDDLE, byTime * LEAST, byTime) : byTime;
  return Math.round(within(usual, shortest, LONGEST) * (1 - JITTER * chance));
}

function within(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}

/** Polls one thing at the intervals of `nextPoll`. */
export class Watch {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #random: () => number;
  #since: number;
  readonly #separate: boolean;
  /** How late the last pause ended, in milliseconds. */
  #delay = 0;

  /** @param separate whether the polls of many such watches add up; by default they are few or shared */
  constructor(clock: Clock, signal: AbortSignal, random: () => number, separate = false) {
    this.#separate = separate;
    this.#clock = clock;
    this.#signal = signal;
    this.#random = random;
    this.#since = clock.elapsed();
  }

  /** The waiting time starts now. */
  restart(): void {
    this.#since = this.#clock.elapsed();
  }

  get waited(): number {
    return this.#clock.elapsed() - this.#since;
  }

  /** Sleeps until the next poll is due. Rejects with the signal's reason when that is aborted. */
  pause(percent?: number): Promise<void> {
    return this.#sleep(this.#next(percent));
  }

  /** The same while the server is unreachable. */
  pauseWhileUnreachable(): Promise<void> {
    return this.#sleep(Math.min(this.#next(), WHILE_UNREACHABLE));
  }

  /** The same after a rejected request, which vendors count like an accepted one. */
  pauseAfterRefusal(): Promise<void> {
    return this.#sleep(Math.max(this.#next(), REFUSED));
  }

  #next(percent?: number): number {
    const pulse = { waited: this.waited, ...(percent === undefined ? {} : { percent }) };
    return nextPoll(pulse, this.#random(), this.#separate ? count(this.#clock) : 0);
  }

  async #sleep(duration: number): Promise<void> {
    const pause = Math.max(duration, Math.min(this.#delay * OVERLOAD_FACTOR, LONGEST));
    const due = this.#clock.elapsed() + pause;
    if (this.#separate) count(this.#clock, 1);
    try {
      await this.#clock.sleep(pause, this.#signal);
    } finally {
      if (this.#separate) count(this.#clock, -1);
    }
    this.#delay = Math.max(this.#clock.elapsed() - due, 0);
  }
}

const MINUTE = 60_000;
/** Milliseconds without progress after which the duration is shown: stages of a minute are normal. */
const SHOWN = 2 * MINUTE;
/** Milliseconds without progress after which the user is shown where to inspect the task. */
const HINTED = 5 * MINUTE;

/** Where a user can inspect a task in more detail than this tool shows: an instruction without a full stop. */
export type InspectHint = string | undefined;

/** Measures how long there has been no progress. Some stages take long; some tasks hang. */
export class Stall {
  readonly #clock: Clock;
  readonly #inform: Runtime["inform"];
  readonly #name: string;
  readonly #inspectHint: InspectHint;
  #last = "";
  #since: number;
  #hinted = false;

  constructor({ clock, inform }: Pick<Runtime, "clock" | "inform">, name: string, inspectHint: InspectHint) {
    this.#clock = clock;
    this.#inform = inform;
    this.#name = name;
    this.#inspectHint = inspectHint;
    this.#since = clock.elapsed();
  }

  /**
   * The progress, with the time since it last changed.
   * @param measured what counts as progress in addition to the percentage: excludes an estimate that counts down
   *   automatically
   */
  seen(progress: Progress, measured = progress.message): Progress {
    const { message, percent } = progress;
    const shown = JSON.stringify([measured, percent]);
    if (shown !== this.#last) {
      this.#last = shown;
      this.#since = this.#clock.elapsed();
      this.#hinted = false;
    }
    const still = this.#clock.elapsed() - this.#since;
    if (still >= HINTED && !this.#hinted) this.#hint(message, still);
    return still < SHOWN ? progress : { ...progress, still };
  }

  #hint(message: string, still: number): void {
    this.#hinted = true;
    const where = this.#inspectHint === undefined ? "" : ` ${this.#inspectHint}.`;
    this.#inform(`${this.#name} has shown no progress for ${minutes(still)}: ${message}.${where}`);
  }
}

/** `9 min`: stalls are reported in whole minutes. */
export function minutes(milliseconds: number): string {
  return formatDuration(Math.floor(milliseconds / MINUTE) * MINUTE);
}

/** Progress of a run that a read does not show. */
interface Counts {
  /** Units that it has requested, or found in progress. */
  readonly attempts: number;
  readonly problems: number;
}

/** Reports the progress of the units of a run, and paces its reads. */
export class UnitsProgress {
  readonly watch: Watch;
  readonly #stall: Stall;
  readonly #texts: Texts;
  readonly #showsPercent: boolean;
  readonly #report: Runtime["report"];

  constructor({ title, words }: Pick<Driver, "title" | "words">, texts: Texts, runtime: Runtime) {
    this.watch = new Watch(runtime.clock, runtime.signal, runtime.random);
    this.#stall = new Stall(runtime, title, words?.inspectHint);
    this.#texts = texts;
    this.#showsPercent = words !== undefined;
    this.#report = runtime.report;
  }

  /** @param waiting what the run waits for, by unit */
  pause(
    { units, absent, estimate }: View,
    waiting: readonly { readonly message: string; readonly percent?: number }[],
    { attempts, problems }: Counts,
  ): Promise<void> {
    const summary = this.#texts.progress({
      total: units.length + absent.length,
      done: units.filter(({ standing }) => standing !== "behind").length,
      problems,
      waiting: waiting.map(({ message }) => message),
    });
    const concerned = Math.max(attempts, waiting.length);
    const partly = waiting.reduce((sum, { percent = 0 }) => sum + Math.min(percent, 99), 0);
    const percent = Math.floor(((concerned - waiting.length) * 100 + partly) / concerned);
    const message = estimate === undefined ? summary : `${summary}, ${estimate}`;
    this.#report(this.#stall.seen({ message, ...(this.#showsPercent ? { percent } : {}) }, summary));
    return this.watch.pause(percent);
  }
}
