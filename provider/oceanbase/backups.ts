import { type BackupRecord, backupOfAll } from "../core/control/backup";
import { UpgradeError } from "../core/errors";
import type { Agents } from "./agent/agents";
import { OtherCluster } from "./agent/connection-errors";
import { type BackupJob, backupJobs, tenantList } from "./agent/schema";

/** Backups, which OceanBase creates per tenant. Reads only. */

const TENANTS = "/api/v1/tenants/overview";
/** obshell rejects backups of this tenant, and listing them. */
const SYS = "sys";
/** Jobs per page, newest first. The first page usually contains the running job and the last complete one. */
const PAGE = 50;

/**
 * The backups of a cluster.
 * @param named tenants; all user tenants if empty
 * @throws Unreachable
 */
export async function readBackups(
  agents: Pick<Agents, "find">,
  named: readonly string[] | undefined,
): Promise<BackupRecord> {
  return unlessRefused(async () => {
    const tenants = named ?? (await userTenants(agents));
    if (tenants === undefined)
      return unknown("no agent that responds can list the tenants (obshell 4.2.4.0 or later is required)");
    if (tenants.length === 0) return unknown("the cluster has no user tenant");
    return backupOfAll(await Promise.all(tenants.map((tenant) => backupOf(agents, tenant))));
  });
}

async function userTenants(agents: Pick<Agents, "find">): Promise<readonly string[] | undefined> {
  const tenants = await agents.find(undefined, TENANTS, tenantList);
  return tenants?.map(({ tenant_name }) => tenant_name).filter((name) => name !== SYS);
}

function backupOf(agents: Pick<Agents, "find">, tenant: string): Promise<BackupRecord> {
  const what = `tenant ${tenant}`;
  return unlessRefused(async () => {
    for (let page = 1; ; page++) {
      const listed = await agents.find(undefined, tasksOf(tenant, page), backupJobs);
      if (listed === undefined)
        return unknown("no agent that responds can list backups (obshell 4.3.2.0 or later is required)");
      const jobs = listed.contents ?? [];
      // A tenant runs one backup at a time, so the newest job shows whether one is in progress.
      if (page === 1 && jobs.some(isRunning)) return { kind: "running", what };
      const last = jobs.find(({ status }) => status === "COMPLETED");
      if (last !== undefined) return finished(last, what);
      if (jobs.length === 0 || page >= listed.page.total_pages) return { kind: "none", what };
    }
  });
}

function tasksOf(tenant: string, page: number): string {
  const query = `page=${page}&size=${PAGE}&sort=start_timestamp,desc`;
  return `/api/v1/tenant/${encodeURIComponent(tenant)}/backup/tasks?${query}`;
}

function isRunning({ status, end_timestamp }: BackupJob): boolean {
  return status !== "COMPLETED" && !end_timestamp;
}

function finished({ end_timestamp }: BackupJob, what: string): BackupRecord {
  const at = Date.parse(end_timestamp ?? "");
  if (Number.isNaN(at)) return unknown(`the end of the last one of ${what} cannot be read: ${end_timestamp}`);
  return { kind: "finished", at, what };
}

/** A refusal concerns the tenant or the agents, and neither should end the run. */
async function unlessRefused(read: () => Promise<BackupRecord>): Promise<BackupRecord> {
  try {
    return await read();
  } catch (error) {
    const refused = error instanceof UpgradeError && error.code === "blocked" && !(error instanceof OtherCluster);
    if (refused) return unknown(error.message.replace(/\.$/, ""));
    throw error;
  }
}

function unknown(reason: string): BackupRecord {
  return { kind: "unknown", reason };
}
