import type { Verdicts } from "../decision/verdicts";
import type { Driver } from "../driver";
import type { Runtime } from "../runtime";
import type { Texts } from "../texts/texts";
import type { View } from "../unit";
import { Stall, Watch } from "./pace";

/** Progress of a run that reads do not show. */
interface Counts {
  /** Units that it has requested, or found in progress. */
  readonly attempts: number;
  readonly problems: number;
}

/** Reports the progress of the units, and paces the polls. */
export class Progress {
  readonly watch: Watch;
  readonly #stall: Stall;
  readonly #texts: Texts;
  readonly #counts: boolean;
  readonly #report: Runtime["report"];

  constructor({ title, words }: Pick<Driver, "title" | "words">, texts: Texts, runtime: Runtime) {
    this.watch = new Watch(runtime.clock, runtime.signal, runtime.random);
    this.#stall = new Stall(runtime, title, words?.inspectHint);
    this.#texts = texts;
    this.#counts = words !== undefined;
    this.#report = runtime.report;
  }

  /** The waiting time starts now. */
  restart(): void {
    this.watch.restart();
  }

  pause({ units, absent, estimate }: View, verdicts: Verdicts, { attempts, problems }: Counts): Promise<void> {
    const waiting = verdicts.each("wait").map(([, wait]) => wait);
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
    this.#report(this.#stall.seen({ message, ...(this.#counts ? { percent } : {}) }, summary));
    return this.watch.pause(percent);
  }
}
