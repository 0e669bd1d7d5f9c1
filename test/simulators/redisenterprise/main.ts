import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Hint, integerOption, listText, parseOptions, UsageError } from "../shell/command";
import { COMMON, type Making, simulate } from "../shell/simulation";
import { RedisEnterpriseCluster } from "./cluster";
import type { DatabaseSpec } from "./database";
import { isOver, progressOf } from "./machine";
import { DEFAULT_USER } from "./options";
import { serveRedisEnterprise } from "./serve";
import type { ClusterState, DatabaseState } from "./state";

/** Without special characters, because it is typed into shells. */
const PASSWORD = "simulated-password";
const DATABASE = "cache=7.4:search@2.10.8";

const HELP = `usage: pulumi-dbversion simulate redis-enterprise [options]

A Redis Enterprise Software cluster: its nodes on consecutive ports of 127.0.0.1, with TLS.

  --port N              first port (default 9443; 0: free ports)
  --nodes N             nodes (default 3); the first is the master
  --version V           X.Y.Z-build of the nodes (default 100.0.21-16135, the recorded one)
  --name N              fully qualified name of the cluster, subject of its certificate (default cluster.local)
  --user U              email of the administrator (default ${DEFAULT_USER})
  --password P          password of the administrator (default ${PASSWORD})
  --database SPEC       NAME=REDIS[:MODULE[@VERSION],…], such as ${DATABASE},ReJSON. May be repeated
                        (default ${DATABASE})
  --module SPEC         NAME@VERSION[@REDIS] in addition to the bundled modules, for one Redis version. May be repeated
  --speed X             simulated time runs X times as fast (default 1)
  --seed N              seed of the random numbers (default 1)
  --state FILE          load the state from FILE at the start, and save every change to it
  --certificate-out F   write the certificate that clients must trust to F
                        (default a new file, whose path is printed)
  --tls-key F, --tls-cert F   serve with this key and certificate (PEM)
  --plain               plain HTTP
  --help                print this help`;

const OPTIONS = {
  ...COMMON,
  nodes: { type: "string" },
  version: { type: "string" },
  name: { type: "string" },
  user: { type: "string" },
  password: { type: "string" },
  database: { type: "string", multiple: true },
  module: { type: "string", multiple: true },
  "certificate-out": { type: "string" },
  plain: { type: "boolean" },
} as const;

type Values = ReturnType<typeof parseOptions<typeof OPTIONS>>;

export async function simulateRedisEnterprise(args: readonly string[]): Promise<void> {
  const values = parseOptions(args, OPTIONS);
  await simulate<ClusterState, RedisEnterpriseCluster>(
    {
      help: HELP,
      port: 9443,
      recognizes: ({ format, clusterStateId }) => format === 1 && clusterStateId !== undefined,
      make: (making) => makeCluster(values, making),
      async serve(cluster, { tls, ...options }) {
        const secured = values.plain ? { tls: false as const } : tls === undefined ? {} : { tls };
        const served = await serveRedisEnterprise(cluster, { ...options, ...secured });
        const trusted = served.certificate && written(served.certificate, values["certificate-out"]);
        return { served, hint: hintFor(cluster, served.origins, trusted) };
      },
      describe,
      lines: ({ state }) => state.databases.map((database) => [database.uid, lineOf(database)]),
    },
    values,
  );
}

/** The file that the certificate is written to. */
function written(certificate: string, file?: string): string {
  const out = file ?? join(mkdtempSync(join(tmpdir(), "redis-enterprise-")), "cluster.pem");
  writeFileSync(out, certificate);
  return out;
}

function makeCluster(values: Values, { clock, seed, state }: Making<ClusterState>): RedisEnterpriseCluster {
  if (state !== undefined) return new RedisEnterpriseCluster({ clock, state });
  const { version, name, user, password } = values;
  const cluster = new RedisEnterpriseCluster({
    clock,
    seed,
    nodes: integerOption("nodes", values.nodes, 3, 1),
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

function lineOf({ uid, name, version, modules, status, machine }: DatabaseState): string {
  const loaded = modules.map((module) => `${module.name} ${module.version}`).join(", ");
  const state = machine === null || isOver(machine) ? machine?.status : machine.states[machine.at];
  const run = machine === null ? "" : `, ${machine.name} ${state} ${progressOf(machine)}%`;
  return `  bdb:${uid} "${name}" ${status}, Redis ${version}, ${loaded || "no modules"}${run}`;
}
