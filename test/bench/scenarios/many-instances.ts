import type { JournalEntry } from "../../simulators";
import { figure, type Row, type Scenario } from "../result";
import { type CloudWorld, kernelWorld } from "../worlds/taurusdb";

const INSTANCES = 500;
const RESOURCES = [1, 10, 500];
/** Kernels that the instances run in turn. */
const SOURCES = ["2.0.54.240600", "2.0.57.240900", "2.0.60.241200", "2.0.66.250600", "2.0.69.250900"];
/** Most instances that one call takes. */
const CHUNK = 100;
/** Most reads of one `up`. */
const MOST = 900;

/** Instances of one project, pinned by few resources or many: the service sees much the same. */
export const manyInstances: Scenario = {
  name: "many-instances",
  about: `${INSTANCES} TaurusDB instances of ${SOURCES.length} kernels in one project, in few resources and in many`,
  async run({ say }) {
    const rows: Row[] = [];
    const reads: number[] = [];
    for (const resources of RESOURCES) {
      say(`${resources} resources`);
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
  const chunks = groups.map((group) => chunksOf(group.map((id) => kernels.get(id) ?? "")));
  // As an engine does: each resource is checked, and then created.
  const resource = async (instanceIds: readonly string[], at: number) => {
    const args = inputs(`pins${at}`, { instanceIds });
    await lifecycle.check({}, args);
    return lifecycle.create(args);
  };
  const made = await Promise.all(groups.map(resource));
  if (made.some(({ outs }) => outs["status"] !== "current")) throw new Error("not all instances got to their pin");
  const name = `${figure(resources)} resource${resources === 1 ? "" : "s"}`;
  const reads = world.journal.filter(({ method }) => method === "GET");
  return { rows: told(name, world, reads, sum(chunks)), reads: reads.length };
}

function told(name: string, { writes }: CloudWorld, reads: readonly JournalEntry[], chunks: number): Row[] {
  const offers = reads.filter(({ path }) => path.endsWith("/database-version")).length;
  const pages = reads.filter(({ path }) => path.endsWith("/instances")).length;
  return [
    {
      what: `${name}: upgrade calls`,
      value: writes().length,
      unit: "writes",
      against: `${figure(chunks)} chunks of one kernel and at most ${CHUNK}`,
      bound: { exactly: chunks },
    },
    {
      what: `${name}: reads`,
      value: reads.length,
      unit: "requests",
      against: `${figure(offers)} of offers, ${figure(pages)} pages of instances, ${figure(reads.length - offers - pages)} of tasks`,
      bound: { atMost: MOST },
    },
    {
      what: `${name}: offers`,
      value: offers,
      unit: "requests",
      against: "one for each instance",
      bound: { exactly: INSTANCES },
    },
  ];
}

/** Calls that instances of these kernels need. */
function chunksOf(kernels: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const kernel of kernels) counts.set(kernel, (counts.get(kernel) ?? 0) + 1);
  return sum([...counts.values()].map((count) => Math.ceil(count / CHUNK)));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
