import type { CredentialSource, Inputs } from "./arguments";
import type { Json } from "./request";
import type { Runtime } from "./runtime";
import type { Activity, Finding } from "./unit";

/**
 * The seam between the command line and a vendor: everything that resources can manage at one cluster or in one project.
 * It only reads.
 */
export interface Estate {
  /** For messages: `OceanBase cluster at 10.0.0.1:2886`. */
  readonly title: string;
  /** The servers that are asked: `https://10.0.0.1:9443`. */
  readonly origins: readonly string[];
  /** What only the vendor can verify. Each builds on those before it. */
  readonly checks: readonly Check[];
  /** @throws UpgradeError when nothing can be read */
  inventory(): Promise<Inventory>;
  /** Releases connections. */
  close(): Promise<void>;
}

/** How the estates of a vendor are reached. @typeParam A the arguments of the connection after validation */
export interface EstateKind<A extends object = object> {
  /** `OceanBase` */
  readonly title: string;
  /** The beginning of its resource types: `redisenterprise`. */
  readonly vendor: string;
  readonly inputs: Inputs<A>;
  readonly secrets: readonly string[];
  readonly credentials: Readonly<Record<string, CredentialSource>>;
  /** Other forms of the secrets that go over the wire, for redaction. */
  derivedSecrets?(args: A): readonly string[];
  /** The argument of which every value leads to an estate of its own. */
  readonly each: string;
  /** Arguments that choose among the databases. They are lists of strings, and no arguments of a resource. */
  readonly filters?: readonly string[];
  /** Credentials that a person at a terminal is asked for, where no place has them. @param given those that were found */
  asks(given: Readonly<Record<string, unknown>>): readonly string[];
  open(args: A, runtime: Runtime): Estate;
}

/** By what a cluster or project is recognized that is reached in two ways. */
export interface Identity {
  /** The same from everywhere. */
  readonly name: string;
  /** Public keys of its servers, by the address that each has within it: clusters that claim the same name differ in them. */
  readonly keys: Readonly<Record<string, string>>;
}

export function isSame(a: Identity, b: Identity): boolean {
  const rivals = Object.entries(a.keys).some(([address, key]) => (b.keys[address] ?? key) !== key);
  return a.name === b.name && !rivals;
}

/** What is at an estate. Plain data. */
export interface Inventory {
  readonly identity: Identity;
  readonly databases: readonly FoundDatabase[];
  /** Resources that manage all of it at the versions that run. */
  readonly resources: readonly FoundResource[];
  /** What could not be read, as sentences. */
  readonly gaps: readonly string[];
}

/** Something that a resource can manage, as the vendor shows it now. */
export interface FoundDatabase {
  /** `oceanbase:ClusterVersion` */
  readonly type: string;
  readonly name: string;
  /** By which a resource names it. */
  readonly id: string;
  /** The lowest where several run; `search 2.10.8, ReJSON 2.8.4` of modules. */
  readonly current: string;
  /** To what it could be upgraded now, the newest first. Absent where the vendor does not say. */
  readonly targets?: readonly string[];
  /** What keeps its data and its service while members restart: `3 zones`, `replicated, no persistence`. */
  readonly protection?: string;
  /** Daily maintenance window, UTC: `18:00-22:00`. */
  readonly window?: string;
  readonly activity?: Activity;
  /** What has to be done before an upgrade can start. */
  readonly findings: readonly Finding[];
  /** What keeps no upgrade from starting, and a person should know. */
  readonly advice?: readonly Finding[];
}

/** A resource that would manage something without changing it. */
export interface FoundResource {
  readonly type: string;
  /** For a program; unique in the inventory. */
  readonly name: string;
  /** Beside those of the connection. */
  readonly args: Readonly<Record<string, Json>>;
}

/** A condition that is verified by reads. */
export interface Check {
  /** `permissions` */
  readonly name: string;
  /** @throws UpgradeError when the condition does not hold, or nobody could tell */
  run(): Promise<CheckResult>;
}

export interface CheckResult {
  readonly message: string;
  /** What reads cannot tell, as sentences. */
  readonly untested?: readonly string[];
}

/** What has to be done before an upgrade can start; a task that failed or blocks comes first. */
export function findingsIn({ activity, findings }: Pick<FoundDatabase, "activity" | "findings">): readonly Finding[] {
  if (activity?.kind === "blocked") return [activity.finding, ...findings];
  if (activity?.kind !== "failed") return findings;
  const { task, failure } = activity;
  const message = `Upgrade ${task.id} (${task.kind} to ${task.to}) failed: ${failure.message}`;
  return [{ code: "upgrade-failed", message, remedy: failure.remedy }, ...findings];
}
