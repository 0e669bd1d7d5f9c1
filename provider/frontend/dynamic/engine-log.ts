import type { Client } from "@grpc/grpc-js";
import { wallClock } from "../../core/clock";
import { resourceName } from "../resource/call";
import type { Log, LogLine } from "../resource/log";
import { engineAddress, sdkModules } from "./grpc";

/** Timeout for delivering a line, and for waiting for that, in milliseconds. */
const DELIVERY = 5_000;
const FLUSH = 500;

/** The parts of the SDK's generated modules that are used. */
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
 * Logs to the engine's own log, where lines have a URN. If there is no engine, or it rejects a line, lasting lines go
 * to the console, which Pulumi shows on the stack's row.
 */
export function engineLog(): Log {
  const send = connect();
  const pending = new Set<Promise<void>>();
  const deliver = async (line: LogLine) => {
    const delivered = await send(line).catch(() => false);
    if (!delivered && !line.ephemeral) console.log(messageOf(line));
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

function messageOf({ message, urn = "", named }: LogLine): string {
  const name = named ? resourceName(urn) : "";
  return name === "" ? message : `${name}: ${message}`;
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
      request.setMessage(messageOf(line));
      request.setStreamid(0);
      request.setEphemeral(line.ephemeral);
      client.log(request, { deadline: Date.now() + DELIVERY }, (error) => resolve(error === null));
    });
}
