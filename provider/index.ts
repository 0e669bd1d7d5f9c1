import "./frontend/dynamic/node";
import { engineAddress, installBridge, sdkModules } from "./frontend/dynamic/bridge";
import { DynamicProvider } from "./frontend/dynamic/dynamic-provider";
import { engineLog, watchEngine } from "./frontend/dynamic/engine";
import { rhythmHere } from "./frontend/resource/log";
import { Journal, RunNotes } from "./frontend/resource/run-notes";
import { kinds } from "./systems";

/** How long a write in progress may still receive its response after the engine has exited, in milliseconds. */
const LAST_RESPONSE = 1_000;

const gone = new AbortController();
installBridge();
watchEngine(() => {
  gone.abort();
  setTimeout(() => process.exit(1), LAST_RESPONSE);
});

/** Outside a plugin process, there are no other processes to share notes with. */
const address = sdkModules() === undefined ? undefined : engineAddress();
const notes = new RunNotes(address === undefined ? undefined : new Journal(address));

/**
 * Loaded by the string in every resource's `__provider`: `require("pulumi-dbversion/provider").provider`. It is stored
 * in the state of every stack, so this name and this path must never change.
 */
export const provider = new DynamicProvider({
  kinds,
  log: engineLog(),
  rhythm: rhythmHere(),
  notes,
  gone: gone.signal,
});
