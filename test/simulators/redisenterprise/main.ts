import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ScaledClock } from "../shell/clock";
import {
  type Hint,
  integerOption,
  interrupted,
  listText,
  numberOption,
  parseOptions,
  showHint,
  UsageError,
} from "../shell/command";
import { SaveFile } from "../shell/savefile";
import { RedisEnterpriseCluster } from "./cluster";
import type { DatabaseSpec } from "./database";
import { isOver, progressOf } from "./machine";
import { DEFAULT_USER } from "./options";
import { type ServeClusterOptions, serveRedisEnterprise } from "./serve";
import type { ClusterState, DatabaseState } from "./state";

/** Plain, because it is typed into shells. */
const PASSWORD = "simulated-password";
const DATABASE = "cache=7.4:search@2.10.8";

const HELP = `usage: pulumi-dbversion simulate redis-enterprise [options]

A Redis Enterprise Software cluster: its nodes on consecutive ports of 127.0.0.1, with TLS.

  --port N              first port (default 9443; 0: free ports)
  --nodes N             nodes (default 3); the first is the master
  --version V           X.Y.Z-build of the nodes (default 100.0.21-16135, the recorded one)
  --name N              fully qualified name of the cluster, subject of its certificate (default cluster.local)
  --user U              e-mail of the administrator (default ${DEFAULT_USER})
  --password P          password of the administrator (default ${PASSWORD})
  --database SPEC       NAME=REDIS[:MODULE[@VERSION],…], such as ${DATABASE},ReJSON. May be repeated
                        (default ${DATABASE})
  --module SPEC         NAME@VERSION[@REDIS] beside the bundled modules, for one Redis version. May be repeated
  --speed X             simulated time runs X times as fast (default 1)
  --seed N              seed of the random numbers (default 1)
  --state FILE          keep the state in FILE: loaded at the start, saved at every change
  --certificate-out F   write the certificate that clients must trust to F
                        (default a new file, whose path is printed)
  --tls-key F, --tls-cert F   serve with this key and certificate (PEM)
  --plain               plain HTTP
  --help                this text`;

const OPTIONS = {
  port: { type: "string" },
  nodes: { type: "string" },
  version: { type: "string" },
  name: { type: "string" },
  user: { type: "string" },
  password: { type: "string" },
  database: { type: "string", multiple: true },
  module: { type: "string", multiple: true },
  speed: { type: "string" },
  seed: { type: "string" },
  state: { type: "string" },
  "certificate-out": { type: "string" },
  "tls-key": { type: "string" },
  "tls-cert": { type: "string" },
  plain: { type: "boolean" },
  help: { type: "boolean" },
} as const;

type Values = ReturnType<typeof parseOptions<typeof OPTIONS>>;

const SAVE_MS = 250;

export async function simulateRedisEnterprise(args: readonly string[]): Promise<void> {
  const values = parseOptions(args, OPTIONS);
  if (values.help) {
    console.log(HELP);
    return;
  }
  const speed = numberOption("speed", values.speed, 1, 0.001);
  const port = integerOption("port", values.port, 9443, 0);
  const file = values.state === undefined ? undefined : new SaveFile<ClusterState>(values.state);
  const cluster = makeCluster(values, speed, file);
  const stop = interrupted();
  const served = await serveRedisEnterprise(cluster, { port, speed, ...tlsOf(values) });
  const out = values["certificate-out"] ?? join(mkdtempSync(join(tmpdir(), "redis-enterprise-")), "cluster.pem");
  if (served.certificate !== undefined) writeFileSync(out, served.certificate);
  describe(cluster, served.origins);
  showHint(hintFor(cluster, served.origins, served.certificate === undefined ? undefined : out));
  const follow = follower(cluster);
  const timer = setInterval(() => {
    follow();
    file?.save(cluster.now(), cluster.export());
  }, SAVE_MS);
  await stop;
  clearInterval(timer);
  file?.save(cluster.now(), cluster.export());
  await served.close();
}

function makeCluster(values: Values, speed: number, file: SaveFile<ClusterState> | undefined): RedisEnterpriseCluster {
  const saved = file?.load();
  if (saved !== undefined) {
    if (saved.state?.format !== 1 || saved.state.clusterStateId === undefined) {
      throw new UsageError(`${values.state} contains no state of this simulator`);
    }
    return new RedisEnterpriseCluster({ clock: new ScaledClock(speed, saved.savedAt), state: saved.state });
  }
  const { version, name, user, password } = values;
  const cluster = new RedisEnterpriseCluster({
    clock: new ScaledClock(speed),
    nodes: integerOption("nodes", values.nodes, 3, 1),
    seed: integerOption("seed", values.seed, 1, 0),
    ...(version === undefined ? {} : { softwareVersion: version }),
    ...(name === undefined ? {} : { name }),
    ...(user === undefined ? {} : { user }),
    password: password ?? PASSWORD,
  });
  for (const text of values.module ?? []) addModule(cluster, text);
  for (const text of values.database ?? [DATABASE]) addDatabase(cluster, text);
  return cluster;
}

function addModule(cluster: RedisEnterpriseCluster, text: string): void {
  const [name = "", version = "", compatibleRedisVersion = ""] = text.split("@");
  if (name === "" || !/^\d+(\.\d+)+$/.test(version)) {
    throw new UsageError(`--module must look like search@2.10.20@7.4, not "${text}"`);
  }
  cluster.control.addModule({ name, version, compatibleRedisVersion, bundled: true });
}

function addDatabase(cluster: RedisEnterpriseCluster, text: string): void {
  const found = /^([^=]+)=(\d+\.\d+)(?::(.+))?$/.exec(text);
  if (found === null) throw new UsageError(`--database must look like cache=7.4:search@2.10.8, not "${text}"`);
  const [, name = "", redisVersion = "", modules = ""] = found;
  const spec: DatabaseSpec = { name, redisVersion, modules: modules.split(",").filter(Boolean).map(loadedOf) };
  try {
    cluster.control.addDatabase(spec);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function loadedOf(text: string): { name: string; version?: string } {
  const [name = "", version] = text.split("@");
  return version === undefined ? { name } : { name, version };
}

function tlsOf(values: Values): Pick<ServeClusterOptions, "tls"> {
  const { "tls-key": key, "tls-cert": cert } = values;
  if (values.plain) return { tls: false };
  if (key === undefined && cert === undefined) return {};
  if (key === undefined || cert === undefined) throw new UsageError("--tls-key and --tls-cert go together");
  return { tls: { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") } };
}

function describe(cluster: RedisEnterpriseCluster, origins: readonly string[]): void {
  const { name, nodes, databases, modules } = cluster.state;
  console.log(`redis-enterprise simulator: cluster ${name}, ${modules.length} modules`);
  for (const [index, node] of nodes.entries()) {
    const role = node.uid === cluster.master ? "master" : "slave";
    console.log(`  ${origins[index]}  ${node.name}  ${role}  ${node.softwareVersion}`);
  }
  for (const database of databases) console.log(lineOf(database));
}

function hintFor({ state }: RedisEnterpriseCluster, origins: readonly string[], certificate: string | undefined): Hint {
  const [user] = state.users;
  const [database] = state.databases;
  const trust =
    certificate === undefined
      ? "  allowPlainHttp: true,\n"
      : `  caCertificate: readFileSync(${JSON.stringify(certificate)}, "utf8"),\n  serverName: "${state.name}",\n`;
  return {
    secrets: { "redisenterprise:password": user?.password ?? "" },
    program: `${certificate === undefined ? "" : 'import { readFileSync } from "node:fs";\n'}import { redisenterprise } from "pulumi-dbversion";

new redisenterprise.DatabaseVersion("cache", {
  endpoints: ${listText(origins)},
  username: "${user?.email ?? ""}",
${trust}  databaseName: "${database?.name ?? "cache"}",
  redisVersion: "latest",
});`,
  };
}

/** Prints every database as it moves. */
function follower(cluster: RedisEnterpriseCluster): () => void {
  const seen = new Map(cluster.state.databases.map((database) => [database.uid, lineOf(database)]));
  return () => {
    for (const database of cluster.state.databases) {
      const line = lineOf(database);
      if (seen.get(database.uid) === line) continue;
      seen.set(database.uid, line);
      console.log(line);
    }
  };
}

function lineOf({ uid, name, version, modules, status, machine }: DatabaseState): string {
  const loaded = modules.map((module) => `${module.name} ${module.version}`).join(", ");
  const state = machine === null || isOver(machine) ? machine?.status : machine.states[machine.at];
  const run = machine === null ? "" : `, ${machine.name} ${state} ${progressOf(machine)}%`;
  return `  bdb:${uid} "${name}" ${status}, Redis ${version}, ${loaded || "no modules"}${run}`;
}
