import { isDeepStrictEqual } from "node:util";

/**
 * Property values as the engine thinks of them (`resource.PropertyValue`): JSON, and four kinds more that travel as
 * objects with a signature.
 */
export type Value =
  | null
  | boolean
  | number
  | string
  | Value[]
  | PropertyMap
  | Secret
  | Unknown
  | ResourceReference
  | Output;

export interface PropertyMap {
  [key: string]: Value;
}

export class Secret {
  readonly element: Value;
  constructor(element: Value) {
    this.element = element;
  }
}

/** A value that a preview cannot know; its sentinel tells the type it will have. */
export class Unknown {
  readonly sentinel: string;
  constructor(sentinel: string) {
    this.sentinel = sentinel;
  }
}

export class ResourceReference {
  readonly urn: string;
  /** Absent for components. */
  readonly id: string | Unknown | undefined;
  readonly packageVersion: string;
  constructor(urn: string, id: string | Unknown | undefined, packageVersion: string) {
    this.urn = urn;
    this.id = id;
    this.packageVersion = packageVersion;
  }
}

/** A value with the resources it depends on, which newer SDKs send in place of secrets and unknowns. */
export class Output {
  /** Absent when it is not known. */
  readonly element: Value | undefined;
  readonly secret: boolean;
  readonly dependencies: readonly string[];
  constructor(element: Value | undefined, secret: boolean, dependencies: readonly string[]) {
    this.element = element;
    this.secret = secret;
    this.dependencies = dependencies;
  }
}

export function isMap(value: Value | undefined): value is PropertyMap {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

/** Rebuilds a value with `change` applied to its direct members; leaves are returned as they are. */
export function mapMembers(value: Value, change: (member: Value) => Value): Value {
  if (Array.isArray(value)) return value.map(change);
  if (isMap(value)) return mapValues(value, change);
  if (value instanceof Secret) return new Secret(change(value.element));
  return value;
}

export function mapValues(map: PropertyMap, change: (member: Value) => Value): PropertyMap {
  return Object.fromEntries(Object.entries(map).map(([key, member]) => [key, change(member)]));
}

function some(value: Value, test: (value: Value) => boolean): boolean {
  if (test(value)) return true;
  if (Array.isArray(value)) return value.some((member) => some(member, test));
  if (isMap(value)) return Object.values(value).some((member) => some(member, test));
  if (value instanceof Secret) return some(value.element, test);
  if (value instanceof Output) return value.element !== undefined && some(value.element, test);
  return false;
}

export function containsSecrets(value: Value): boolean {
  return some(value, (part) => part instanceof Secret || (part instanceof Output && part.secret));
}

export function containsUnknowns(value: Value): boolean {
  return some(
    value,
    (part) =>
      part instanceof Unknown ||
      (part instanceof Output && part.element === undefined) ||
      (part instanceof ResourceReference && part.id instanceof Unknown),
  );
}

/** The value without secret marks, for comparing (`unwrapResourcePropertySecretsAndOutputs`). */
export function reveal(value: Value): Value {
  if (value instanceof Secret) return reveal(value.element);
  return mapMembers(value, reveal);
}

export function revealMap(map: PropertyMap): PropertyMap {
  return mapValues(map, reveal);
}

/** `PropertyMap.DeepEquals`: equal as values, secret marks included; null counts as absent. */
export function sameMaps(left: PropertyMap, right: PropertyMap): boolean {
  return isDeepStrictEqual(withoutNulls(left), withoutNulls(right));
}

function withoutNulls(value: Value): Value {
  if (!isMap(value)) return mapMembers(value, withoutNulls);
  const kept = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(kept.map(([key, member]) => [key, withoutNulls(member)]));
}

/** The keys by which two maps differ, in order (`PropertyMap.Diff`). */
export function changedKeys(old: PropertyMap, current: PropertyMap): string[] {
  const keys = [...new Set([...Object.keys(old), ...Object.keys(current)])].sort();
  const pick = (map: PropertyMap, key: string): PropertyMap => ({ [key]: map[key] ?? null });
  return keys.filter((key) => !sameMaps(pick(old, key), pick(current, key)));
}

/**
 * Marks outputs secret whose input of the same name is (`annotateSecrets`): objects member by member, anything else,
 * lists too, as a whole. Changes `outputs`.
 */
export function annotateSecrets(outputs: PropertyMap | undefined, inputs: PropertyMap | undefined): void {
  if (!outputs || !inputs) return;
  for (const [key, input] of Object.entries(inputs)) {
    const output = outputs[key];
    if (output === undefined) continue;
    if (isMap(output) && isMap(input)) annotateSecrets(output, input);
    else if (!(output instanceof Secret) && containsSecrets(input)) outputs[key] = new Secret(output);
  }
}

/** Replaces output values by what older parts of the engine know: secrets and unknowns (`downgradeOutputValues`). */
export function downgrade(value: Value): Value {
  if (!(value instanceof Output)) return mapMembers(value, downgrade);
  const element = value.element === undefined ? UNKNOWN : downgrade(value.element);
  return value.secret ? new Secret(element) : element;
}

/** Collects the URNs that output values inside a value name. */
export function dependenciesOf(value: Value, into: Set<string>): void {
  if (value instanceof Output) for (const urn of value.dependencies) into.add(urn);
  some(value, (part) => {
    if (part instanceof Output) for (const urn of part.dependencies) into.add(urn);
    return false;
  });
}

/**
 * Go's `%v` of a property value, as the text of a failed check shows it: `{bad}`, `{map[a:{1} b:{true}]}`. The real
 * engine does not hide secrets here, `{&{{hunter2}}}`, and so this one must not: a test would not see the leak.
 */
export function goText(value: Value | undefined): string {
  if (value === undefined || value === null) return "{<nil>}";
  if (value instanceof Unknown) return "output<string>{}";
  if (Array.isArray(value)) return `{[${value.map(goText).join(" ")}]}`;
  if (isMap(value)) {
    const members = Object.keys(value)
      .sort()
      .map((key) => `${key}:${goText(value[key])}`);
    return `{map[${members.join(" ")}]}`;
  }
  if (value instanceof Secret) return `{&{${goText(value.element)}}}`;
  if (value instanceof ResourceReference) return `{${value.urn}}`;
  if (value instanceof Output) return goText(downgrade(value));
  return `{${value}}`;
}

export const UNKNOWN = new Unknown("04da6b54-80e4-46f7-96ec-b56ff0331ba9");
