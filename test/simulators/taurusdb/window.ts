import { DAY, HOUR } from "./timings";

/** Maintenance windows: "18:00-22:00", UTC, on the hour, four hours long (TaurusDB facts §2.7). */

const HOURS = 4;
const ON_THE_HOUR = /^([01]\d|2[0-3]):00$/;

export interface Span {
  readonly startAt: number;
  readonly endAt: number;
}

/** "18:00-22:00", or undefined if these times make no window. */
export function windowOf(start: string, end: string): string | undefined {
  const [from, to] = [ON_THE_HOUR.exec(start)?.[1], ON_THE_HOUR.exec(end)?.[1]];
  if (from === undefined || to === undefined) return undefined;
  return (Number(from) + HOURS) % 24 === Number(to) ? `${start}-${end}` : undefined;
}

/** The window that contains `now`, else the next one. It may begin on the day before. */
export function currentOrNext(window: string, now: number): Span {
  const startHour = Number(window.slice(0, 2));
  const today = Math.floor(now / DAY) * DAY;
  let startAt = today - DAY + startHour * HOUR;
  while (startAt + HOURS * HOUR <= now) startAt += DAY;
  return { startAt, endAt: startAt + HOURS * HOUR };
}

/** The next window that has not begun yet. */
export function next(window: string, now: number): Span {
  const { startAt, endAt } = currentOrNext(window, now);
  return startAt > now ? { startAt, endAt } : { startAt: startAt + DAY, endAt: endAt + DAY };
}
