import type { Finding, Member, Plan, UpgradeCall } from "../core/pin";
import type { Database } from "./database";
import type { Interest, Seen } from "./look";

/** An upgrade call, ready to be sent. */
export interface Request {
  /** `/v1/bdbs/1/modules/upgrade` */
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** What it goes to, for the record: `search 2.10.17, ReJSON 2.8.10`. */
  readonly to: string;
}

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
  /** The call that the plan asks for; a finding where there is none to send. */
  request(seen: Seen): Request | Finding;
  satisfiedBy(target: string): boolean;
}

/** The plan for a database that is not there: never possible as written. */
export function planWithout(absent: Finding, wish: string): Plan {
  const call: UpgradeCall = {
    from: "",
    route: `nothing → ${wish}`,
    how: "not possible as written",
    findings: [absent],
  };
  return { kind: "upgrade", call };
}
