import { createHash } from "node:crypto";
import type { Credentials } from "./credentials";
import { Throttle } from "./throttle";
import { Tokens } from "./tokens";

/**
 * The state of one caller for the life of the process: tokens, project ids, the server's clock, and throttling of the
 * gateway.
 */
export class Session {
  readonly credentials: Credentials;
  readonly #iam: string | undefined;
  readonly tokens = new Tokens();
  /** Project ids by region. */
  readonly projects = new Map<string, string>();
  /** The server's clock minus ours, in milliseconds; set when the server refuses our time, or where it never would. */
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

/** The key of a caller's session; a hash, so that it contains no credential. */
export function sessionKey(credentials: Credentials, iam: string | undefined): string {
  const parts =
    credentials.kind === "key"
      ? ["key", credentials.accessKey, credentials.secretKey, credentials.securityToken ?? ""]
      : ["user", credentials.domainName, credentials.userName, credentials.password];
  return createHash("sha256")
    .update(JSON.stringify([iam ?? "", ...parts]))
    .digest("hex");
}
