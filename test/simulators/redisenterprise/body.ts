import type { Call, Ground } from "./call";
import { malformed } from "./errors";

export type FieldType = "boolean" | "string" | "count" | "list" | "text";
export type Shape = Readonly<Record<string, FieldType>>;
export type Fields = Readonly<Record<string, unknown>>;

const IS: Readonly<Record<FieldType, (value: unknown) => boolean>> = {
  boolean: (value) => typeof value === "boolean",
  string: (value) => typeof value === "string",
  count: (value) => Number.isInteger(value) && Number(value) >= 0,
  list: Array.isArray,
  text: (value) => typeof value === "string" || Array.isArray(value),
};

/** The JSON object in a body, its fields checked against a shape. Throws 400. */
export function readBody(call: Omit<Call, "user">, shape: Shape): Fields {
  let value: unknown;
  try {
    value = JSON.parse(call.request.body.toString("utf8"));
  } catch (error) {
    throw malformed(call.world.state.switches, `The request body is not valid JSON: ${String(error)}`);
  }
  return readFields(call, value, shape, "the request body");
}

export function readFields(call: Ground, value: unknown, shape: Shape, where: string): Fields {
  const { switches } = call.world.state;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformed(switches, `${where} must be an object`);
  }
  for (const [key, field] of Object.entries(value)) {
    const type = shape[key];
    if (type === undefined) {
      if (switches.unknownKeys === "refused") throw malformed(switches, `${where} has an unknown field '${key}'`);
    } else if (!IS[type](field)) {
      throw malformed(switches, `'${key}' in ${where} must be a ${type}`);
    }
  }
  // Every listed field was just checked; the others are read as unknown.
  return value as Fields;
}

export function flag(fields: Fields, name: string, fallback = false): boolean {
  const value = fields[name];
  return typeof value === "boolean" ? value : fallback;
}

export function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === "string" ? value : undefined;
}

/** A string, or a list of values as one. */
export function words(fields: Fields, name: string): string | undefined {
  return list(fields, name)?.join(" ") ?? text(fields, name);
}

export function count(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  return typeof value === "number" ? value : undefined;
}

export function list(fields: Fields, name: string): readonly unknown[] | undefined {
  const value = fields[name];
  return Array.isArray(value) ? value : undefined;
}
