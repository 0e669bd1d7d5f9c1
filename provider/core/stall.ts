import type { Clock } from "./clock";
import { formatDuration } from "./duration";
import type { Progress, Runtime } from "./runtime";

const MINUTE = 60_000;
/** Milliseconds without progress after which that is shown: stages of a minute are ordinary. */
const SHOWN = 2 * MINUTE;
/** Milliseconds without progress after which a person is told where to look. */
const HINTED = 5 * MINUTE;

/** Where a person sees more of a task than this tool shows: an instruction without its full stop. */
export type LookAt = string | undefined;

/** Measures for how long what is waited for has shown no progress. Some stages take long; some tasks hang. */
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
   * The progress, with the time since the last one that differed.
   * @param measured what counts as progress beside the percentage: without an estimate that counts down by itself
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

/** `9 min`: a stall is told in whole minutes. */
export function minutes(milliseconds: number): string {
  return formatDuration(Math.floor(milliseconds / MINUTE) * MINUTE);
}
