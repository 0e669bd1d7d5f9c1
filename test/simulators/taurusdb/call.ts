import type { SimRequest, SimResponse } from "../shell/http";
import type { Principal, ProjectState } from "./account";
import { parameterError, Refusal } from "./errors";
import type { RegionState } from "./state";
import type { World } from "./world";

/** One call whose route is known. */
export interface Call {
  readonly world: World;
  readonly now: number;
  readonly request: SimRequest;
  /** Values of the `:name` segments of the route. */
  readonly params: Readonly<Record<string, string>>;
  /** First value of each name. */
  readonly query: ReadonlyMap<string, string>;
}

/** A call to IAM; `principal` is absent if the call requires none. */
export interface IamCall extends Call {
  readonly principal: Principal | undefined;
}

/** A call to the service, authenticated and for a project. */
export interface ProjectCall extends Call {
  readonly principal: Principal;
  readonly project: ProjectState;
  readonly region: RegionState;
}

export type Json = Readonly<Record<string, unknown>>;

export function jsonResponse(data: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): SimResponse {
  return {
    status,
    headers: { "content-type": "application/json", ...headers },
    body: Buffer.from(JSON.stringify(data)),
  };
}

export function isRecord(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The JSON object of the body. Takes the names of all known fields. */
export function bodyOf({ world, request }: Call, fields: readonly string[]): Json {
  if (request.body.length === 0) throw new Refusal("DBS.200006");
  const value = parse(request.body.toString("utf8"));
  if (value === null) throw new Refusal("DBS.200006");
  if (!isRecord(value)) throw parameterError("The request body is not a JSON object.");
  refuseUnknown(world, value, fields);
  return value;
}

export function refuseUnknown({ state }: World, value: Json, fields: readonly string[]): void {
  if (state.switches.unknownFields === "ignore") return;
  const unknown = Object.keys(value).find((name) => !fields.includes(name));
  if (unknown !== undefined) throw parameterError(`Unknown field ${unknown}.`);
}

export function refuseUnknownParameters({ world, query }: Call, known: readonly string[]): void {
  if (world.state.switches.unknownFields === "ignore") return;
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw parameterError(`Unknown parameter ${unknown}.`);
}

/** A value of the query from a list. */
export function wordQuery(call: Call, name: string, known: readonly string[]): string | undefined {
  const text = call.query.get(name) || undefined;
  if (text !== undefined && !known.includes(text)) throw parameterError(`${name} must be one of ${known.join(", ")}.`);
  return text;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw parameterError("The request body is not valid JSON.");
  }
}

/** JSON booleans and the strings "true" and "false" alike (TaurusDB facts §2.2). */
export function booleanField(body: Json, name: string, absent: { readonly empty: boolean }): boolean | undefined {
  const value = body[name];
  if (value === undefined || value === null || (absent.empty && value === "")) return undefined;
  if (value === true || value === "true") return true;
  if (value === false || value === "false") return false;
  throw parameterError(`${name} must be true or false.`);
}

export function stringField(body: Json, name: string): string {
  const value = body[name];
  if (typeof value !== "string" || value === "") throw parameterError(`${name} must be a string.`);
  return value;
}

/** A whole number of the query within bounds. */
export function integerQuery(call: Call, name: string, fallback: number, least: number, most: number): number {
  const text = call.query.get(name);
  if (text === undefined || text === "") return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) throw parameterError(`${name} is out of range.`);
  return value;
}

const ZONED = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d{4})$/;

/** A time of the query, "2026-01-01T00:00:05+0800" (TaurusDB facts §2.8). */
export function timeQuery(call: Call, name: string): number | undefined {
  const text = call.query.get(name);
  if (text === undefined || text === "") return undefined;
  const zone = ZONED.exec(text)?.[1];
  const refused = zone === undefined || (zone === "Z" && call.world.state.switches.zuluTimes === "refuse");
  const at = Date.parse(text.replace(/([+-]\d\d)(\d\d)$/, "$1:$2"));
  if (refused || Number.isNaN(at)) throw parameterError(`${name} must look like yyyy-mm-ddThh:mm:ss+0800.`);
  return at;
}

/** "2026-01-01T00:00:05+0000"; "" for no time. */
export function timeText(at: number | null): string {
  return at === null ? "" : new Date(at).toISOString().replace(/\.\d+Z$/, "+0000");
}
