import type { ChangeRules } from "./change-rules";

/** A history: the commands and faults of one stack, as plain data. Generated from a seed, played, shrunk, printed, replayed. */
export interface History {
  /** `oceanbase:ClusterVersion` */
  readonly type: string;
  readonly seed: number;
  /** Seed of the vendor and the resource arguments; shrinking a history does not change it. */
  readonly scene: number;
  /** When it begins: milliseconds since 1970. Default: the beginning of 2026. */
  readonly start?: number;
  readonly runs: readonly Run[];
}

/** One Pulumi command, which runs in its own provider process. */
export interface Run {
  readonly op: "up" | "preview" | "refresh";
  /** Milliseconds between the end of the previous run and this one. */
  readonly gap: number;
  /** customTimeouts in seconds; by default that of the resource type. */
  readonly limit?: number;
  /** The change rules in the program. Default: none. */
  readonly rules?: ChangeRules;
  readonly faults: readonly Fault[];
}

/** A fault at the n-th request or n-th write of a run, counted from 1. */
export interface Fault {
  readonly at: "request" | "write";
  readonly nth: number;
  readonly effect: Effect;
}

/** A moment before or after a request was processed, with a delay in milliseconds. */
export interface Moment {
  readonly when: "before" | "after";
  readonly delay: number;
}

export type Effect = NetworkEffect | ProcessEffect | VendorEffect;

/** What happens to the request, and to the next `span - 1` requests of the run. */
export type NetworkEffect = { readonly span: number } & (
  | { readonly kind: "refused" }
  | { readonly kind: "connect-timeout" }
  | { readonly kind: "reset"; readonly processed: boolean }
  | { readonly kind: "no-response"; readonly processed: boolean }
  /** The response is late, but within the time limit of a request. */
  | { readonly kind: "slow"; readonly ms: number }
  /** The request reaches the vendor late, even if the client has given up. */
  | { readonly kind: "delayed"; readonly ms: number }
  /** The body is truncated: detectable by its length, or not. */
  | { readonly kind: "truncated"; readonly share: number; readonly noticed: boolean }
  /** Another response replaces the vendor's, whether or not the vendor processed the request. */
  | {
      readonly kind: "replaced";
      readonly shape: "proxy" | "vendor";
      readonly status: number;
      readonly pick: number;
      readonly processed: boolean;
    }
  | { readonly kind: "garbage"; readonly pick: number }
  /** The vendor's response with one change. */
  | { readonly kind: "damaged"; readonly damage: Damage; readonly pick: number }
);

export type Damage = "missing" | "null" | "retyped" | "version" | "state" | "number" | "text" | "list" | "key";

export type ProcessEffect =
  | ({ readonly kind: "interrupt" } & Moment)
  | ({ readonly kind: "kill" } & Moment)
  /** The provider's wall clock is set forward or back. */
  | { readonly kind: "clock"; readonly ms: number };

/** An event of the simulated vendor, with a delay in milliseconds. `parameter` in [0, 1). */
export interface VendorEffect {
  readonly kind: "vendor";
  readonly event: string;
  readonly parameter: number;
  readonly delay: number;
}

export function isNetwork(effect: Effect): effect is NetworkEffect {
  return "span" in effect;
}

/** A short name for the statistics. */
export function nameOf(effect: Effect): string {
  switch (effect.kind) {
    case "reset":
    case "no-response":
      return `${effect.kind} ${effect.processed ? "after" : "before"}`;
    case "replaced":
      return `replaced (${effect.shape}, ${Math.floor(effect.status / 100)}xx)`;
    case "damaged":
      return `damaged (${effect.damage})`;
    case "vendor":
      return `vendor: ${effect.event}`;
    default:
      return effect.kind;
  }
}
