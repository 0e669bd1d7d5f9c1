import type { Task } from "../core/task";
import type { Finding, Member, Unit } from "../core/unit";
import type { Database } from "./database/database";
import type { Interest, Seen } from "./look";

/** How the versions of a database stand to the target, and the upgrade that they need. */
export type Stands = Pick<Unit, "standing" | "at" | "from" | "ahead" | "upgrade">;

/**
 * What differs between the two things that are managed of a database, its modules and its Redis. Everything else (access,
 * actions, consent, waiting) is the same. All of it is pure.
 */
export interface Subject extends Interest {
  /** For messages: which side of the database, where it is not the database itself. */
  readonly aspect?: string;
  /** What the resource asks for, as written, for a database that is not there. */
  readonly wish: string;
  members(database: Database): Member[];
  /** Why the versions could not be read, as a sentence. */
  unreadable(database: Database): string | undefined;
  stands(database: Database, seen: Seen): Stands;
  leadsToTarget(task: Task, unit: Unit): boolean;
}

/** A database that is not there: never possible as written. */
export function standsWithout(absent: Finding, wish: string): Stands {
  const upgrade = { from: "", route: `nothing → ${wish}`, how: "not possible as written", findings: [absent] };
  return { standing: "behind", at: "", from: "", ahead: [], upgrade };
}

export const NOT_READ: Finding = {
  code: "database-not-read",
  message: "The database was not read.",
  remedy: "Run {apply} again.",
};
