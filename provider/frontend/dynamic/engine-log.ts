import type { Client } from "@grpc/grpc-js";
import { wallClock } from "../../core/clock";
import { engineAddress, sdkModules } from "./grpc";

export type Severity = "INFO" | "WARNING";

export interface LogLine {
  readonly severity: Severity;
  readonly message: string;
  /** The resource's row. Never a guessed one: an unknown URN makes a row of its own. */
  readonly urn?: string | undefined;
  /** Shown only while the resource is being worked on, not repeated under Diagnostics. */
  readonly ephemeral: boolean;
}

export interface EngineLog {
  write(line: LogLine): void;
  /** Resolves when everything written so far has been delivered, or half a second has passed: a hand-over is urgent. */
  flush(): Promise<void>;
}

/** How long a line may take to be delivered, and how long anybody waits for that, in milliseconds. */
const DELIVERY = 5_000;
const FLUSH = 500;

/** What is used of the SDK's generated modules. */
interface LogRequest {
  setSeverity(value: number): void;
  setUrn(value: string): void;
  setMessage(value: string): void;
  setStreamid(value: number): void;
  setEphemeral(value: boolean): void;
}
interface LogClient extends Client {
  log(request: LogRequest, options: { deadline: number }, callback: (error: Error | null) => void): void;
}

/**
 * Logs to the engine's own log, where lines carry a URN. Without an engine (or when it does not take them) lasting lines
 * go to the console, which Pulumi shows on the stack's row.
 */
export function engineLog(): EngineLog {
  const send = connect();
  const pending = new Set<Promise<void>>();
  const deliver = async (line: LogLine) => {
    const delivered = await send(line).catch(() => false);
    if (!delivered && !line.ephemeral) console.log(line.message);
  };
  return {
    write(line) {
      const delivery = deliver(line)
        .catch(() => undefined)
        .finally(() => pending.delete(delivery));
      pending.add(delivery);
    },
    flush: async () => {
      const over = new AbortController();
      const bound = wallClock.sleep(FLUSH, over.signal).catch(() => undefined);
      await Promise.race([Promise.all(pending), bound]);
      over.abort();
    },
  };
}

/** A log that ignores delivery failures: the outcome must not depend on them. */
export function undisturbedLog(log: EngineLog): EngineLog {
  return {
    write: (line) => {
      new Promise((resolve) => resolve(log.write(line))).catch(() => undefined);
    },
    flush: () => new Promise<void>((resolve) => resolve(log.flush())).catch(() => undefined),
  };
}

function connect(): (line: LogLine) => Promise<boolean> {
  const load = sdkModules();
  const address = engineAddress();
  if (load === undefined || address === undefined) return async () => false;
  const { credentials } = load("@grpc/grpc-js");
  const { LogRequest, LogSeverity } = load("@pulumi/pulumi/proto/engine_pb.js");
  const { EngineClient } = load("@pulumi/pulumi/proto/engine_grpc_pb.js");
  const client: LogClient = new EngineClient(address, credentials.createInsecure());
  return (line) =>
    new Promise((resolve) => {
      const request: LogRequest = new LogRequest();
      request.setSeverity(LogSeverity[line.severity]);
      request.setUrn(line.urn ?? "");
      request.setMessage(line.message);
      request.setStreamid(0);
      request.setEphemeral(line.ephemeral);
      client.log(request, { deadline: Date.now() + DELIVERY }, (error) => resolve(error === null));
    });
}
