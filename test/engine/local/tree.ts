/**
 * The tree that the CLI draws in a terminal while an operation runs: a row for each resource in four columns, each as wide as its
 * longest cell, cut off at the edge of the terminal. What does not fit below is left out.
 */
export interface TreeRow {
  /** `+`, `~` or nothing. */
  readonly sign: string;
  readonly type: string;
  readonly name: string;
  readonly status: string;
  readonly info: string;
  /** How deep it hangs below the stack. */
  readonly depth: number;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const HEADER = { sign: "", type: "Type", name: "Name", status: "Status", info: "Info" };
const BETWEEN = "  ";
const SIGN = 4;
/** Lines of the terminal that the tree does not get: the title above it, a blank line and the cursor. */
const AROUND = 4;

export function drawTree(rows: readonly TreeRow[], { columns, rows: lines }: Size): string[] {
  const hanging = rows.map((row, at) => ({ ...row, type: `${branchOf(row, rows[at + 1])}${row.type}` }));
  const all = [HEADER, ...hanging];
  const widest = (cell: (row: (typeof all)[number]) => string) => Math.max(...all.map((row) => cell(row).length));
  const [type, name, status] = [widest((row) => row.type), widest((row) => row.name), widest((row) => row.status)];
  const drawn = all.map((row) => {
    const cells = [row.type.padEnd(type), row.name.padEnd(name), row.status.padEnd(status), row.info];
    const sign = row.sign === "" ? "" : ` ${row.sign}`;
    return `${sign.padEnd(SIGN)} ${cells.join(BETWEEN)}`.slice(0, columns - 1).trimEnd();
  });
  return drawn.slice(0, lines - AROUND);
}

/** What of a message is seen in the last column, in a terminal of this width. */
export function infoSeen(line: string, header: string): string {
  const from = header.indexOf(HEADER.info);
  return from < 0 ? "" : line.slice(from).trim();
}

function branchOf({ depth }: TreeRow, next: TreeRow | undefined): string {
  if (depth === 0) return "";
  return next !== undefined && next.depth === depth ? "├─ " : "└─ ";
}
