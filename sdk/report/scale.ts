const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A span of time as the width of a picture. Times in milliseconds since 1970. */
export interface Scale {
  /** The position of a time, in percent of the width. */
  readonly at: (time: number) => number;
  readonly ticks: readonly Tick[];
  /** The position of an omitted period, in percent of the width. */
  readonly cut?: number;
}

export interface Tick {
  readonly time: number;
  readonly label: string;
}

/** Fixed steps between ticks, with the format of their labels. */
const STEPS: readonly (readonly [step: number, label: (iso: string) => string])[] = [
  ...[5, 15, 30].map((minutes) => [minutes * MINUTE, clockOf] as const),
  ...[1, 3, 6, 12].map((hours) => [hours * HOUR, clockOf] as const),
  ...[1, 2, 7, 14].map((days) => [days * DAY, dayOf] as const),
];
/** Larger steps, in months. */
const MONTHS = [1, 2, 3, 6, 12, 24, 60, 120, 240, 1_200] as const;
/** More labels would not fit on a phone. */
const MOST_TICKS = 3;
/** The least that a scale spans. */
const LEAST = 20 * MINUTE;
/** A gap of this share of the span is omitted: one distant maintenance window would compress everything else. */
const WIDE_GAP = 0.6;
/** Width of a label's character on a phone. */
const CHARACTER = 2.1;
/** Width of the part with more times, beside a cut. */
const LARGER = 72;

/**
 * A scale that includes all of these times.
 * @param spans drawn in one piece, so no gap inside them is omitted
 */
export function scaleOf(times: readonly number[], spans: readonly (readonly [from: number, to: number])[] = []): Scale {
  const sorted = [...times].sort((a, b) => a - b);
  const cut = wideGap(sorted, spans);
  if (cut !== undefined) return cutScale(sorted.slice(0, cut), sorted.slice(cut));
  const { at, from, to } = partOf(sorted);
  const place = (time: number) => at(time) * 100;
  return { at: place, ticks: apart(ticksBetween(from, to, MOST_TICKS), place) };
}

/** The index of the first time after an omitted gap. */
function wideGap(sorted: readonly number[], spans: Parameters<typeof scaleOf>[1] = []): number | undefined {
  const [first = 0, last = first] = [sorted[0], sorted.at(-1)];
  if (sorted.length < 3 || last - first < DAY) return undefined;
  const found = sorted.findIndex((time, index) => time - (sorted[index - 1] ?? time) > WIDE_GAP * (last - first));
  if (found < 0) return undefined;
  const [begin = 0, end = 0] = [sorted[found - 1], sorted[found]];
  return spans.some(([from, to]) => from <= begin && to >= end) ? undefined : found;
}

/** Two scales side by side. The part with fewer times is narrow, and its first time is its only tick. */
function cutScale(earlier: readonly number[], later: readonly number[]): Scale {
  const cut = earlier.length >= later.length ? LARGER : 100 - LARGER;
  const [left, right] = [partOf(earlier), partOf(later)];
  const at = (time: number) => (time < right.from ? left.at(time) * cut : cut + right.at(time) * (100 - cut));
  const [larger, smaller] = cut === LARGER ? [left, right] : [right, left];
  const ticks = [tickAt(smaller.first, clockOf), ...ticksBetween(larger.from, larger.to, MOST_TICKS - 1)];
  return { at, ticks: apart(ticks, at), cut };
}

/** The anchor of a label at its tick that keeps it inside the picture. */
export function anchorAt(place: number): "start" | "middle" | "end" {
  return place < 14 ? "start" : place > 86 ? "end" : "middle";
}

/** Ticks whose labels do not overlap on a phone, in order of time; of two that overlap, the first one given is kept. */
function apart(ticks: readonly Tick[], at: Scale["at"]): Tick[] {
  const kept: Tick[] = [];
  for (const tick of ticks) {
    const [from, to] = labelSpan(tick, at);
    const meets = kept.map((one) => labelSpan(one, at)).some(([begin, end]) => from < end && begin < to);
    if (!meets) kept.push(tick);
  }
  return kept.sort((a, b) => a.time - b.time);
}

function labelSpan({ time, label }: Tick, at: Scale["at"]): readonly [from: number, to: number] {
  const [place, width] = [at(time), label.length * CHARACTER];
  const from = { start: place, middle: place - width / 2, end: place - width }[anchorAt(place)];
  return [from, from + width];
}

interface Part {
  readonly first: number;
  readonly from: number;
  readonly to: number;
  /** Where a time lies, from 0 to 1. */
  readonly at: (time: number) => number;
}

function partOf(sorted: readonly number[]): Part {
  const [first = 0, last = first] = [sorted[0], sorted.at(-1)];
  const slack = Math.max(LEAST - (last - first), (last - first) * 0.04) / 2;
  const [from, to] = [first - slack, last + slack];
  return { first, from, to, at: (time) => (time - from) / (to - from) };
}

function ticksBetween(from: number, to: number, most: number): Tick[] {
  for (const [step, label] of STEPS) {
    const start = Math.ceil(from / step) * step;
    const count = Math.floor((to - start) / step) + 1;
    if (count <= most) return Array.from({ length: count }, (_, index) => tickAt(start + index * step, label));
  }
  for (const step of MONTHS) {
    const ticks = monthsBetween(from, to, step, most);
    if (ticks.length <= most) return ticks;
  }
  return [];
}

function monthsBetween(from: number, to: number, step: number, most: number): Tick[] {
  const ticks: Tick[] = [];
  const begin = new Date(from);
  let month = Math.ceil((begin.getUTCFullYear() * 12 + begin.getUTCMonth()) / step) * step;
  for (; ticks.length <= most; month += step) {
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
