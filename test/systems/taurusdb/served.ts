import { ScaledClock, serve, TaurusCloud, taurusdb } from "../../simulators";
import type { Opened } from "../served";

const TIMINGS = { startMs: 500, visibleMs: 200, upgradeMs: 2_500, starRocksMs: 2_500, preCheckMs: 300 };
/** Short enough for an upgrade to be polled a few times only. */
const QUICK = { startMs: 100, visibleMs: 50, upgradeMs: 800, starRocksMs: 800, preCheckMs: 50 };

export function openQuickTaurus(): Promise<Opened> {
  return openTaurus(QUICK);
}

/** @param admit returns credentials with all permissions */
export async function openTaurus(timings: Partial<typeof TIMINGS> = {}, admit = owner): Promise<Opened> {
  const clock = new ScaledClock(1);
  const cloud = new TaurusCloud({ clock, instances: 3, oneDoor: true, timings: { ...TIMINGS, ...timings } });
  const served = await serve(cloud);
  const [endpoint = ""] = served.origins;
  const { projectId, instanceId } = taurusdb.DEFAULTS;
  const [starRocks] = cloud.starRocks;
  const fleet = cloud.instances.slice(1).map(({ id }) => id);
  if (starRocks === undefined) throw new Error("the cloud has no StarRocks instance");
  const connection = { endpoint, iamEndpoint: endpoint, projectId, ...admit(cloud) };
  const { journal, control, faults } = cloud;
  const kernelPath = /instances\/database-version\/upgrade$/;
  const starRocksPath = /starrocks\/db-upgrade$/;
  const common = { requests: () => journal.entries.length, faults };
  const accepted = (ids: readonly string[]) => () =>
    cloud.acceptedUpgrades.filter(({ instances }) => instances.some((id) => ids.includes(id))).length;
  return {
    systems: [
      {
        ...common,
        name: "fleet",
        type: "taurusdb.KernelVersion",
        args: { ...connection, instanceIds: fleet, version: ">=2.0.75" },
        currentArgs: { ...connection, instanceIds: fleet, version: ">=2.0.69" },
        upgradePath: kernelPath,
        accepted: accepted(fleet),
        before: "2.0.69.250900",
        after: "2.0.78.260600",
        plan: /2\.0\.69\.250900 → 2\.0\.78\.260600, 2 of 2 instances in 1 request, now/,
        writes: () => journal.count("POST", kernelPath),
        hang: () => forEach(fleet, (instance) => control.hang({ instance })),
        hangs: () => hungJobs(cloud, fleet).length === fleet.length,
        unhang: () => unhangTaurus(cloud, fleet),
        fail: () => failHung(cloud, fleet),
        loseReply: () => void faults.add({ match: { method: "POST", path: kernelPath }, fault: { kind: "loseReply" } }),
        downgrade: () => forEach(fleet, (instance) => control.setKernel("2.0.69.250900", instance)),
      },
      {
        ...common,
        name: "reports",
        type: "taurusdb.StarRocksVersion",
        args: { ...connection, instanceId, starRocksInstanceId: starRocks.id, version: ">=3.1.15" },
        currentArgs: { ...connection, instanceId, starRocksInstanceId: starRocks.id, version: ">=3.1.6" },
        upgradePath: starRocksPath,
        accepted: accepted([starRocks.id]),
        before: "3.1.6.0",
        after: "3.1.15.80",
        plan: /3\.1\.6\.0 → 3\.1\.15\.80/,
        writes: () => journal.count("POST", starRocksPath),
        hang: () => control.hang({ instance: starRocks.id }),
        hangs: () => hungJobs(cloud, [starRocks.id]).length === 1,
        unhang: () => unhangTaurus(cloud, [starRocks.id]),
        fail: () => failHung(cloud, [starRocks.id]),
        loseReply: () =>
          void faults.add({ match: { method: "POST", path: starRocksPath }, fault: { kind: "loseReply" } }),
        downgrade: () => control.setKernel("3.1.6.0", starRocks.id),
      },
    ],
    close: () => served.close(),
  };
}

function owner(_: TaurusCloud): Readonly<Record<string, string>> {
  const { accessKey, secretKey } = taurusdb.DEFAULTS;
  return { accessKey, secretKey };
}

function forEach(instances: readonly string[], action: (instance: string) => void): void {
  for (const instance of instances) action(instance);
}

function hungJobs(cloud: TaurusCloud, instances: readonly string[]): readonly string[] {
  return cloud.jobs.flatMap((job) => (instances.includes(job.instanceId) && job.hungAt !== null ? [job.id] : []));
}

function unhangTaurus(cloud: TaurusCloud, instances: readonly string[]): void {
  for (const job of hungJobs(cloud, instances)) cloud.control.unhang(job);
}

function failHung(cloud: TaurusCloud, instances: readonly string[]): void {
  for (const job of hungJobs(cloud, instances)) cloud.control.failJob("The upgrade failed and was rolled back.", job);
}
