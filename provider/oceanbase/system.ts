import type { Json } from "../core/request";
import type { Member } from "../core/unit";
import type { ObInfo } from "./agent/schema";
import type { Edition, Target } from "./packages/packages";
import type { Check, Readiness } from "./preflight";
import type { DagTarget } from "./tasks/dag";

/** Upgrade request arguments of both systems. */
export interface UpgradeArguments {
  readonly endpoints: readonly string[];
  readonly password?: string | undefined;
  readonly agentPassword?: string | undefined;
  readonly version: string;
  readonly release?: string | undefined;
  readonly upgradeDir?: string | undefined;
  /** Paths of local RPM files. */
  readonly packages?: readonly string[] | undefined;
  /** The tenants whose backups count; all user tenants if empty. */
  readonly backup?: { readonly tenants?: readonly string[] | undefined } | undefined;
}

/**
 * The differences between the two systems that obshell upgrades: the database and the agents. Authentication, tasks,
 * lock, packages and waiting are shared.
 */
export interface System<A extends UpgradeArguments = UpgradeArguments> {
  /** For messages: `OceanBase cluster`. */
  readonly title: string;
  /** The path of the upgrade request, such as `/api/v1/ob/upgrade`. */
  readonly path: string;
  /** The target in the name of such an upgrade's DAG; undefined for every other DAG. */
  readonly dagTarget: (name: string) => DagTarget | undefined;
  /** The current version of each member, as written by the vendor, with the address of the agent beside it. */
  readonly running: (info: ObInfo) => readonly Running[];
  /** The packages that an upgrade needs; the first edition is assumed when none is uploaded. */
  readonly editions: readonly Edition[];
  /** Whether the upgrade may require intermediate versions. */
  readonly routed: boolean;
  readonly checks: readonly Check<A>[];
  /** Warnings that do not block the upgrade. */
  readonly notes?: (readiness: Readiness, args: A) => readonly string[];
  /** For the plan line: `rolling over 3 zones`. */
  readonly how: (args: A, readiness: Readiness) => string;
  readonly body: (args: A, target: Target) => Json;
}

export interface Running {
  readonly name: Member["name"];
  readonly version: string;
  /** `ip:port` of the agent that compares a target with this member. */
  readonly agent: string;
}
