import type { SimRequest } from "../shell/http";
import { pathOf } from "../shell/http";
import * as actions from "./actions";
import { type Feature, has } from "./builds";
import type { Call } from "./call";
import * as cluster from "./clusterinfo";
import * as crdbs from "./crdbs";
import * as databases from "./databases";
import * as modules from "./modules";
import { postModulesUpgrade } from "./moduleupgrade";
import * as nodes from "./nodes";
import type { Permission } from "./roles";
import { postUpgrade } from "./upgrade";
import * as users from "./users";

interface RouteBase {
  readonly method: "GET" | "POST";
  /** `:name` stands for a segment, `:uid#` for a number. */
  readonly path: string;
  readonly since?: Feature;
  /** Whether it is a write. */
  readonly write?: boolean;
  /** Whether `?dry_run=true` makes it a read. */
  readonly dryRun?: boolean;
  /** Handled by the called node, never redirected. */
  readonly local?: boolean;
  /** The endpoint that a switch removes. */
  readonly twin?: boolean;
}

/** One call of the server; calls without a user handle credentials themselves. */
export type Route = RouteBase &
  (
    | { readonly permission: Permission; readonly handle: (call: Call) => unknown }
    | { readonly permission: null; readonly handle: (call: Omit<Call, "user">) => unknown }
  );

type Handler = (call: Call) => unknown;

const get = (path: string, permission: Permission, handle: Handler, more: Partial<RouteBase> = {}): Route => ({
  method: "GET",
  path,
  permission,
  handle,
  ...more,
});
const post = (path: string, permission: Permission, handle: Handler, more: Partial<RouteBase> = {}): Route => ({
  ...get(path, permission, handle, more),
  method: "POST",
  write: true,
});
const open = (path: string, handle: (call: Omit<Call, "user">) => unknown): Route => ({
  method: "POST",
  path,
  permission: null,
  handle,
});

/** Redis Enterprise facts §1.4, §2. Fixed paths stand before those with parameters. */
const ROUTES: readonly Route[] = [
  open("/v1/users/authorize", users.postAuthorize),
  open("/v1/users/refresh_jwt", users.postRefresh),
  get("/v1/users", "view_all_users_info", users.getUsers),
  get("/v1/bootstrap", "view_cluster_info", nodes.getBootstrap, { local: true }),
  get("/v1/cluster", "view_cluster_info", cluster.getCluster),
  get("/v1/cluster/policy", "view_cluster_info", cluster.getPolicy),
  get("/v1/cluster/module-capabilities", "view_cluster_modules", modules.getCapabilities),
  get("/v1/nodes", "view_all_nodes_info", nodes.getNodes),
  get("/v1/nodes/status", "view_all_nodes_info", nodes.getNodesStatus),
  get("/v1/nodes/:uid#", "view_node_info", nodes.getNode),
  get("/v1/bdbs", "view_all_bdbs_info", databases.getDatabases),
  get("/v1/bdbs/:uid#", "view_bdb_info", databases.getDatabase),
  get("/v1/shards", "view_all_bdbs_info", databases.getShards),
  post("/v1/bdbs/:uid#/modules/upgrade", "edit_bdb_module", postModulesUpgrade),
  post("/v1/bdbs/:uid#/upgrade", "update_bdb_with_action", postUpgrade, { dryRun: true }),
  post("/v1/modules/upgrade/bdb/:uid#", "edit_bdb_module", postModulesUpgrade, { twin: true }),
  get("/v1/modules", "view_cluster_modules", modules.getModules),
  get("/v1/modules/:uid", "view_cluster_modules", modules.getModule),
  get("/v1/actions", "view_status_of_cluster_action", actions.getActions),
  get("/v1/actions/bdb/:uid#", "view_status_of_cluster_action", actions.getActionsOfDatabase, {
    since: "actionsOfDatabase",
  }),
  get("/v1/actions/:uid", "view_status_of_cluster_action", actions.getAction),
  get("/v2/actions", "view_status_of_cluster_action", actions.getActionsV2, { since: "v2Actions" }),
  get("/v2/actions/:uid", "view_status_of_cluster_action", actions.getActionV2, { since: "v2Actions" }),
  get("/v1/crdbs", "view_all_bdbs_info", crdbs.getCrdbs),
  get("/v1/crdbs/:guid", "view_all_bdbs_info", crdbs.getCrdb),
  post("/v1/crdbs/:guid/upgrade", "upgrade_crdb", crdbs.postCrdbUpgrade, { since: "crdbUpgrade" }),
  get("/v1/crdb_tasks", "view_all_bdbs_info", crdbs.getCrdbTasks, { since: "crdbUpgrade" }),
  get("/v1/crdb_tasks/:id", "view_all_bdbs_info", crdbs.getCrdbTask),
];

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** The route of a call; "method" if the path is known with another method, undefined if it is not. */
export function matchRoute(request: SimRequest, softwareVersion: string, twin: boolean): Match | "method" | undefined {
  const given = pathOf(request.target).split("/");
  let known = false;
  for (const route of ROUTES) {
    if (route.twin && !twin) continue;
    if (route.since !== undefined && !has(route.since, softwareVersion)) continue;
    const params = matchPath(route.path, given);
    if (params === undefined) continue;
    if (route.method === request.method) return { route, params };
    known = true;
  }
  return known ? "method" : undefined;
}

function matchPath(pattern: string, given: readonly string[]): Readonly<Record<string, string>> | undefined {
  const wanted = pattern.split("/");
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const value = given[index] ?? "";
    const name = /^:(\w+)(#?)$/.exec(segment);
    if (name === null) {
      if (segment !== value) return undefined;
    } else {
      if (value === "" || (name[2] === "#" && !/^\d+$/.test(value))) return undefined;
      params[name[1] ?? ""] = value;
    }
  }
  return params;
}
