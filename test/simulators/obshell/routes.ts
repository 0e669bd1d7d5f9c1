import type { SimRequest } from "../shell/http";
import { pathOf } from "../shell/http";
import * as backups from "./backups";
import type { Call } from "./call";
import { type Dialect, type Feature, has } from "./dialect";
import * as info from "./info";
import * as store from "./store";
import * as tasks from "./tasks";
import * as upgrade from "./upgrade";

/** One call of the server. */
export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  /** "file": only the hash of the file is checked, header and body are not decrypted. */
  readonly auth: "none" | "password" | "file";
  readonly since?: Feature;
  /** Whether it is a write. */
  readonly write?: boolean;
  /** Servers that do not check the password for it. */
  readonly openIn?: Dialect;
  readonly handle: (call: Call) => unknown;
}

const API = "/api/v1";
const get = (path: string, handle: Route["handle"], more: Partial<Route> = {}): Route => ({
  method: "GET",
  path: API + path,
  auth: "password",
  handle,
  ...more,
});
const post = (path: string, handle: Route["handle"], more: Partial<Route> = {}): Route => ({
  ...get(path, handle),
  method: "POST",
  write: true,
  ...more,
});

/** Fixed paths stand before those with parameters. */
export const ROUTES: readonly Route[] = [
  get("/time", info.getTime, { auth: "none" }),
  get("/git-info", info.getGitInfo, { auth: "none" }),
  get("/info", info.getInfo, { auth: "none" }),
  get("/secret", info.getSecret, { auth: "none" }),
  get("/status", info.getStatus, { auth: "none" }),
  post("/status", info.getStatus, { auth: "none", write: false }),
  get("/agents/status", info.getAgentsStatus),
  get("/ob/info", info.getObInfo, { openIn: "4.2.3" }),
  get("/ob/agents", info.getObAgents),
  get("/obcluster/info", info.getClusterInfo, { since: "clusterInfo" }),
  post("/upgrade/package", store.postEncryptedPackage),
  post("/package", store.postPlainPackage, { auth: "file", since: "plainUpload" }),
  get("/upgrade/package/info", store.getPackages, { since: "packageList" }),
  { ...post("/upgrade/package/:id", store.deletePackage, { since: "packageDelete" }), method: "DELETE" },
  post("/ob/upgrade", upgrade.postObUpgrade),
  post("/ob/upgrade/check", upgrade.postObUpgradeCheck),
  post("/agent/upgrade", upgrade.postAgentUpgrade),
  post("/agent/upgrade/check", upgrade.postAgentUpgradeCheck),
  post("/upgrade/params/backup", upgrade.postParamsBackup, { write: false }),
  post("/upgrade/params/restore", upgrade.postParamsRestore),
  post("/upgrade/env/check", upgrade.postEnvCheck, { since: "envCheck", write: false }),
  get("/tenants/overview", backups.getTenants, { since: "tenants" }),
  get("/tenant/:name/backup/tasks", backups.getBackupTasks, { since: "backupTasks" }),
  get("/task/dag/unfinish", tasks.getUnfinished),
  get("/task/dag/ob/unfinish", tasks.getObUnfinished),
  get("/task/dag/agent/unfinish", tasks.getAgentUnfinished),
  get("/task/dag/maintain/ob", tasks.getLastMaintenance),
  get("/task/dag/maintain/agent", tasks.getAgentMaintenance),
  get("/task/dag/maintain/agents", tasks.getAgentsMaintenance),
  get("/task/dags/ob", tasks.getObDags, { since: "allDags" }),
  get("/task/dags/agent", tasks.getAgentDags, { since: "allDags" }),
  get("/task/dag/:id", tasks.getDag),
  post("/task/dag/:id", tasks.postDag),
  get("/task/node/:id", tasks.getNode),
  post("/task/node/:id", tasks.postNode),
  get("/task/sub_task/:id", tasks.getSubTask),
  get("/task/sub_task/:id/logs", tasks.getSubTaskLogs, { since: "subTaskLogs" }),
];

/** Paths whose header and body are not decrypted; compared with the whole target, query and all. */
export const UNDECRYPTED: ReadonlySet<string> = new Set(
  ROUTES.filter((route) => route.auth === "file").map((route) => route.path),
);

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

export function matchRoute(request: SimRequest, agentVersion: string): Match | undefined {
  const path = pathOf(request.target);
  for (const route of ROUTES) {
    if (route.method !== request.method) continue;
    if (route.since !== undefined && !has(route.since, agentVersion)) continue;
    const params = matchPath(route.path, path);
    if (params !== undefined) return { route, params };
  }
  return undefined;
}

/** A path that exists without its trailing slash is redirected there first. */
export function redirectOf(request: SimRequest, agentVersion: string): string | undefined {
  const path = pathOf(request.target);
  if (!path.endsWith("/") || path.length < 2) return undefined;
  const target = path.slice(0, -1) + request.target.slice(path.length);
  return matchRoute({ ...request, target }, agentVersion) === undefined ? undefined : target;
}

function matchPath(pattern: string, path: string): Readonly<Record<string, string>> | undefined {
  const wanted = pattern.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const value = given[index] ?? "";
    if (segment.startsWith(":") && value !== "") params[segment.slice(1)] = value;
    else if (segment !== value) return undefined;
  }
  return params;
}
