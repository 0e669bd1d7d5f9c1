import type { Finding } from "../core/unit";
import { type Database, subjectOf } from "./database";
import { type ClusterNode, softwareAtLeast } from "./node";

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
    remedy: `Upgrade each participant on its own cluster (POST /v1/bdbs/{uid}/upgrade), then run \`crdb-cli crdb update --crdb-guid ${database.crdb} --featureset-version true\` and \`crdb-cli crdb update --crdb-guid ${database.crdb} --update-db-config-modules true\`; or upgrade the clusters to ${CRDB_UPGRADE_SINCE} or later, whose POST /v1/crdbs/{guid}/upgrade is used then.`,
  };
}
