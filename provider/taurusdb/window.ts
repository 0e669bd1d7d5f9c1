import type { Window } from "../core/task";
import { timeOf } from "../huaweicloud/jobs";

/** Maintenance windows: four hours, starting at a full hour, UTC. */

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Used where no end is reported. */
const LENGTH = 4 * HOUR;

/** The window of a scheduled task; undefined where its row has no times. */
export function windowOf(row: { readonly start_time: string; readonly end_time: string }): Window | undefined {
  const opens = timeOf(row.start_time);
  if (opens === undefined) return undefined;
  return windowFrom(opens, timeOf(row.end_time) ?? opens + LENGTH);
}

/**
 * The open window of an instance, else its next one.
 * @param daily `18:00-22:00`, UTC; it may begin on the day before
 */
export function nextWindow(daily: string, now: number): Window | undefined {
  const [, hour, minute] = /^(\d{1,2}):(\d\d)\b/.exec(daily.trim()) ?? [];
  if (hour === undefined || minute === undefined) return undefined;
  const [, endHour, endMinute] = /-\s*(\d{1,2}):(\d\d)$/.exec(daily.trim()) ?? [];
  const start = Number(hour) * HOUR + Number(minute) * 60_000;
  const end = endHour === undefined ? start + LENGTH : Number(endHour) * HOUR + Number(endMinute) * 60_000;
  const length = end > start ? end - start : end - start + DAY;
  let opens = Math.floor(now / DAY) * DAY - DAY + start;
  while (opens + length <= now) opens += DAY;
  return windowFrom(opens, opens + length);
}

/** An unknown window opens within a day: every instance has a daily one. */
export function anyWindow(daily: string, now: number): Window {
  return nextWindow(daily, now) ?? windowFrom(now, now + DAY);
}

function windowFrom(opens: number, closes: number): Window {
  return { opens: new Date(opens).toISOString(), closes: new Date(closes).toISOString() };
}
