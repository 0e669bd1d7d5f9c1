import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { generate } from "./generate";
import type { History } from "./history";
import { installIdealRsa, resetRsa } from "./ideal-rsa";
import { type PlayResult, play } from "./play";
import type { Rule, Violation } from "./rules";
import { shrink } from "./shrink";
import type { WorldOfType } from "./world";

/** A history that broke a rule, with the smallest history that breaks it. */
export interface Failure {
  readonly seed: number;
  readonly violation: Violation;
  readonly smallest: History;
  readonly log: readonly string[];
}

export interface Summary {
  readonly type: string;
  histories: number;
  commands: number;
  requests: number;
  /** The number of effects by name. */
  readonly effects: Record<string, number>;
  /** How often each rule was checked. */
  readonly checked: Partial<Record<Rule, number>>;
  readonly failures: Failure[];
  seconds: number;
  /** The growth of the heap from the end of the warm-up to the last history, in bytes. */
  heapGrowth: number;
}

export interface Exploration {
  /** The seed of the first history; the others have the following seeds. */
  readonly seed: number;
  readonly histories: number;
  /** The number of failures after which to stop. Default 3. */
  readonly failures?: number;
}

/** Every so many histories one is played with real RSA. */
const REAL_RSA_EVERY = 64;
/** The number of histories until everything is loaded, compiled and cached. */
const WARM_UP = 500;

/** Plays the histories of consecutive seeds, and shrinks those that break a rule. */
export async function explore(type: WorldOfType, { seed, histories, failures = 3 }: Exploration): Promise<Summary> {
  const summary = emptySummary(type.type);
  const since = performance.now();
  const restoreRsa = installIdealRsa();
  let warm: number | undefined;
  try {
    for (let next = seed; next < seed + histories && summary.failures.length < failures; next++) {
      await exploreOne(type, next, summary);
      if (summary.histories === WARM_UP) warm = heapUsed();
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
  const result = await replay(history, type);
  summary.histories += 1;
  summary.commands += result.commands;
  summary.requests += result.requests;
  addTo(summary.effects, Object.fromEntries(result.effects));
  addTo(summary.checked, result.checked);
  if (result.violation !== undefined) summary.failures.push(await failureOf(history, result.violation, type));
}

async function failureOf(history: History, violation: Violation, type: WorldOfType): Promise<Failure> {
  const breaks = async (candidate: History) => (await replay(candidate, type)).violation?.rule;
  const smallest = await shrink(history, violation.rule, breaks);
  const last = await replay(smallest, type);
  return { seed: history.seed, violation: last.violation ?? violation, smallest, log: last.log };
}

/** Plays a history as `explore` does. Slow without `installIdealRsa`. */
export function replay(history: History, type: WorldOfType): Promise<PlayResult> {
  resetRsa(history.seed % REAL_RSA_EVERY === 0);
  return play(history, type);
}

export function emptySummary(type: string): Summary {
  const counts = { histories: 0, commands: 0, requests: 0, seconds: 0, heapGrowth: 0 };
  return { type, ...counts, effects: {}, checked: {}, failures: [] };
}

/** Adds the summary of one of several parallel processes. */
export function addSummary(sum: Summary, part: Summary): void {
  sum.histories += part.histories;
  sum.commands += part.commands;
  sum.requests += part.requests;
  sum.seconds = Math.max(sum.seconds, part.seconds);
  sum.heapGrowth = Math.max(sum.heapGrowth, part.heapGrowth);
  addTo(sum.effects, part.effects);
  addTo(sum.checked, part.checked);
  sum.failures.push(...part.failures);
}

function addTo(sum: Record<string, number>, more: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + count;
}

/** The heap size after a garbage collection. */
function heapUsed(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}
