/** One figure of a scenario. */
export interface Row {
  /** `two reads 15 s apart` */
  readonly what: string;
  readonly value: number;
  readonly unit: Unit;
  /** What the value is compared with: `a server that does not close idle connections`. */
  readonly against?: string;
  /** Missing for a figure that is only reported. */
  readonly bound?: Bound;
}

/** `×` is a ratio to a baseline of the same run. */
export type Unit =
  | "×"
  | "%"
  | "requests"
  | "round trips"
  | "writes"
  | "connections"
  | "bytes"
  | "modules"
  | "lines"
  | "resources"
  | "MB"
  | "s"
  | "ms";

export type Bound = { readonly atMost: number } | { readonly below: number } | { readonly exactly: number };

export interface Scenario {
  readonly name: string;
  /** What it measures. */
  readonly about: string;
  run(context: Context): Promise<Row[]>;
}

export interface Context {
  /** The engine that runs programs. */
  readonly engine: "local" | "cli";
  /** Shows progress. */
  readonly report: (text: string) => void;
}

export function isMet({ value, bound }: Pick<Row, "value" | "bound">): boolean {
  if (bound === undefined) return true;
  if ("atMost" in bound) return value <= bound.atMost;
  return "below" in bound ? value < bound.below : value === bound.exactly;
}

export function describeBound(bound: Bound | undefined): string {
  if (bound === undefined) return "";
  if ("atMost" in bound) return `≤ ${figure(bound.atMost)}`;
  return "below" in bound ? `< ${figure(bound.below)}` : `= ${figure(bound.exactly)}`;
}

/** Three significant digits, with thousands separators: `0.0213`, `1.04`, `23.5`, `1,213`. */
export function figure(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}
