import type { JournalEntry } from "../../simulators";
import { figure, type Row, type Scenario } from "../result";
import { type CloudWorld, kernelWorld } from "../worlds/taurusdb";

const INSTANCES = 500;
const RESOURCES = [1, 10, 500];
/** The initial kernels of the instances, in turn. */
const SOURCES = ["2.0.54.240600", "2.0.57.240900", "2.0.60.241200", "2.0.66.250600", "2.0.69.250900"];
/** The maximum number of instances in one request. */
const BATCH = 100;
/** The bound for the reads of one `up`. */
const MOST_READS = 900;

/** Instances of one project in few or many resources must cause about the same number of requests. */
export const manyInstances: Scenario = {
  name: "many-instances",
  about: `${INSTANCES} TaurusDB instances of ${SOURCES.length} kernels in one project, in few and in many resources`,
  async run({ report }) {
    const rows: Row[] = [];
    const reads: number[] = [];
    for (const resources of RESOURCES) {
      report(`${resources} resources`);
      const upgraded = await upgradeIn(resources);
      rows.push(...upgraded.rows);
      reads.push(upgraded.reads);
    }
    const [few = 0, , many = 0] = reads;
    const against = `in ${RESOURCES[0]} resource: ${figure(many)} to ${figure(few)}`;
    return [
      ...rows,
      { what: `reads in ${RESOURCES.at(-1)} resources`, value: many / few, unit: "×", against, bound: { atMost: 1.1 } },
    ];
  },
};

async function upgradeIn(resources: number): Promise<{ rows: Row[]; reads: number }> {
  const world = kernelWorld({ instances: INSTANCES, sources: SOURCES });
  const { ids, lifecycle, inputs, cloud } = world;
  const size = INSTANCES / resources;
  const groups = Array.from({ length: resources }, (_, at) => ids.slice(at * size, (at + 1) * size));
  const kernels = new Map(cloud.instances.map(({ id, kernel }) => [id, kernel]));
  const batches = groups.map((group) => batchCountOf(group.map((id) => kernels.get(id) ?? "")));
  // As the engine does: each resource is checked, then created.
  const resource = async (instanceIds: readonly string[], at: number) => {
    const args = inputs(`res${at}`, { instanceIds });
    await lifecycle.check({}, args);
    return lifecycle.create(args);
  };
  const created = await Promise.all(groups.map(resource));
  if (created.some(({ outs }) => outs["status"] !== "current"))
    throw new Error("not all instances reached the target version");
  const name = `${figure(resources)} resource${resources === 1 ? "" : "s"}`;
  const reads = world.journal.filter(({ method }) => method === "GET");
  return { rows: rowsOf(name, world, reads, sum(batches)), reads: reads.length };
}

function rowsOf(name: string, { writes }: CloudWorld, reads: readonly JournalEntry[], batches: number): Row[] {
  const versionReads = reads.filter(({ path }) => path.endsWith("/database-version")).length;
  const pages = reads.filter(({ path }) => path.endsWith("/instances")).length;
  return [
    {
      what: `${name}: upgrade requests`,
      value: writes().length,
      unit: "writes",
      against: `${figure(batches)} batches of one kernel and at most ${BATCH}`,
      bound: { exactly: batches },
    },
    {
      what: `${name}: reads`,
      value: reads.length,
      unit: "requests",
      against: `${figure(versionReads)} of offered versions, ${figure(pages)} pages of instances, ${figure(reads.length - versionReads - pages)} of tasks`,
      bound: { atMost: MOST_READS },
    },
    {
      what: `${name}: reads of offered versions`,
      value: versionReads,
      unit: "requests",
      against: "one for each instance",
      bound: { exactly: INSTANCES },
    },
  ];
}

/** The number of requests that instances of these kernels require. */
function batchCountOf(kernels: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const kernel of kernels) counts.set(kernel, (counts.get(kernel) ?? 0) + 1);
  return sum([...counts.values()].map((count) => Math.ceil(count / BATCH)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
