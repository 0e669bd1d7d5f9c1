import type { Codes } from "./answers";

/** What one service of Huawei Cloud has of its own. */
export interface Service {
  /** For messages. */
  readonly name: string;
  /** Its part of the SDKs' variables: `X` of `HUAWEICLOUD_SDK_REGION_X_CN_NORTH_4`. */
  readonly sdkName: string;
  /**
   * The regions that have it, by the first label of its host there: the prefix differs by region. Source: the endpoint table
   * of Huawei Cloud's SDKs.
   */
  readonly regions: Readonly<Record<string, readonly string[]>>;
  /** What its own error codes mean. */
  readonly codes: Codes;
  /** The IAM action that its reads need, as policies name it. */
  readonly readAction: string;
  /** A hint for a region that lacks a call: `the service is …`. */
  readonly availability: string;
}

const DOMAIN = "myhuaweicloud.com";

/** Clouds with an account system of their own, by the domain of their services. */
const CLOUDS: readonly string[] = [DOMAIN, "myhuaweicloud.eu", "otc.t-systems.com"];

/** `iam.eu-de.otc.t-systems.com`: service, region and domain. */
const PUBLIC_NAME = /^([a-z0-9-]+)\.([a-z]{2}(?:-[a-z0-9]+)+)\.((?:[a-z0-9-]+\.)+[a-z]{2,})$/;

/** The environment, as far as it says where the cloud is. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Location {
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly iamEndpoint?: string | undefined;
}

export function regionsOf({ regions }: Service): readonly string[] {
  return Object.values(regions).flat().sort();
}

/** `https://<prefix>.cn-north-4.myhuaweicloud.com`. Undefined for a region that is not known to have the service. */
export function publicOrigin({ regions }: Service, region: string): string | undefined {
  const prefix = Object.keys(regions).find((name) => regions[name]?.includes(region));
  return prefix === undefined ? undefined : `https://${prefix}.${region}.${DOMAIN}`;
}

/** An address of the service, for messages. */
export function exampleEndpoint(service: Service): string {
  const [region = ""] = regionsOf(service);
  return publicOrigin(service, EXAMPLE_REGION) ?? publicOrigin(service, region) ?? "";
}

export const EXAMPLE_REGION = "cn-north-4";

/**
 * Origin of the service: the endpoint given, the SDKs' override in the environment, or the region's.
 * @returns undefined for a region that is not in the table, when no endpoint is given, and for an endpoint that is none
 */
export function serviceOrigin(service: Service, { region, endpoint }: Location, env: Environment): string | undefined {
  const override = region === undefined ? undefined : env[overrideName(service, region)];
  const given = endpoint ?? override;
  if (given !== undefined && given !== "") return originOf(given);
  return region === undefined ? undefined : publicOrigin(service, region);
}

/**
 * Origin of IAM: the one given, or the one beside the service, in the same region of the same domain. A password goes there, so
 * it is never that of another cloud.
 * @returns undefined where the service's address does not tell: an IP address, a port, a name of somebody's own
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

/** The clouds of the service and of IAM, where both are known, and they are not the same one. */
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

/** The variable in which the SDKs look for the endpoint of a region. */
export function overrideName({ sdkName }: Service, region: string): string {
  return `HUAWEICLOUD_SDK_REGION_${sdkName}_${region.toUpperCase().replaceAll("-", "_")}`;
}

/** A host alone is meant with https; a path (`HW_AUTH_URL` ends in /v3) is not part of an origin. */
function originOf(endpoint: string): string | undefined {
  const whole = /^[a-z]+:\/\//i.test(endpoint) ? endpoint : `https://${endpoint}`;
  return URL.canParse(whole) ? new URL(whole).origin : undefined;
}
