/** Wraps a text, with a hanging indent of that many columns. */
export function wrapped(text: string, indent: number, width = 100): string {
  return text
    .split("\n")
    .map((paragraph) => {
      const lines: string[] = [];
      let line = "";
      for (const word of paragraph.split(" ")) {
        if (line !== "" && line.length + 1 + word.length > width - indent) {
          lines.push(line);
          line = word;
        } else line = line === "" ? word : `${line} ${word}`;
      }
      return [...lines, line].join(`\n${" ".repeat(indent)}`);
    })
    .join("\n");
}

/** Columns of text, as wide as their longest cell. Columns without any text are left out. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const shown = headings.map((_, at) => rows.some((row) => (row[at] ?? "") !== ""));
  const kept = [headings, ...rows].map((row) => row.filter((_, at) => shown[at]));
  const widths = (kept[0] ?? []).map((_, at) => Math.max(...kept.map((row) => widthOf(row[at] ?? ""))));
  const lines = kept.map((row) =>
    row
      .map((cell, at) => `${cell}${" ".repeat(Math.max(0, (widths[at] ?? 0) - widthOf(cell)))}`)
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}

const graphemes = new Intl.Segmenter("en");

/** Columns of a text, where every character takes one. */
function widthOf(text: string): number {
  return [...graphemes.segment(text)].length;
}
