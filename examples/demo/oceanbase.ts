import { copyExample, type Engine, type Operation, openEngine } from "../../test/engine";
import { ObshellCluster, ScaledClock, serve } from "../../test/simulators";
import { chapter, expect, onLine, say, succeed } from "./story";

/** Simulated seconds in a real one: the upgrade of a minute and a half takes about six seconds. */
const SPEED = 15;
const PASSWORD = "demo-r00t-password";
const OLD_BUILD = "4.2.1.8-108000022024072217";
/** The upgrade calls of both systems. */
const UPGRADE = /^\/api\/v1\/(ob|agent)\/upgrade$/;

/** Agents and database of a cluster: from the first preview to destroy, with drift and an interrupted run. */
export async function showOceanBase(): Promise<void> {
  const clock = new ScaledClock(SPEED);
  const cluster = new ObshellCluster({ clock, rootPassword: PASSWORD, buildVersion: OLD_BUILD });
  cluster.control.addAgentPackage("4.4.2.0", "102026041610.el7");
  cluster.control.addObPackages("4.3.5.2", "102000042025031214.el7");
  const served = await serve(cluster, { speed: SPEED });
  const workspace = await copyExample("oceanbase");
  const engine = await openEngine({
    dir: workspace.dir,
    config: { endpoints: JSON.stringify(served.origins) },
    secrets: { "oceanbase:password": PASSWORD },
  });
  try {
    say(`engine: ${engine.name}`, `cluster: ${served.origins.join(", ")}, agents on 4.3.3.0, observers on 4.2.1.8`);
    await show(engine, cluster);
  } finally {
    await engine.close();
    await served.close();
    await workspace.close();
  }
}

async function show(engine: Engine, cluster: ObshellCluster): Promise<void> {
  const calls = () => cluster.journal.count("POST", UPGRADE);

  chapter("Preview: what would happen");
  succeed(await engine.preview({ onLine }));
  expect(calls() === 0, "the preview must not call anything");

  chapter("Up: one upgrade call for the agents, one for the database, and the wait for every one of them");
  succeed(await engine.up({ onLine }));
  expect(calls() === 2, "one upgrade call each was expected");

  chapter("A second up: nothing to do, nothing asked");
  cluster.journal.clear();
  succeed(await engine.up({ onLine }));
  expect(cluster.journal.entries.length === 0, "a pin that holds must cause no request");
  say("requests to the cluster: 0");

  chapter("Drift: somebody puts the cluster back to 4.2.1.8; refresh finds it, the preview shows it");
  cluster.control.setBuildVersion(OLD_BUILD);
  succeed(await engine.refresh({ onLine }));
  succeed(await engine.preview({ onLine }));

  chapter("Up, interrupted with ^C in the middle: the upgrade goes on at the vendor");
  // So that it surely still runs when it is joined, however slow the machine.
  cluster.control.hang({ stage: "Execute upgrade post script" });
  const up: Operation = engine.up({ onLine });
  await up.seen(/stage \d+\/30/);
  up.cancel();
  const interrupted = await up;
  expect(!interrupted.ok, "an interrupted run must not count as done");
  expect(interrupted.output.includes("still running"), "the hand-over must be told");

  chapter("Up again: joins the running upgrade and waits for its end");
  const again = engine.up({ onLine });
  await again.seen(/stage 28\/30/);
  cluster.control.unhang();
  succeed(await again);
  expect(calls() === 1, "the running upgrade must be joined, not started again");

  chapter("Destroy: unpins, and leaves the database as it is");
  succeed(await engine.destroy({ onLine }));
  expect(calls() === 1, "destroy must not call anything");
  say(`upgrades accepted by the cluster in all: ${cluster.acceptedUpgrades.length}`);
}
