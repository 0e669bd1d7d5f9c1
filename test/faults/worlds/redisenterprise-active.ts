import type { Random, RedisEnterpriseCluster, redisenterprise } from "../../simulators";
import type { Upgrade } from "../world";

/** An Active-Active database: its upgrade request is for all participants. */

const GUID = "552bbccb-99f3-4142-bd17-93d245f0bc79";
const OTHER = "cluster-b.local";

export const CRDB_UPGRADE_PATH = `/v1/crdbs/${GUID}/upgrade`;

type Options = redisenterprise.ClusterOptions;

/** Makes the database a participant, in a cluster that has the upgrade request. */
export function asParticipant({ databases = [], timings, ...options }: Options, random: Random): Options {
  const queue = random.next() < 0.5 ? 0 : random.integer(40_000);
  return {
    ...options,
    softwareVersion: "8.0.18-10",
    databases: databases.map((database) => ({ ...database, crdtGuid: GUID, otherClusters: [OTHER] })),
    timings: { ...(typeof timings === "object" ? timings : {}), crdbQueueMs: queue },
  };
}

/** The other participant completes before or after this one. */
export function setOther({ control }: RedisEnterpriseCluster, random: Random): void {
  control.setParticipant(OTHER, { lastsMs: random.integer(40_000) });
}

const STATES: Readonly<Record<string, Upgrade["state"]>> = { finished: "succeeded", failed: "failed" };

/** The tasks of the accepted upgrade requests, with their ids in the outputs. */
export function crdbUpgrades(cluster: RedisEnterpriseCluster): readonly Omit<Upgrade, "unit">[] {
  return cluster.crdbTasks().map(({ id, status }) => ({
    id: `crdb_tasks/${id}`,
    reachesTarget: true,
    visible: true,
    state: STATES[status] ?? "running",
  }));
}
