import { resourceName } from "../../provider/base/urn";
import type { EstateKind } from "../../provider/core/estate";
import { resolveArguments } from "../../provider/frontend/resource/arguments";
import type { ConfigReader } from "../../provider/frontend/resource/credentials";
import { argumentsOf } from "../../provider/frontend/resource/properties";
import { withSecrets } from "../report/secrets";
import { member, stackExportIn, textOf } from "../report/stack-export";
import type { Given } from "./command";
import { type Connection, connectionTo, estateKinds } from "./connection";
import type { Line } from "./diagnosis";
import { CommandError, UsageError } from "./failure";
import { readExport } from "./stack";
import type { Terminal } from "./terminal";

/** A resource of this package in a stack. */
export interface Managed {
  /** `oceanbase:ClusterVersion` */
  readonly type: string;
  readonly name: string;
  readonly urn: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  /** The configuration of its provider. */
  readonly config: ConfigReader;
}

const TOKEN = /^pulumi-nodejs:dynamic\/([a-z]+:[A-Za-z]+)$/;

/** The resources of this package in a stack. @throws CommandError if there are none */
export async function managedIn(given: Given, terminal: Terminal, config: ConfigReader): Promise<readonly Managed[]> {
  const { content, name } = await readExport(given, terminal, true);
  const { resources } = stackExportIn(content, name);
  const tableOf = (resource: unknown, name: "inputs" | "outputs") =>
    Object(withSecrets(member(resource, name))) as Readonly<Record<string, unknown>>;
  const providers = new Map(
    resources.map((resource) => [`${resource["urn"]}::${resource["id"]}`, tableOf(resource, "inputs")]),
  );
  const managed = resources.flatMap((resource) => {
    const [, type] = TOKEN.exec(textOf(resource["type"]) ?? "") ?? [];
    if (type === undefined || terminal.systems.kinds[type] === undefined) return [];
    const urn = textOf(resource["urn"], 2_000) ?? "";
    const own = providers.get(String(resource["provider"]));
    const read: ConfigReader = (key) => {
      const value = member(own, key);
      return typeof value === "string" ? value : config(key);
    };
    const inputs = argumentsOf(tableOf(resource, "inputs"));
    const outputs = tableOf(resource, "outputs");
    return [{ type, name: resourceName(urn), urn, inputs, outputs, config: read }];
  });
  if (managed.length === 0) throw new CommandError(`${name} has no resources of pulumi-dbversion.`);
  return managed;
}

/** The distinct clusters and projects of some resources, with the problems of those without a valid connection. */
export async function connectionsIn(
  managed: readonly Managed[],
  terminal: Terminal,
): Promise<{ readonly connections: readonly Connection[]; readonly problems: readonly Line[] }> {
  const kinds = [...(await estateKinds(terminal))];
  const connections = new Map<string, Connection>();
  const problems = new Map<string, Line>();
  for (const { type, inputs, config } of managed) {
    const found = kinds.find(([, { vendor }]) => type.startsWith(`${vendor}:`));
    if (found === undefined) continue;
    const [system, kind] = found;
    const resolved = resolveArguments(kind, ofConnection(inputs, kind), { config, env: terminal.env });
    const key = JSON.stringify([system, resolved.raw]);
    if (connections.has(key) || problems.has(key)) continue;
    try {
      connections.set(key, connectionTo(system, kind, resolved, terminal));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.set(key, { state: "problem", name: "credentials", message: error.message });
    }
  }
  return { connections: [...connections.values()], problems: [...problems.values()] };
}

/** The arguments of a resource that belong to its connection. */
function ofConnection(inputs: Managed["inputs"], { inputs: { shape } }: EstateKind): Record<string, unknown> {
  return Object.fromEntries(Object.entries(inputs).filter(([name]) => Object.hasOwn(shape, name)));
}
