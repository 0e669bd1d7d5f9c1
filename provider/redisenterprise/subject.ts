import type { Task } from "../core/task";
import type { Finding, Member, Unit } from "../core/unit";
import type { Database } from "./database/database";
import type { Interest, Seen } from "./look";

/** The standing of a database's versions relative to the target, and the required upgrade. */
export type Stands = Pick<Unit, "standing" | "at" | "from" | "ahead" | "upgrade">;

/**
 * The differences between the two subjects of a database, its modules and its Redis. Access, actions, consent and
 * waiting are shared. Pure.
 */
export interface Subject extends Interest {
  /** For messages: the aspect of the database, if it is not the database itself. */
  readonly aspect?: string;
  /** The target as written, for a database that does not exist. */
  readonly wish: string;
  members(database: Database): Member[];
  /** Why the versions could not be parsed, as a sentence. */
  unreadable(database: Database): string | undefined;
  stands(database: Database, seen: Seen): Stands;
  leadsToTarget(task: Task, unit: Unit): boolean;
}

/** A database that does not exist: impossible as written. */
export function standsWithout(absent: Finding, wish: string): Stands {
  const upgrade = { from: "", route: `nothing → ${wish}`, how: "not possible as written", findings: [absent] };
  return { standing: "behind", at: "", from: "", ahead: [], upgrade };
}

export const NOT_READ: Finding = {
  code: "database-not-read",
  message: "The database was not read.",
  remedy: "Run {apply} again.",
};
