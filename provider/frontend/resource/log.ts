export type Severity = "INFO" | "WARNING";

export interface LogLine {
  readonly severity: Severity;
  readonly message: string;
  /** The resource's row. Never a guessed one: an unknown URN makes a row of its own. */
  readonly urn?: string | undefined;
  /** Shown only while the resource is being worked on, not repeated under Diagnostics. */
  readonly ephemeral: boolean;
  /** Whether it is shown with the name of its resource. */
  readonly named?: true;
}

export interface Log {
  write(line: LogLine): void;
  /** Resolves when everything written so far has been delivered, or half a second has passed: a hand-over is urgent. */
  flush(): Promise<void>;
}

/** A log that ignores delivery failures: the outcome must not depend on them. */
export function undisturbedLog(log: Log): Log {
  return {
    write: (line) => {
      new Promise((resolve) => resolve(log.write(line))).catch(() => undefined);
    },
    flush: () => new Promise<void>((resolve) => resolve(log.flush())).catch(() => undefined),
  };
}
