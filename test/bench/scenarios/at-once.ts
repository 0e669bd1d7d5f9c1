import { FakeEngine } from "../../contract/engine";
import { makeWorkspace } from "../../engine";
import { ObshellCluster, obshell, ScaledClock, type Served, serve } from "../../simulators";
import { type Usage, WatchedPlugin } from "../plugin";
import { figure, type Row, type Scenario } from "../result";
import { OLD_BUILD, PASSWORD, PROVIDER_TEXT, TARGET } from "../stacks";

const CLUSTERS = 1_000;
/**
 * How many times as long as recorded each stage takes, from the first cluster to the last: three to five minutes for an
 * upgrade, so that one machine can simulate all of them besides. Real ones take 10 to 60 and are looked at less often.
 */
const SLOWEST = 5;
const FASTEST = 3;
/** How long the idle process is watched, in milliseconds. */
const IDLE = 2_000;
const MEGABYTE = 1024 * 1024;

/** One plugin process serves all resources of a stack, whatever `--parallel` says. */
export const atOnce: Scenario = {
  name: "at-once",
  about: `${figure(CLUSTERS)} OceanBase clusters that upgrade at once, in the real plugin process`,
  async run({ say }) {
    const workspace = await makeWorkspace({ project: "bench" });
    const engine = await FakeEngine.start();
    const clusters = await Promise.all(Array.from({ length: CLUSTERS }, (_, at) => openCluster(at)));
    const plugin = await WatchedPlugin.start(workspace.dir, engine.address);
    try {
      await new Promise((resolve) => setTimeout(resolve, IDLE));
      const idle = await plugin.usage();
      say("upgrading, for about five minutes");
      const began = performance.now();
      const made = await Promise.all(clusters.map(({ urn, inputs }) => plugin.create(urn, inputs)));
      const seconds = (performance.now() - began) / 1_000;
      const busy = await plugin.usage();
      const current = made.filter(({ status }) => status === "current").length;
      const requests = clusters.reduce((sum, { cluster }) => sum + cluster.journal.entries.length, 0);
      return rows(idle, busy, { current, requests, seconds });
    } finally {
      await plugin.stop();
      engine.die();
      await Promise.all(clusters.map(({ served }) => served.close()));
      await workspace.close();
    }
  },
};

async function openCluster(at: number) {
  const clock = new ScaledClock(1);
  const timings = slowed(FASTEST + ((SLOWEST - FASTEST) * at) / CLUSTERS);
  const options = { clock, timings, zones: 1, rootPassword: PASSWORD, buildVersion: OLD_BUILD };
  const cluster = new ObshellCluster({ ...options, clusterName: `cluster${at}` });
  cluster.control.addObPackages(TARGET.version, TARGET.release);
  const served: Served = await serve(cluster, { tickMs: 1_000 });
  const urn = `urn:pulumi:dev::bench::pulumi-nodejs:dynamic/oceanbase:ClusterVersion::pin${at}`;
  const inputs = {
    endpoints: [...served.origins],
    password: PASSWORD,
    ...TARGET,
    mode: "stopService",
    __provider: PROVIDER_TEXT,
    __urn: urn,
  };
  return { cluster, served, urn, inputs };
}

/** Longer stages; what closes a port for how long stays as it was recorded. */
function slowed(factor: number): Partial<obshell.Timings> {
  const { stageMs, stages } = obshell.RECORDED;
  const longer = Object.entries(stages).map(([name, time]) => [name, time * factor]);
  return { stageMs: stageMs * factor, stages: Object.fromEntries(longer) };
}

function rows(idle: Usage, busy: Usage, seen: { current: number; requests: number; seconds: number }): Row[] {
  const { current, requests, seconds } = seen;
  return [
    { what: "clusters at their pin", value: current, unit: "pins", bound: { exactly: CLUSTERS } },
    {
      what: "peak memory",
      value: busy.peak / idle.peak,
      unit: "×",
      against: `the idle plugin: ${figure(busy.peak / MEGABYTE)} MB to ${figure(idle.peak / MEGABYTE)} MB`,
      bound: { atMost: 2.5 },
    },
    {
      what: "event-loop delay, 99th percentile",
      value: busy.delay99,
      unit: "ms",
      against: `idle ${figure(idle.delay99)} ms; longest ${figure(busy.delayMost)} ms`,
      bound: { below: 100 },
    },
    {
      what: "requests a cluster",
      value: requests / CLUSTERS,
      unit: "requests",
      against: `in ${figure(seconds)} s; ${figure(busy.processor / 1_000)} s of processor time in the plugin`,
    },
  ];
}
