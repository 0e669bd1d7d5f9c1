import { SECRET_SIGNATURE, SIGNATURE } from "../events";
import type { ExportedResource } from "../types";
import type { Sealer } from "./seal";
import type { ProviderReference } from "./urn";
import { parseReference } from "./urn";
import { isMap, mapValues, type PropertyMap, ResourceReference, Secret, type Value } from "./value";
import { decodeMap, encodeValue, type Json } from "./wire";

/** Seconds; zero means that none was given. */
export interface CustomTimeouts {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
  readonly read: number;
}

export const NO_TIMEOUTS: CustomTimeouts = { create: 0, update: 0, delete: 0, read: 0 };

/** One resource of the state (`resource.State`). Steps change it in place; its identity is what the checkpoint tracks. */
export interface ResourceState {
  urn: string;
  readonly type: string;
  readonly custom: boolean;
  /** Replaced, and still to be deleted. */
  delete: boolean;
  id: string;
  inputs: PropertyMap;
  outputs: PropertyMap;
  parent: string;
  readonly protect: boolean;
  /** Read by the program, not managed. */
  readonly external: boolean;
  dependencies: string[];
  initErrors: string[];
  provider: string;
  propertyDependencies: Record<string, string[]>;
  /** Deleted for a replacement that has not been created yet. */
  pendingReplacement: boolean;
  readonly additionalSecretOutputs: readonly string[];
  /** The URN under which this resource was found, when an alias led to it. */
  aliases: string[];
  readonly customTimeouts: CustomTimeouts;
  readonly retainOnDelete: boolean;
  deletedWith: string;
  created: string | undefined;
  modified: string | undefined;
  readonly ignoreChanges: readonly string[];
  readonly replaceOnChanges: readonly string[];
}

export type OperationType = "creating" | "updating" | "deleting" | "reading";

export interface PendingOperation {
  readonly resource: ResourceState;
  readonly type: OperationType;
}

/** What every step starts from and every checkpoint writes. */
export interface Snapshot {
  resources: ResourceState[];
  pendingOperations: PendingOperation[];
}

export function providerOf(state: ResourceState): ProviderReference | undefined {
  return state.provider ? parseReference(state.provider) : undefined;
}

export function exportResource(state: ResourceState, sealer: Sealer): ExportedResource {
  const { urn, custom, id, type, parent, provider, deletedWith, created, modified } = state;
  const lists = {
    dependencies: state.dependencies,
    initErrors: state.initErrors,
    additionalSecretOutputs: state.additionalSecretOutputs,
    aliases: state.aliases,
    ignoreChanges: state.ignoreChanges,
    replaceOnChanges: state.replaceOnChanges,
  };
  const flags = {
    delete: state.delete,
    protect: state.protect,
    external: state.external,
    pendingReplacement: state.pendingReplacement,
    retainOnDelete: state.retainOnDelete,
  };
  const texts = { id, parent, provider, deletedWith, created, modified };
  const maps = {
    inputs: exportMap(state.inputs, sealer),
    outputs: exportMap(state.outputs, sealer),
    propertyDependencies: state.propertyDependencies,
    customTimeouts: Object.fromEntries(Object.entries(state.customTimeouts).filter(([, seconds]) => seconds > 0)),
  };
  const present = (members: object, is: (member: object) => boolean) =>
    Object.fromEntries(Object.entries(members).filter(([, member]) => is(member)));
  return {
    urn,
    custom,
    type,
    ...present({ ...flags, ...texts }, Boolean),
    ...present(lists, (list) => Array.isArray(list) && list.length > 0),
    ...present(maps, (map) => Object.keys(map).length > 0),
  };
}

function exportMap(map: PropertyMap, sealer: Sealer): Record<string, Json> {
  return Object.fromEntries(Object.entries(map).map(([key, member]) => [key, exportValue(member, sealer)]));
}

/** `stack.SerializePropertyValue`: a secret is sealed as a whole, secrets inside it are not sealed twice. */
function exportValue(value: Value, sealer: Sealer): Json {
  if (Array.isArray(value)) return value.map((member) => exportValue(member, sealer));
  if (isMap(value)) return exportMap(value, sealer);
  if (value instanceof Secret) {
    const plain = encodeValue(value.element, { unknowns: true, secrets: true, resources: true });
    return { [SIGNATURE]: SECRET_SIGNATURE, ciphertext: sealer.seal(JSON.stringify(plain ?? null)) };
  }
  if (value instanceof ResourceReference && typeof value.id !== "string" && value.id !== undefined)
    throw new Error(`an unknown resource reference reached the state: ${value.urn}`);
  return encodeValue(value, { unknowns: true, secrets: true, resources: true }) ?? null;
}

export function importResource(
  exported: ExportedResource & { readonly [member: string]: unknown },
  sealer: Sealer,
): ResourceState {
  const text = (key: string) => (typeof exported[key] === "string" ? exported[key] : "");
  const flag = (key: string) => exported[key] === true;
  const list = (key: string) => (Array.isArray(exported[key]) ? exported[key].map(String) : []);
  return {
    urn: exported.urn,
    type: exported.type,
    custom: exported.custom,
    delete: flag("delete"),
    id: text("id"),
    inputs: importMap(exported.inputs ?? {}, sealer),
    outputs: importMap(exported.outputs ?? {}, sealer),
    parent: text("parent"),
    protect: flag("protect"),
    external: flag("external"),
    dependencies: list("dependencies"),
    initErrors: list("initErrors"),
    provider: text("provider"),
    propertyDependencies: Object.fromEntries(
      Object.entries(exported.propertyDependencies ?? {}).map(([key, urns]) => [key, [...urns]]),
    ),
    pendingReplacement: flag("pendingReplacement"),
    additionalSecretOutputs: list("additionalSecretOutputs"),
    aliases: list("aliases"),
    customTimeouts: { ...NO_TIMEOUTS, ...exported.customTimeouts },
    retainOnDelete: flag("retainOnDelete"),
    deletedWith: text("deletedWith"),
    created: text("created") || undefined,
    modified: text("modified") || undefined,
    ignoreChanges: list("ignoreChanges"),
    replaceOnChanges: list("replaceOnChanges"),
  };
}

function importMap(map: object, sealer: Sealer): PropertyMap {
  return mapValues(decodeMap(unseal(map, sealer), { unknowns: "keep" }), (member) => member);
}

/** Turns `{ciphertext}` and `{plaintext}` into `{value}`, the form that the wire has. */
function unseal<T>(value: T, sealer: Sealer): T;
function unseal(value: unknown, sealer: Sealer): unknown {
  if (Array.isArray(value)) return value.map((member) => unseal(member, sealer));
  if (typeof value !== "object" || value === null) return value;
  if ("ciphertext" in value && typeof value.ciphertext === "string")
    return { [SIGNATURE]: SECRET_SIGNATURE, value: JSON.parse(sealer.open(value.ciphertext)) };
  if ("plaintext" in value && Reflect.get(value, SIGNATURE) === SECRET_SIGNATURE)
    return { [SIGNATURE]: SECRET_SIGNATURE, value: JSON.parse(String(value.plaintext)) };
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, unseal(member, sealer)]));
}
