import type { FaultScript, PathPattern } from "../simulators";

/** One resource type: a resource of it, and the control of its vendor. */
export interface System {
  /** Name of its resource in the program. */
  readonly name: string;
  /** `oceanbase.AgentVersion` */
  readonly type: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** The same, with a target version that the version before the upgrade satisfies. */
  readonly currentArgs: Readonly<Record<string, unknown>>;
  /** The version in `currentVersion` or `members` before and after the upgrade. */
  readonly before: string;
  readonly after: string;
  /** The plan line of the upgrade in a preview. */
  readonly plan: RegExp;
  /** Upgrade requests that reached the vendor. */
  writes(): number;
  /** Upgrades of it that the vendor has accepted. */
  accepted(): number;
  readonly upgradePath: PathPattern;
  /** The faults of requests to its vendor. */
  readonly faults: FaultScript;
  /** Every request that reached the vendor. */
  requests(): number;
  /** Makes the next upgrade hang, until `unhang` resumes it. */
  hang(): void;
  /** Whether it hangs. */
  hangs(): boolean;
  unhang(): void;
  /** Makes the hanging upgrade fail. */
  fail(): void;
  /** Loses the response to the next upgrade request, which takes effect. */
  loseReply(): void;
  /** Downgrades it outside this tool. */
  downgrade(): void;
}

/** One simulated vendor on separate sockets. */
export interface Opened {
  readonly systems: readonly System[];
  close(): Promise<void>;
}
