import type { CredentialSource, Inputs } from "./arguments";
import type { Json } from "./request";
import type { Runtime } from "./runtime";
import type { Activity, Finding } from "./unit";

/** The interface between the command line and a vendor: everything to manage in one cluster or project. Reads only. */
export interface Estate {
  /** For messages: `OceanBase cluster at 10.0.0.1:2886`. */
  readonly title: string;
  /** The servers that are read: `https://10.0.0.1:9443`. */
  readonly origins: readonly string[];
  /** Conditions that only the vendor can verify. Each one relies on the previous ones. */
  readonly checks: readonly Check[];
  /** @throws UpgradeError if nothing can be read */
  inventory(): Promise<Inventory>;
  /** Releases connections. */
  close(): Promise<void>;
}

/** How to connect to the estates of a vendor. @typeParam A the arguments of the connection after validation */
export interface EstateKind<A extends object = object> {
  /** `OceanBase` */
  readonly title: string;
  /** The prefix of its resource types: `redisenterprise`. */
  readonly vendor: string;
  readonly inputs: Inputs<A>;
  readonly secrets: readonly string[];
  readonly credentials: Readonly<Record<string, CredentialSource>>;
  /** Other forms of the secrets that are sent over the network, for redaction. */
  derivedSecrets?(args: A): readonly string[];
  /** The argument that identifies an estate: each value is a different one. */
  readonly each: string;
  /** Arguments that select databases. They are lists of strings, and not arguments of a resource. */
  readonly filters?: readonly string[];
  /** Credentials to prompt for when no source has them. @param given those that were found */
  prompts(given: Readonly<Record<string, unknown>>): readonly string[];
  open(args: A, runtime: Runtime): Estate;
}

/** Identifies a cluster or project that is reached in two ways. */
export interface Identity {
  /** Independent of the address that was used. */
  readonly name: string;
  /** Public keys of its servers by cluster-internal address: they distinguish clusters with the same name. */
  readonly keys: Readonly<Record<string, string>>;
}

export function isSame(a: Identity, b: Identity): boolean {
  const conflicting = Object.entries(a.keys).some(([address, key]) => (b.keys[address] ?? key) !== key);
  return a.name === b.name && !conflicting;
}

/** The contents of an estate. Plain data. */
export interface Inventory {
  readonly identity: Identity;
  readonly databases: readonly FoundDatabase[];
  /** Resources that manage all of it at the current versions. */
  readonly resources: readonly FoundResource[];
  /** What could not be read, as sentences. */
  readonly gaps: readonly string[];
}

/** Something that a resource can manage, as the vendor reports it now. */
export interface FoundDatabase {
  /** `oceanbase:ClusterVersion` */
  readonly type: string;
  readonly name: string;
  /** The name that a resource uses for it. */
  readonly id: string;
  /** If members differ, all of them, newest first; for modules `search 2.10.8, ReJSON 2.8.4`. */
  readonly current: string;
  /** The versions it can be upgraded to, newest first. Missing if the vendor does not report them. */
  readonly targets?: readonly string[] | undefined;
  /** What protects its data and availability while members restart: `3 zones`, `replicated, no persistence`. */
  readonly protection?: string | undefined;
  /** Daily maintenance window, UTC: `18:00-22:00`. */
  readonly window?: string;
  readonly activity?: Activity | undefined;
  /** Prerequisites of an upgrade. */
  readonly findings: readonly Finding[];
  /** Findings that do not prevent an upgrade. */
  readonly advice?: readonly Finding[];
}

/** A resource that would manage something without changing it. */
export interface FoundResource {
  readonly type: string;
  /** For a program; unique in the inventory. */
  readonly name: string;
  /** In addition to those of the connection. */
  readonly args: Readonly<Record<string, Json>>;
}

/** A condition that is verified by reads. */
export interface Check {
  /** `permissions` */
  readonly name: string;
  /** @throws UpgradeError if the condition is not met or could not be verified */
  run(): Promise<CheckResult>;
}

export interface CheckResult {
  readonly message: string;
  /** What reads cannot verify, as sentences. */
  readonly untested?: readonly string[];
}

/** Prerequisites of an upgrade; a failed or blocking task comes first. */
export function findingsIn({ activity, findings }: Pick<FoundDatabase, "activity" | "findings">): readonly Finding[] {
  if (activity?.kind === "blocked") return [activity.finding, ...findings];
  if (activity?.kind !== "failed") return findings;
  const { task, failure } = activity;
  const message = `Upgrade ${task.id} (${task.kind} to ${task.to}) failed: ${failure.message}`;
  return [{ code: "upgrade-failed", message, remedy: failure.remedy }, ...findings];
}
