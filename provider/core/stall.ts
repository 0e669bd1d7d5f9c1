import type { Clock } from "./clock";
import { formatDuration } from "./duration";
import type { Progress, Runtime } from "./runtime";

const MINUTE = 60_000;
/** Milliseconds without progress after which the duration is shown: stages of a minute are normal. */
const SHOWN = 2 * MINUTE;
/** Milliseconds without progress after which the user is shown where to inspect the task. */
const HINTED = 5 * MINUTE;

/** Where a user can inspect a task in more detail than this tool shows: an instruction without a full stop. */
export type LookAt = string | undefined;

/** Measures how long there has been no progress. Some stages take long; some tasks hang. */
export class Stall {
  readonly #clock: Clock;
  readonly #inform: Runtime["inform"];
  readonly #name: string;
  readonly #lookAt: LookAt;
  #last = "";
  #since: number;
  #hinted = false;

  constructor({ clock, inform }: Pick<Runtime, "clock" | "inform">, name: string, lookAt: LookAt) {
    this.#clock = clock;
    this.#inform = inform;
    this.#name = name;
    this.#lookAt = lookAt;
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
    const where = this.#lookAt === undefined ? "" : ` ${this.#lookAt}.`;
    this.#inform(`${this.#name} has shown no progress for ${minutes(still)}: ${message}.${where}`);
  }
}

/** `9 min`: stalls are reported in whole minutes. */
export function minutes(milliseconds: number): string {
  return formatDuration(Math.floor(milliseconds / MINUTE) * MINUTE);
}
