import { SECRET_SIGNATURE, SIGNATURE } from "../events";
import { Struct } from "./protocol";
import { isMap, Output, type PropertyMap, ResourceReference, Secret, Unknown, type Value } from "./value";

const RESOURCE_SIGNATURE = "5cf8f73096256a8f31e491e813e4eb8e";
const OUTPUT_SIGNATURE = "d0e6a833031e9bbcd3f4e8bde6ca49a4";
/** `plugin.Unknown*Value`: bool, number, string, array, asset, archive, object. */
const UNKNOWNS = new Set([
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

export type WireStruct = InstanceType<typeof Struct>;

interface Decoding {
  /** What to do with an unknown value: previews keep it, an update refuses it (`RejectUnknowns`). */
  readonly unknowns: "keep" | "reject";
}

interface Encoding {
  /** `KeepUnknowns`; when they are not kept they are left out. */
  readonly unknowns: boolean;
  /** `KeepSecrets`; when they are not kept the plain value is sent. */
  readonly secrets: boolean;
  /** `KeepResources`; when they are not kept the id is sent, or the URN where there is none. */
  readonly resources: boolean;
}

/** `plugin.UnmarshalProperties`, with nil propagated. */
export function decode(struct: WireStruct | undefined, options: Decoding): PropertyMap | undefined {
  return struct && decodeMap(struct.toJavaScript(), options);
}

/** The same from JSON that is already at hand. */
export function decodeMap(members: object, options: Decoding): PropertyMap {
  const entries = Object.entries(members);
  return Object.fromEntries(entries.map(([key, member]) => [key, decodeValue(key, member, options)]));
}

function decodeValue(key: string, value: unknown, options: Decoding): Value {
  if (value === null || typeof value === "boolean" || typeof value === "number") return value;
  if (typeof value === "string") {
    if (!UNKNOWNS.has(value)) return value;
    if (options.unknowns === "reject") throw new Error(`unexpected unknown property value for "${key}"`);
    return new Unknown(value);
  }
  if (Array.isArray(value)) return value.map((member) => decodeValue(key, member, options));
  if (typeof value !== "object") throw new Error(`malformed property value for "${key}": ${typeof value}`);
  const map = decodeMap(value, options);
  return SIGNATURE in map ? decodeSigned(key, map) : map;
}

function decodeSigned(key: string, map: PropertyMap): Value {
  const { value } = map as { value?: Value }; // one name out of a map that may hold any
  switch (map[SIGNATURE]) {
    case SECRET_SIGNATURE:
      if (value === undefined) throw new Error(`malformed RPC secret: missing value for "${key}"`);
      return new Secret(value);
    case OUTPUT_SIGNATURE:
      return new Output(value, map["secret"] === true, strings(map["dependencies"]));
    case RESOURCE_SIGNATURE:
      return decodeReference(key, map);
    default:
      // Assets and archives come here too: no resource of this package has any, and partial support would mislead.
      throw new Error(`the local engine does not support the value with signature ${map[SIGNATURE]} for "${key}"`);
  }
}

function decodeReference(key: string, map: PropertyMap): ResourceReference {
  const { urn, id, packageVersion } = map as Record<"urn" | "id" | "packageVersion", Value | undefined>; // as above
  if (typeof urn !== "string") throw new Error(`malformed resource reference for "${key}": missing urn`);
  if (id !== undefined && typeof id !== "string" && !(id instanceof Unknown))
    throw new Error(`malformed resource reference for "${key}": id not a string`);
  // An empty id stands for one that is not known yet.
  const known = id === "" ? new Unknown("04da6b54-80e4-46f7-96ec-b56ff0331ba9") : id;
  return new ResourceReference(urn, known, typeof packageVersion === "string" ? packageVersion : "");
}

function strings(value: Value | undefined): string[] {
  return Array.isArray(value) ? value.filter((member) => typeof member === "string") : [];
}

/** `plugin.MarshalProperties`, with nil propagated. */
export function encode(map: PropertyMap | undefined, options: Encoding): WireStruct | undefined {
  return map && Struct.fromJavaScript(encodeMap(map, options));
}

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

export function encodeMap(map: PropertyMap, options: Encoding): { [key: string]: Json } {
  const result: { [key: string]: Json } = {};
  for (const [key, member] of Object.entries(map)) {
    const encoded = encodeValue(member, options);
    if (encoded !== undefined) result[key] = encoded;
  }
  return result;
}

export function encodeValue(value: Value, options: Encoding): Json | undefined {
  if (Array.isArray(value)) {
    return value.map((member) => encodeValue(member, options)).filter((member) => member !== undefined);
  }
  if (isMap(value)) return encodeMap(value, options);
  if (value instanceof Unknown) return options.unknowns ? value.sentinel : undefined;
  if (value instanceof Secret) {
    const element = encodeValue(value.element, options);
    if (!options.secrets || element === undefined) return element;
    return { [SIGNATURE]: SECRET_SIGNATURE, value: element };
  }
  if (value instanceof ResourceReference) return encodeReference(value, options);
  if (value instanceof Output) throw new Error("output values are downgraded before they are sent");
  return value;
}

function encodeReference({ urn, id, packageVersion }: ResourceReference, options: Encoding): Json | undefined {
  if (!options.resources) return id === undefined ? urn : encodeValue(id, options);
  return {
    [SIGNATURE]: RESOURCE_SIGNATURE,
    urn,
    ...(id !== undefined && { id: id instanceof Unknown ? "" : id }),
    ...(packageVersion && { packageVersion }),
  };
}

export { RESOURCE_SIGNATURE };
