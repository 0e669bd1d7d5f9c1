import { connect } from "node:net";
import { engineAddress, sdkModules } from "./grpc";

/**
 * Notices that the engine is gone. A dynamic-provider process survives a killed CLI (a shell stands between them, and
 * the process has a group of its own), and would go on upgrading for nobody.
 *
 * A connection to the engine's port is kept open: it breaks the moment the engine dies. It is believed only when the
 * port then refuses new connections too, since the engine may close an idle one.
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
