import { describeBound, figure, isMet, type Row } from "./result";

const HEADINGS = ["", "value", "bound", "compared with"] as const;

/** The rows of one scenario as lines of a table. */
export function table(rows: readonly Row[]): string[] {
  const cells = rows.map((row) => [
    `${isMet(row) ? " " : "✗"} ${row.what}`,
    `${figure(row.value)} ${row.unit}`,
    describeBound(row.bound),
    row.against ?? "",
  ]);
  const widths = HEADINGS.map((heading, at) => Math.max(heading.length, ...cells.map((line) => line[at]?.length ?? 0)));
  return [[...HEADINGS], ...cells].map((line) =>
    line
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
