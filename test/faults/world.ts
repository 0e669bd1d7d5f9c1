import type { ErrorCode } from "../../provider/core/errors";
import type { Kinds } from "../../provider/frontend/resource/session";
import type { Transport, WireRequest, WireResponse } from "../../provider/http/transport";
import type { Random, SimSystem } from "../simulators";
import type { Timeline } from "./timeline";

/** An upgrade that the vendor accepted, with its true state. */
export interface Upgrade {
  readonly id: string;
  /** The unit that it upgrades. */
  readonly unit: string;
  /** Whether its version satisfies the target version. */
  readonly reachesTarget: boolean;
  /** Whether the vendor's responses already show it; some vendors need seconds for that. */
  readonly visible: boolean;
  /** `failed`: it ended without an upgrade. */
  readonly state: "running" | "succeeded" | "failed";
}

/** An event at the vendor, independent of requests. It ends by itself, or `repair` ends it. */
export interface VendorEvent {
  /** @param parameter in [0, 1): its duration, or which member it affects */
  apply(parameter: number): void;
  /** Errors that it may cause, in addition to `unreachable` and `deadline`. */
  readonly allowedErrors: readonly ErrorCode[];
  /** Whether the state may be out of date afterwards, which is not a fault of the provider. */
  readonly outdatesState?: boolean;
}

/** A simulated vendor with one managed database, and its true state. */
export interface World {
  /** The resource's arguments in the program. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly systems: readonly SimSystem[];
  /** The resource kinds of a new provider process. */
  kinds(connect: () => Transport): Kinds;
  /** Whether a request is a write: an upgrade request or another one. */
  isWrite(request: Pick<WireRequest, "origin" | "method" | "target">): boolean;
  /** The units of an upgrade request; empty for other requests. */
  requestedUnits(request: Pick<WireRequest, "method" | "target" | "body">): readonly string[];
  /** Whether a request retries or rolls back a failed upgrade; missing if the vendor has no such request. */
  reopens?(request: Pick<WireRequest, "method" | "target">): boolean;
  /** Upgrades that were accepted through the API, in order. */
  upgrades(): readonly Upgrade[];
  /** Whether `lastUpgrade` of the outputs records this upgrade. */
  isRecorded(lastUpgrade: Readonly<Record<string, unknown>>, id: string): boolean;
  /** The current versions by member, as in the outputs. */
  members(): Readonly<Record<string, string>>;
  /** The standing of the current versions with regard to the target version. */
  standing(): "behind" | "current" | "newer";
  readonly events: Readonly<Record<string, VendorEvent>>;
  /** Adds a backup of the managed database that ended at this time; no-op if the vendor records no backups. */
  backUp(endedAt: number): void;
  /** Follows the remedies of errors: starts what is down, continues what failed. */
  repair(): void;
  /** An error in the vendor's format, with this status if the vendor has one. */
  refusal(status: number, pick: number): WireResponse;
  /** Milliseconds until the vendor's responses show an accepted upgrade. */
  readonly visibilityDelay: number;
  /** Milliseconds until an upgrade request of a killed run is certainly visible (docs/facts.md). Every run waits this long. */
  readonly spacing: number;
  /** Milliseconds after which every operation in progress has ended. */
  readonly settlingTime: number;
  /** The number of requests of one read, including attempts at unreachable endpoints. */
  readonly requestsPerRead: number;
}

export interface WorldOfType {
  /** `oceanbase:ClusterVersion` */
  readonly type: string;
  make(timeline: Timeline, random: Random): World;
}
