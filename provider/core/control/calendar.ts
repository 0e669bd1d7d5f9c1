import { Temporal } from "temporal-polyfill";
import { parseDuration } from "../../base/sentences";
import type { Hold } from "./hold";

export type Weekday = "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";

export const WEEKDAYS: readonly Weekday[] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/**
 * When upgrades may begin. An upgrade in progress continues after the window ends. Times are local, `HH:MM`; a window
 * whose `to` is not after its `from` ends on the next day.
 */
export interface ChangeWindow {
  /** The days on which it begins; every day if missing. */
  readonly days?: readonly Weekday[] | undefined;
  readonly from: string;
  /** Exclusive; `24:00` is the end of the day. */
  readonly to: string;
  /** No upgrade begins at or after this time; `to` if missing. */
  readonly lastStart?: string | undefined;
  /** IANA name. */
  readonly timeZone: string;
}

/** Periods in which no upgrade may begin, not even inside a window. */
export interface Blackout {
  /** A date, which begins at midnight, or a date with a time; local unless it has an offset. */
  readonly from: string;
  /** A date, inclusive, or a date with a time, exclusive. */
  readonly to: string;
  /** IANA name, for local dates and times; UTC if missing. */
  readonly timeZone?: string | undefined;
  readonly reason: string;
}

export interface Calendar {
  /** Empty allows any time. */
  readonly windows: readonly ChangeWindow[];
  readonly blackouts: readonly Blackout[];
  /** How long an upgrade usually takes, in milliseconds: it begins only if the rest of the window is long enough. */
  readonly expect?: number | undefined;
}

/** Milliseconds since 1970; the end is exclusive. */
interface Span {
  readonly from: number;
  readonly to: number;
}

/** One occurrence of a window. */
interface Occurrence extends Span {
  readonly window: ChangeWindow;
  /** No upgrade begins at or after this time. */
  readonly lastStart: number;
}

/** Days to search: a window occurs at least once in this time. */
const WEEK_AHEAD = 8;
/** Maximum number of consecutive windows and blackouts to search for the end of a hold. */
const MOST_STEPS = 500;

/**
 * Why the calendar holds an upgrade, and until when. Blackouts take precedence over windows. Pure.
 * @param time milliseconds since 1970, may be fractional
 */
export function calendarHold(calendar: Calendar, time: number): Hold | undefined {
  const now = Math.floor(time);
  const blackout = calendar.blackouts.find((one) => contains(spanOf(one), now));
  const free = nextFree(calendar, now);
  if (free === now) return undefined;
  const until = free === undefined ? {} : { until: new Date(free).toISOString() };
  if (blackout !== undefined) {
    const { timeZone = "UTC", reason } = blackout;
    return { code: "blackout", message: `blackout until ${show(spanOf(blackout).to, timeZone)}: ${reason}`, ...until };
  }
  return { code: "window", message: windowMessage(calendar, now, free), ...until };
}

/** When the calendar next allows an upgrade: milliseconds since 1970. Undefined if not in the foreseeable future. */
export function nextFree(calendar: Calendar, now: number): number | undefined {
  let at = Math.floor(now);
  const blackouts = calendar.blackouts.map(spanOf);
  for (let step = 0; step < MOST_STEPS; step += 1) {
    const blackout = blackouts.find((span) => contains(span, at));
    const opening = blackout === undefined ? nextOpening(calendar, at) : blackout.to;
    if (opening === undefined || (opening === at && blackout === undefined)) return opening;
    at = opening;
  }
  return undefined;
}

/** When the windows next allow an upgrade: now, if one is open. */
function nextOpening({ windows, expect = 0 }: Calendar, at: number): number | undefined {
  if (windows.length === 0) return at;
  const starts = occurrences(windows, at)
    .map((one) => ({ ...one, start: Math.max(one.from, at) }))
    .filter(({ start, to, lastStart }) => start < lastStart && start + expect <= to)
    .map(({ start }) => start);
  return starts.length === 0 ? undefined : Math.min(...starts);
}

function windowMessage({ windows, expect }: Calendar, now: number, free: number | undefined): string {
  const current = occurrences(windows, now).find((one) => contains(one, now));
  const zone = occurrences(windows, free ?? now).find(({ from }) => from === free)?.window.timeZone;
  const opens = free === undefined ? "no window opens" : `window opens ${show(free, zone ?? "UTC")}`;
  if (current === undefined) return opens;
  const { to, lastStart, window } = current;
  if (now >= lastStart)
    return `too late to begin in this window (last start ${clockTime(lastStart, window)}); ${opens}`;
  if (expect === undefined) return opens;
  return `not enough time left in this window, which ends ${clockTime(to, window)}; ${opens}`;
}

/** The occurrences of all windows that have not ended, up to a week ahead. */
function occurrences(windows: readonly ChangeWindow[], at: number): Occurrence[] {
  return windows.flatMap((window) => {
    const today = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(window.timeZone).toPlainDate();
    const days = Array.from({ length: WEEK_AHEAD + 2 }, (_, day) => today.add({ days: day - 1 }));
    return days
      .filter((day) => window.days === undefined || window.days.includes(weekdayOf(day)))
      .map((day) => occurrence(window, day))
      .filter(({ from, to }) => from < to && at < to);
  });
}

/**
 * Local times that a daylight saving change skips move forward by the same amount. Of times that occur twice, the first
 * one counts (`compatible`, as in RFC 5545).
 */
function occurrence(window: ChangeWindow, day: Temporal.PlainDate): Occurrence {
  const start = minuteOf(window.from);
  const at = (time: string) => {
    const minute = minuteOf(time);
    const shift = Math.floor(minute / MINUTES_A_DAY) + (minute <= start && time !== window.from ? 1 : 0);
    const plainTime = Temporal.PlainTime.from(hourAndMinute(minute % MINUTES_A_DAY));
    return day.add({ days: shift }).toZonedDateTime({ timeZone: window.timeZone, plainTime }).epochMilliseconds;
  };
  const to = at(window.to);
  const lastStart = window.lastStart === undefined ? to : Math.min(at(window.lastStart), to);
  return { window, from: at(window.from), to, lastStart };
}

const MINUTES_A_DAY = 24 * 60;
const TIME = /^(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$/;

export function isTime(text: string): boolean {
  return TIME.test(text);
}

/** Minutes since midnight. */
function minuteOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(":").map(Number);
  return hours * 60 + minutes;
}

function hourAndMinute(minute: number): { hour: number; minute: number } {
  return { hour: Math.floor(minute / 60), minute: minute % 60 };
}

/** Nominal length of a window, in minutes. */
export function lengthOf({ from, to }: Pick<ChangeWindow, "from" | "to">): number {
  const length = minuteOf(to) - minuteOf(from);
  return length > 0 ? length : length + MINUTES_A_DAY;
}

/** Minutes from the beginning of a window to its last start. */
export function lastStartOf({ from, to, lastStart }: Pick<ChangeWindow, "from" | "to" | "lastStart">): number {
  return lengthOf({ from, to: lastStart ?? to });
}

export function isTimeZone(name: string): boolean {
  // Temporal accepts offsets, but they have no daylight saving time. Users who write one usually mean a location.
  if (/^[+-]/.test(name)) return false;
  try {
    // Temporal does the calculations. It accepts fewer names than `Intl`, and no abbreviations such as CST.
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return true;
  } catch {
    return false;
  }
}

export function spanOf({ from, to, timeZone = "UTC" }: Omit<Blackout, "reason">): Span {
  return { from: instantOf(from, timeZone, 0), to: instantOf(to, timeZone, 1) };
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;
/** Temporal accepts other forms too, which are easily misread. */
const DATE_AND_TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?$/;

/**
 * @param days added to a date without a time
 * @throws RangeError if the text is neither a date nor a date with a time
 */
function instantOf(text: string, timeZone: string, days: number): number {
  if (DATE.test(text)) return Temporal.PlainDate.from(text).add({ days }).toZonedDateTime(timeZone).epochMilliseconds;
  const [known, offset] = DATE_AND_TIME.exec(text) ?? [];
  if (known === undefined) throw new RangeError(`${text} is neither a date nor a date with a time`);
  if (offset !== undefined) return Temporal.Instant.from(text).epochMilliseconds;
  return Temporal.PlainDateTime.from(text).toZonedDateTime(timeZone).epochMilliseconds;
}

export function isMoment(text: string): boolean {
  try {
    instantOf(text, "UTC", 0);
    return true;
  } catch {
    return false;
  }
}

function contains({ from, to }: Span, at: number): boolean {
  return from <= at && at < to;
}

function weekdayOf(day: Temporal.PlainDate): Weekday {
  const weekday = WEEKDAYS[day.dayOfWeek - 1];
  if (weekday === undefined) throw new Error(`${day.toString()} has no weekday`);
  return weekday;
}

/** `Sat 2026-12-05 02:00 (Asia/Shanghai)` */
function show(at: number, timeZone: string): string {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);
  const name = weekdayOf(local.toPlainDate());
  const day = name.charAt(0).toUpperCase() + name.slice(1);
  return `${day} ${local.toPlainDate().toString()} ${local.toPlainTime().toString({ smallestUnit: "minute" })} (${timeZone})`;
}

function clockTime(at: number, { timeZone }: ChangeWindow): string {
  const local = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(timeZone);
  return local.toPlainTime().toString({ smallestUnit: "minute" });
}

/** The first two blackouts that overlap. */
export function overlapping(blackouts: readonly Blackout[]): readonly [number, number] | undefined {
  const spans = blackouts.map((blackout, at) => ({ ...spanOf(blackout), at })).sort((a, b) => a.from - b.from);
  for (const [at, span] of spans.entries()) {
    const next = spans[at + 1];
    if (next !== undefined && next.from < span.to) return [span.at, next.at];
  }
  return undefined;
}

/** Whether every window is shorter than the expected duration of an upgrade. */
export function fitsNowhere(windows: readonly ChangeWindow[], expect: string): boolean {
  const milliseconds = parseDuration(expect) ?? 0;
  return !windows.some((window) => lengthOf(window) * 60_000 >= milliseconds);
}
