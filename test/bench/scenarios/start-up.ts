import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, sep } from "node:path";
import { promisify } from "node:util";
import { makeWorkspace, type Workspace } from "../../engine";
import { median } from "../measure";
import { figure, type Row, type Scenario } from "../result";
import { TYPES } from "../worlds";

const run = promisify(execFile);
const PROBES = join(__dirname, "..", "probes");
const ROUNDS = 9;
/** Modules that must not be loaded before the first resource of their vendor. */
const VENDORS = ["oceanbase", "taurusdb", "redisenterprise"];
const LATER = ["zod", "undici", "yaml"];

interface Import {
  readonly sdk: number;
  readonly ours: number;
  readonly modules: readonly string[];
}

interface Plugin {
  /** From the start of the process until it prints its port. All times are in milliseconds. */
  readonly started: number;
  readonly loading: number;
  readonly using: number;
  readonly modules: readonly string[];
  readonly used: readonly string[];
}

/** Every run of every program loads these modules, whether it uses them or not. */
export const startUp: Scenario = {
  name: "start-up",
  about: "the cost of loading this package in a program and in the plugin",
  async run({ report }) {
    const workspace = await makeWorkspace({ program: "", project: "bench" });
    try {
      report(`${ROUNDS} rounds`);
      const imports: Import[] = [];
      const plugins: Plugin[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        imports.push(await timeImport(workspace));
        plugins.push(await timePlugin(workspace));
      }
      return [...importRows(imports), ...pluginRows(plugins), ...(await vendorRows(workspace))];
    } finally {
      await workspace.close();
    }
  },
};

async function timeImport({ dir }: Workspace): Promise<Import> {
  const { stdout } = await run(process.execPath, [join(PROBES, "import.cjs")], { cwd: dir, maxBuffer: 1 << 26 });
  return JSON.parse(stdout);
}

async function timePlugin({ dir }: Workspace, urn?: string): Promise<Plugin> {
  const script = createRequire(join(dir, "index.js")).resolve("@pulumi/pulumi/cmd/dynamic-provider");
  const file = join(dir, "probe.json");
  const env = { ...process.env, PROBE_FILE: file, ...(urn === undefined ? {} : { PROBE_URN: urn }) };
  await run(process.execPath, ["--require", join(PROBES, "plugin.cjs"), script, "127.0.0.1:1"], { cwd: dir, env });
  return JSON.parse(await readFile(file, "utf8"));
}

/** Both times of a ratio are from one process, so that other load affects both. */
function importRows(imports: readonly Import[]): Row[] {
  const middle = (pick: (one: Import) => number) => figure(median(imports.map(pick)));
  const modules = imports[0]?.modules ?? [];
  return [
    {
      what: "importing the sdk",
      value: 100 * median(imports.map(({ sdk, ours }) => ours / sdk)),
      unit: "%",
      against: `importing @pulumi/pulumi: ${middle(({ ours }) => ours)} ms to ${middle(({ sdk }) => sdk)} ms`,
      bound: { atMost: 5 },
    },
    {
      what: "provider modules that it loads, except provider/base",
      value: countOurs(modules, "provider") - countOurs(modules, `provider${sep}base`),
      unit: "modules",
      bound: { exactly: 0 },
    },
  ];
}

function pluginRows(plugins: readonly Plugin[]): Row[] {
  const middle = (pick: (one: Plugin) => number) => figure(median(plugins.map(pick)));
  const modules = plugins[0]?.modules ?? [];
  const early = [
    ...VENDORS.map((vendor) => ofVendor(modules, vendor)),
    ...LATER.map((name) => ofPackage(modules, name)),
  ];
  return [
    {
      what: "loading ./provider",
      value: 100 * median(plugins.map(({ started, loading }) => loading / started)),
      unit: "%",
      against: `the start of the plugin: ${middle(({ loading }) => loading)} ms to ${middle(({ started }) => started)} ms`,
      bound: { atMost: 15 },
    },
    {
      what: "modules of vendors, zod, undici before the first resource",
      value: early.reduce((sum, count) => sum + count, 0),
      unit: "modules",
      bound: { exactly: 0 },
    },
  ];
}

/** One resource of each type in its own process. */
async function vendorRows(workspace: Workspace): Promise<Row[]> {
  const rows: Row[] = [];
  for (const name of Object.keys(TYPES)) {
    const [vendor = "", kind = ""] = name.split(".");
    const urn = `urn:pulumi:dev::bench::pulumi-nodejs:dynamic/${vendor}:${kind}::res`;
    const { using, started, used } = await timePlugin(workspace, urn);
    const others = VENDORS.filter((other) => other !== vendor).map((other) => ofVendor(used, other));
    rows.push({
      what: `first ${name}: modules of other vendors`,
      value: others.reduce((sum, count) => sum + count, 0),
      unit: "modules",
      against: `its own: ${ofVendor(used, vendor)}; ${figure(using)} ms to the plugin's ${figure(started)} ms`,
      bound: { exactly: 0 },
    });
  }
  return rows;
}

function ofVendor(modules: readonly string[], vendor: string): number {
  return countOurs(modules, `provider${sep}${vendor}`);
}

function ofPackage(modules: readonly string[], name: string): number {
  return modules.filter((path) => path.includes(`${sep}node_modules${sep}${name}${sep}`)).length;
}

/** Modules of the built package below a folder. */
function countOurs(modules: readonly string[], folder: string): number {
  return modules.filter((path) => path.includes(`${sep}dist${sep}${folder}${sep}`)).length;
}
