import { connect } from "node:net";
import type { Client } from "@grpc/grpc-js";
import { resourceName } from "../../base/urn";
import { wallClock } from "../../core/runtime";
import type { Log, LogLine } from "../resource/log";
import { engineAddress, sdkModules } from "./bridge";

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
  const send = sender();
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

/** Delivers a line. Resolves to whether the engine has accepted it. */
function sender(): (line: LogLine) => Promise<boolean> {
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

/**
 * Detects that the engine has died. A dynamic-provider process survives a killed CLI, because it is started by a shell
 * and has a process group of its own, and would continue upgrading.
 *
 * It keeps a connection to the engine's port open, which breaks as soon as the engine dies. The engine counts as dead
 * only if the port then refuses new connections too, because the engine may close an idle connection.
 */
export function watchEngine(gone: () => void, address: string | undefined = engineAddress()): void {
  const [host, port] = splitAddress(address ?? "");
  if (sdkModules() === undefined || port === undefined) return;
  let refusals = 0;
  const hold = () => {
    const socket = connect({ host, port }, () => {
      refusals = 0;
    });
    socket.unref();
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "ECONNREFUSED") refusals += 1;
    });
    socket.on("close", () => {
      if (refusals >= REFUSALS) gone();
      else setTimeout(hold, PAUSE).unref();
    });
    socket.resume();
  };
  hold();
}

const REFUSALS = 3;
const PAUSE = 100;

function splitAddress(address: string): [string, number | undefined] {
  const at = address.lastIndexOf(":");
  const port = Number(address.slice(at + 1));
  return [address.slice(0, at), at > 0 && Number.isInteger(port) && port > 0 ? port : undefined];
}
