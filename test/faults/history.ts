import type { ChangeRules } from "./change-rules";

/** A history: what a stack goes through, as plain data. Made from a seed, played, shrunk, printed, replayed. */
export interface History {
  /** `oceanbase:ClusterVersion` */
  readonly type: string;
  readonly seed: number;
  /** Seed of what the vendor looks like and what is pinned; stays the same while a history is shrunk. */
  readonly scene: number;
  /** When it begins: milliseconds since 1970; the beginning of 2026, if nothing is said. */
  readonly start?: number;
  readonly runs: readonly Run[];
}

/** One command of a person: each runs in a provider process of its own. */
export interface Run {
  readonly op: "up" | "preview" | "refresh";
  /** Milliseconds between the end of the run before and this one. */
  readonly gap: number;
  /** customTimeouts, in seconds; the kind's default if absent. */
  readonly limit?: number;
  /** What the program lets it do; everything, if nothing is said. */
  readonly rules?: ChangeRules;
  readonly faults: readonly Fault[];
}

/** Something that goes wrong when a run makes its n-th request, or its n-th write; both counted from 1. */
export interface Fault {
  readonly at: "request" | "write";
  readonly nth: number;
  readonly harm: Harm;
}

/** A moment around the exchange of a request, and so many milliseconds later. */
export interface Moment {
  readonly when: "before" | "after";
  readonly delay: number;
}

export type Harm = NetworkHarm | ProcessHarm | VendorHarm;

/** What happens to the exchange, and to the `span - 1` exchanges of the run that follow. */
export type NetworkHarm = { readonly span: number } & (
  | { readonly kind: "refused" }
  | { readonly kind: "connect-timeout" }
  | { readonly kind: "reset"; readonly processed: boolean }
  | { readonly kind: "silence"; readonly processed: boolean }
  /** The answer comes late, but within the time limit of a request. */
  | { readonly kind: "slow"; readonly ms: number }
  /** The request reaches the vendor so late, whether or not anybody still waits for it. */
  | { readonly kind: "delayed"; readonly ms: number }
  /** The body ends too early: noticed by its length, or not. */
  | { readonly kind: "truncated"; readonly share: number; readonly noticed: boolean }
  /** Another answer in the place of the vendor's; whether the vendor had processed the request. */
  | {
      readonly kind: "replaced";
      readonly shape: "proxy" | "vendor";
      readonly status: number;
      readonly pick: number;
      readonly processed: boolean;
    }
  | { readonly kind: "garbage"; readonly pick: number }
  /** The vendor's answer with something in it changed. */
  | { readonly kind: "damaged"; readonly damage: Damage; readonly pick: number }
);

export type Damage = "missing" | "null" | "retyped" | "version" | "state" | "number" | "text" | "list" | "key";

export type ProcessHarm =
  | ({ readonly kind: "interrupt" } & Moment)
  | ({ readonly kind: "kill" } & Moment)
  /** The provider's wall clock is put forward or back. */
  | { readonly kind: "clock"; readonly ms: number };

/** Something happens at the vendor: one of the troubles of its world, so many milliseconds later. `dial` in [0, 1). */
export interface VendorHarm {
  readonly kind: "vendor";
  readonly trouble: string;
  readonly dial: number;
  readonly delay: number;
}

export function isNetwork(harm: Harm): harm is NetworkHarm {
  return "span" in harm;
}

/** For the statistics: what it is, in a word or two. */
export function nameOf(harm: Harm): string {
  switch (harm.kind) {
    case "reset":
    case "silence":
      return `${harm.kind} ${harm.processed ? "after" : "before"}`;
    case "replaced":
      return `replaced (${harm.shape}, ${Math.floor(harm.status / 100)}xx)`;
    case "damaged":
      return `damaged (${harm.damage})`;
    case "vendor":
      return `vendor: ${harm.trouble}`;
    default:
      return harm.kind;
  }
}
