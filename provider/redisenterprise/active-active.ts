import type { Failure, Task } from "../core/task";
import type { Finding } from "../core/unit";
import { vendorText } from "../core/vendor-text";
import { printable } from "../http/body";
import { type Database, subjectOf } from "./database/database";
import { type ClusterNode, softwareAtLeast } from "./node";
import type { CrdbTask } from "./rest/schema";

/** Since this software there is one call that upgrades every participant of an Active-Active database. */
const CRDB_UPGRADE_SINCE = "8.0.18";

/** The CRDB call, where the database takes part in an Active-Active one and the cluster has it. */
export function crdbCallOf({ crdb }: Database, nodes: readonly ClusterNode[]): string | undefined {
  if (crdb === undefined || crdb === "" || !softwareAtLeast(nodes, CRDB_UPGRADE_SINCE)) return undefined;
  return `/v1/crdbs/${encodeURIComponent(crdb)}/upgrade`;
}

export function isCrdbCall(path: string): boolean {
  return path.startsWith("/v1/crdbs/");
}

/** A participant is not upgraded alone, where the cluster has no call for all of them. */
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

/**
 * The task behind a CRDB call, which every participant has its part in: it can be queued while nothing shows here, and go on
 * or fail elsewhere when the participant of this cluster is done.
 */

export const CRDB_UPGRADE = "CRDB upgrade";

const PREFIX = "crdb_tasks/";

/** How a CRDB task is named beside actions: `crdb_tasks/4b7e…`. */
export function crdbTaskId(id: string): string {
  return `${PREFIX}${id}`;
}

/** The vendor's id of a CRDB task; undefined for every other task. */
export function ownIdOf({ id }: Pick<Task, "id">): string | undefined {
  return id.startsWith(PREFIX) ? id.slice(PREFIX.length) : undefined;
}

/** No page lists the operations; `create_crdb` is the one example. */
export function isCrdbUpgrade({ operation }: CrdbTask): boolean {
  return /upgrade/i.test(operation ?? "");
}

/** Results are kept 500 seconds unless the call says otherwise; the next `up` may be tomorrow's. In seconds. */
const RESULT_TTL = 86_400;

/** Headers of a CRDB call: the id that its task shall have, and how long its result is to be read. */
export function crdbHeaders(id: string): Readonly<Record<string, string>> {
  return { "x-task-id": id, "x-result-ttl": String(RESULT_TTL) };
}

/** A UUID (version 4). @param random in [0, 1) */
export function newTaskId(random: () => number): string {
  const digit = (among: string) => among[Math.floor(random() * among.length)] ?? "0";
  const hex = (count: number) => Array.from({ length: count }, () => digit("0123456789abcdef")).join("");
  return `${hex(8)}-${hex(4)}-4${hex(3)}-${digit("89ab")}${hex(3)}-${hex(12)}`;
}

/** In the participants' own words. */
export function describeCrdbFailure({ id, errors }: CrdbTask): Failure {
  const said = (errors ?? []).map(
    ({ cluster_name, description, error_code }) =>
      `${printable(cluster_name ?? "a cluster")}: ${vendorText(description ?? "no reason")} (${printable(error_code ?? "no code")})`,
  );
  return {
    message: `CRDB task ${id} failed: ${said.join("; ") || "without a reason"}.`,
    remedy:
      "Some participants may have been upgraded, and others not. Check each on its own cluster, and fix the cause. Then run {apply} again. The request is sent again only if the participant of this cluster is outdated.",
  };
}
