import { compareKernel, latestKernel, latestStarRocks, nextRound } from "./kernel";
import type { CheckItem, InstanceState } from "./state";
import type { JobState, Outcome } from "./task";
import { regionOf, type World } from "./world";

interface Condition {
  readonly item: CheckItem;
  readonly unmet: (instance: InstanceState) => boolean;
  readonly text: string;
}

const COMPATIBILITY = "Upgrade feature compatibility check";

/** The conditions of an upgrade (TaurusDB facts §3.1), with the pre-check item that reports each. */
const CONDITIONS: readonly Condition[] = [
  {
    item: COMPATIBILITY,
    unmet: ({ conditions }) => conditions.binlogOff,
    text: "rds_global_sql_log_bin must be ON.",
  },
  {
    item: COMPATIBILITY,
    unmet: ({ conditions }) => conditions.binlogExpireSeconds < 86_400,
    text: "binlog_expire_logs_seconds must be at least 86400.",
  },
  {
    item: COMPATIBILITY,
    unmet: ({ conditions }) => conditions.collation !== "utf8mb4_0900_ai_ci",
    text: "default_collation_for_utf8mb4 must be utf8mb4_0900_ai_ci.",
  },
  {
    item: COMPATIBILITY,
    unmet: ({ conditions }) => conditions.binlogInconsistent > 0,
    text: "rds_sql_log_bin_inconsistent_count must be 0.",
  },
  {
    item: "Resource check",
    unmet: ({ conditions }) => conditions.replicaLagSeconds > 300,
    text: "The replication delay of read replicas must not exceed 300 seconds.",
  },
];

export const CHECK_ITEMS: readonly { readonly item: CheckItem; readonly description: string }[] = [
  { item: "Upgrade permission check", description: "Check whether the upgrade is permitted." },
  { item: "Instance version check", description: "Check whether the source version can be upgraded." },
  { item: "Resource check", description: "Check whether the instance resources meet the upgrade requirements." },
  { item: COMPATIBILITY, description: "Check whether the features in use are compatible with the target version." },
];

/** Why an upgrade fails as soon as it starts. */
export function blockersOf(world: World, job: JobState): readonly string[] {
  if (job.kind === "starRocks") {
    const tasks = world.starRocks.get(job.instanceId)?.syncTasks ?? 0;
    return tasks > 0 && !job.skipValidation ? ["Data synchronization tasks are running."] : [];
  }
  const instance = world.instances.get(job.instanceId);
  if (job.kind === "preCheck" || instance === undefined) return [];
  return CONDITIONS.filter((one) => one.unmet(instance)).map((one) => one.text);
}

function failedItems(world: World, instance: InstanceState): readonly CheckItem[] {
  const failed = new Set(CONDITIONS.filter((one) => one.unmet(instance)).map((one) => one.item));
  if (instance.denied) failed.add("Upgrade permission check");
  if (compareKernel(instance.kernel, latestKernel(regionOf(world, instance.projectId), instance)) >= 0) {
    failed.add("Instance version check");
  }
  return [...failed];
}

/** Determines the effect of a job when it starts; later offers do not change it. */
export function startOutcome(world: World, job: JobState): void {
  const instance = world.instances.get(job.instanceId);
  if (job.kind === "preCheck") {
    if (instance?.check?.jobId === job.id) instance.check.failed = failedItems(world, instance);
    return;
  }
  job.outcome = behind(job) ?? regular(world, job, instance);
  if (job.outcome?.preparation === "preUpgraded") job.runMs = world.state.timings.preUpgradeMs;
}

function behind({ script }: JobState): Outcome | undefined {
  return script?.what === "fallBehind" ? { version: script.to ?? null, preparation: "none" } : undefined;
}

function regular(world: World, job: JobState, instance: InstanceState | undefined): Outcome | null {
  const region = regionOf(world, job.projectId);
  if (instance !== undefined) return nextRound(instance, latestKernel(region, instance), world.state.switches);
  const starRocks = world.starRocks.get(job.instanceId);
  return starRocks ? { version: latestStarRocks(region, starRocks), preparation: "none" } : null;
}
