import type { Finding, Member, Plan, UpgradeCall } from "../core/pin";
import type { Database } from "./database/database";
import type { Interest, Seen } from "./look";

/**
 * What differs between the two things that are pinned of a database, its modules and its Redis. Everything else (access,
 * actions, consent, waiting) is the same. All of it is pure.
 */
export interface Subject extends Interest {
  /** For messages: which side of the database, where it is not the database itself. */
  readonly aspect?: string;
  /** What the pin asks for, as written, for a database that is not there. */
  readonly wish: string;
  members(database: Database): Member[];
  /** Why the versions could not be learnt, as a sentence. */
  unreadable(database: Database): string | undefined;
  plan(seen: Seen): Plan;
  satisfiedBy(target: string): boolean;
}

/** The plan for a database that is not there: never possible as written. */
export function planWithout(absent: Finding, wish: string): Plan {
  const call: UpgradeCall = {
    from: "",
    route: `nothing → ${wish}`,
    how: "not possible as written",
    findings: [absent],
    requests: [],
  };
  return { kind: "upgrade", call };
}
