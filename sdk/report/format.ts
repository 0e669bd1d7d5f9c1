import { type Html, html } from "./html";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Milliseconds since 1970 of an ISO 8601 time; undefined for anything else and for times that no upgrade can have. */
export function parseTime(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{4}-\d\d-\d\dT/.test(text)) return undefined;
  const time = Date.parse(text);
  return time >= 0 ? time : undefined;
}

/** `2026-03-14 18:00` */
export function minuteOf(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace("T", " ");
}

/** A time to the minute, UTC; anything else is shown unchanged. */
export function timeElement(text: string): Html {
  const time = parseTime(text);
  if (time === undefined) return html`${text}`;
  return html`<time datetime="${new Date(time).toISOString()}">${minuteOf(time)} UTC</time>`;
}

/** A duration for people: `12 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < MINUTE) return `${Math.round(milliseconds / 1000)} s`;
  if (milliseconds < HOUR) return pair(milliseconds, MINUTE, "min", 1000, "s");
  return milliseconds < DAY ? pair(milliseconds, HOUR, "h", MINUTE, "min") : pair(milliseconds, DAY, "d", HOUR, "h");
}

function pair(milliseconds: number, large: number, largeUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((milliseconds % large) / small);
  const whole = `${Math.floor(milliseconds / large)} ${largeUnit}`;
  return rest === 0 ? whole : `${whole} ${rest} ${smallUnit}`;
}

/** The statuses of a database, those that need attention first. */
export const STATUSES = ["failed", "behind", "held", "upgrading", "deferred", "unknown", "newer", "current"] as const;

export type Status = (typeof STATUSES)[number];

export const MEANING: Readonly<Record<Status, string>> = {
  failed: "the last upgrade failed, or a condition prevents it",
  behind: "outdated: older than the target",
  held: "an upgrade is needed, but change control does not allow it yet",
  upgrading: "an upgrade was in progress when the state was written",
  deferred: "an upgrade is scheduled for a maintenance window",
  unknown: "not recorded in the state",
  newer: "ahead of the target; nothing is ever downgraded",
  current: "up to date",
};

export function statusOf(text: string | undefined): Status {
  return STATUSES.find((status) => status === text) ?? "unknown";
}
