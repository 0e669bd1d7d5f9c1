import type { FaultScript, PathPattern } from "../simulators";

/** One resource type: a pin of it, and the ways to its vendor. */
export interface System {
  /** Name of its resource in the program. */
  readonly name: string;
  /** `oceanbase.AgentVersion` */
  readonly type: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** The same, of a pin that what runs before satisfies. */
  readonly held: Readonly<Record<string, unknown>>;
  /** What `currentVersion` or `members` say before and after. */
  readonly before: string;
  readonly after: string;
  /** What a preview says of the upgrade. */
  readonly plan: RegExp;
  /** Upgrade calls that reached the vendor. */
  writes(): number;
  /** Upgrades of it that the vendor has accepted. */
  accepted(): number;
  readonly upgradePath: PathPattern;
  /** What goes wrong with requests to its vendor. */
  readonly faults: FaultScript;
  /** Every request that reached the vendor. */
  requests(): number;
  /** Lets the next upgrade stop in the middle, and go on. */
  hang(): void;
  /** Whether it has come to that. */
  hangs(): boolean;
  unhang(): void;
  /** Lets the upgrade that hangs fail. */
  fail(): void;
  /** Loses the answer to the next upgrade call, which takes effect. */
  loseReply(): void;
  /** Somebody puts it back behind everybody's back. */
  putBack(): void;
}

/** One simulated vendor on sockets of its own. */
export interface Opened {
  readonly systems: readonly System[];
  close(): Promise<void>;
}
