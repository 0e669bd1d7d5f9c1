import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { generate } from "./generate";
import type { History } from "./history";
import { installIdealRsa, renewRsa } from "./ideal-rsa";
import type { Rule, Violation } from "./judge";
import { type Played, play } from "./play";
import { shrink } from "./shrink";
import type { WorldOfType } from "./world";

/** A history that broke a rule, as it was generated and as small as it could be made. */
export interface Failure {
  readonly seed: number;
  readonly violation: Violation;
  readonly smallest: History;
  readonly story: readonly string[];
}

export interface Summary {
  readonly type: string;
  histories: number;
  commands: number;
  requests: number;
  /** Harm that was done, by name. */
  readonly harms: Record<string, number>;
  /** How often each rule was looked at. */
  readonly checked: Partial<Record<Rule, number>>;
  readonly failures: Failure[];
  seconds: number;
  /** How much more is held after the last history than after the first ones, in bytes. */
  heapGrowth: number;
}

export interface Exploration {
  /** The seed of the first history; the others count on from it. */
  readonly seed: number;
  readonly histories: number;
  /** Ends early at so many failures. Default 3. */
  readonly failures?: number;
}

/** One of so many histories is played with real RSA. */
const REALLY = 64;
/** Histories after which everything has been loaded, compiled and cached. */
const WARM = 500;

/** Plays the histories of consecutive seeds, and shrinks those that break a rule. */
export async function explore(type: WorldOfType, { seed, histories, failures = 3 }: Exploration): Promise<Summary> {
  const summary = emptySummary(type.type);
  const since = performance.now();
  const restoreRsa = installIdealRsa();
  let warm: number | undefined;
  try {
    for (let next = seed; next < seed + histories && summary.failures.length < failures; next++) {
      await exploreOne(type, next, summary);
      if (summary.histories === WARM) warm = heapUsed();
    }
    if (warm !== undefined) summary.heapGrowth = heapUsed() - warm;
  } finally {
    restoreRsa();
  }
  summary.seconds = (performance.now() - since) / 1_000;
  return summary;
}

async function exploreOne(type: WorldOfType, seed: number, summary: Summary): Promise<void> {
  const history = generate(type, seed);
  const played = await replay(history, type);
  summary.histories += 1;
  summary.commands += played.commands;
  summary.requests += played.requests;
  addTo(summary.harms, Object.fromEntries(played.harms));
  addTo(summary.checked, played.checked);
  if (played.violation !== undefined) summary.failures.push(await failureOf(history, played.violation, type));
}

async function failureOf(history: History, violation: Violation, type: WorldOfType): Promise<Failure> {
  const breaks = async (candidate: History) => (await replay(candidate, type)).violation?.rule;
  const smallest = await shrink(history, violation.rule, breaks);
  const last = await replay(smallest, type);
  return { seed: history.seed, violation: last.violation ?? violation, smallest, story: last.story };
}

/** Plays a history as exploring does. Needs `installIdealRsa` to be quick. */
export function replay(history: History, type: WorldOfType): Promise<Played> {
  renewRsa(history.seed % REALLY === 0);
  return play(history, type);
}

export function emptySummary(type: string): Summary {
  const counts = { histories: 0, commands: 0, requests: 0, seconds: 0, heapGrowth: 0 };
  return { type, ...counts, harms: {}, checked: {}, failures: [] };
}

/** Adds up what several processes have explored at the same time. */
export function addSummary(sum: Summary, part: Summary): void {
  sum.histories += part.histories;
  sum.commands += part.commands;
  sum.requests += part.requests;
  sum.seconds = Math.max(sum.seconds, part.seconds);
  sum.heapGrowth = Math.max(sum.heapGrowth, part.heapGrowth);
  addTo(sum.harms, part.harms);
  addTo(sum.checked, part.checked);
  sum.failures.push(...part.failures);
}

function addTo(sum: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + count;
}

/** What is still held after a garbage collection. */
function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}
