import { z } from "zod";
import { counted } from "../base/sentences";
import { definedBy } from "../core/arguments";
import type { Estate, EstateKind, FoundDatabase, FoundResource, Inventory } from "../core/estate";
import type { Runtime } from "../core/runtime";
import { type Activity, type Finding, isFollowed, type Upgrade } from "../core/unit";
import { compareVersions, formatParts, newestFirst } from "../core/version";
import { type Connect, undiciTransport } from "../http/undici-transport";
import { checkConnection, connection } from "./arguments";
import { protectionOf, uncheckedIn } from "./conditions";
import { releaseOf } from "./database/call";
import { type Redis, subjectOf } from "./database/database";
import { redisSubject } from "./database/database-version";
import { type ConnectionArguments, derivedSecrets, type OpenNodes, openNodes } from "./kind";
import { moduleSubject } from "./modules/module-versions";
import { nodesFrom, type SupportedRedis, supportedByAll } from "./node";
import { observeAll, readRequired, type SeenDatabase } from "./observe";
import { CLIENT_CERTIFICATE_ALONE } from "./rest/connection-errors";
import type { Nodes } from "./rest/nodes";
import { permissionFor } from "./rest/responses";
import { allActions, bdbList, clusterInfo, clusterModules, nodeList } from "./rest/schema";
import { activityOf, UNREPORTED } from "./tasks/activity";

const inputs = z.strictObject({ ...connection }).superRefine(checkConnection);

/** The databases of one Redis Enterprise cluster, with their modules. */
export function redisEnterpriseEstate(connect: Connect = undiciTransport): EstateKind<ConnectionArguments> {
  return {
    title: "Redis Enterprise",
    vendor: "redisenterprise",
    ...definedBy(inputs),
    derivedSecrets,
    each: "endpoints",
    prompts: ({ username, password, clientCertificate }) =>
      clientCertificate !== undefined && username === undefined
        ? []
        : [...(username === undefined ? ["username"] : []), ...(password === undefined ? ["password"] : [])],
    open: (args, runtime) => estateOf(args, runtime, openNodes(args, runtime, connect)),
  };
}

function estateOf(
  { endpoints, username }: ConnectionArguments,
  { report }: Runtime,
  { nodes, close }: OpenNodes,
): Estate {
  const title = `Redis Enterprise cluster at ${new URL(endpoints[0] ?? "").host}`;
  const user = username ?? CLIENT_CERTIFICATE_ALONE;
  return {
    title,
    origins: endpoints,
    checks: [
      { name: "credentials", run: () => checkCredentials(nodes, user) },
      { name: "protocol and server version", run: () => checkSoftware(nodes) },
      { name: "permissions", run: () => checkPermissions(nodes, user) },
    ],
    inventory: () => {
      report({ message: `reading ${title}` });
      return inventoryOf(nodes, endpoints);
    },
    close,
  };
}

async function checkCredentials(nodes: Nodes, user: string) {
  const info = await nodes.read("/v1/cluster", clusterInfo);
  return { message: `${user} was accepted by the cluster ${info?.name ?? ""}`.trimEnd() };
}

async function checkSoftware(nodes: Nodes) {
  const members = nodesFrom(await readRequired(nodes, "/v1/nodes", nodeList));
  const software = newestFirst(members.map((node) => node.software)).join(", ");
  return { message: `Redis Enterprise ${software} on ${counted(members.length, "node")}` };
}

async function checkPermissions(nodes: Nodes, user: string) {
  await readRequired(nodes, "/v1/bdbs?fields=uid,name", bdbList);
  await readRequired(nodes, "/v1/modules", clusterModules);
  await readRequired(nodes, "/v1/actions", allActions);
  const needed = ["/v1/bdbs/1/upgrade", "/v1/bdbs/1/modules/upgrade"].map(permissionFor);
  return {
    message: `${user} may read databases, modules and actions`,
    untested: [`No read shows whether upgrade requests are permitted. They need ${needed.join("; ")}.`],
  };
}

async function inventoryOf(nodes: Nodes, endpoints: readonly string[]): Promise<Inventory> {
  const seen = await observeAll(nodes);
  const names = seen.map(({ database }) => database.name);
  const unchecked = seen.flatMap((each) => (each.database.type === "redis" ? uncheckedIn(each) : []));
  const found = seen.flatMap((each) => foundIn(each, (name) => names.filter((one) => one === name).length === 1));
  const { name, created_time: created } = nodes.info ?? {};
  return {
    // Users choose names, so without its creation time a cluster is identified by its address.
    identity: { name: [name, created ?? endpoints[0]].join(" "), keys: {} },
    databases: found.map(({ database }) => database),
    resources: found.flatMap(({ resource }) => resource ?? []),
    gaps: [...found.flatMap(({ gap }) => gap ?? []), ...new Set(unchecked)],
  };
}

interface Found {
  readonly database: FoundDatabase;
  readonly resource?: FoundResource;
  readonly gap?: string;
}

/** The Redis of a database, and its modules if any. Databases of other types have no versions. */
function foundIn(seen: SeenDatabase, isUnique: (name: string) => boolean): Found[] {
  const { database } = seen;
  if (database.type !== "redis") return [];
  const which = isUnique(database.name) ? { databaseName: database.name } : { databaseId: database.uid };
  const common = {
    id: `bdb:${database.uid}`,
    name: database.name || `database-${database.uid}`,
    protection: protectionOf(database),
    activity: activityOf(database, seen.machines, () => UNREPORTED, seen.crdbTasks),
  };
  return [redisOf(seen, common, which), ...modulesOf(seen, common, which)];
}

type Common = Pick<FoundDatabase, "id" | "name" | "protection" | "activity">;
type Which = Readonly<Record<string, string | number>>;

function redisOf(seen: SeenDatabase, common: Common, which: Which): Found {
  const type = "redisenterprise:DatabaseVersion";
  const subject = redisSubject({ redisVersion: "latest" });
  const { database } = seen;
  const { redis } = database;
  const unreadable = subject.unreadable(database);
  const supported = supportedByAll(seen.nodes);
  const { upgrade } = subject.stands({ ...seen, members: subject.members(database) });
  return {
    database: {
      ...common,
      type,
      current: redis === undefined ? "unknown" : formatParts(redis.full),
      ...(redis === undefined || supported.length === 0 ? {} : { targets: newestFirst(newerThan(redis, supported)) }),
      findings: findingsOf(upgrade, common.activity),
    },
    ...(unreadable === undefined ? {} : { gap: `${subjectOf(database)}: ${unreadable}.` }),
    ...(redis === undefined ? {} : { resource: redisResource(common.name, redis, which) }),
  };
}

function newerThan(redis: Redis, supported: readonly SupportedRedis[]): string[] {
  return supported.filter(({ release }) => compareVersions(release, redis.release) > 0).map(releaseOf);
}

function redisResource(name: string, redis: Redis, which: Which): FoundResource {
  return { type: "redisenterprise:DatabaseVersion", name, args: { ...which, redisVersion: releaseOf(redis) } };
}

function modulesOf(seen: SeenDatabase, common: Common, which: Which): Found[] {
  const type = "redisenterprise:ModuleVersions";
  const { database } = seen;
  const loaded = (database.modules ?? []).filter(({ version }) => version !== undefined);
  if (loaded.length === 0) return [];
  const targets = loaded.map(({ name }) => ({ name, pinned: "latest", constraint: LATEST, object: false }));
  const { upgrade } = moduleSubject({ modules: targets, endpoints: [] }).stands(seen);
  return [
    {
      database: {
        ...common,
        type,
        current: loaded.map(({ name, text }) => `${name} ${text}`).join(", "),
        targets: upgrade?.step === undefined ? [] : [upgrade.step.to],
        findings: findingsOf(upgrade, common.activity),
      },
      resource: {
        type,
        name: `${common.name}-modules`,
        args: { ...which, modules: Object.fromEntries(loaded.map(({ name, text }) => [name, text])) },
      },
    },
  ];
}

/** While an upgrade is in progress or has failed, only its task shows what may be done. */
function findingsOf(upgrade: Upgrade | undefined, activity: Activity | undefined): readonly Finding[] {
  return isFollowed(activity) ? [] : (upgrade?.findings ?? []);
}

const LATEST = { kind: "latest" } as const;
