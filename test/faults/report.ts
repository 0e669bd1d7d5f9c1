import type { Failure, Summary } from "./explore";

const MEGABYTE = 2 ** 20;

/** The summary of an exploration as text. */
export function formatSummary(summary: Summary): string {
  const { type, histories, commands, requests, seconds, heapGrowth, failures } = summary;
  const rate = Math.round(histories / Math.max(seconds, 0.001));
  return [
    `${type}: ${count(histories)} histories, ${count(commands)} commands, ${count(requests)} requests in ${seconds.toFixed(1)} s (${rate}/s)`,
    `  faults    ${counts(summary.effects)}`,
    `  checked   ${counts(summary.checked)}`,
    `  memory    ${heapGrowth < 0 ? "" : "+"}${(heapGrowth / MEGABYTE).toFixed(1)} MB`,
    `  failures  ${failures.length}`,
    ...failures.map((failure) => formatFailure(type, failure)),
  ].join("\n");
}

/** A failure as text: the smallest history, its commands, and how to reproduce it. */
export function formatFailure(type: string, { seed, violation, smallest, log }: Failure): string {
  return [
    "",
    `${violation.rule}: ${violation.text}`,
    ...smallest.runs.map((run) => `  ${JSON.stringify(run)}`),
    ...log.map((line) => `    ${line}`),
    `  npm run faults -- --type ${type} --seed ${seed} --runs 1`,
    `  npm run faults -- --history '${JSON.stringify(smallest).replaceAll("'", "\\u0027")}'`,
  ].join("\n");
}

function counts(by: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(by).sort(([, a], [, b]) => b - a);
  return sorted.map(([name, number]) => `${name} ${count(number)}`).join(" · ");
}

function count(number: number): string {
  return number.toLocaleString("en-US");
}
