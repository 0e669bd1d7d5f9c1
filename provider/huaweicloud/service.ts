import type { Codes } from "./responses";

/** The properties of one Huawei Cloud service. */
export interface Service {
  /** For messages. */
  readonly name: string;
  /** Its part of the SDKs' variables: `X` of `HUAWEICLOUD_SDK_REGION_X_CN_NORTH_4`. */
  readonly sdkName: string;
  /**
   * The regions that have it, by the first label of its host there: the prefix differs by region. Source: the endpoint
   * table of Huawei Cloud's SDKs.
   */
  readonly regions: Readonly<Record<string, readonly string[]>>;
  /** The meanings of its own error codes. */
  readonly codes: Codes;
  /** The IAM action for its reads, by its name in policies. */
  readonly readAction: string;
  /** A hint for a region that lacks an API: `the service is …`. */
  readonly availability: string;
}

const DOMAIN = "myhuaweicloud.com";

/** Clouds with separate account systems, by the domain of their services. */
const CLOUDS: readonly string[] = [DOMAIN, "myhuaweicloud.eu", "otc.t-systems.com"];

/** `iam.eu-de.otc.t-systems.com`: service, region and domain. */
const PUBLIC_NAME = /^([a-z0-9-]+)\.([a-z]{2}(?:-[a-z0-9]+)+)\.((?:[a-z0-9-]+\.)+[a-z]{2,})$/;

/** The environment variables that may contain the cloud's location. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Location {
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly iamEndpoint?: string | undefined;
}

export function regionsOf({ regions }: Service): readonly string[] {
  return Object.values(regions).flat().sort();
}

/** `https://<prefix>.cn-north-4.myhuaweicloud.com`. Undefined for a region without a known endpoint of the service. */
export function publicOrigin({ regions }: Service, region: string): string | undefined {
  const prefix = Object.keys(regions).find((name) => regions[name]?.includes(region));
  return prefix === undefined ? undefined : `https://${prefix}.${region}.${DOMAIN}`;
}

/** An example address of the service, for messages. */
export function exampleEndpoint(service: Service): string {
  const [region = ""] = regionsOf(service);
  return publicOrigin(service, EXAMPLE_REGION) ?? publicOrigin(service, region) ?? "";
}

export const EXAMPLE_REGION = "cn-north-4";

/**
 * Origin of the service: the configured endpoint, the SDKs' override in the environment, or the region's.
 * @returns undefined for a region that is not in the table without an endpoint, and for an invalid endpoint
 */
export function serviceOrigin(service: Service, { region, endpoint }: Location, env: Environment): string | undefined {
  const override = region === undefined ? undefined : env[overrideName(service, region)];
  const given = endpoint ?? override;
  if (given !== undefined && given !== "") return originOf(given);
  return region === undefined ? undefined : publicOrigin(service, region);
}

/**
 * Origin of IAM: the configured one, or the one in the same region and domain as the service. It receives a password,
 * so it is never that of another cloud.
 * @returns undefined where the service's address does not show it: an IP address, a port, a custom name
 */
export function iamOrigin(service: Service, location: Location, env: Environment): string | undefined {
  if (location.iamEndpoint !== undefined) return originOf(location.iamEndpoint);
  const origin = serviceOrigin(service, location, env);
  if (origin === undefined) return undefined;
  const { hostname, port } = new URL(origin);
  const [, prefix = "", region, domain = ""] = port === "" ? (PUBLIC_NAME.exec(hostname) ?? []) : [];
  const isPublic = Object.hasOwn(service.regions, prefix) || CLOUDS.includes(domain);
  return isPublic ? `https://iam.${region}.${domain}` : undefined;
}

/** The clouds of the service and of IAM, if both are known and differ. */
export function differingClouds(
  service: Service,
  location: Location,
  env: Environment,
): readonly [service: string, iam: string] | undefined {
  const origins = [serviceOrigin(service, location, env), iamOrigin(service, location, env)];
  const [own, iam] = origins.map(cloudOf);
  return own === undefined || iam === undefined || own === iam ? undefined : [own, iam];
}

function cloudOf(origin: string | undefined): string | undefined {
  if (origin === undefined) return undefined;
  const { hostname } = new URL(origin);
  return CLOUDS.find((domain) => hostname.endsWith(`.${domain}`));
}

/** The variable in which the SDKs look up a region's endpoint. */
export function overrideName({ sdkName }: Service, region: string): string {
  return `HUAWEICLOUD_SDK_REGION_${sdkName}_${region.toUpperCase().replaceAll("-", "_")}`;
}

/** A host without a scheme means https; a path (`HW_AUTH_URL` ends in /v3) is not part of an origin. */
function originOf(endpoint: string): string | undefined {
  const whole = /^[a-z]+:\/\//i.test(endpoint) ? endpoint : `https://${endpoint}`;
  return URL.canParse(whole) ? new URL(whole).origin : undefined;
}
