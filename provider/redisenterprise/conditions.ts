import type { z } from "zod";
import { uncheckedNote } from "../core/texts/sentences";
import type { Finding } from "../core/unit";
import { newestFirst } from "../core/version";
import { type Database, isUnprotected, subjectOf } from "./database/database";
import type { ClusterNode } from "./node";
import type { clusterInfo } from "./rest/schema";

/** Conditions of an upgrade that do not depend on the target version. */

/** Cluster states that rule out an upgrade of a database. */
export function clusterFindings(
  nodes: readonly ClusterNode[],
  info: z.infer<typeof clusterInfo> | undefined,
): Finding[] {
  const software = newestFirst(nodes.map((node) => node.software));
  const findings: Finding[] = [];
  if (software.length > 1) {
    findings.push({
      code: "nodes-differ",
      message: `The nodes run different versions of Redis Enterprise: ${software.join(", ")}.`,
      remedy: "Finish the upgrade of the cluster first.",
    });
  }
  if (info?.upgrade_in_progress === true || info?.block_cluster_changes === true) {
    const what = info.upgrade_in_progress === true ? "is being upgraded" : "takes no changes (block_cluster_changes)";
    findings.push({ code: "cluster-locked", message: `The cluster ${what}.`, remedy: "Wait until that has ended." });
  }
  return findings;
}

/** Reasons of failed reads. */
export interface Unread {
  readonly cluster?: string | undefined;
  readonly policy?: string | undefined;
  readonly crdbTasks?: string | undefined;
}

/** The conditions of an upgrade that could not be checked, as sentences. */
export function uncheckedIn({ unread = {} }: { readonly unread?: Unread }): string[] {
  const { cluster, policy, crdbTasks: tasks } = unread;
  return [
    ...(cluster === undefined ? [] : [uncheckedNote("Whether the cluster is being upgraded", cluster)]),
    ...(policy === undefined ? [] : [uncheckedNote("The upgrade policy of the cluster", policy)]),
    ...(tasks === undefined ? [] : [uncheckedNote("The list of tasks of Active-Active databases", tasks)]),
  ];
}

interface Consent {
  readonly preserveRoles?: boolean | undefined;
  readonly mayDiscardData?: boolean | undefined;
}

/**
 * An upgrade restarts every shard. It is undocumented whether the server refuses to empty an unprotected database, and
 * the only recording shows that it does not. Therefore consent is required here, whatever the server accepts.
 */
export function consentFinding(database: Database, { mayDiscardData }: Consent): Finding | undefined {
  if (!isUnprotected(database) || mayDiscardData === true) return undefined;
  return {
    code: "data-would-be-lost",
    property: "mayDiscardData",
    message: `${subjectOf(database)} has neither replication nor persistence: the upgrade restarts its shards, which deletes all data.`,
    remedy: "Enable replication or persistence first, or set `mayDiscardData` to true if its data may be lost.",
  };
}

/** What preserves service and data while shards restart: `replicated, persistence aof`. */
export function protectionOf({ replication, persistence }: Database): string {
  const kept = persistence === "disabled" ? "no persistence" : `persistence ${persistence}`;
  return `${replication ? "replicated" : "not replicated"}, ${kept}`;
}

/** The effect of the shard restart on the database's clients, for the plan line. */
export function impactOf(database: Database, { preserveRoles }: Consent): string {
  if (isUnprotected(database)) {
    return "with downtime and the loss of all its data: the database is neither replicated nor persistent";
  }
  if (!database.replication) return "with downtime: the database is not replicated";
  return preserveRoles === true
    ? "with two failovers of each shard, which keep the roles"
    : "with a failover of each shard";
}

/** The keys of both upgrade requests; unspecified ones are left to the server. */
export function consentBody({ preserveRoles, mayDiscardData }: Consent) {
  return { preserve_roles: preserveRoles, may_discard_data: mayDiscardData };
}
