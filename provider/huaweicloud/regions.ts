/** Where TaurusDB and IAM are, by region. Source: the endpoint table of Huawei Cloud's SDKs. */

const DOMAIN = "myhuaweicloud.com";

/** The service's name in its address differs by region. */
const SERVICES: Readonly<Record<string, readonly string[]>> = {
  gaussdb: [
    "cn-north-2",
    "cn-north-4",
    "cn-north-9",
    "cn-east-3",
    "cn-south-1",
    "cn-south-4",
    "cn-southwest-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ru-northwest-2",
    "sa-brazil-1",
  ],
  gaussdbformysql: ["ap-southeast-1", "ap-southeast-2", "cn-north-11", "tr-west-1", "me-east-1"],
  "gaussdb-mysql": ["af-south-1", "cn-east-5", "cn-southwest-3", "la-north-2"],
};

/** Clouds with an account system of their own, by the domain of their services. */
const CLOUDS: readonly string[] = [DOMAIN, "myhuaweicloud.eu", "otc.t-systems.com"];

/** `gaussdb-mysql.eu-de.otc.t-systems.com`: service, region and domain. */
const PUBLIC_NAME = /^([a-z0-9-]+)\.([a-z]{2}(?:-[a-z0-9]+)+)\.((?:[a-z0-9-]+\.)+[a-z]{2,})$/;

export const REGIONS: readonly string[] = Object.values(SERVICES).flat().sort();

/** The environment, as far as it says where the cloud is. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface Whereabouts {
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly iamEndpoint?: string | undefined;
}

/**
 * Origin of the service: the endpoint given, the SDKs' override in the environment, or the region's.
 * @returns undefined for a region that is not in the table, when no endpoint is given, and for an endpoint that is none
 */
export function serviceOrigin({ region, endpoint }: Whereabouts, env: Environment): string | undefined {
  const override = region === undefined ? undefined : env[overrideName(region)];
  const given = endpoint ?? override;
  if (given !== undefined && given !== "") return originOf(given);
  const service = Object.keys(SERVICES).find((name) => SERVICES[name]?.includes(region ?? ""));
  return service === undefined ? undefined : `https://${service}.${region}.${DOMAIN}`;
}

/**
 * Origin of IAM: the one given, or the one beside the service, in the same region of the same domain. A password goes there, so
 * it is never that of another cloud.
 * @returns undefined where the service's address does not tell: an IP address, a port, a name of somebody's own
 */
export function iamOrigin(where: Whereabouts, env: Environment): string | undefined {
  if (where.iamEndpoint !== undefined) return originOf(where.iamEndpoint);
  const service = serviceOrigin(where, env);
  if (service === undefined) return undefined;
  const { hostname, port } = new URL(service);
  const [, name = "", region, domain = ""] = port === "" ? (PUBLIC_NAME.exec(hostname) ?? []) : [];
  const isPublic = Object.hasOwn(SERVICES, name) || CLOUDS.includes(domain);
  return isPublic ? `https://iam.${region}.${domain}` : undefined;
}

/** The clouds of the service and of IAM, where both are known, and they are not the same one. */
export function differingClouds(
  where: Whereabouts,
  env: Environment,
): readonly [service: string, iam: string] | undefined {
  const [service, iam] = [serviceOrigin(where, env), iamOrigin(where, env)].map(cloudOf);
  return service === undefined || iam === undefined || service === iam ? undefined : [service, iam];
}

function cloudOf(origin: string | undefined): string | undefined {
  if (origin === undefined) return undefined;
  const { hostname } = new URL(origin);
  return CLOUDS.find((domain) => hostname.endsWith(`.${domain}`));
}

/** `HUAWEICLOUD_SDK_REGION_GAUSSDB_CN_NORTH_4`, as the SDKs read it. */
export function overrideName(region: string): string {
  return `HUAWEICLOUD_SDK_REGION_GAUSSDB_${region.toUpperCase().replaceAll("-", "_")}`;
}

/** A host alone is meant with https; a path (`HW_AUTH_URL` ends in /v3) is not part of an origin. */
function originOf(endpoint: string): string | undefined {
  const whole = /^[a-z]+:\/\//i.test(endpoint) ? endpoint : `https://${endpoint}`;
  return URL.canParse(whole) ? new URL(whole).origin : undefined;
}
