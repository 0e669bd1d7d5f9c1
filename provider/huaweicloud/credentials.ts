import type { CredentialSource } from "../core/kind";

/** How a caller proves who it is: with an access key, or as an IAM user with a password. */
export type Credentials =
  | {
      readonly kind: "key";
      readonly accessKey: string;
      readonly secretKey: string;
      readonly securityToken: string | undefined;
    }
  | { readonly kind: "user"; readonly userName: string; readonly password: string; readonly domainName: string };

/** The arguments that say who calls. */
export interface CredentialArguments {
  readonly accessKey?: string | undefined;
  readonly secretKey?: string | undefined;
  readonly securityToken?: string | undefined;
  readonly userName?: string | undefined;
  readonly password?: string | undefined;
  readonly domainName?: string | undefined;
}

/** Kept out of logs and errors. An access key is no secret, but half of one: it is treated as such. */
export const SECRETS = ["accessKey", "secretKey", "securityToken", "password"] as const;

/** The names that Terraform's provider reads, then those of the SDKs. */
export const SOURCES: Readonly<Record<string, CredentialSource>> = {
  region: source("region", "HW_REGION_NAME"),
  projectId: source("projectId", "HW_PROJECT_ID", "HUAWEICLOUD_SDK_PROJECT_ID"),
  // Which variable of the environment holds an endpoint depends on the region: service.ts.
  endpoint: source("endpoint"),
  iamEndpoint: source("iamEndpoint", "HW_AUTH_URL", "HUAWEICLOUD_SDK_IAM_ENDPOINT"),
  accessKey: { ...source("accessKey", "HW_ACCESS_KEY", "HUAWEICLOUD_SDK_AK"), insteadOf: "userName" },
  secretKey: { ...source("secretKey", "HW_SECRET_KEY", "HUAWEICLOUD_SDK_SK"), insteadOf: "userName" },
  securityToken: {
    ...source("securityToken", "HW_SECURITY_TOKEN", "HUAWEICLOUD_SDK_SECURITY_TOKEN"),
    belongsTo: "accessKey",
  },
  userName: source("userName", "HW_USER_NAME"),
  password: source("password", "HW_USER_PASSWORD"),
  domainName: source("domainName", "HW_DOMAIN_NAME"),
};

function source(name: string, ...env: readonly string[]): CredentialSource {
  return { config: `huaweicloud:${name}`, env };
}

/** The caller: by access key where there is one, else by password. Undefined when neither is complete. */
export function credentialsOf(args: CredentialArguments): Credentials | undefined {
  const { accessKey, secretKey, securityToken, userName, password, domainName } = args;
  if (accessKey !== undefined && secretKey !== undefined) return { kind: "key", accessKey, secretKey, securityToken };
  if (userName === undefined || password === undefined || domainName === undefined) return undefined;
  return { kind: "user", userName, password, domainName };
}

/** The argument that is missing, and what it goes with; undefined when the credentials are complete. */
export function missingCredential(args: CredentialArguments): { argument: string; message: string } | undefined {
  if (credentialsOf(args) !== undefined) return undefined;
  const { accessKey, secretKey, userName, password } = args;
  if (accessKey !== undefined) return goesWith("secretKey", "accessKey", "HW_SECRET_KEY");
  if (secretKey !== undefined) return goesWith("accessKey", "secretKey", "HW_ACCESS_KEY");
  if (userName !== undefined || password !== undefined) {
    if (userName === undefined) return goesWith("userName", "password", "HW_USER_NAME");
    if (password === undefined) return goesWith("password", "userName", "HW_USER_PASSWORD");
    return goesWith("domainName", "userName", "HW_DOMAIN_NAME", "the account that the IAM user belongs to");
  }
  const message =
    "goes with `secretKey`: give both, or an IAM user's `userName`, `password` and `domainName`, here, as config (huaweicloud:accessKey) or in the environment (HW_ACCESS_KEY)";
  return { argument: "accessKey", message };
}

function goesWith(argument: string, other: string, env: string, what?: string): { argument: string; message: string } {
  const meaning = what === undefined ? "" : ` (${what})`;
  return {
    argument,
    message: `goes with \`${other}\`${meaning}: give it here, as config huaweicloud:${argument}, or as ${env}`,
  };
}
