import { connect } from "node:net";
import { engineAddress, sdkModules } from "./grpc";

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
