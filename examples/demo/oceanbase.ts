import { copyExample, openEngine } from "../../test/engine";
import { ObshellCluster, ScaledClock, serve } from "../../test/simulators";
import type { Stage } from "./stage";

/** Simulated seconds in a real one: an upgrade of 90 seconds takes about six. */
const SPEED = 15;
const PASSWORD = "demo-r00t-password";
const OLD_BUILD = "4.2.1.8-108000022024072217";
/** The upgrade requests of both resources. */
const UPGRADE = /^\/api\/v1\/(ob|agent)\/upgrade$/;

export async function openOceanBase(): Promise<Stage> {
  const cluster = new ObshellCluster({
    clock: new ScaledClock(SPEED),
    rootPassword: PASSWORD,
    buildVersion: OLD_BUILD,
  });
  cluster.control.addAgentPackage("4.4.2.0", "102026041610.el7");
  cluster.control.addObPackages("4.3.5.2", "102000042025031214.el7");
  const served = await serve(cluster, { speed: SPEED });
  const workspace = await copyExample("oceanbase");
  const engine = await openEngine({
    dir: workspace.dir,
    config: { endpoints: JSON.stringify(served.origins) },
    secrets: { "oceanbase:password": PASSWORD },
  });
  return {
    title: "OceanBase: a simulated cluster of three zones on 4.2.1.8, its agents on 4.3.3.0.",
    engine,
    resource: "orders",
    target: "4.3.5.2",
    upgrades: () => cluster.journal.count("POST", UPGRADE),
    requests: () => cluster.journal.entries.length,
    forget: () => cluster.journal.clear(),
    setBack: () => {
      cluster.control.setBuildVersion(OLD_BUILD);
      return "The observers of the cluster are back on 4.2.1.8.";
    },
    hold: () => cluster.control.hang({ stage: "Execute upgrade pre script" }),
    held: /\b12\/30\b/,
    release: () => cluster.control.unhang(),
    fail: () => {
      const reason = "no space left on device";
      cluster.control.fail({
        stage: "Unpack all required packages",
        kind: "obUpgrade",
        logs: [`write libobmysql.so: ${reason}`],
      });
      return reason;
    },
    repair: () =>
      'The program has `onFailure: "rollback"`, so the cluster is as it was before. After disk space was freed, `up` starts again.',
    close: async () => {
      await engine.close();
      await served.close();
      await workspace.close();
    },
  };
}
