import type { Deployment } from "../engine";

/** What the values of a state are known to differ in from run to run, by the key under which they stand. */
const VARYING_KEYS: Readonly<Record<string, string>> = {
  // Times.
  created: "<time>",
  modified: "<time>",
  startedAt: "<time>",
  finishedAt: "<time>",
  opens: "<time>",
  closes: "<time>",
  // Ids that a vendor counts on, or draws.
  task: "<task>",
  tasks: "<tasks>",
  // What has been sealed, with the passphrase of one stack; and certificates that a simulator made for itself.
  ciphertext: "<sealed>",
  caCertificate: "<certificate>",
};

/** Where in the program a resource was declared: for display alone, and the local engine displays none. */
const LEFT_OUT = new Set(["sourcePosition", "stackTrace"]);

/** What texts are known to differ in. In this order. */
const VARYING_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uuid>"],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "<time>"],
  // How far a vendor had got, and what it called its task, when a run was ended by a signal or a limit.
  [/is still running \S+ \S+/g, "is still running <kind> <task>"],
  [/\bupgrade \S+ \(/g, "upgrade <task> ("],
  [/-i \S+`/g, "-i <task>`"],
  [/could not be read for \d+ s: .*?(?=Nothing was undone)/g, "could not be read for <time>: <why> "],
];

const LOCAL_PORT = /\b(127\.0\.0\.1|localhost|\[::1\]):(\d+)/g;

type Json = unknown;

/**
 * The state as two runs of the same story have to agree on it: all resources, and what is pending. The manifest says which
 * engine wrote it, and the keeper of secrets is each engine's own.
 */
export function normalState({ version, deployment }: Deployment): Json {
  const { resources = [], pending_operations = [] } = deployment;
  const state = {
    version,
    // Steps that run at the same time end in any order.
    resources: [...resources].sort(byUrn),
    pending: pending_operations.map(({ resource, type }) => ({ urn: resource.urn, type, resource })),
  };
  const ports = portsOf(state);
  const text = (value: string) => named(value, ports);
  return normal(state, text);
}

function byUrn(a: { readonly urn: string }, b: { readonly urn: string }): number {
  return a.urn < b.urn ? -1 : a.urn > b.urn ? 1 : 0;
}

/** Ports that the operating system chose, in the order in which the programs' endpoints name them. */
function portsOf(state: Json): readonly string[] {
  const lists = JSON.stringify(state).match(/"endpoints":\[[^\]]*\]/g) ?? [];
  const found = lists.flatMap((list) => [...list.matchAll(LOCAL_PORT)].map(([, , port]) => port ?? ""));
  return [...new Set(found)];
}

function normal(value: Json, text: (value: string) => string, key = ""): Json {
  const varying = Object.hasOwn(VARYING_KEYS, key) ? VARYING_KEYS[key] : undefined;
  if (varying !== undefined && value !== undefined) return varying;
  if (typeof value === "string") return text(value);
  if (Array.isArray(value)) return value.map((member) => normal(member, text));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => !LEFT_OUT.has(name));
  return Object.fromEntries(entries.map(([name, member]) => [text(name), normal(member, text, name)]));
}

function named(text: string, ports: readonly string[]): string {
  const rest = VARYING_TEXTS.reduce((before, [pattern, put]) => before.replaceAll(pattern, put), text);
  return rest.replaceAll(LOCAL_PORT, (_, host: string, port: string) => {
    const index = ports.indexOf(port);
    return `${host}:<${index < 0 ? "port" : `port ${index + 1}`}>`;
  });
}
