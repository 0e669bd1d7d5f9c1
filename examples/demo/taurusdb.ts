import { copyExample, openEngine } from "../../test/engine";
import { ScaledClock, serve, TaurusCloud, taurusdb } from "../../test/simulators";
import type { Stage } from "./stage";

/** Upgrades take seconds instead of minutes, on a real-time clock: signatures contain the time. */
const TIMINGS = { startMs: 500, visibleMs: 200, upgradeMs: 6_000, starRocksMs: 3_000, preCheckMs: 500 };
const OLD = "2.0.69.250900";
const NEWEST = "2.0.78.260600";

export async function openTaurusDB(): Promise<Stage> {
  const cloud = new TaurusCloud({ clock: new ScaledClock(1), instances: 6, oneDoor: true, timings: TIMINGS });
  const ids = cloud.instances.map(({ id }) => id);
  const [first, second = ""] = ids;
  const [starRocks] = cloud.starRocks;
  if (starRocks === undefined) throw new Error("the simulated cloud has no StarRocks instance");
  cloud.control.setKernel(NEWEST, first);
  const served = await serve(cloud);
  const [endpoint = ""] = served.origins;
  const { projectId, instanceId, accessKey, secretKey } = taurusdb.DEFAULTS;
  const workspace = await copyExample("taurusdb");
  const engine = await openEngine({
    dir: workspace.dir,
    config: {
      instanceIds: JSON.stringify(ids),
      reportsOf: instanceId,
      reports: starRocks.id,
      "huaweicloud:endpoint": endpoint,
      "huaweicloud:iamEndpoint": endpoint,
      "huaweicloud:projectId": projectId,
    },
    secrets: { "huaweicloud:accessKey": accessKey, "huaweicloud:secretKey": secretKey },
  });
  return {
    title: `TaurusDB: six simulated instances, five of them on ${OLD}, and a StarRocks instance on 3.1.6.0.`,
    engine,
    resource: "fleet",
    target: NEWEST,
    upgrades: () => cloud.acceptedUpgrades.length,
    requests: () => cloud.journal.entries.length,
    forget: () => cloud.journal.clear(),
    setBack: () => {
      cloud.control.setKernel(OLD, second);
      return `One instance is back on ${OLD}.`;
    },
    hold: () => cloud.control.hang({ instance: second, percent: 60 }),
    held: /\b60%/,
    release: () => cloud.control.unhang(),
    fail: () => {
      const reason = "The disk is full.";
      cloud.control.fail({ instance: second, reason });
      return reason;
    },
    repair: () => "After the disk was enlarged, `up` requests the upgrade of this instance only.",
    close: async () => {
      await engine.close();
      await served.close();
      await workspace.close();
    },
  };
}
