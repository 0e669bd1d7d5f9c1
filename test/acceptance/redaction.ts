import type { Exchange } from "./recording";

/** An answer without anything that belongs to the system that gave it. */
export interface GoldenAnswer {
  /** `GET /v1/bdbs/{id}?fields`: without ids, and without what the query's parameters were. */
  readonly request: string;
  readonly status: number;
  readonly body: unknown;
}

export interface Redacted {
  readonly answers: readonly GoldenAnswer[];
  /** Names of fields that are hidden because no simulator has them. They may be names of databases. */
  readonly hidden: readonly string[];
}

/** What the simulators answer is public: field names, the words of each field, and the segments of paths. */
export class Vocabulary {
  readonly #fields = new Set<string>();
  readonly #words = new Set<string>();
  readonly #segments = new Set<string>();

  /** @param kept names of fields beside those of the simulators */
  constructor(simulated: readonly Exchange[], kept: readonly string[] = []) {
    for (const field of kept) this.#fields.add(field);
    for (const { target, body } of simulated) {
      for (const segment of pathOf(target)) this.#segments.add(segment);
      this.#learn("", body);
    }
  }

  #learn(field: string, value: unknown): void {
    if (typeof value === "string" && WORD.test(value) && !FREE.test(field)) this.#words.add(`${field}=${value}`);
    if (Array.isArray(value)) for (const element of value) this.#learn(field, element);
    else if (typeof value === "object" && value !== null) {
      const named = isByName(field, value);
      for (const [key, each] of Object.entries(value)) {
        if (!named) this.#fields.add(key);
        this.#learn(named ? "" : key, each);
      }
    }
  }

  /** Only what says nothing about the system is left: types, versions, and words that a simulator has in the same field. */
  redact(exchanges: readonly Exchange[]): Redacted {
    const hidden = new Set<string>();
    const seen = new Map<string, GoldenAnswer>();
    for (const { target, status, body } of exchanges) {
      const answer = { request: this.#request(target), status, body: this.#value("", body, hidden) };
      seen.set(JSON.stringify(answer), answer);
    }
    const sorted = [...seen].sort(([a], [b]) => (a < b ? -1 : 1));
    return { answers: sorted.map(([, answer]) => answer), hidden: [...hidden].sort() };
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
    if (Array.isArray(value)) return unlike(value.map((element) => this.#value(field, element, hidden)));
    if (typeof value !== "object" || value === null) return value;
    if (isByName(field, value))
      return byNumber(unlike(Object.values(value).map((each) => this.#value("", each, hidden))));
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
    if (value === "" || PLACEHOLDER.test(value) || this.#words.has(`${field}=${value}`)) return value;
    if (VERSION_FIELD.test(field) && VERSION.test(value)) return value;
    return TIME.test(value) ? "<time>" : /^\d+$/.test(value) ? "<digits>" : "<text>";
  }
}

/** What a fixed value of a field looks like: `RUNNING`, `CLUSTER AGENT`. Addresses, ids and times do not. */
const WORD = /^[A-Za-z][A-Za-z _-]*$/;
/** Fields whose values people or systems choose: a word in them may be anything. */
const FREE =
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

/** One of each: how many there are is of no interest. */
function unlike(elements: readonly unknown[]): unknown[] {
  return [...new Map(elements.map((element) => [JSON.stringify(element), element])).values()];
}

function byNumber(values: readonly unknown[]): unknown {
  return Object.fromEntries(values.map((value, index) => [`<name ${index + 1}>`, value]));
}
