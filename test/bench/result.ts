/** What a scenario found out, one figure a row. */
export interface Row {
  /** `no-op up, 1,000 pins: time` */
  readonly what: string;
  readonly value: number;
  readonly unit: Unit;
  /** What the value is compared with, for people: `bare resource 8.3 s`. */
  readonly against?: string;
  /** Absent for a figure that is only told. */
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
  | "pins"
  | "MB"
  | "s"
  | "ms";

export type Bound = { readonly atMost: number } | { readonly below: number } | { readonly exactly: number };

export interface Scenario {
  readonly name: string;
  /** What it shows, one sentence. */
  readonly about: string;
  run(surroundings: Surroundings): Promise<Row[]>;
}

export interface Surroundings {
  /** Name of the engine that programs are run by. */
  readonly engine: "local" | "cli";
  /** News for the person who waits. */
  readonly say: (text: string) => void;
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

/** Three digits that count, thousands parted: `0.0213`, `1.04`, `23.5`, `1,213`. */
export function figure(value: number): string {
  if (Number.isInteger(value) || Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}
