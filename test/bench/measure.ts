/** The middle value; the mean of the two middle values if their number is even. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** @param share 0.5 for the median, 0.99 for the 99th percentile */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  if (low === undefined || high === undefined) throw new Error("there are no values");
  return low + (high - low) * (at - Math.floor(at));
}

export type Measured<N extends string> = Readonly<Record<N, readonly number[]>>;

/**
 * Measures several subjects alternately, each round in another order, so that other load of the machine affects all of them
 * equally.
 */
export async function inTurn<N extends string>(
  subjects: Readonly<Record<N, () => Promise<number>>>,
  rounds: number,
): Promise<Measured<N>> {
  // Object.keys loses the type of the keys.
  const names = Object.keys(subjects) as N[];
  const measured = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<N, number[]>;
  for (let round = 0; round < rounds; round++) {
    const order = names.map((_, at) => names[(at + round) % names.length] as N);
    for (const name of round % 2 === 0 ? order : order.reverse()) measured[name].push(await subjects[name]());
  }
  return measured;
}

/** The median over all rounds of the ratio of subject to baseline. */
export function ratio<N extends string>(measured: Measured<N>, subject: N, baseline: N): number {
  return median(measured[subject].map((value, round) => value / (measured[baseline][round] ?? Number.NaN)));
}

/** A sequence of numbers in [0, 1) that is the same in every run. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
