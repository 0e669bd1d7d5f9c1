/** JSON as it is sent. Keys with the value `undefined` are left out. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** What a request upgrades: one thing that the vendor upgrades independently. */
export interface Unit {
  /** The vendor's name for it: a host, an instance id, `bdb:1`. */
  readonly unit: string;
  readonly from: string;
  /** The expected version, also where the body does not name it. */
  readonly to: string;
}

/** An upgrade request, exactly as it will be sent. Plain data. The body may hold secrets: never log it. */
export interface Request {
  readonly method: "POST";
  /** Without what only the connection knows, such as a project id. */
  readonly path: string;
  readonly body: Json;
  readonly units: readonly Unit[];
  /** Files that have to be at the vendor before it. */
  readonly uploads?: readonly { readonly name: string; readonly sha256: string }[];
}

/** The same text for equal values, whatever the order of their keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (isTable(part) ? sorted(part) : part)) ?? "";
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function sorted(table: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1)));
}
