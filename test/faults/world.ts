import type { ErrorCode } from "../../provider/core/errors";
import type { Kinds } from "../../provider/frontend/resource/session";
import type { Transport, WireRequest, WireResponse } from "../../provider/http/transport";
import type { Random, SimSystem } from "../simulators";
import type { Timeline } from "./timeline";

/** An upgrade that the vendor accepted, as the vendor itself knows it. */
export interface Upgrade {
  readonly id: string;
  /** What it upgrades: one of the things that the vendor upgrades each for itself. */
  readonly subject: string;
  /** Whether its target satisfies the pin. */
  readonly aimed: boolean;
  /** Whether the vendor's answers show it by now; some need seconds for that. */
  readonly shown: boolean;
  /** `failed`: it ended, without having upgraded. */
  readonly state: "running" | "succeeded" | "failed";
}

/** Something that can happen at a vendor while nobody asks. It passes by itself, or `repair` ends it. */
export interface Trouble {
  /** @param dial in [0, 1): how long, which one */
  apply(dial: number): void;
  /** Errors that a run may end with because of it, beside `unreachable` and `deadline`. */
  readonly explains: readonly ErrorCode[];
  /** Whether what the state says may be old afterwards, with nobody to blame. */
  readonly drifts?: boolean;
}

/** A simulated vendor with one thing that is pinned: the truth that a provider is measured by. */
export interface World {
  /** The resource's arguments as the program writes them. */
  readonly args: Readonly<Record<string, unknown>>;
  readonly systems: readonly SimSystem[];
  /** The pin kinds of a provider process that has just been started. */
  kinds(connect: () => Transport): Kinds;
  /** Whether a request changes something: the upgrade call, or another one. */
  isWrite(request: Pick<WireRequest, "origin" | "method" | "target">): boolean;
  /** What an upgrade call asks to upgrade; nothing, if the request is no such call. */
  called(request: Pick<WireRequest, "method" | "target" | "body">): readonly string[];
  /** Whether a request has a failed upgrade continued or undone; missing where the vendor has no such request. */
  reopens?(request: Pick<WireRequest, "method" | "target">): boolean;
  /** Upgrades that were accepted through the API, in order. */
  upgrades(): readonly Upgrade[];
  /** Whether the `lastUpgrade` of the outputs is about this upgrade. */
  remembers(lastUpgrade: Readonly<Record<string, unknown>>, id: string): boolean;
  /** What runs, as the outputs write it: by member, or by whatever the outputs name. */
  members(): Readonly<Record<string, string>>;
  /** How what runs stands to the pin. */
  standing(): "behind" | "current" | "newer";
  readonly troubles: Readonly<Record<string, Trouble>>;
  /** A backup of everything that is pinned ended then; nothing where the vendor has no records of backups. */
  backUp(endedAt: number): void;
  /** Does what the remedies of errors ask of a person: starts what is down, continues what failed. */
  repair(): void;
  /** An error in the vendor's own shape, of that status if it has one. */
  refusal(status: number, pick: number): WireResponse;
  /** Milliseconds until the vendor's answers show an upgrade that it has accepted. */
  readonly lag: number;
  /** Milliseconds that a call of a killed run may need for that in all (docs/facts.md): every run has to wait so long. */
  readonly spacing: number;
  /** Milliseconds after which everything that is under way has surely ended. */
  readonly settles: number;
  /** Requests that one look takes, tries at silent endpoints counted in. */
  readonly lookRequests: number;
}

export interface WorldOfType {
  /** `oceanbase:ClusterVersion` */
  readonly type: string;
  make(timeline: Timeline, random: Random): World;
}
