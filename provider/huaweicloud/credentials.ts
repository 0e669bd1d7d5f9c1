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
