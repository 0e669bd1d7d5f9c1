/** The change rules in the program of a run, as plain data. Times are relative to the beginning of the run. */
export interface ChangeRules {
  /** A window that opens this many minutes after the beginning of the run; negative if it opened before. */
  readonly window?: { readonly opensIn: number; readonly lasts: number; readonly zone: Zone };
  readonly blackout?: { readonly beginsIn: number; readonly lasts: number };
  readonly freeze?: true;
  /** `right`: an approval of the plan of a preview just before. `stale`: an approval of another plan. */
  readonly approval?: "none" | "right" | "stale";
  /** The required backup: missing, too old, new, too old in two minutes, or waived. */
  readonly backup?: "none" | "old" | "fresh" | "aging" | "waived";
  readonly onHeld?: "wait" | "fail";
}

export const ZONES = ["UTC", "Asia/Kolkata", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"] as const;
export type Zone = (typeof ZONES)[number];

/** A night without and nights with a change of the clocks: milliseconds since 1970. */
export const STARTS = [
  Date.UTC(2026, 0, 1),
  Date.UTC(2026, 2, 28, 23),
  Date.UTC(2026, 9, 24, 23),
  Date.UTC(2026, 9, 31, 12),
] as const;

const MINUTE = 60_000;
const DAY = 24 * 60;

type Values = Readonly<Record<string, unknown>>;

/** The maximum age of a backup. */
const MAX_AGE = 24 * 60 * MINUTE;

const NONE = {
  windows: undefined,
  blackouts: undefined,
  freeze: undefined,
  approval: undefined,
  backup: undefined,
  onHeld: undefined,
};

/** No approvals, so that every upgrade requires one. */
export const NO_APPROVALS = { formatVersion: 1, approvals: {} };

/**
 * The resource arguments for the rules. Without rules all arguments of earlier runs are removed.
 * @param plan what a preview has planned, by unit
 */
export function argumentsOf(rules: ChangeRules | undefined, now: number, urn: string, plan: Values): Values {
  if (rules === undefined) return NONE;
  const { window, blackout, freeze, approval, backup, onHeld } = rules;
  return {
    ...NONE,
    ...(window === undefined ? {} : { windows: [windowOf(window, now)] }),
    ...(blackout === undefined ? {} : { blackouts: [blackoutOf(blackout, now)] }),
    ...(freeze === undefined ? {} : { freeze: "incident 4711" }),
    ...(approval === undefined ? {} : { approval: approvalOf(approval, now, urn, plan) }),
    ...(backup === undefined ? {} : { backup: { maxAge: "24h", ...(backup === "waived" ? { waive: "a copy" } : {}) } }),
    ...(onHeld === undefined ? {} : { onHeld }),
  };
}

function windowOf({ opensIn, lasts, zone }: NonNullable<ChangeRules["window"]>, now: number): Values {
  const from = localMinute(now + opensIn * MINUTE, zone);
  const to = (from + Math.min(lasts, DAY - 1)) % DAY;
  return { from: clockOf(from), to: clockOf(to), timeZone: zone, ...(to <= from ? { overnight: true } : {}) };
}

function blackoutOf({ beginsIn, lasts }: NonNullable<ChangeRules["blackout"]>, now: number): Values {
  const from = now + beginsIn * MINUTE;
  const moment = (at: number) => new Date(at).toISOString();
  return { from: moment(from), to: moment(from + lasts * MINUTE), reason: "year-end freeze" };
}

function approvalOf(approval: NonNullable<ChangeRules["approval"]>, now: number, urn: string, plan: Values): Values {
  if (approval === "none") return NO_APPROVALS;
  const units = Object.entries(plan).map(([unit, proposal]) => [
    unit,
    {
      ...Object(proposal),
      ...(approval === "stale" ? { digest: "0".repeat(64) } : {}),
      approvedAt: new Date(now).toISOString(),
      approvedBy: "Anna",
    },
  ]);
  return { ...NO_APPROVALS, approvals: { [urn]: Object.fromEntries(units) } };
}

/** When the backup of the rule ended; undefined if there is none. */
export function backupOf({ backup }: ChangeRules, now: number): number | undefined {
  if (backup === "fresh") return now;
  if (backup === "aging") return now - MAX_AGE + 2 * MINUTE;
  return backup === "old" ? now - 1.5 * MAX_AGE : undefined;
}

/**
 * Why no write is allowed now; undefined if it is.
 * @param requestedAt when the upgrade was requested, which may be before its operator. Its backup must be new at that time
 */
export function forbidden(
  rules: ChangeRules,
  args: Values,
  now: number,
  { backedUpAt, requestedAt }: { readonly backedUpAt: number; readonly requestedAt: number },
): string | undefined {
  const hold = timeHoldOf(rules, args, now);
  if (hold !== undefined) return DESCRIPTIONS[hold];
  if (rules.approval === "none" || rules.approval === "stale") return "without its approval";
  const backup = rules.backup !== undefined && rules.backup !== "waived";
  return backup && !(requestedAt - backedUpAt <= MAX_AGE) ? "without a new backup" : undefined;
}

const DESCRIPTIONS = { freeze: "under a freeze", blackout: "in a blackout", window: "outside its window" };

/**
 * The time rule that forbids an upgrade now, computed with an independent calendar. In the hour after a change of the clocks
 * it is only reported if both the old and the new time forbid the upgrade.
 */
export function timeHoldOf(rules: ChangeRules, args: Values, now: number): keyof typeof DESCRIPTIONS | undefined {
  if (rules.freeze !== undefined) return "freeze";
  const [blackout] = listOf(args["blackouts"]);
  if (blackout !== undefined && now >= Date.parse(blackout.from) && now < Date.parse(blackout.to)) return "blackout";
  const [window] = listOf(args["windows"]);
  if (window === undefined || rules.window === undefined) return undefined;
  const { zone } = rules.window;
  const [from, to] = [minuteOf(window.from), minuteOf(window.to)];
  const inside = (minute: number) => (from < to ? minute >= from && minute < to : minute >= from || minute < to);
  const repeated = localMinute(now - 60 * MINUTE, zone);
  const at = localMinute(now, zone);
  const changes = at !== (repeated + 60) % DAY;
  const shifts = changes ? [-60, -30, 0, 30, 60] : [0];
  return shifts.some((shift) => inside((at + shift + DAY) % DAY)) ? undefined : "window";
}

function listOf(value: unknown): { from: string; to: string }[] {
  return Array.isArray(value) ? value : [];
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Minutes since midnight, local time. */
function localMinute(at: number, zone: string): number {
  const options = { timeZone: zone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  const format = formats.get(zone) ?? new Intl.DateTimeFormat("en", options);
  formats.set(zone, format);
  return minuteOf(format.format(at));
}

function minuteOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.split(":").map(Number);
  return hours * 60 + minutes;
}

function clockOf(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
}
