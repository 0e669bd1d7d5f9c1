import type { Next, Values } from "../fixture";
import type { ManagedDatabase, Position } from "./database";

/** The resource in the program of one run. */
export interface Declaration {
  readonly version: Position;
  readonly args?: Values;
  /** Whether it has the `furtherArguments` of the database. */
  readonly further?: boolean;
  readonly customTimeouts?: Values;
  /** Changes the database before the run. */
  readonly before?: (database: ManagedDatabase) => void;
}

/** How one resource reaches the state that is recorded. */
export interface Scenario {
  readonly name: string;
  /** The types that it applies to. Default: all. */
  readonly of?: RegExp;
  /** The resource in the first run; undefined if the program does not declare it. */
  readonly first?: Declaration;
  /** Default: as in the first run. */
  readonly second?: Declaration;
  /** The scenario that it shares a database with. */
  readonly sharing?: string;
  readonly members?: number;
  readonly tls?: boolean;
  readonly slowStart?: boolean;
  readonly isComponent?: boolean;
  /** What must have happened before the second run is stopped. */
  readonly reaches?: "hang" | "request";
  /** Whether its run ends before that without being stopped. */
  readonly ends?: boolean;
  /** Whether its upgrade fails. */
  readonly fails?: boolean;
  /** The expected `status` in the recorded state, and the expected state of `lastUpgrade`. */
  readonly status: string;
  readonly upgrade?: string;
  readonly next: Next | ((type: string) => Next);
}

export const OCEANBASE = /^oceanbase/;
export const TAURUSDB = /^taurusdb/;
export const WINDOW = { schedule: "maintenance-window" };

/** The accepted upgrade reaches the target version. */
export const FINISHES: Next = { status: "current", requests: 0 };
/** The vendor knows no upgrade, so the next run requests one. */
export const STARTS_ONE: Next = { status: "current", requests: 1 };
/** A failed upgrade that keeps the database locked requires a person; TaurusDB has rolled back, and gets a new request. */
export const afterFailure = (type: string): Next =>
  TAURUSDB.test(type) ? STARTS_ONE : { status: "failed", requests: 0, error: "upgrade-failed" };

export const hang = (database: ManagedDatabase) => database.hang();
/** The response to the upgrade request is lost. @param fate what happens to the request */
export const loseResponse = (database: ManagedDatabase, fate: "accepted" | "hangs" | "not received") => {
  if (fate === "hangs") database.hang();
  const fault = { kind: "hang", processed: fate !== "not received" } as const;
  database.system.faults.add({ match: { method: "POST", path: /upgrade$/ }, fault });
};
