import { asUpgradeError } from "../core/errors";
import type { Runtime } from "../core/runtime";
import { some } from "../core/texts/sentences";
import { Forbidden } from "../huaweicloud/errors";
import { Throttled } from "../huaweicloud/limits";

const MINUTE = 60_000;

interface Gap {
  readonly subject: string;
  readonly names: string[];
  readonly reason: string;
}

/** Reads of a project that failed, with their reasons. A failed read must not hide the other results. */
export class Gaps {
  readonly #runtime: Pick<Runtime, "signal" | "clock" | "report">;
  readonly #gaps = new Map<string, Gap>();

  constructor(runtime: Pick<Runtime, "signal" | "clock" | "report">) {
    this.#runtime = runtime;
  }

  /**
   * Reads something, and waits while the gateway throttles requests.
   * @param subject what is read: `The kernel of`
   * @param names of what: `db1 (6754902da1f447269c6979b0590102a5in07)`
   * @returns undefined when it could not be read
   */
  async read<T>(subject: string, names: readonly string[], read: () => Promise<T>): Promise<T | undefined> {
    const { signal, clock, report } = this.#runtime;
    for (;;) {
      try {
        return await read();
      } catch (error) {
        signal.throwIfAborted();
        if (asUpgradeError(error).code === "unexpected") throw error;
        if (!(error instanceof Throttled)) {
          this.#note(subject, names, error);
          return undefined;
        }
        report({ message: error.message });
        await clock.sleep(MINUTE, signal);
      }
    }
  }

  /** One sentence per reason. A missing permission is one reason, however many requests were refused because of it. */
  get sentences(): string[] {
    return [...this.#gaps.values()].map(
      ({ subject, names, reason }) => `${subject} ${some(names)} could not be read: ${reason}`,
    );
  }

  #note(subject: string, names: readonly string[], error: unknown): void {
    const reason = asUpgradeError(error).text;
    const key = `${subject} ${error instanceof Forbidden ? "" : reason}`;
    const gap = this.#gaps.get(key) ?? { subject, names: [], reason };
    gap.names.push(...names);
    this.#gaps.set(key, gap);
  }
}
