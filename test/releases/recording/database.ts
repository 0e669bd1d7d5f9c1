import type { Served, SimSystem } from "../../simulators";
import type { Values } from "../fixture";

/** A database on its own simulated system, and how the recorder controls it. */
export interface ManagedDatabase {
  readonly system: SimSystem;
  /** The arguments without the version. */
  readonly connection: Values;
  /** Arguments that cause no changes for a database at its target version; undefined removes one. */
  readonly furtherArguments: Values;
  /** The initial version, a newer one as the target, and one that is newer than the target. */
  readonly versions: Readonly<Record<Position, Values>>;
  /** Makes the next upgrade hang. */
  hang(): void;
  /** Whether an upgrade hangs. */
  hangs(): boolean;
  /** Whether no upgrade of it is in progress. */
  isIdle(): boolean;
  /** Lets the hung upgrade continue. */
  release(): void;
  /** Lets the hung upgrade fail. */
  fail(): void;
  /** Changes the version without an upgrade. */
  put(position: Position): void;
  /** Removes the accepted upgrade from the vendor; the version does not change. */
  forget?(): void;
  /** Denies upgrades of one of several members. */
  denyOne?(): void;
  /** Lets the maintenance window open in some hours. */
  postponeWindow?(): void;
  /** The state of the system, with the addresses of the fixtures. */
  export(): Values;
  /** Loopback addresses in texts, and their replacements in the fixtures. */
  addresses(): readonly (readonly [string, string])[];
  close: Served["close"];
}

export type Position = "old" | "target" | "newer";

export interface OpenOptions {
  /** Different for each system of a stack. */
  readonly number: number;
  /** Observers, agents or instances. Default 1. */
  readonly members?: number;
  readonly tls?: boolean;
  /** Whether an accepted upgrade is not visible for two minutes. */
  readonly slowStart?: boolean;
}

/** The address of a member of a system in the fixtures. */
export function fixtureAddress(system: number, member: number): string {
  return `10.77.${system}.${member + 1}`;
}

/** Replaces addresses in a JSON value. */
export function withAddresses<T>(value: T, addresses: readonly (readonly [string, string])[]): T {
  const text = addresses.reduce((before, [from, to]) => before.replaceAll(from, to), JSON.stringify(value));
  // Replacing addresses does not change the shape.
  return JSON.parse(text) as T;
}
