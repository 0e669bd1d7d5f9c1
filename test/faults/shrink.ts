import type { Effect, Fault, History, Run } from "./history";
import type { Rule } from "./rules";

/** The maximum number of plays for one history. */
const MOST_TRIES = 300;

/**
 * A smaller history that breaks the same rule, with fewer commands and fewer or simpler faults.
 * @param breaks which rule a history breaks, if any
 */
export async function shrink(
  history: History,
  rule: Rule,
  breaks: (history: History) => Promise<Rule | undefined>,
): Promise<History> {
  let smallest = history;
  let tries = 0;
  for (let found = true; found; ) {
    found = false;
    for (const candidate of smaller(smallest)) {
      if (++tries > MOST_TRIES) return smallest;
      if ((await breaks(candidate)) !== rule) continue;
      smallest = candidate;
      found = true;
      break;
    }
  }
  return smallest;
}

function* smaller(history: History): Generator<History> {
  const { runs } = history;
  for (const index of runs.keys()) yield { ...history, runs: runs.toSpliced(index, 1) };
  for (const [index, run] of runs.entries()) {
    for (const simpler of simplerRuns(run)) yield { ...history, runs: runs.toSpliced(index, 1, simpler) };
  }
}

function* simplerRuns(run: Run): Generator<Run> {
  const { faults, limit, gap, rules, ...others } = run;
  const rest = { ...others, ...(rules === undefined ? {} : { rules }) };
  const kept = { ...rest, ...(limit === undefined ? {} : { limit }) };
  for (const index of faults.keys()) yield { ...kept, gap, faults: faults.toSpliced(index, 1) };
  if (rules !== undefined) yield { ...others, ...(limit === undefined ? {} : { limit }), gap, faults };
  if (gap > 0) yield { ...kept, gap: 0, faults };
  if (limit !== undefined) yield { ...rest, gap, faults };
  for (const [index, fault] of faults.entries()) {
    for (const simpler of simplerFaults(fault)) yield { ...kept, gap, faults: faults.toSpliced(index, 1, simpler) };
  }
}

function* simplerFaults({ effect, ...place }: Fault): Generator<Fault> {
  for (const simpler of simplerEffects(effect)) yield { ...place, effect: simpler };
}

function* simplerEffects(effect: Effect): Generator<Effect> {
  if ("span" in effect && effect.span > 1) {
    yield { ...effect, span: 1 };
    yield { ...effect, span: Math.floor(effect.span / 2) };
  }
  if ("delay" in effect && effect.delay > 0) yield { ...effect, delay: 0 };
}
