import type { Transport } from "../../../provider/http/transport";
import type { SimSystem } from "../../simulators";
import type { VirtualClock } from "../../support/virtual-clock";
import type { Canary } from "../canary";

type Args = Readonly<Record<string, unknown>>;

/** One resource type with an in-memory vendor, and a secret in every argument that accepts one. */
export interface SecretWorld {
  readonly clock: VirtualClock;
  readonly system: SimSystem;
  readonly send: Transport;
  /** Arguments without any credentials. */
  readonly args: Args;
  /** The credentials by argument. */
  readonly secrets: Readonly<Record<string, Canary>>;
  /** Arguments that belong to them and are not secret, such as a user name. */
  readonly beside: Args;
  /** Other forms of the credentials that are sent over the network, except those that the vendor issues. */
  readonly derived: readonly string[];
  /** Makes the next upgrade fail with this message of the vendor. */
  fail(message: string): void;
  /** An error in the vendor's JSON format with this message. */
  problem(status: number, text: string): unknown;
}

export interface SecretType {
  readonly type: string;
  /** The authentication method, if there are several. */
  readonly login: string;
  /** Arguments that are addresses. */
  readonly addresses: readonly string[];
  /** Config keys and environment variables by argument. */
  readonly places: Readonly<Record<string, { readonly config?: string; readonly env?: string }>>;
  open(): SecretWorld;
}
