import type { Served, SimSystem } from "../../simulators";
import type { Values } from "../fixture";

/** A database on a simulated system of its own, and what the recorder does to it. */
export interface ManagedDatabase {
  readonly system: SimSystem;
  /** The arguments but for the version. */
  readonly connection: Values;
  /** Arguments that change nothing for a database that is at its version; undefined takes one out. */
  readonly furtherArguments: Values;
  /** The version that runs at first, the one that is newer, and the one that is newer than that. */
  readonly versions: Readonly<Record<Position, Values>>;
  /** Lets the next upgrade stop in the middle. */
  hang(): void;
  /** Whether it has come to that. */
  hangs(): boolean;
  /** Whether no upgrade of it is in progress. */
  isIdle(): boolean;
  /** Lets what hangs go on. */
  release(): void;
  /** Lets the upgrade that hangs fail. */
  fail(): void;
  /** Changes the version without any upgrade. */
  put(position: Position): void;
  /** The vendor no longer knows the upgrade that it has accepted; the version has not changed. */
  forget?(): void;
  /** One of several members cannot be upgraded. */
  denyOne?(): void;
  /** The maintenance window opens in some hours. */
  postponeWindow?(): void;
  /** The state of the system, with the addresses of the fixtures. */
  export(): Values;
  /** Loopback addresses in texts, and what stands in the fixtures in their place. */
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
  /** Whether an accepted upgrade does not show for two minutes. */
  readonly slowStart?: boolean;
}

/** The address that stands for a member of a system in the fixtures. */
export function fixtureAddress(system: number, member: number): string {
  return `10.77.${system}.${member + 1}`;
}

/** Replaces addresses in everything that JSON can hold. */
export function withAddresses<T>(value: T, addresses: readonly (readonly [string, string])[]): T {
  const text = addresses.reduce((before, [from, to]) => before.replaceAll(from, to), JSON.stringify(value));
  // It has the same shape.
  return JSON.parse(text) as T;
}
