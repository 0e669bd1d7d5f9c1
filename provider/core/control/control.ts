import type { Clock } from "../clock";
import type { Driver } from "../driver";
import type { Task } from "../task";
import type { Unit } from "../unit";
import { type Approvals, approvalHold, isApproved } from "./approval";
import { type BackupRecord, type BackupRule, backupHold } from "./backup";
import { type Calendar, calendarHold } from "./calendar";
import { Held, type Hold } from "./hold";

/** What a user asks of the moment in which an upgrade request is sent. */
export interface ChangeRules extends Calendar {
  /** A sentence each: while there is one, nothing is sent. */
  readonly freezes: readonly string[];
  /** Absent where none is asked for. */
  readonly approvals?: Approvals;
  readonly backup?: BackupRule;
  readonly onHeld: "report" | "wait" | "fail";
}

export const NO_RULES: ChangeRules = { freezes: [], windows: [], blackouts: [], onHeld: "report" };

/** What follows from rules and clock alone, without any read: freeze, blackout, window. @param now milliseconds since 1970 */
export function holdByClock(rules: ChangeRules, schedules: boolean, now: number): Hold | undefined {
  const [freeze] = rules.freezes;
  if (freeze !== undefined) return { code: "freeze", message: `changes are frozen: ${freeze}` };
  // Of a request for the vendor's maintenance window, the vendor chooses the time.
  return schedules ? undefined : calendarHold(rules, now);
}

type Controlled = Pick<Driver, "title" | "schedules" | "backups">;

/**
 * The one judge of whether an upgrade may begin now. It is asked when a plan is made, before anything is prepared, and in `send`
 * immediately before a request. Backups are what the last `readBackups` has found.
 */
export class ChangeControl {
  readonly #driver: Controlled;
  readonly rules: ChangeRules;
  /** What people mean by time: it is set, and goes on while the machine sleeps. */
  readonly wall: Pick<Clock, "now">;
  #backups: ReadonlyMap<string, BackupRecord> = new Map();

  constructor(driver: Controlled, rules: ChangeRules, wall: Pick<Clock, "now">) {
    this.#driver = driver;
    this.rules = rules;
    this.wall = wall;
  }

  /** What is managed, for messages. */
  get title(): string {
    return this.#driver.title;
  }

  /** Why the upgrade of a unit is not requested now: the first reason that there is. */
  holdOf(unit: Unit): Hold | undefined {
    const { approvals } = this.rules;
    return (
      this.#byClock() ??
      (approvals === undefined ? undefined : approvalHold(approvals, unit, this.wall.now())) ??
      this.#byBackup(unit.name)
    );
  }

  /**
   * The same for RETRY and ROLLBACK of an upgrade that has failed. An approval of the upgrade covers them, and a backup from
   * before it is not asked for again.
   */
  holdOfReopening(unit: string, { to }: Pick<Task, "to">): Hold | undefined {
    const { approvals } = this.rules;
    const approved = approvals === undefined || isApproved(approvals, unit, to, this.wall.now());
    const unapproved: Hold = { code: "approval", message: `no upgrade to ${to} was approved` };
    return this.#byClock() ?? (approved ? undefined : unapproved);
  }

  /** Reads what the vendor says of backups, where there is a rule for them. The last thing before something is sent. */
  async readBackups(units: readonly Unit[]): Promise<void> {
    if (this.rules.backup === undefined || units.length === 0) return;
    const unread: BackupRecord = { kind: "unknown", reason: "this system does not show backups" };
    const records = await this.#driver.backups?.(units);
    this.#backups = new Map([
      ...this.#backups,
      ...units.map(({ name }) => [name, records?.get(name) ?? unread] as const),
    ]);
  }

  /** What was read of backups may have changed. */
  forgetBackups(): void {
    this.#backups = new Map();
  }

  /** @throws Held when one of them must not be requested now */
  require(units: readonly Unit[]): void {
    for (const unit of units) {
      const hold = this.holdOf(unit);
      if (hold !== undefined) throw new Held(this.title, hold);
    }
  }

  /** @throws Held when RETRY and ROLLBACK must not be sent now */
  requireReopening(unit: string, task: Pick<Task, "to">): void {
    const hold = this.holdOfReopening(unit, task);
    if (hold !== undefined) throw new Held(this.title, hold);
  }

  #byClock(): Hold | undefined {
    return holdByClock(this.rules, this.#driver.schedules, this.wall.now());
  }

  #byBackup(unit: string): Hold | undefined {
    const { backup } = this.rules;
    const record = this.#backups.get(unit);
    return backup === undefined || record === undefined ? undefined : backupHold(backup, record, this.wall.now());
  }
}

/** The holds of several units as one: what most of them have, and when the first one ends. */
export function togetherHold(holds: readonly Hold[], total: number): Hold | undefined {
  const groups = new Map<string, Hold[]>();
  for (const hold of holds) groups.set(hold.message, [...(groups.get(hold.message) ?? []), hold]);
  const [most] = [...groups.values()].sort((a, b) => b.length - a.length);
  const [first] = most ?? [];
  if (first === undefined) return undefined;
  const until = holds.flatMap((hold) => hold.until ?? []).sort()[0];
  const rest = holds.length - (most?.length ?? 0);
  const count = total === 1 ? "" : `${holds.length} of ${total} held: `;
  const more = rest === 0 ? "" : `; ${rest} more for other reasons`;
  return { code: first.code, message: `${count}${first.message}${more}`, ...(until === undefined ? {} : { until }) };
}
