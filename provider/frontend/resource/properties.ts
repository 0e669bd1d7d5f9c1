/** Raw properties as they arrive from the engine: arguments, and hidden keys of our own that diffs do not show. */
export type Properties = Readonly<Record<string, unknown>>;

/** Stands for a value that is not known yet at preview. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Hidden keys. `__provider` is the SDK's; the others are put there by sdk/resource.ts and by `read`. In outputs the URN is short. */
export const PROVIDER = "__provider";
export const URN = "__urn";
export const TIMEOUTS = "__timeouts";
/** In the outputs: set by `read` when what runs has left the pin, so that the next `up` acts on it or tells of it. */
export const DRIFTED = "__drifted";

/** Outputs that are not arguments. */
const OBSERVED = new Set(["currentVersion", "members", "status", "lastUpgrade", "problems"]);

/** The arguments among the properties, as the user wrote them. */
export function argumentsOf(properties: Properties): Record<string, unknown> {
  const entries = Object.entries(properties).filter(([key]) => !key.startsWith("__") && !OBSERVED.has(key));
  return Object.fromEntries(entries);
}

/** The hidden keys among the properties that have to stay with the resource, as the inputs have them. */
export function hiddenOf(properties: Properties): Record<string, unknown> {
  const kept = [PROVIDER, TIMEOUTS].map((key) => [key, properties[key]] as const);
  return Object.fromEntries(
    [...kept, [URN, hiddenUrn(properties)] as const].filter(([, value]) => value !== undefined),
  );
}

/** The URN that the properties tell, whole, whether they are inputs or outputs. */
export function hiddenUrn(properties: Properties): string | undefined {
  const urn = properties[URN];
  if (typeof urn !== "string" || urn === UNKNOWN) return undefined;
  return urn.startsWith(ANY_URN) ? urn : withType(urn, (type) => `${DYNAMIC}${type}`, ANY_URN);
}

/**
 * The URN as the outputs have it, `dev::shop::oceanbase:ClusterVersion::orders`: without what the URNs of all pins have in
 * common. It is stored with each resource, whose inputs have it whole.
 */
export function shortUrn(urn: string): string {
  if (!urn.startsWith(ANY_URN)) return urn;
  return withType(urn.slice(ANY_URN.length), (type) => type.replace(DYNAMIC, ""));
}

const ANY_URN = "urn:pulumi:";
const DYNAMIC = "pulumi-nodejs:dynamic/";

/** The resource's own type changed. Those of its parents stand before it, each with a `$` behind. */
function withType(urn: string, change: (type: string) => string, before = ""): string {
  const [stack, project, types, ...name] = urn.split("::");
  if (types === undefined || name.length === 0) return urn;
  const chain = types.split("$");
  const own = change(chain.pop() ?? "");
  return `${before}${[stack, project, [...chain, own].join("$"), ...name].join("::")}`;
}

/** Whether a value is, or contains, something that is not known yet. */
export function hasUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(hasUnknown);
}

/** Deep equality of JSON values, whatever the order of keys. */
export function sameValue(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

/** A JSON value as text, the same whatever the order of keys. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_, member) =>
    typeof member === "object" && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([x], [y]) => (x < y ? -1 : 1)))
      : member,
  );
}

/** `oceanbase:ClusterVersion` out of a URN whose type is `parent$pulumi-nodejs:dynamic/oceanbase:ClusterVersion`. */
export function typeOfUrn(urn: string): string | undefined {
  return /pulumi-nodejs:dynamic\/([^:$]+:[^:$]+)::/.exec(urn)?.[1];
}

/** `taurusdb:KernelVersion "orders"` */
export function describeUrn(urn: string): string {
  return `${typeOfUrn(urn) ?? "resource"} "${urn.split("::").at(-1)}"`;
}
