import type { Deployment } from "../engine";

/** Values of a state that differ from run to run, by their key. */
const VARYING_KEYS: Readonly<Record<string, string>> = {
  // Times.
  created: "<time>",
  modified: "<time>",
  startedAt: "<time>",
  finishedAt: "<time>",
  opens: "<time>",
  closes: "<time>",
  // Ids that a vendor counts or generates.
  task: "<task>",
  tasks: "<tasks>",
  // Encrypted values, with the passphrase of one stack, and certificates that a simulator generated.
  ciphertext: "<encrypted>",
  caCertificate: "<certificate>",
};

/** The position of a resource in the program, only for display; the local engine does not record it. */
const LEFT_OUT = new Set(["sourcePosition", "stackTrace"]);

/** Parts of texts that differ from run to run, in the order of replacement. */
const VARYING_TEXTS: readonly (readonly [RegExp, string])[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uuid>"],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "<time>"],
  [/\bupgrade \S+ \(/g, "upgrade <task> ("],
  [/-i \S+`/g, "-i <task>`"],
  [/could not be read for \d+ s: .*?(?=Nothing was undone)/g, "could not be read for <time>: <why> "],
];

const LOCAL_PORT = /\b(127\.0\.0\.1|localhost|\[::1\]):(\d+)/g;

type Json = unknown;

/**
 * The state that two runs of the same scenario must agree on: all resources and pending operations. The manifest contains the
 * engine that wrote it, and each engine has its own secrets provider.
 */
export function normalState({ version, deployment }: Deployment): Json {
  const { resources = [], pending_operations = [] } = deployment;
  const state = {
    version,
    // Concurrent steps end in any order.
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
