import type { SimRequest } from "../shell/http";
import { type Feature, has } from "./builds";
import { type ErrorCode, refusal } from "./errors";
import { sees } from "./roles";
import type { DatabaseState, NodeState, UserState } from "./state";
import type { World } from "./world";

/** One call for a handler: authenticated, authorized, its body not parsed yet. */
export interface Call {
  readonly world: World;
  /** The node that works on it: the master, except for local calls. */
  readonly node: NodeState;
  readonly now: number;
  readonly user: UserState;
  readonly request: SimRequest;
  /** Values of the `:name` segments of the route. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
}

/** The part of a call that the rules need; automatic upgrades have it too. */
export type Ground = Pick<Call, "world" | "node">;

export function server({ node }: Ground, feature: Feature): boolean {
  return has(feature, node.softwareVersion);
}

export function param({ params }: Call, name: string): string {
  return params[name] ?? "";
}

/** Throws an error with a code of the table. */
export function refuse({ world }: Ground, code: ErrorCode, description: string): never {
  throw refusal(world.state.switches, code, description);
}

/** The database of the path, if there is one and the user may see it. */
export function databaseOf(call: Call): DatabaseState {
  const uid = param(call, "uid");
  const database = visible(call, Number(uid));
  return database ?? refuse(call, "db_not_exist", `Database with uid ${uid} does not exist`);
}

function visible(call: Call, uid: number): DatabaseState | undefined {
  return sees(call.user, uid) ? call.world.databases.get(uid) : undefined;
}
