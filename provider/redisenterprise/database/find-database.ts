import { Unreachable } from "../../core/errors";
import type { Finding } from "../../core/unit";
import type { Nodes } from "../rest/nodes";
import { bdb, bdbList } from "../rest/schema";
import { type Database, databaseFrom, subjectOf } from "./database";

/** Identifies the managed database: by its uid, or by its name. */
export interface Which {
  readonly databaseId?: number | undefined;
  readonly databaseName?: string | undefined;
}

/** Code of the finding that the cluster has no such database. */
export const NOT_THERE = "database-not-there";

type Names = readonly { readonly uid: number; readonly name?: string | null | undefined }[];

/**
 * The database, or why there is none.
 * @param eager whether to read all databases completely for a look-up by name: more data, but no second request
 */
export async function findDatabase(nodes: Nodes, which: Which, eager: boolean): Promise<Database | Finding> {
  const { databaseId, databaseName } = which;
  if (databaseId !== undefined) return redisOnly(await readDatabase(nodes, databaseId), nodes, which);
  const named = (await listDatabases(nodes, eager ? "" : NAMES)).filter(({ name }) => name === databaseName);
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

async function listDatabases(nodes: Nodes, query: string): Promise<Names> {
  return (await nodes.read(`/v1/bdbs${query}`, bdbList)) ?? [];
}

/** @throws Unreachable when the list cannot be read, or contains the database: then it is not known to be absent */
async function absent(nodes: Nodes, which: Which): Promise<Finding> {
  const { databaseId, databaseName } = which;
  const listed = await nodes.read(`/v1/bdbs${NAMES}`, bdbList);
  if (listed === undefined) throw unknown("the list of databases cannot be read");
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
  return new Unreachable(message, { sent: true, heard: true });
}

const NAMES = "?fields=uid,name";
const MOST_NAMES = 20;

function ambiguous(name: string, named: Names): Finding {
  return {
    code: "database-ambiguous",
    property: "databaseName",
    message: `Several databases are named ${JSON.stringify(name)}: ${named.map(({ uid }) => uid).join(", ")}.`,
    remedy: "Set `databaseId` to the uid of the intended database.",
  };
}
