import { closeSync, openSync } from "node:fs";
import { formatDuration, shortened } from "../../base/sentences";
import { minutes } from "../../core/reconcile/pace";
import type { Clock, Progress, Runtime } from "../../core/runtime";

export type Severity = "INFO" | "WARNING";

export interface LogLine {
  readonly severity: Severity;
  readonly message: string;
  /** The resource's row. Missing if unknown: a wrong URN would create a row of its own. */
  readonly urn?: string | undefined;
  /** Shown only while the operation is in progress, and not repeated under Diagnostics. */
  readonly ephemeral: boolean;
  /** Whether it is shown with the name of its resource. */
  readonly named?: true;
}

export interface Log {
  write(line: LogLine): void;
  /**
   * Resolves when everything written so far has been delivered, or after half a second, because the caller's return
   * must not be delayed.
   */
  flush(): Promise<void>;
}

/** A log that ignores delivery failures, which must not affect the outcome. */
export function undisturbedLog(log: Log): Log {
  return {
    write: (line) => {
      new Promise((resolve) => resolve(log.write(line))).catch(() => undefined);
    },
    flush: () => new Promise<void>((resolve) => resolve(log.flush())).catch(() => undefined),
  };
}

/** A log that shows a named line of a resource once: a refresh and the preview that follows it report the same. */
export class UnrepeatedLog implements Log {
  readonly #log: Log;
  readonly #shown = new Map<string, Set<string>>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Another refresh begins, which shows everything again. */
  forget(urn: string): void {
    this.#shown.delete(urn);
  }

  write(line: LogLine): void {
    const { named, urn = "", severity, message } = line;
    const shown = this.#shown.get(urn) ?? new Set();
    this.#shown.set(urn, shown);
    const text = `${severity} ${message}`;
    if (named === true && shown.has(text)) return;
    if (named === true) shown.add(text);
    this.#log.write(line);
  }

  flush(): Promise<void> {
    return this.#log.flush();
  }
}

/** How often transient progress is shown. In a terminal each line replaces the last; elsewhere each one is printed. */
export interface Rhythm {
  /** Milliseconds between two different messages. */
  readonly change: number;
  /** Milliseconds after which an unchanged message is repeated, with the elapsed time. */
  readonly repeat: number;
}

const TERMINAL: Rhythm = { change: 250, repeat: 10_000 };
const LOG_FILE: Rhythm = { change: 2_000, repeat: 60_000 };

/**
 * A plugin sees neither the CLI's terminal nor its flags. The best indication is a controlling terminal outside of CI.
 */
export function rhythmHere(env: NodeJS.ProcessEnv = process.env): Rhythm {
  if (env["CI"] || env["TERM"] === "dumb") return LOG_FILE;
  try {
    closeSync(openSync("/dev/tty", "r"));
    return TERMINAL;
  } catch {
    return LOG_FILE;
  }
}

export interface ReporterOptions {
  readonly log: Log;
  readonly urn: string;
  readonly clock: Clock;
  readonly rhythm: Rhythm;
  readonly redact: (text: string) => string;
  /** Whether permanent lines are shown with the name of the resource. */
  readonly named?: true | undefined;
}

/** Maximum length of a line. */
const LONGEST_LINE = 4_000;

/** Reports on one resource, redacted, de-duplicated and throttled. */
export function reporterFor(options: ReporterOptions): Pick<Runtime, "report" | "inform" | "warn"> {
  const { log, urn, clock, rhythm, redact, named } = options;
  const began = clock.elapsed();
  let last = "";
  let reportedAt = Number.NEGATIVE_INFINITY;
  const write = (severity: Severity, text: string, kind: Pick<LogLine, "ephemeral" | "named">) =>
    log.write({ severity, urn, message: shortened(redact(text), LONGEST_LINE), ...kind });
  const permanent = { ephemeral: false, ...(named && { named }) };
  return {
    inform: (message) => write("INFO", message, permanent),
    warn: (message) => write("WARNING", message, permanent),
    report: (progress) => {
      const now = clock.elapsed();
      const due = now - reportedAt >= (progress.message === last ? rhythm.repeat : rhythm.change);
      if (!due) return;
      last = progress.message;
      reportedAt = now;
      write("INFO", lineOf(progress, now - began), { ephemeral: true });
    },
  };
}

/** A terminal may only show the first 10 to 30 characters. @param took milliseconds since the run began */
function lineOf({ message, percent, still, unreachableFor, detail }: Progress, took: number): string {
  const unreachable =
    unreachableFor !== undefined && unreachableFor >= 1_000 ? `for ${formatDuration(unreachableFor)}` : "";
  const parts = [
    [percent === undefined ? "" : `${percent}%`, message, unreachable].filter(Boolean).join(" "),
    unreachableFor === undefined && took >= 1_000 ? formatDuration(took) : "",
    still === undefined ? "" : `no progress for ${minutes(still)}`,
    detail ?? "",
  ];
  return parts.filter(Boolean).join(" · ");
}
