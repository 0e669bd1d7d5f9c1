import { z } from "zod";
import { address, argument, type CredentialSource, text } from "../core/arguments";
import {
  differingClouds,
  type Environment,
  EXAMPLE_REGION,
  exampleEndpoint,
  iamOrigin,
  type Location,
  overrideName,
  publicOrigin,
  regionsOf,
  type Service,
  serviceOrigin,
} from "./service";

/**
 * The arguments for the location of a service and the credentials. Messages state what is wrong and show a valid
 * example.
 */

/** The arguments with credentials. */
interface CredentialArguments {
  readonly accessKey?: string | undefined;
  readonly secretKey?: string | undefined;
  readonly securityToken?: string | undefined;
  readonly userName?: string | undefined;
  readonly password?: string | undefined;
  readonly domainName?: string | undefined;
}

export interface ConnectionArguments extends CredentialArguments, Location {
  readonly projectId?: string | undefined;
}

const secret = z.string({ error: "must be a string" }).min(1, "must not be empty");

/** A URL, or a host alone. */
const endpoint = (example: string, mayHavePath: boolean) =>
  address(example, (value) => endpointProblem(value, mayHavePath));

function endpointProblem(value: string, mayHavePath: boolean): string | undefined {
  const whole = /^[a-z]+:\/\//i.test(value) ? value : `https://${value}`;
  if (!URL.canParse(whole)) return "is not a URL";
  const url = new URL(whole);
  if (url.protocol !== "http:" && url.protocol !== "https:") return "must begin with http:// or https://";
  if (url.username !== "" || url.password !== "") return "must not contain credentials";
  if (url.search !== "" || url.hash !== "") return "must not have a query";
  return url.pathname === "/" || mayHavePath ? undefined : "must be only a host and port, without a path";
}

const REGION = `"${EXAMPLE_REGION}"`;

function region(service: Service) {
  return text(REGION).superRefine((value, context) => {
    const lower = value.toLowerCase();
    if (lower !== value && publicOrigin(service, lower) !== undefined) {
      context.addIssue(`must be in lower case. Example: "${lower}"`);
    } else if (!/^[a-z0-9-]+$/.test(value)) context.addIssue(`is not the name of a region. Example: ${REGION}`);
  });
}

const PROJECT = '"054e292c9880d4992f02c0196d3ea468"';

/** The arguments of a resource type that are the same for every service. */
export function connectionArguments(service: Service) {
  return {
    region: argument(region(service).optional(), {
      description: [
        "The region of the instances.",
        "The address of the service is derived from it.",
        "Required unless `endpoint` and `projectId` are given.",
      ],
      example: EXAMPLE_REGION,
      source: source("region", "HW_REGION_NAME"),
    }),
    projectId: argument(
      text(PROJECT)
        .regex(/^[0-9A-Za-z]{32}$/, `must be 32 letters and digits, such as ${PROJECT}`)
        .optional(),
      {
        description: "The project of the instances, 32 letters and digits.",
        otherwise: "the only project that has the region's name",
        source: source("projectId", "HW_PROJECT_ID", "HUAWEICLOUD_SDK_PROJECT_ID"),
      },
    ),
    endpoint: argument(endpoint(`"${exampleEndpoint(service)}"`, false).optional(), {
      description:
        "Address of the service, for regions that this package does not know and for networks with an endpoint of their own.",
      otherwise: "the region's",
      example: exampleEndpoint(service),
      source: source("endpoint"),
      variable: `\`${overrideName(service, "<REGION>")}\` (such as \`…_CN_NORTH_4\`)`,
    }),
    iamEndpoint: argument(endpoint('"https://iam.cn-north-4.myhuaweicloud.com"', true).optional(), {
      description: [
        "Address of IAM, which provides the project id and tokens.",
        "Required where `endpoint` is an IP address, has a port, or is a custom name: a password is never sent to another cloud or domain than that of `endpoint`.",
      ],
      otherwise: "the one in the same domain as the service: `iam.<region>.<domain>`",
      example: "https://iam.eu-de.otc.t-systems.com",
      source: source("iamEndpoint", "HW_AUTH_URL", "HUAWEICLOUD_SDK_IAM_ENDPOINT"),
    }),
    ...credentialArguments,
  };
}

/** The variables that Terraform's provider reads, then those of the SDKs. */
function source(name: string, ...env: readonly string[]): CredentialSource {
  return { config: `huaweicloud:${name}`, env };
}

const credentialArguments = {
  // An access key alone is not a secret, but it is half of one, so it is treated as one.
  accessKey: argument(secret.optional(), {
    description: "Access key (AK).",
    secret: true,
    source: { ...source("accessKey", "HW_ACCESS_KEY", "HUAWEICLOUD_SDK_AK"), insteadOf: "userName" },
  }),
  secretKey: argument(secret.optional(), {
    description: "Secret key (SK) of the access key.",
    secret: true,
    source: { ...source("secretKey", "HW_SECRET_KEY", "HUAWEICLOUD_SDK_SK"), insteadOf: "userName" },
  }),
  securityToken: argument(secret.optional(), {
    description: "Token of a temporary access key.",
    secret: true,
    source: {
      ...source("securityToken", "HW_SECURITY_TOKEN", "HUAWEICLOUD_SDK_SECURITY_TOKEN"),
      belongsTo: "accessKey",
    },
  }),
  userName: argument(text('"operator"').optional(), {
    description: ["An IAM user, instead of an access key.", "A HUAWEI ID cannot be used with a password."],
    source: source("userName", "HW_USER_NAME"),
  }),
  password: argument(secret.optional(), {
    description: "Password of the IAM user.",
    secret: true,
    source: source("password", "HW_USER_PASSWORD"),
  }),
  domainName: argument(text('"example"').optional(), {
    description: "The account that the IAM user belongs to.",
    source: source("domainName", "HW_DOMAIN_NAME"),
  }),
};

/** Credentials of a caller: an access key, or an IAM user with a password. */
export type Credentials =
  | {
      readonly kind: "key";
      readonly accessKey: string;
      readonly secretKey: string;
      readonly securityToken: string | undefined;
    }
  | { readonly kind: "user"; readonly userName: string; readonly password: string; readonly domainName: string };

/** The credentials: an access key if there is one, else a password. Undefined when neither is complete. */
export function credentialsOf(args: CredentialArguments): Credentials | undefined {
  const { accessKey, secretKey, securityToken, userName, password, domainName } = args;
  if (accessKey !== undefined && secretKey !== undefined) return { kind: "key", accessKey, secretKey, securityToken };
  if (userName === undefined || password === undefined || domainName === undefined) return undefined;
  return { kind: "user", userName, password, domainName };
}

/** The missing argument, and the one that requires it; undefined when the credentials are complete. */
export function missingCredential(args: CredentialArguments): { argument: string; message: string } | undefined {
  if (credentialsOf(args) !== undefined) return undefined;
  const { accessKey, secretKey, userName, password } = args;
  if (accessKey !== undefined) return goesWith("secretKey", "accessKey");
  if (secretKey !== undefined) return goesWith("accessKey", "secretKey");
  if (userName !== undefined || password !== undefined) {
    if (userName === undefined) return goesWith("userName", "password");
    if (password === undefined) return goesWith("password", "userName");
    return goesWith("domainName", "userName", "the account that the IAM user belongs to");
  }
  const message =
    "is required together with `secretKey`. Set both, or an IAM user's `userName`, `password` and `domainName`";
  return { argument: "accessKey", message };
}

function goesWith(argument: string, other: string, what?: string): { argument: string; message: string } {
  return { argument, message: `is required together with \`${other}\`${what === undefined ? "" : ` and is ${what}`}` };
}

/** Checks that depend on several arguments. For `superRefine`. */
export function completeConnection(service: Service, env: Environment) {
  return (args: ConnectionArguments, context: z.RefinementCtx): void => {
    const issue = (argument: string, message: string) =>
      context.addIssue({ code: "custom", path: [argument], message });
    if (serviceOrigin(service, args, env) === undefined) {
      issue("region", locationProblem(service, args.region, env));
    } else if (args.region === undefined && args.projectId === undefined) {
      issue("projectId", "is required when `endpoint` is set without `region`, because it is looked up by region");
    }
    const missing = missingCredential(args);
    if (missing !== undefined) issue(missing.argument, missing.message);
    const iam = iamProblem(service, args, env);
    if (iam !== undefined) issue("iamEndpoint", iam);
  };
}

const IAM = '"https://iam.eu-de.otc.t-systems.com"';

/** Why tokens cannot be obtained, or the project cannot be looked up. IAM is not used if both are configured. */
function iamProblem(service: Service, args: ConnectionArguments, env: Environment): string | undefined {
  const password = credentialsOf(args)?.kind === "user";
  const looksUp = args.projectId === undefined && args.region !== undefined;
  if (serviceOrigin(service, args, env) === undefined || !(password || looksUp)) return undefined;
  const clouds = differingClouds(service, args, env);
  if (clouds !== undefined)
    return `is in ${clouds[1]}, but \`endpoint\` is in ${clouds[0]}: use the address of the same cloud`;
  if (iamOrigin(service, args, env) !== undefined) return undefined;
  const use = password ? "`password` is sent there" : "the project is looked up there unless `projectId` is set";
  return `is required: the address of IAM cannot be derived from \`endpoint\`, and ${use}. Example: ${IAM}`;
}

function locationProblem(service: Service, name: string | undefined, env: Environment): string {
  if (name === undefined) return `must be the region of the instances, such as ${REGION}; or set \`endpoint\` instead`;
  const variable = overrideName(service, name);
  if (env[variable]) return `has an endpoint in the environment variable ${variable} that is not a URL`;
  return `is not a known region of ${service.name} (${regionsOf(service).join(", ")}). For another region, set \`endpoint\` or the environment variable ${variable}`;
}
