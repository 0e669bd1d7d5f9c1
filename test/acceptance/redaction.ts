import type { Exchange } from "./recording";

/** A response without anything specific to its system. */
export interface GoldenResponse {
  /** `GET /v1/bdbs/{id}?fields`: without ids and without the values of query parameters. */
  readonly request: string;
  readonly status: number;
  readonly body: unknown;
}

export interface Redacted {
  readonly answers: readonly GoldenResponse[];
  /** Names of fields that are hidden because no simulator has them. They may be names of databases. */
  readonly hidden: readonly string[];
}

/** Everything in responses of the simulators is public: field names, the values of each field, and path segments. */
export class Vocabulary {
  readonly #fields = new Set<string>();
  readonly #values = new Set<string>();
  readonly #segments = new Set<string>();

  /** @param kept names of fields in addition to those of the simulators */
  constructor(simulated: readonly Exchange[], kept: readonly string[] = []) {
    for (const field of kept) this.#fields.add(field);
    for (const { target, body } of simulated) {
      for (const segment of pathOf(target)) this.#segments.add(segment);
      this.#collect("", body);
    }
  }

  #collect(field: string, value: unknown): void {
    if (typeof value === "string" && WORD.test(value) && !ARBITRARY.test(field)) this.#values.add(`${field}=${value}`);
    if (Array.isArray(value)) for (const element of value) this.#collect(field, element);
    else if (typeof value === "object" && value !== null) {
      const named = isByName(field, value);
      for (const [key, each] of Object.entries(value)) {
        if (!named) this.#fields.add(key);
        this.#collect(named ? "" : key, each);
      }
    }
  }

  /** Keeps only what is not specific to the system: types, versions, and values that a simulator has in the same field. */
  redact(exchanges: readonly Exchange[]): Redacted {
    const hidden = new Set<string>();
    const seen = new Map<string, GoldenResponse>();
    for (const { target, status, body } of exchanges) {
      const response = { request: this.#request(target), status, body: this.#value("", body, hidden) };
      seen.set(JSON.stringify(response), response);
    }
    const sorted = [...seen].sort(([a], [b]) => (a < b ? -1 : 1));
    return { answers: sorted.map(([, response]) => response), hidden: [...hidden].sort() };
  }

  #request(target: string): string {
    const [, query = ""] = target.split("?");
    const segments = pathOf(target).map((segment) => {
      const known = /^v\d+(\.\d+)?$/.test(segment) || (WORD.test(segment) && this.#segments.has(segment));
      return known ? segment : "{id}";
    });
    const parameters = [...new URLSearchParams(query).keys()].sort().join("&");
    return `GET /${segments.join("/")}${parameters === "" ? "" : `?${parameters}`}`;
  }

  #value(field: string, value: unknown, hidden: Set<string>): unknown {
    if (typeof value === "number") return 0;
    if (typeof value === "string") return this.#text(field, value);
    if (Array.isArray(value)) return distinct(value.map((element) => this.#value(field, element, hidden)));
    if (typeof value !== "object" || value === null) return value;
    if (isByName(field, value))
      return byNumber(distinct(Object.values(value).map((each) => this.#value("", each, hidden))));
    let unknown = 0;
    return Object.fromEntries(
      Object.entries(value).map(([key, each]) => {
        if (this.#fields.has(key)) return [key, this.#value(key, each, hidden)];
        hidden.add(key);
        unknown += 1;
        return [`hidden_${unknown}`, this.#value("", each, hidden)];
      }),
    );
  }

  #text(field: string, value: string): string {
    if (value === "" || PLACEHOLDER.test(value) || this.#values.has(`${field}=${value}`)) return value;
    if (VERSION_FIELD.test(field) && VERSION.test(value)) return value;
    return TIME.test(value) ? "<time>" : /^\d+$/.test(value) ? "<digits>" : "<text>";
  }
}

/** The format of an enumerated value: `RUNNING`, `CLUSTER AGENT`. Addresses, ids and times do not match. */
const WORD = /^[A-Za-z][A-Za-z _-]*$/;
/** Fields with arbitrary values. */
const ARBITRARY =
  /name|alias|description|comment|message|error|tag|user|owner|author|mail|host|addr|path|zone|region|key|value/i;
const VERSION_FIELD = /(version|build)$/i;
const VERSION = /^\d{1,3}(\.\d{1,6}){1,3}(-\d{1,20})?$/;
const PLACEHOLDER = /^<(text|time|digits)>$/;
const TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/;

/** Whether the keys of an object are names or addresses: those of the zones, or of the agents, of a cluster. */
function isByName(field: string, value: object): boolean {
  return field === "topology" || Object.keys(value).some((key) => !/^[A-Za-z_][\w-]*$/.test(key));
}

function pathOf(target: string): string[] {
  return (target.split("?")[0] ?? "").split("/").slice(1);
}

/** Distinct elements: how many there are does not matter. */
function distinct(elements: readonly unknown[]): unknown[] {
  return [...new Map(elements.map((element) => [JSON.stringify(element), element])).values()];
}

function byNumber(values: readonly unknown[]): unknown {
  return Object.fromEntries(values.map((value, index) => [`<name ${index + 1}>`, value]));
}
