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
