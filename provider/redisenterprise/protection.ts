import type { Finding } from "../core/unit";
import { type Database, isUnprotected, subjectOf } from "./database/database";

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
export function consentBody({ preserveRoles, mayDiscardData }: Consent): Readonly<Record<string, boolean>> {
  return {
    ...(preserveRoles === undefined ? {} : { preserve_roles: preserveRoles }),
    ...(mayDiscardData === undefined ? {} : { may_discard_data: mayDiscardData }),
  };
}
