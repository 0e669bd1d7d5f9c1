import "./frontend/dynamic/node";
import { installBridge } from "./frontend/dynamic/bridge";
import { engineLog } from "./frontend/dynamic/engine-log";
import { watchEngine } from "./frontend/dynamic/watchdog";
import { Lifecycle } from "./frontend/resource/lifecycle";
import { declareEngineGone } from "./frontend/resource/limits";
import { rhythmHere } from "./frontend/resource/reporter";
import { notesHere } from "./frontend/resource/run-notes";
import type { Kinds } from "./frontend/resource/session";

/** Every resource type and its pin kind. A vendor's code is loaded when a resource of its type is first met. */
const kinds: Kinds = {
  "oceanbase:AgentVersion": async () => (await import("./oceanbase/agent-version.js")).agentVersion(),
  "oceanbase:ClusterVersion": async () => (await import("./oceanbase/cluster-version.js")).clusterVersion(),
  "redisenterprise:DatabaseVersion": async () =>
    (await import("./redisenterprise/database/database-version.js")).databaseVersion(),
  "redisenterprise:ModuleVersions": async () =>
    (await import("./redisenterprise/modules/module-versions.js")).moduleVersions(),
  "taurusdb:StarRocksVersion": async () =>
    (await import("./taurusdb/starrocks/starrocks-version.js")).starRocksVersion(),
  "taurusdb:KernelVersion": async () => (await import("./taurusdb/kernel/kernel-version.js")).kernelVersion(),
};

/** How long a write that is under way may still be answered after the engine is gone, in milliseconds. */
const LAST_ANSWER = 1_000;

installBridge();
watchEngine(() => {
  declareEngineGone();
  setTimeout(() => process.exit(1), LAST_ANSWER);
});

/**
 * What the text in every resource's `__provider` asks for: `require("pulumi-dbversion/provider").provider`. Stored in
 * the state of every stack, so this name and this path stay for ever.
 */
export const provider = new Lifecycle({ kinds, log: engineLog(), rhythm: rhythmHere(), notes: notesHere() });
