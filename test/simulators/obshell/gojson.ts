import { GoJsonError, readGoJson } from "./gojsontext";

export { GoJsonError };

/** JSON objects as Go's `encoding/json` reads them into a struct: names match in any case, types are strict. */

export type FieldType = "string" | "bool" | "int" | "bytes" | "struct";

export interface StructShape {
  /** Go's type name, for its error texts. */
  readonly name: string;
  /** JSON name → type. */
  readonly fields: Readonly<Record<string, FieldType>>;
  /** Field → the name of the embedded struct that has it. */
  readonly embedded?: Readonly<Record<string, string>>;
}

const KINDS = { string: "string", number: "number", boolean: "bool", object: "object" } as const;
const GO_TYPES: Readonly<Record<FieldType, string>> = {
  string: "string",
  bool: "bool",
  int: "int",
  bytes: "[]uint8",
  struct: "meta.AgentInfo",
};
const ACCEPTED: Readonly<Record<FieldType, string>> = {
  string: "string",
  bool: "bool",
  int: "number",
  bytes: "string",
  struct: "object",
};

/** Values of the fields that were present and not null. Throws GoJsonError with Go's own words. */
export function decodeStruct(text: string, shape: StructShape): Readonly<Record<string, unknown>> {
  const value = readGoJson(text).value;
  const found: Record<string, unknown> = {};
  if (value === null) return found;
  const kind = kindOf(value);
  if (kind !== "object") {
    throw new GoJsonError(`json: cannot unmarshal ${kind} into Go value of type ${shape.name}`);
  }
  // A JSON value of kind "object" is a record of unknown values.
  for (const [name, entry] of Object.entries(value as Record<string, unknown>)) {
    const field = Object.keys(shape.fields).find((candidate) => candidate.toLowerCase() === name.toLowerCase());
    const type = field === undefined ? undefined : shape.fields[field];
    if (field === undefined || type === undefined || entry === null) continue;
    const entryKind = kindOf(entry);
    if (entryKind !== ACCEPTED[type]) {
      const path = [shape.name.split(".").at(-1), shape.embedded?.[field], field].filter(Boolean).join(".");
      throw new GoJsonError(
        `json: cannot unmarshal ${entryKind} into Go struct field ${path} of type ${GO_TYPES[type]}`,
      );
    }
    found[field] = entry;
  }
  return found;
}

/** Whether Go unmarshals the whole text into a map: an object or null, and nothing after it. */
export function isGoObject(text: string): boolean {
  try {
    const { value, rest } = readGoJson(text);
    return (value === null || kindOf(value) === "object") && rest.trim() === "";
  } catch (error) {
    if (error instanceof GoJsonError) return false;
    throw error;
  }
}

export function stringField(values: Readonly<Record<string, unknown>>, name: string): string {
  const value = values[name];
  return typeof value === "string" ? value : "";
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  const kind = typeof value;
  return kind === "string" || kind === "number" || kind === "boolean" || kind === "object" ? KINDS[kind] : kind;
}
