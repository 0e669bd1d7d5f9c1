import { createHash } from "node:crypto";
import { Throttle } from "./throttle";
import { Tokens } from "./token";

/** How a caller proves who it is: with an access key, or as an IAM user with a password. */
export type Credentials =
  | {
      readonly kind: "key";
      readonly accessKey: string;
      readonly secretKey: string;
      readonly securityToken: string | undefined;
    }
  | { readonly kind: "user"; readonly userName: string; readonly password: string; readonly domainName: string };

/**
 * What a process knows of one caller, as long as it lives: tokens, project ids, the server's clock, and how long the
 * gateway wants to be left alone.
 */
export class Account {
  readonly credentials: Credentials;
  readonly #iam: string | undefined;
  readonly tokens = new Tokens();
  /** Project ids by region. */
  readonly projects = new Map<string, string>();
  /** The server's clock minus ours, in milliseconds; learnt when it refuses our time, or where it never would. */
  clockOffset = 0;
  readonly #throttles = new Map<string, Throttle>();

  constructor(credentials: Credentials, iam: string | undefined) {
    this.credentials = credentials;
    this.#iam = iam;
  }

  /** Origin of its IAM. */
  get iam(): string {
    if (this.#iam === undefined) throw new Error("the connection was not validated: nothing says where IAM is");
    return this.#iam;
  }

  readonly throttleOf = (origin: string): Throttle => {
    const known = this.#throttles.get(origin);
    if (known !== undefined) return known;
    const made = new Throttle();
    this.#throttles.set(origin, made);
    return made;
  };
}

/** The same for the same caller, without telling anything about it. */
export function accountKey(credentials: Credentials, iam: string | undefined): string {
  const parts =
    credentials.kind === "key"
      ? ["key", credentials.accessKey, credentials.secretKey, credentials.securityToken ?? ""]
      : ["user", credentials.domainName, credentials.userName, credentials.password];
  return createHash("sha256")
    .update(JSON.stringify([iam ?? "", ...parts]))
    .digest("hex");
}
