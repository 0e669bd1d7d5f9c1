import "./frontend/dynamic/node";
import { installBridge } from "./frontend/dynamic/bridge";
import { DynamicProvider } from "./frontend/dynamic/dynamic-provider";
import { engineLog } from "./frontend/dynamic/engine-log";
import { engineAddress, sdkModules } from "./frontend/dynamic/grpc";
import { watchEngine } from "./frontend/dynamic/watchdog";
import { Journal } from "./frontend/resource/journal";
import { rhythmHere } from "./frontend/resource/reporter";
import { RunNotes } from "./frontend/resource/run-notes";
import { kinds } from "./systems";

/** How long a write that is under way may still be answered after the engine is gone, in milliseconds. */
const LAST_ANSWER = 1_000;

const gone = new AbortController();
installBridge();
watchEngine(() => {
  gone.abort();
  setTimeout(() => process.exit(1), LAST_ANSWER);
});

/** Outside of a plugin process there are no others to share notes with. */
const address = sdkModules() === undefined ? undefined : engineAddress();
const notes = new RunNotes(address === undefined ? undefined : new Journal(address));

/**
 * What the text in every resource's `__provider` asks for: `require("pulumi-dbversion/provider").provider`. Stored in
 * the state of every stack, so this name and this path stay for ever.
 */
export const provider = new DynamicProvider({
  kinds,
  log: engineLog(),
  rhythm: rhythmHere(),
  notes,
  gone: gone.signal,
});
