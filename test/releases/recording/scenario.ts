import type { Next, Values } from "../fixture";
import type { ManagedDatabase, Position } from "./database";

/** What the program says of the resource in one run. */
export interface Declaration {
  readonly pin: Position;
  readonly args?: Values;
  /** Whether it has the further arguments. */
  readonly further?: boolean;
  readonly customTimeouts?: Values;
  /** What happens to the database before the run. */
  readonly before?: (database: ManagedDatabase) => void;
}

/** How one resource comes to the state that is recorded. */
export interface Scenario {
  readonly name: string;
  /** Vendors or types that have it. Default: all. */
  readonly of?: RegExp;
  /** Where the program declares it in the first run. */
  readonly first?: Declaration;
  /** Default: as in the first run. */
  readonly second?: Declaration;
  /** The scenario whose database it has as well. */
  readonly sharing?: string;
  readonly members?: number;
  readonly tls?: boolean;
  readonly slowStart?: boolean;
  readonly isComponent?: boolean;
  /** What has to have happened before the second run is ended. */
  readonly reaches?: "hang" | "request";
  /** Whether it has ended by itself before. */
  readonly ends?: boolean;
  /** Whether its upgrade is made to fail. */
  readonly fails?: boolean;
  /** What the state has to say at the end: `status`, and the state of `lastUpgrade`. */
  readonly status: string;
  readonly upgrade?: string;
  readonly next: Next | ((type: string) => Next);
}

export const OCEANBASE = /^oceanbase/;
export const TAURUSDB = /^taurusdb/;
export const WINDOW = { schedule: "maintenance-window" };

/** The upgrade that was accepted gets there. */
export const FINISHES: Next = { status: "current", requests: 0 };
/** The vendor knows of no upgrade. */
export const STARTS_ONE: Next = { status: "current", requests: 1 };
/** A failed upgrade that keeps the database locked needs a person; TaurusDB has rolled it back, and is asked again. */
export const afterFailure = (type: string): Next =>
  TAURUSDB.test(type) ? STARTS_ONE : { status: "failed", requests: 0, error: "upgrade-failed" };

export const hang = (database: ManagedDatabase) => database.hang();
/** The upgrade request is not answered. @param fate what becomes of it */
export const loseResponse = (database: ManagedDatabase, fate: "accepted" | "hangs" | "not received") => {
  if (fate === "hangs") database.hang();
  const fault = { kind: "hang", processed: fate !== "not received" } as const;
  database.system.faults.add({ match: { method: "POST", path: /upgrade$/ }, fault });
};
