import type { Fault, Harm, History, Run } from "./history";
import type { Rule } from "./judge";

/** Plays that one history is worth. */
const TRIES = 300;

/**
 * A smaller history that breaks the same rule: without commands, without faults, with simpler faults, as far as it goes.
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
      if (++tries > TRIES) return smallest;
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

function* simplerFaults({ harm, ...place }: Fault): Generator<Fault> {
  for (const simpler of simplerHarms(harm)) yield { ...place, harm: simpler };
}

function* simplerHarms(harm: Harm): Generator<Harm> {
  if ("span" in harm && harm.span > 1) {
    yield { ...harm, span: 1 };
    yield { ...harm, span: Math.floor(harm.span / 2) };
  }
  if ("delay" in harm && harm.delay > 0) yield { ...harm, delay: 0 };
}
