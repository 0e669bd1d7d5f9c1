/** Credentials of a caller: an access key, or an IAM user with a password. */
export type Credentials =
  | {
      readonly kind: "key";
      readonly accessKey: string;
      readonly secretKey: string;
      readonly securityToken: string | undefined;
    }
  | { readonly kind: "user"; readonly userName: string; readonly password: string; readonly domainName: string };

/** The arguments with credentials. */
export interface CredentialArguments {
  readonly accessKey?: string | undefined;
  readonly secretKey?: string | undefined;
  readonly securityToken?: string | undefined;
  readonly userName?: string | undefined;
  readonly password?: string | undefined;
  readonly domainName?: string | undefined;
}

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
