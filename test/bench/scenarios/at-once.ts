import { FakeEngine } from "../../contract/engine";
import { makeWorkspace } from "../../engine";
import { ObshellCluster, obshell, ScaledClock, type Served, serve } from "../../simulators";
import { MeasuredPlugin, type Usage } from "../plugin";
import { figure, type Row, type Scenario } from "../result";
import { OLD_BUILD, PASSWORD, PROVIDER_TEXT, TARGET } from "../stacks";

const MANY = 1_000;
const FEW = 250;
/** The bound for the peak memory, in megabytes. */
const MOST_MEMORY = 1_024;
/** The bound for the ratio of memory per cluster, with many and with few clusters. */
const LINEAR = 1.25;
/**
 * The factors by which stages are longer than recorded, for the last and the first cluster. An upgrade then takes three to
 * five minutes, so that one machine can also simulate the clusters. Real ones take 10 to 60 minutes and are polled less often.
 */
const SLOWEST = 5;
const FASTEST = 3;
/** How long the idle process is measured, in milliseconds. */
const IDLE = 2_000;
const MEGABYTE = 1024 * 1024;

/** One plugin process serves all resources of a stack, regardless of `--parallel`. */
export const atOnce: Scenario = {
  name: "at-once",
  about: `${figure(FEW)} and ${figure(MANY)} OceanBase clusters upgraded at the same time, in the real plugin process`,
  async run({ report }) {
    const few = await upgraded(FEW, report);
    const many = await upgraded(MANY, report);
    return rows(few, many);
  },
};

interface Run {
  readonly clusters: number;
  readonly idle: Usage;
  readonly busy: Usage;
  readonly current: number;
  readonly requests: number;
  readonly seconds: number;
}

async function upgraded(count: number, report: (text: string) => void): Promise<Run> {
  const workspace = await makeWorkspace({ project: "bench" });
  const engine = await FakeEngine.start();
  const clusters = await Promise.all(Array.from({ length: count }, (_, at) => openCluster(at, count)));
  const plugin = await MeasuredPlugin.start(workspace.dir, engine.address);
  try {
    await new Promise((resolve) => setTimeout(resolve, IDLE));
    const idle = await plugin.usage();
    report(`upgrading ${figure(count)}, for about five minutes`);
    const start = performance.now();
    const created = await Promise.all(clusters.map(({ urn, inputs }) => plugin.create(urn, inputs)));
    const seconds = (performance.now() - start) / 1_000;
    const busy = await plugin.usage();
    const current = created.filter(({ status }) => status === "current").length;
    const requests = clusters.reduce((sum, { cluster }) => sum + cluster.journal.entries.length, 0);
    return { clusters: count, idle, busy, current, requests, seconds };
  } finally {
    await plugin.stop();
    engine.die();
    await Promise.all(clusters.map(({ served }) => served.close()));
    await workspace.close();
  }
}

async function openCluster(at: number, of: number) {
  const clock = new ScaledClock(1);
  const timings = slowed(FASTEST + ((SLOWEST - FASTEST) * at) / of);
  const options = { clock, timings, zones: 1, rootPassword: PASSWORD, buildVersion: OLD_BUILD };
  const cluster = new ObshellCluster({ ...options, clusterName: `cluster${at}` });
  cluster.control.addObPackages(TARGET.version, TARGET.release);
  const served: Served = await serve(cluster, { tickMs: 1_000 });
  const urn = `urn:pulumi:dev::bench::pulumi-nodejs:dynamic/oceanbase:ClusterVersion::res${at}`;
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

/** Longer stages; the time during which ports are closed is as recorded. */
function slowed(factor: number): Partial<obshell.Timings> {
  const { stageMs, stages } = obshell.RECORDED;
  const longer = Object.entries(stages).map(([name, time]) => [name, time * factor]);
  return { stageMs: stageMs * factor, stages: Object.fromEntries(longer) };
}

function rows(few: Run, many: Run): Row[] {
  const { clusters, idle, busy, current, requests, seconds } = many;
  const share = (run: Run) => (run.busy.peak - run.idle.peak) / run.clusters;
  const kilobytes = (run: Run) => `${figure(share(run) / 1024)} kB`;
  return [
    { what: "clusters at the target version", value: current, unit: "resources", bound: { exactly: clusters } },
    {
      what: "peak memory",
      value: busy.peak / MEGABYTE,
      unit: "MB",
      against: `the idle plugin: ${figure(idle.peak / MEGABYTE)} MB`,
      bound: { atMost: MOST_MEMORY },
    },
    {
      what: "memory per cluster",
      value: share(many) / share(few),
      unit: "×",
      against: `with ${figure(few.clusters)} clusters: ${kilobytes(many)} to ${kilobytes(few)}`,
      bound: { atMost: LINEAR },
    },
    {
      what: "requests per cluster",
      value: requests / clusters,
      unit: "requests",
      against: `in ${figure(seconds)} s; ${figure(busy.processor / 1_000)} s of processor time in the plugin`,
    },
    {
      what: "event-loop delay, 99th percentile",
      value: busy.delay99,
      unit: "ms",
      against: `idle ${figure(idle.delay99)} ms; maximum ${figure(busy.delayMost)} ms`,
    },
  ];
}
