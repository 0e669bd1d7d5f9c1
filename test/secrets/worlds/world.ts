import type { Transport } from "../../../provider/http/transport";
import type { SimSystem } from "../../simulators";
import type { VirtualClock } from "../../support/virtual-clock";
import type { Canary } from "../canary";

type Args = Readonly<Record<string, unknown>>;

/** One resource type in memory, with a secret in every place that takes one. */
export interface SecretWorld {
  readonly clock: VirtualClock;
  readonly system: SimSystem;
  readonly send: Transport;
  /** Arguments without any credentials. */
  readonly args: Args;
  /** The credentials by argument. */
  readonly secrets: Readonly<Record<string, Canary>>;
  /** What goes with them and is none: a user's name. */
  readonly beside: Args;
  /** Other values over the wire that open the vendor's doors, beside those of the vendor's own making. */
  readonly derived: readonly string[];
  /** Lets the next upgrade fail with these words of the vendor. */
  fail(words: string): void;
  /** The key of an error's text in the vendor's JSON, around the text. */
  problem(status: number, text: string): unknown;
}

export interface SecretType {
  readonly type: string;
  /** How the caller shows who it is, where there are several ways. */
  readonly login: string;
  /** Arguments that are addresses. */
  readonly addresses: readonly string[];
  /** Config values and variables of the environment by argument. */
  readonly places: Readonly<Record<string, { readonly config?: string; readonly env?: string }>>;
  open(): SecretWorld;
}
