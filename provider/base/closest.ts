/** The most similar known name, if one is similar enough: few edits, or one is a prefix of the other. */
export function closest(written: string, known: readonly string[]): string | undefined {
  const text = written.toLowerCase();
  const ranked = known
    .map((name) => ({ name, edits: distance(text, name.toLowerCase()) }))
    .sort((a, b) => a.edits - b.edits);
  const best = ranked[0];
  if (best !== undefined && best.edits <= Math.min(3, Math.ceil(best.name.length / 3))) return best.name;
  return known.find((name) => begins(text, name.toLowerCase()) || begins(name.toLowerCase(), text));
}

function begins(whole: string, start: string): boolean {
  return start.length >= 4 && whole.startsWith(start);
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The suggestion for an unknown name: a similar one, or all valid ones. */
export function suggestion(written: string, known: readonly string[]): string {
  const similar = closest(written, known);
  return similar === undefined ? `valid names: ${known.join(", ")}` : `did you mean ${similar}?`;
}
