import { type Properties, UNKNOWN } from "../resource/properties";

/** Hidden keys of a dynamic resource. `__provider` is the SDK's; sdk/resource.ts adds the others. In outputs the URN is short. */
export const PROVIDER = "__provider";
export const URN = "__urn";
export const TIMEOUTS = "__timeouts";

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
 * The URN as the outputs have it, `dev::shop::oceanbase:ClusterVersion::orders`: without what the URNs of all resources have in
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

/** What the outputs of a resource hide, by its inputs. */
export function hiddenOutputs(inputs: Properties): Record<string, unknown> {
  const urn = hiddenUrn(inputs);
  return { ...hiddenOf(inputs), ...(urn === undefined ? {} : { [URN]: shortUrn(urn) }) };
}

/** `oceanbase:ClusterVersion` out of a URN whose type is `parent$pulumi-nodejs:dynamic/oceanbase:ClusterVersion`. */
export function typeOfUrn(urn: string): string | undefined {
  return /pulumi-nodejs:dynamic\/([^:$]+:[^:$]+)::/.exec(urn)?.[1];
}
