import { formatDuration } from "../../base/sentences";
import type { Driver, FleetWords } from "../driver";
import { Unreachable, UpgradeError } from "../errors";
import type { Clock, Runtime } from "../runtime";
import type { Task } from "../task";
import { count, some } from "../texts/sentences";
import type { Unit } from "../unit";
import { type Approvals, approvalHold, reopeningHold } from "./approval";
import { type BackupRecord, type BackupRule, backupHold } from "./backup";
import { type Calendar, calendarHold } from "./calendar";
import { Held, type Hold } from "./hold";

/** The user's conditions for sending an upgrade request. */
export interface ChangeRules extends Calendar {
  /** One sentence each: if there are any, nothing is sent. */
  readonly freezes: readonly string[];
  /** Missing if approval is not required. */
  readonly approvals?: Approvals | undefined;
  readonly backup?: BackupRule | undefined;
  readonly onHeld: "report" | "wait" | "fail";
}

/** Why the upgrade of a unit must not be requested now. */
export type HoldOf = (unit: Unit) => Hold | undefined;

/**
 * The hold that follows from the rules and the time alone, without reads: freeze, blackout, window. @param now
 * milliseconds since 1970
 */
export function holdByClock(rules: ChangeRules, schedules: boolean, now: number): Hold | undefined {
  const [freeze] = rules.freezes;
  if (freeze !== undefined) return { code: "freeze", message: `changes are frozen: ${freeze}` };
  // For a request with a maintenance window, the vendor chooses the time.
  return schedules ? undefined : calendarHold(rules, now);
}

/**
 * How long a finished backup is cached, in milliseconds. Reading the backups of a large account takes minutes, after
 * which the system itself is read again.
 */
const RECENT = 10 * 60_000;

/** A failed upgrade, for RETRY or ROLLBACK. `requestedAt`: when it was requested, not when it was first seen. */
export type Reopened = Pick<Task, "to" | "requestedAt">;

/** Calls a read, again if it fails. */
type Retry = (read: () => Promise<void>) => Promise<void>;

/** Milliseconds since 1970; undefined if it is unknown. */
function requestedAtOf(reopened: Reopened | undefined): number | undefined {
  const at = Date.parse(reopened?.requestedAt ?? "");
  return Number.isNaN(at) ? undefined : at;
}

type Controlled = Pick<Driver, "title" | "schedules" | "backups">;

/**
 * Decides whether an upgrade may begin now. Used when a plan is made, before `prepare`, and in `send` immediately
 * before a request. Uses the backups of the last `readBackups`.
 */
export class ChangeControl {
  readonly #driver: Controlled;
  readonly rules: ChangeRules;
  /** Wall-clock time: it can be set, and advances while the machine sleeps. */
  readonly wall: Pick<Clock, "now">;
  #backups: ReadonlyMap<string, { readonly record: BackupRecord; readonly readAt: number }> = new Map();

  constructor(driver: Controlled, rules: ChangeRules, wall: Pick<Clock, "now">) {
    this.#driver = driver;
    this.rules = rules;
    this.wall = wall;
  }

  /** The managed database, for messages. */
  get title(): string {
    return this.#driver.title;
  }

  /**
   * Judges at the current time; the calendar is evaluated once for all units.
   * @param reopened the failed upgrade that RETRY or ROLLBACK is to be sent for, whose approval covers them
   */
  judge(reopened?: Reopened): HoldOf {
    const now = this.wall.now();
    const unread = this.#judgeUnread(now, reopened);
    return (unit) => unread(unit) ?? this.#byBackup(unit.name, now, requestedAtOf(reopened));
  }

  /** The same without backups. */
  #judgeUnread(now: number, reopened: Reopened | undefined): HoldOf {
    const { approvals } = this.rules;
    const hold = holdByClock(this.rules, this.#driver.schedules, now);
    if (hold !== undefined || approvals === undefined) return () => hold;
    if (reopened === undefined) return (unit) => approvalHold(approvals, unit, now);
    return ({ name }) => reopeningHold(approvals, name, reopened.to, requestedAtOf(reopened) ?? now);
  }

  /**
   * Reads the backups of units without another hold, if a rule requires them and they were not read recently. This is
   * the last read before a request is sent.
   */
  async readBackups(units: readonly Unit[], reopened?: Reopened): Promise<void> {
    const now = this.wall.now();
    const unread = this.#dependent(units, reopened).filter(({ name }) => {
      const { record, readAt = 0 } = this.#backups.get(name) ?? {};
      return record?.kind !== "finished" || Math.abs(now - readAt) > RECENT;
    });
    if (unread.length > 0)
      this.#keep(unread, await this.#driver.backups?.(unread), "this system does not report backups");
  }

  /**
   * The same for a plan, and for RETRY and ROLLBACK: a failed read becomes a hold, so that it replaces neither the plan
   * nor the failure of the upgrade.
   * @param retry retries the read
   */
  async tryBackups(units: readonly Unit[], reopened?: Reopened, retry: Retry = (read) => read()): Promise<void> {
    try {
      await retry(() => this.readBackups(units, reopened));
    } catch (error) {
      const isExpected = error instanceof Unreachable || (reopened !== undefined && error instanceof UpgradeError);
      if (!isExpected) throw error;
      this.#keep(this.#dependent(units, reopened), undefined, error.message.replace(/\.$/, ""));
    }
  }

  /** The units whose upgrade requires a backup. */
  #dependent(units: readonly Unit[], reopened: Reopened | undefined): readonly Unit[] {
    if (this.rules.backup === undefined) return [];
    const holdOf = this.#judgeUnread(this.wall.now(), reopened);
    return units.filter((unit) => holdOf(unit) === undefined);
  }

  #keep(units: readonly Unit[], records: ReadonlyMap<string, BackupRecord> | undefined, reason: string): void {
    const readAt = this.wall.now();
    const read = units.map(({ name }) => {
      const record: BackupRecord = records?.get(name) ?? { kind: "unknown", reason };
      return [name, { record, readAt }] as const;
    });
    this.#backups = new Map([...this.#backups, ...read]);
  }

  /** Discards the backups that were read, because they may have changed. */
  discardBackups(): void {
    this.#backups = new Map();
  }

  /** @throws Held if a request for one of them must not be sent now, or if its backup was not read */
  require(units: readonly Unit[], reopened?: Reopened): void {
    const holdOf = this.judge(reopened);
    for (const unit of units) {
      const hold = holdOf(unit) ?? this.#unread(unit);
      if (hold !== undefined) throw new Held(this.title, hold);
    }
  }

  /** Another hold may have ended after the last read of backups. */
  #unread({ name }: Unit): Hold | undefined {
    if (this.rules.backup === undefined || this.#backups.has(name)) return undefined;
    return { code: "backup", message: "the backups were not read yet" };
  }

  #byBackup(unit: string, now: number, requestedAt: number | undefined): Hold | undefined {
    const { backup } = this.rules;
    const { record } = this.#backups.get(unit) ?? {};
    return backup === undefined || record === undefined ? undefined : backupHold(backup, record, now, requestedAt);
  }
}

export function controlOf(
  driver: Controlled,
  { changes }: { readonly changes: ChangeRules },
  { wall }: { readonly wall: Pick<Clock, "now"> },
): ChangeControl {
  return new ChangeControl(driver, changes, wall);
}

/** The hold of a unit. */
export interface HeldUnit {
  readonly name: string;
  readonly hold: Hold;
}

/**
 * Combines the holds of several units: the most frequent one, and the earliest end.
 * @param total the number of all units
 * @param words missing if the resource has only one unit
 */
export function togetherHold(
  held: readonly HeldUnit[],
  total: number,
  words: FleetWords | undefined,
): Hold | undefined {
  const groups = Map.groupBy(held, ({ hold }) => hold.message);
  const [most = []] = [...groups.values()].sort((a, b) => b.length - a.length);
  const [first] = most;
  if (first === undefined) return undefined;
  const { code, message } = first.hold;
  const until = held.flatMap(({ hold }) => hold.until ?? []).sort()[0];
  const rest = held.length - most.length;
  const names = held.length === total ? "" : ` (${some(most.map(({ name }) => name))})`;
  const whose = total === 1 || words === undefined ? "" : `${held.length} of ${count(total, words)}${names}: `;
  const more = rest === 0 ? "" : `; ${rest} more for other reasons`;
  return { code, message: `${whose}${message}${more}`, ...(until === undefined ? {} : { until }) };
}

/** Between reads of backups, in milliseconds. */
const BACKUP_PAUSE = 5 * 60_000;
/** Between two progress lines, in milliseconds. */
const REPORT_PAUSE = 60_000;

/** Whether a run waits for the end of a hold: `onHeld` requires it, and the hold can end during the run. */
export function isAwaited({ onHeld }: Pick<ChangeRules, "onHeld">, { code, until }: Hold): boolean {
  return onHeld === "wait" && (code === "backup" || until !== undefined);
}

/**
 * Waits until the first of several holds may have ended. Does not read the vendor.
 * @returns whether one may have ended; then the vendor is read again
 */
export async function awaitRelease(
  control: Pick<ChangeControl, "rules" | "wall" | "discardBackups">,
  holds: readonly Hold[],
  { clock, signal, report }: Pick<Runtime, "clock" | "signal" | "report">,
): Promise<boolean> {
  const awaited = holds.filter((hold) => isAwaited(control.rules, hold));
  const [hold] = awaited.sort((one, other) => (one.until ?? "").localeCompare(other.until ?? ""));
  if (hold === undefined) return false;
  const { wall } = control;
  const until = hold.until === undefined ? wall.now() + BACKUP_PAUSE : Date.parse(hold.until);
  for (;;) {
    const left = until - wall.now();
    if (left <= 0) break;
    report({ message: `held: ${hold.message}, ${formatDuration(left)} left` });
    await clock.sleep(Math.min(left, REPORT_PAUSE), signal);
  }
  control.discardBackups();
  return true;
}

/**
 * Ends a run whose upgrade is held, with one warning and the status.
 * @throws Held if `onHeld` is "fail"
 */
export function endHeld(
  { title, rules }: Pick<ChangeControl, "title" | "rules">,
  hold: Hold,
  { warn }: Pick<Runtime, "warn">,
): "held" {
  const held = new Held(title, hold);
  if (rules.onHeld === "fail") throw held;
  warn(held.text);
  return "held";
}
