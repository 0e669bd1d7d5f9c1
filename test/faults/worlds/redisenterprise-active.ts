import type { Random, RedisEnterpriseCluster, redisenterprise } from "../../simulators";
import type { Upgrade } from "../world";

/** What is different where the database takes part in an Active-Active one: the call is for all participants. */

const GUID = "552bbccb-99f3-4142-bd17-93d245f0bc79";
const OTHER = "cluster-b.local";

export const CRDB_CALL = `/v1/crdbs/${GUID}/upgrade`;

type Options = redisenterprise.ClusterOptions;

/** Makes the one database a participant, in a cluster that has the call. */
export function asParticipant({ databases = [], timings, ...options }: Options, random: Random): Options {
  const queue = random.next() < 0.5 ? 0 : random.integer(40_000);
  return {
    ...options,
    softwareVersion: "8.0.18-10",
    databases: databases.map((database) => ({ ...database, crdtGuid: GUID, otherClusters: [OTHER] })),
    timings: { ...(typeof timings === "object" ? timings : {}), crdbQueueMs: queue },
  };
}

/** The other participant is done sooner, or later, than this one. */
export function setOther({ control }: RedisEnterpriseCluster, random: Random): void {
  control.setParticipant(OTHER, { lastsMs: random.integer(40_000) });
}

const STATES: Readonly<Record<string, Upgrade["state"]>> = { finished: "succeeded", failed: "failed" };

/** The tasks of the calls that were accepted, by their ids in the outputs. */
export function crdbUpgrades(cluster: RedisEnterpriseCluster): readonly Omit<Upgrade, "subject">[] {
  return cluster.crdbTasks().map(({ id, status }) => ({
    id: `crdb_tasks/${id}`,
    aimed: true,
    shown: true,
    state: STATES[status] ?? "running",
  }));
}
