const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A span of time as the width of a picture. Times in milliseconds since 1970. */
export interface Scale {
  /** Where a time lies, in per cent of the width. */
  readonly at: (time: number) => number;
  readonly ticks: readonly Tick[];
}

export interface Tick {
  readonly time: number;
  readonly label: string;
}

/** Steps between ticks that are of one length, and how they are labelled. */
const STEPS: readonly (readonly [step: number, label: (iso: string) => string])[] = [
  ...[5, 15, 30].map((minutes) => [minutes * MINUTE, clockOf] as const),
  ...[1, 3, 6, 12].map((hours) => [hours * HOUR, clockOf] as const),
  ...[1, 2, 7, 14].map((days) => [days * DAY, dayOf] as const),
];
/** Steps of months, beyond the others. */
const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 1_200] as const;
/** More labels would not fit on a phone. */
const MOST_TICKS = 4;
/** The least that a scale spans. */
const LEAST = 20 * MINUTE;

/** A scale on which all of these times lie. */
export function scaleOf(times: readonly number[]): Scale {
  const first = times.reduce((least, time) => Math.min(least, time), Number.POSITIVE_INFINITY);
  const last = times.reduce((most, time) => Math.max(most, time), first);
  const slack = Math.max(LEAST - (last - first), (last - first) * 0.04) / 2;
  const [from, to] = [first - slack, last + slack];
  return { at: (time) => ((time - from) / (to - from)) * 100, ticks: ticksBetween(from, to) };
}

function ticksBetween(from: number, to: number): Tick[] {
  for (const [step, label] of STEPS) {
    const start = Math.ceil(from / step) * step;
    const count = Math.floor((to - start) / step) + 1;
    if (count <= MOST_TICKS) return Array.from({ length: count }, (_, index) => tickAt(start + index * step, label));
  }
  for (const step of MONTHS) {
    const ticks = monthsBetween(from, to, step);
    if (ticks.length <= MOST_TICKS) return ticks;
  }
  return [];
}

function monthsBetween(from: number, to: number, step: number): Tick[] {
  const ticks: Tick[] = [];
  const begin = new Date(from);
  let month = Math.ceil((begin.getUTCFullYear() * 12 + begin.getUTCMonth()) / step) * step;
  for (; ticks.length <= MOST_TICKS; month += step) {
    const time = Date.UTC(Math.floor(month / 12), month % 12, 1);
    if (time > to) return ticks;
    if (time >= from) ticks.push(tickAt(time, step % 12 === 0 ? (iso) => iso.slice(0, 4) : (iso) => iso.slice(0, 7)));
  }
  return ticks;
}

function tickAt(time: number, label: (iso: string) => string): Tick {
  return { time, label: label(new Date(time).toISOString()) };
}

/** `03-14 18:00` */
function clockOf(iso: string): string {
  return iso.slice(5, 16).replace("T", " ");
}

/** `2026-03-14` */
function dayOf(iso: string): string {
  return iso.slice(0, 10);
}
