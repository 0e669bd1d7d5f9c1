/** The URN of a resource: `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>`. A name may contain `::`. */

/** The name of a resource in its program; empty if the text is not a URN. */
export function resourceName(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

/** `taurusdb:KernelVersion "orders"` */
export function describeResource(type: string, urn: string): string {
  return `${type} "${resourceName(urn)}"`;
}

/** Extracts `oceanbase:ClusterVersion` from a URN of type `parent$pulumi-nodejs:dynamic/oceanbase:ClusterVersion`. */
export function typeOfUrn(urn: string): string | undefined {
  return /pulumi-nodejs:dynamic\/([^:$]+:[^:$]+)::/.exec(urn)?.[1];
}

const ANY_URN = "urn:pulumi:";
const DYNAMIC = "pulumi-nodejs:dynamic/";

/**
 * The URN as it is in the outputs, `dev::shop::oceanbase:ClusterVersion::orders`: without the common part of all
 * resource URNs. It is stored with each resource, whose inputs contain the full URN.
 */
export function shortUrn(urn: string): string {
  if (!urn.startsWith(ANY_URN)) return urn;
  return withType(urn.slice(ANY_URN.length), (type) => type.replace(DYNAMIC, ""));
}

/** The full URN for a short one. */
export function fullUrn(urn: string): string {
  return urn.startsWith(ANY_URN) ? urn : withType(urn, (type) => `${DYNAMIC}${type}`, ANY_URN);
}

/** Changes the resource's own type. The types of its parents come first, each followed by `$`. */
function withType(urn: string, change: (type: string) => string, before = ""): string {
  const [stack, project, types, ...name] = urn.split("::");
  if (types === undefined || name.length === 0) return urn;
  const chain = types.split("$");
  const own = change(chain.pop() ?? "");
  return `${before}${[stack, project, [...chain, own].join("$"), ...name].join("::")}`;
}
