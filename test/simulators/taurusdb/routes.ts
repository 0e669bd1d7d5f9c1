import { pathOf, type SimRequest, type SimResponse } from "../shell/http";
import type { IamAction } from "./account";
import * as backups from "./backups";
import type { IamCall, ProjectCall } from "./call";
import * as immediate from "./immediate";
import * as instances from "./instances";
import * as precheck from "./precheck";
import { listProjects } from "./projects";
import { decode } from "./query";
import * as scheduled from "./scheduled";
import * as starrocks from "./starrocks";
import type { RegionFeature } from "./state";
import * as token from "./token";
import * as upgrade from "./upgrade";

interface Place {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly path: string;
  /** Whether it is a write. */
  readonly write?: boolean;
}

export interface IamRoute extends Place {
  readonly service: "iam";
  /** "optional": only some methods of authentication require a caller. */
  readonly auth: "required" | "optional";
  readonly handle: (call: IamCall) => SimResponse;
}

export interface ServiceRoute extends Place {
  readonly service: "db";
  /** Permission that the caller needs. */
  readonly action?: IamAction;
  /** Regions without it do not have the call. */
  readonly feature?: RegionFeature;
  /** Parameters that the query may have. */
  readonly query?: readonly string[];
  readonly handle: (call: ProjectCall) => SimResponse;
}

export type Route = IamRoute | ServiceRoute;

const PROJECT = "/v3/:project";
const INSTANCES = `${PROJECT}/instances`;
const INSTANCE = `${INSTANCES}/:instance`;
const UNIFIED = "/v3.1/:project/instances";

const iam = (method: Place["method"], path: string, auth: IamRoute["auth"], handle: IamRoute["handle"]): IamRoute => ({
  service: "iam",
  method,
  path,
  auth,
  handle,
});
const read = (path: string, handle: ServiceRoute["handle"], more: Partial<ServiceRoute> = {}): ServiceRoute => ({
  service: "db",
  method: "GET",
  path,
  action: "gaussdb:instance:list",
  handle,
  ...more,
});
const change = (
  method: Place["method"],
  path: string,
  action: IamAction,
  handle: ServiceRoute["handle"],
): ServiceRoute => ({ service: "db", method, path, action, write: true, handle });

const UPGRADE = "gaussdbformysql:instance:upgrade";
const TASK_DELETE = "gaussdbformysql:task:delete";
const PRE_CHECK = { method: "POST", action: UPGRADE, feature: "preCheck" } as const;
const BACKUPS = "gaussdb:backup:list";
const PAGE = ["offset", "limit"];
const TIMES = ["start_time", "end_time"];
const JOBS = ["status", "job_name", "job_id", ...PAGE, ...TIMES];
const LISTED = { query: [...instances.FILTERS_KNOWN, ...PAGE] };
const DETAILS = { query: ["instance_ids"] };
const UNIFY = { feature: "unifyStatus" } as const;
const VERSION_UPGRADE = `${INSTANCES}/database-version/upgrade`;

/** Every known call (TaurusDB facts §2). Fixed paths stand before those with parameters. */
export const ROUTES = {
  issueToken: iam("POST", "/v3/auth/tokens", "optional", token.issueToken),
  issueTemporaryKey: iam("POST", "/v3.0/OS-CREDENTIAL/securitytokens", "required", token.issueTemporaryKey),
  listProjects: iam("GET", "/v3/projects", "required", listProjects),
  batchUpgrade: change("POST", VERSION_UPGRADE, UPGRADE, upgrade.batchUpgrade),
  preCheck: read(`${VERSION_UPGRADE}/pre-check`, precheck.startChecks, PRE_CHECK),
  preCheckResult: read(`${VERSION_UPGRADE}/pre-check-result`, precheck.checkResult, PRE_CHECK),
  listInstances: read(INSTANCES, instances.listInstances, LISTED),
  batchDetails: read(`${INSTANCES}/details`, instances.batchDetails, DETAILS),
  showInstance: read(INSTANCE, instances.showInstance),
  listUnified: read(UNIFIED, instances.listUnified, { ...UNIFY, ...LISTED }),
  unifiedDetails: read(`${UNIFIED}/details`, instances.unifiedDetails, { ...UNIFY, ...DETAILS }),
  showUnified: read(`${UNIFIED}/:instance`, instances.showUnified, UNIFY),
  databaseVersion: read(`${INSTANCE}/database-version`, instances.databaseVersion),
  upgrade: change("POST", `${INSTANCE}/db-upgrade`, UPGRADE, upgrade.upgradeOne),
  setWindow: change("PUT", `${INSTANCE}/ops-window`, "gaussdb:instance:modify", instances.setWindow),
  listBackups: read(`${PROJECT}/backups`, backups.listBackups, {
    action: BACKUPS,
    query: ["instance_id", "backup_id", "backup_type", "begin_time", "end_time", ...PAGE],
  }),
  instanceBackups: read(`${INSTANCE}/backups`, backups.instanceBackups, {
    action: BACKUPS,
    query: ["order_field", "order_rule", ...PAGE],
  }),
  datastores: read(`${PROJECT}/datastores/:engine`, instances.datastores),
  starRocksUpgrade: change("POST", `${INSTANCE}/starrocks/db-upgrade`, UPGRADE, starrocks.upgradeStarRocks),
  starRocksNodes: read(`${INSTANCE}/starrocks/nodes`, starrocks.listNodes),
  showStarRocks: read(`${INSTANCE}/starrocks/:starrocks`, starrocks.showStarRocks),
  listHtap: read(`${INSTANCE}/htap`, starrocks.listHtap),
  htapDatastores: read(`${PROJECT}/htap/datastores/:engine`, starrocks.htapDatastores),
  showJob: read(`${PROJECT}/jobs`, immediate.showJob, { query: ["id"] }),
  deleteJob: change("DELETE", `${PROJECT}/jobs/:job`, TASK_DELETE, immediate.deleteJob),
  immediateJobs: read(`${PROJECT}/immediate-jobs`, immediate.listJobs, { query: JOBS }),
  taskDetail: read(`${INSTANCE}/task-center-detail`, immediate.taskDetail, { query: ["job_id", "job_name"] }),
  scheduledJobs: read(`${PROJECT}/scheduled-jobs`, scheduled.listSchedules, { query: ["instance_id", ...JOBS] }),
  cancelSchedules: change("DELETE", `${PROJECT}/scheduled-jobs`, TASK_DELETE, scheduled.cancelSchedules),
  deleteSchedule: change(
    "DELETE",
    `${PROJECT}/instance/:instance/scheduled-jobs`,
    TASK_DELETE,
    scheduled.deleteSchedule,
  ),
  scheduleExist: read(`${INSTANCE}/schedule-tasks/exist`, scheduled.scheduleExist, {
    method: "POST",
    feature: "scheduleExist",
  }),
} satisfies Readonly<Record<string, Route>>;

export type RouteName = keyof typeof ROUTES;

export interface Match {
  readonly name: RouteName;
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

const TABLE = Object.entries(ROUTES).map(([name, route]) => ({
  // The table's own keys.
  name: name as RouteName,
  route,
  segments: route.path.split("/"),
}));

/** The route of a request to a host of `service`; a trailing slash makes another path. */
export function matchRoute(request: SimRequest, service: "db" | "iam" | "all"): Match | undefined {
  const path = pathOf(request.target).split("/");
  for (const { name, route, segments } of TABLE) {
    if (route.method !== request.method || (service !== "all" && route.service !== service)) continue;
    const params = matchSegments(segments, path);
    if (params !== undefined) return { name, route, params };
  }
  return undefined;
}

function matchSegments(
  pattern: readonly string[],
  path: readonly string[],
): Readonly<Record<string, string>> | undefined {
  if (pattern.length !== path.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of pattern.entries()) {
    const given = path[index] ?? "";
    if (segment.startsWith(":") && given !== "") params[segment.slice(1)] = decode(given);
    else if (segment !== given) return undefined;
  }
  return params;
}
