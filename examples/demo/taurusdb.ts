import { copyExample, openEngine } from "../../test/engine";
import { ScaledClock, serve, TaurusCloud, taurusdb } from "../../test/simulators";
import { chapter, expect, onLine, say, succeed } from "./story";

/** Upgrades of seconds instead of minutes, on a clock that runs as ours: signatures carry the time. */
const TIMINGS = { startMs: 500, visibleMs: 200, upgradeMs: 4_000, starRocksMs: 2_500, preCheckMs: 500 };
const OLDER = "2.0.66.250600";
const NEWEST = "2.0.78.260600";

/** A fleet of six: one of them is there already, one fails, and the next `up` asks for that one alone. */
export async function showTaurusDB(): Promise<void> {
  const cloud = new TaurusCloud({ clock: new ScaledClock(1), instances: 6, oneDoor: true, timings: TIMINGS });
  const ids = cloud.instances.map(({ id }) => id);
  const [first, second, third] = ids;
  const [starRocks] = cloud.starRocks;
  if (starRocks === undefined) throw new Error("the simulated cloud has no StarRocks instance");
  cloud.control.setKernel(NEWEST, first);
  cloud.control.setKernel(OLDER, second);
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
  const accepted = () => cloud.acceptedUpgrades.map(({ instances }) => instances.length);
  try {
    say(`cloud: ${endpoint}, one instance on ${NEWEST}, one on ${OLDER}, four on 2.0.69.250900; StarRocks on 3.1.6.0`);

    chapter("Preview: which instances are behind, and in how many calls they would be upgraded");
    succeed(await engine.preview({ onLine }));
    expect(accepted().length === 0, "the preview must not call anything");

    chapter("Up, with an instance that fails: the others get there, and it is told by name");
    cloud.control.fail({ ...(third === undefined ? {} : { instance: third }), reason: "The disk is full." });
    const run = await engine.up({ onLine });
    expect(!run.ok && run.output.includes("The disk is full."), "the failed instance must be told");

    chapter("Up again: only that one is asked for, then StarRocks");
    succeed(await engine.up({ onLine }));
    say(`instances in each call that was accepted: ${accepted().join(", ")}`);

    chapter("A second up: nothing to do, nothing asked");
    cloud.journal.clear();
    succeed(await engine.up({ onLine }));
    expect(cloud.journal.entries.length === 0, "a pin that holds must cause no request");
    say("requests to the service: 0");
  } finally {
    await engine.close();
    await served.close();
    await workspace.close();
  }
}
