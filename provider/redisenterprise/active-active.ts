import type { Failure, Task } from "../core/task";
import { vendorText } from "../core/texts/vendor-text";
import type { Finding } from "../core/unit";
import { printable } from "../http/body";
import { type Database, labelOf, majorOf, REDIS_8, type Redis, subjectOf } from "./database/database";
import { type ClusterNode, softwareAtLeast } from "./node";
import type { CrdbTask } from "./rest/schema";

/** Since this software, one request can upgrade all participants of an Active-Active database. */
const CRDB_UPGRADE_SINCE = "8.0.18";

/** The CRDB upgrade path, if the database participates in an Active-Active one and the cluster supports it. */
export function crdbCallOf({ crdb }: Database, nodes: readonly ClusterNode[]): string | undefined {
  if (crdb === undefined || crdb === "" || !softwareAtLeast(nodes, CRDB_UPGRADE_SINCE)) return undefined;
  return `/v1/crdbs/${encodeURIComponent(crdb)}/upgrade`;
}

export function isCrdbCall(path: string): boolean {
  return path.startsWith("/v1/crdbs/");
}

/** A participant is not upgraded individually if the cluster cannot upgrade all of them in one request. */
export function activeActiveFinding(
  database: Database,
  nodes: readonly ClusterNode[],
  property: string,
): Finding | undefined {
  if (database.crdb === undefined || crdbCallOf(database, nodes) !== undefined) return undefined;
  const software = nodes[0]?.software || "unknown software";
  return {
    code: "active-active",
    property,
    message: `${subjectOf(database)} is a participant of an Active-Active database, and this cluster (${software}) has no call that upgrades all participants.`,
    remedy: `Upgrade each participant on its own cluster (POST /v1/bdbs/{uid}/upgrade), then run \`crdb-cli crdb update --crdb-guid ${database.crdb} --featureset-version true\` and \`crdb-cli crdb update --crdb-guid ${database.crdb} --update-db-config-modules true\`; or upgrade the clusters to ${CRDB_UPGRADE_SINCE} or later, where POST /v1/crdbs/{guid}/upgrade is used.`,
  };
}

/** An upgrade from Redis 7 reaches the participants one after the other. */
export function moduleCommandNotes(database: Database, target: Redis): string[] {
  const { crdb, modules = [], redis } = database;
  const crosses = redis !== undefined && majorOf(redis.release) < REDIS_8 && majorOf(target.release) >= REDIS_8;
  if (crdb === undefined || modules.length === 0 || !crosses) return [];
  return [
    `Do not send module commands to ${labelOf(database)} until every participant runs Redis 8: the servers do not block them, and they can crash the synchronization between participants.`,
  ];
}

/**
 * The task behind a CRDB upgrade request, in which every participant has a part. It can be queued while nothing is
 * visible here. It can also continue or fail elsewhere after this cluster's participant has finished.
 */

export const CRDB_UPGRADE = "CRDB upgrade";

const PREFIX = "crdb_tasks/";

/** The task id of a CRDB task, distinct from actions: `crdb_tasks/4b7e…`. */
export function crdbTaskId(id: string): string {
  return `${PREFIX}${id}`;
}

/** The vendor's id of a CRDB task; undefined for every other task. */
export function ownIdOf({ id }: Pick<Task, "id">): string | undefined {
  return id.startsWith(PREFIX) ? id.slice(PREFIX.length) : undefined;
}

/** The operations are undocumented; `create_crdb` is the only example. */
export function isCrdbUpgrade({ operation }: CrdbTask): boolean {
  return /upgrade/i.test(operation ?? "");
}

/** By default, results are kept for 500 seconds, but the next `up` may run a day later. In seconds. */
const RESULT_TTL = 86_400;

/** Headers of a CRDB upgrade request: the id of its task, and how long its result stays readable. */
export function crdbHeaders(id: string): Readonly<Record<string, string>> {
  return { "x-task-id": id, "x-result-ttl": String(RESULT_TTL) };
}

/** A UUID (version 4). @param random in [0, 1) */
export function newTaskId(random: () => number): string {
  const digit = (among: string) => among[Math.floor(random() * among.length)] ?? "0";
  const hex = (count: number) => Array.from({ length: count }, () => digit("0123456789abcdef")).join("");
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${digit("89ab")}${hex(3)}-${hex(12)}`;
}

/** Uses the error messages of the participants. */
export function describeCrdbFailure({ id, errors }: CrdbTask): Failure {
  const reasons = (errors ?? []).map(
    ({ cluster_name, description, error_code }) =>
      `${printable(cluster_name ?? "a cluster")}: ${vendorText(description ?? "no reason")} (${printable(error_code ?? "no code")})`,
  );
  return {
    message: `CRDB task ${id} failed: ${reasons.join("; ") || "without a reason"}.`,
    remedy:
      "Some participants may have been upgraded, and others not. Check each on its own cluster, and fix the cause. Then run {apply} again. The request is sent again only if the participant of this cluster is outdated.",
  };
}
