import { z } from "zod";
import { once } from "../base/once";
import type { Observation } from "../core/driver";
import { type Attempted, attempted, ifReadable, Missing, Unreachable } from "../core/errors";
import type { Activity, Finding } from "../core/unit";
import { crdbCallOf } from "./active-active";
import type { Unread } from "./conditions";
import { type Database, databaseFrom, subjectOf } from "./database/database";
import { type ShippedModule, shippedFrom } from "./modules/catalogue";
import { type ClusterNode, nodesFrom, softwareAtLeast, softwareOf } from "./node";
import type { Nodes } from "./rest/nodes";
import {
  type Action,
  actions,
  allActions,
  bdb,
  bdbList,
  type CrdbTask,
  clusterInfo,
  clusterModules,
  clusterPolicy,
  crdbTasks,
  nodeList,
  userList,
} from "./rest/schema";
import { stageOf } from "./tasks/activity";

/** An observation of a database and its cluster. `absent` is the reason why there is no database. */
export type Seen = SeenDatabase | (Observed & { readonly database?: undefined; readonly absent: Finding });

export type SeenDatabase = Observed & { readonly database: Database };

interface Observed extends Observation {
  readonly activity?: Activity | undefined;
  /** The state machines of the database: the last run, and waiting ones. */
  readonly machines: readonly Action[];
  /** Unfinished tasks of its Active-Active database; not read while the database is up to date. */
  readonly crdbTasks?: readonly CrdbTask[];
  readonly nodes: readonly ClusterNode[];
  /** Modules that the cluster ships; empty while the database is up to date and they are not needed. */
  readonly shipped: readonly ShippedModule[];
  readonly info?: z.infer<typeof clusterInfo> | undefined;
  readonly policy?: z.infer<typeof clusterPolicy> | undefined;
  /** Why reads failed that an upgrade depends on. */
  readonly unread?: Unread;
}

/** The purpose of an observation. */
export interface Interest {
  /** Whether a database is up to date, so that the conditions of an upgrade need not be read. */
  holds(database: Database): boolean;
  /** Whether an upgrade depends on the cluster's policy. */
  readonly policy?: boolean;
}

/**
 * Observes once. Reads only; the reads overlap.
 * @param eager whether to read immediately what only an upgrade needs: before the first plan, every round trip counts
 */
export async function observe(nodes: Nodes, which: Which, interest: Interest, eager: boolean): Promise<Seen> {
  const members = readNodes(nodes);
  const conditions = once(() => readConditions(nodes, members, interest, eager));
  const machinesOf = machinesSoon(nodes, which, eager);
  const begun = [members, eager ? conditions() : undefined];
  // The database determines whether any of them matters.
  for (const reading of begun) reading?.catch(() => undefined);
  const found = await findDatabase(nodes, which, eager);
  if ("code" in found) {
    const { code, message, remedy } = found;
    const certain = code === NOT_THERE && (await seesEverything(nodes, await members.catch(() => [])));
    const missing = new Missing(message, { remedy, certain });
    return { members: [], absent: found, missing, machines: [], nodes: [], shipped: [] };
  }
  const machines = await machinesOf(found.uid);
  const seen: Seen = { members: [], database: found, machines, nodes: await members, shipped: [] };
  if (interest.holds(found)) return seen;
  const [more, running] = await Promise.all([conditions(), readCrdbTasks(nodes, found, seen.nodes)]);
  return { ...seen, ...more, ...withTasks(more, running), ...(running.unreachable ? unknownTasks(running) : {}) };
}

/** Only this list shows a task that is queued, so without it another upgrade could be requested. */
function unknownTasks({ reason }: CrdbTasks): Pick<Seen, "unknown"> {
  return { unknown: `the tasks of Active-Active databases could not be read: ${reason}` };
}

function withTasks({ unread }: Pick<Seen, "unread">, { data, reason }: CrdbTasks): Pick<Seen, "crdbTasks" | "unread"> {
  return { crdbTasks: data ?? [], unread: { ...unread, crdbTasks: reason } };
}

/**
 * Observes all databases with everything an upgrade of any of them depends on. Shared data is read once. Reads only.
 */
export async function observeAll(nodes: Nodes): Promise<readonly SeenDatabase[]> {
  const members = await readNodes(nodes);
  const [listed, more, running] = await Promise.all([
    readRequired(nodes, "/v1/bdbs", z.array(bdb)),
    readConditions(nodes, members, { holds: () => false, policy: true }, true),
    readRequired(nodes, "/v1/actions", allActions),
  ]);
  return Promise.all(
    listed.map(databaseFrom).map(async (database) => ({
      ...more,
      members: [],
      database,
      machines: (running["state-machines"] ?? []).filter(isOf(database.uid)),
      nodes: members,
      ...withTasks(more, await readCrdbTasks(nodes, database, members)),
    })),
  );
}

/** Since this version, users of two roles can be restricted to some databases, and do not see the others. */
const CONFINES_USERS_SINCE = "8.2.0";

/** Whether a database that is not listed does not exist. A user who may list users has none of those roles. */
async function seesEverything(nodes: Nodes, members: readonly ClusterNode[]): Promise<boolean> {
  if (softwareOf(members) !== undefined && !softwareAtLeast(members, CONFINES_USERS_SINCE)) return true;
  return nodes.read("/v1/users", userList).then(
    (users) => users !== undefined,
    () => false,
  );
}

/** The conditions of an upgrade. */
async function readConditions(
  nodes: Nodes,
  members: readonly ClusterNode[] | Promise<readonly ClusterNode[]>,
  interest: Interest,
  first: boolean,
): Promise<Pick<Seen, "shipped" | "info" | "policy" | "unread">> {
  const readCluster = async () => (first ? undefined : readRequired(nodes, "/v1/cluster", clusterInfo));
  const readPolicy = async () =>
    interest.policy === true ? readRequired(nodes, "/v1/cluster/policy", clusterPolicy) : undefined;
  const [modules, cluster, policy] = await Promise.all([
    readRequired(nodes, "/v1/modules", clusterModules),
    attempted(readCluster()),
    attempted(readPolicy()),
  ]);
  return {
    shipped: shippedFrom(modules, await members),
    // In the first observation, the cluster was read just before.
    info: first ? nodes.info : cluster.data,
    policy: policy.data,
    unread: { cluster: cluster.reason, policy: policy.reason },
  };
}

/**
 * Starts to read state machines before the database is known: its own by uid or, for a name and if `eager`, those of
 * all databases. Two observations precede every upgrade request, and the second one reads its own.
 */
function machinesSoon(nodes: Nodes, { databaseId }: Which, eager: boolean): (uid: number) => Promise<Machines> {
  const own = databaseId === undefined ? undefined : readMachines(nodes, databaseId);
  const all = databaseId === undefined && eager ? ifReadable(nodes.read("/v1/actions", allActions)) : undefined;
  // Reported to the code that awaits them, if any.
  for (const reading of [own, all]) reading?.catch(() => undefined);
  return async (uid) => {
    const listed = (await all)?.["state-machines"];
    return own ?? (listed ? listed.filter(isOf(uid)) : readMachines(nodes, uid));
  };
}

type Machines = readonly Action[];

/** The state machines of a database. Servers before 7.4.2 have only the list of all. */
export async function readMachines(nodes: Nodes, uid: number): Promise<Machines> {
  const own = await nodes.read(`/v1/actions/bdb/${uid}`, actions, true);
  if (own !== undefined) return own;
  const all = await readRequired(nodes, "/v1/actions", allActions);
  return (all["state-machines"] ?? []).filter(isOf(uid));
}

function isOf(uid: number): (action: Action) => boolean {
  return ({ object_name }) => object_name === `bdb:${uid}`;
}

/**
 * The unfinished tasks of the database's Active-Active database. Only the vendor's latest documentation has the list,
 * so older servers may not have it.
 */
async function readCrdbTasks(nodes: Nodes, database: Database, members: readonly ClusterNode[]): Promise<CrdbTasks> {
  if (crdbCallOf(database, members) === undefined) return {};
  const { data, ...failure } = await attempted(nodes.read("/v1/crdb_tasks", crdbTasks, true));
  const running = data?.filter((task) => task.crdb_guid === database.crdb && stageOf(task) === "running");
  return { data: running, ...failure };
}

type CrdbTasks = Attempted<readonly CrdbTask[]>;

/** The nodes. From now on, redirects between them are followed. */
async function readNodes(nodes: Nodes): Promise<readonly ClusterNode[]> {
  const list = nodesFrom(await readRequired(nodes, "/v1/nodes", nodeList));
  nodes.addNodes(list.flatMap(({ addresses }) => addresses));
  return list;
}

/** Identifies the managed database: by its uid, or by its name. */
export interface Which {
  readonly databaseId?: number | undefined;
  readonly databaseName?: string | undefined;
}

/** Code of the finding that the cluster has no such database. */
const NOT_THERE = "database-not-there";

type Names = readonly { readonly uid: number; readonly name?: string | null | undefined }[];

/**
 * The database, or why there is none.
 * @param eager whether to read all databases completely for a look-up by name: more data, but no second request
 */
export async function findDatabase(nodes: Nodes, which: Which, eager: boolean): Promise<Database | Finding> {
  const { databaseId, databaseName } = which;
  if (databaseId !== undefined) return redisOnly(await readDatabase(nodes, databaseId), nodes, which);
  const named = (await readRequired(nodes, eager ? "/v1/bdbs" : NAMES, bdbList)).filter(
    ({ name }) => name === databaseName,
  );
  const [first, second] = named;
  if (first === undefined) return absent(nodes, which);
  if (second !== undefined) return ambiguous(databaseName ?? "", named);
  const whole = bdb.safeParse(first).data;
  const database = whole === undefined ? await readDatabase(nodes, first.uid) : databaseFrom(whole);
  return redisOnly(database, nodes, which);
}

async function redisOnly(database: Database | undefined, nodes: Nodes, which: Which): Promise<Database | Finding> {
  if (database === undefined) return absent(nodes, which);
  if (database.type === "redis") return database;
  return {
    code: "not-redis",
    property: propertyOf(which),
    message: `${subjectOf(database)} is a ${database.type} database.`,
    remedy: "Only Redis databases have versions that can be upgraded. Specify one of those.",
  };
}

function propertyOf({ databaseId }: Which): string {
  return databaseId === undefined ? "databaseName" : "databaseId";
}

/** Undefined when it does not exist, or is not visible to the user. */
export async function readDatabase(nodes: Nodes, uid: number): Promise<Database | undefined> {
  const seen = await nodes.read(`/v1/bdbs/${uid}`, bdb);
  return seen && databaseFrom(seen);
}

/**
 * Something that every cluster has.
 * @throws Unreachable also for "not found", which only a proxy or a node that is starting returns
 */
export async function readRequired<T>(nodes: Nodes, target: string, schema: z.ZodType<T>): Promise<T> {
  const found = await nodes.read(target, schema);
  if (found === undefined) throw unknown(`GET ${target} returned "not found"`);
  return found;
}

/** @throws Unreachable when the list cannot be read, or contains the database: then it is not known to be absent */
async function absent(nodes: Nodes, which: Which): Promise<Finding> {
  const { databaseId, databaseName } = which;
  const listed = await readRequired(nodes, NAMES, bdbList);
  if (listed.some(({ uid }) => uid === databaseId))
    throw unknown(`database ${databaseId} is listed, but cannot be read`);
  const there = listed.map(({ uid, name }) => (name ? `${uid} (${name})` : String(uid)));
  const found = there.length === 0 ? "none" : there.slice(0, MOST_NAMES).join(", ");
  const more = there.length > MOST_NAMES ? ` and ${there.length - MOST_NAMES} more` : "";
  return {
    code: NOT_THERE,
    property: propertyOf(which),
    message: `The cluster has no database ${databaseId ?? `named ${JSON.stringify(databaseName)}`} that this user may see.`,
    remedy: `Visible databases: ${found}${more}.`,
  };
}

function unknown(message: string): Unreachable {
  return new Unreachable(message, { sent: true, responded: true });
}

const NAMES = "/v1/bdbs?fields=uid,name";
const MOST_NAMES = 20;

function ambiguous(name: string, named: Names): Finding {
  return {
    code: "database-ambiguous",
    property: "databaseName",
    message: `Several databases are named ${JSON.stringify(name)}: ${named.map(({ uid }) => uid).join(", ")}.`,
    remedy: "Set `databaseId` to the uid of the intended database.",
  };
}
