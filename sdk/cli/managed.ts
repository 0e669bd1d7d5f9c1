import { resourceName } from "../../provider/base/urn";
import { asUpgradeError } from "../../provider/core/errors";
import type { EstateKind } from "../../provider/core/estate";
import { see } from "../../provider/core/run";
import { resolveArguments } from "../../provider/frontend/resource/arguments";
import type { ConfigReader } from "../../provider/frontend/resource/credentials";
import { type PlanStatement, planStatements } from "../../provider/frontend/resource/plan-statements";
import { argumentsOf } from "../../provider/frontend/resource/properties";
import { openSession, policyOf, reasonsOf, withDriver } from "../../provider/frontend/resource/session";
import { withSecrets } from "../report/secrets";
import { member, stackExportIn, textOf } from "../report/stack-export";
import type { Given } from "./command";
import { type Connection, connectionTo, estateKinds } from "./connection";
import { failed, type Line, type State } from "./diagnosis";
import { CommandError, UsageError } from "./failure";
import { configOf, readExport } from "./stack";
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
export async function managedIn(given: Given, terminal: Terminal): Promise<readonly Managed[]> {
  const config = await configOf(given, terminal);
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
      connections.set(key, connectionTo({ name: system, kind }, resolved, terminal));
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

/** Timeout for the read of one resource, in milliseconds. */
const LIMIT = 60_000;

/** The plan of a resource with its findings, by the decisions of a preview. */
export async function planLines(
  { type, name: own, urn, inputs, outputs, config }: Managed,
  terminal: Terminal,
): Promise<Line[]> {
  const name = nameOf([own], type);
  const { clock, env, systems, signal, conceal } = terminal;
  const onCancel = (listener: () => void) => {
    signal.addEventListener("abort", listener, { once: true });
    return () => signal.removeEventListener("abort", listener);
  };
  const log = { write: () => undefined, flush: async () => undefined };
  const environment = { kinds: systems.kinds, log, rhythm: { change: 0, repeat: 0 }, clock, env, conceal };
  const session = await openSession({ type, urn, onCancel }, inputs, config, environment);
  if (session.args === undefined) return [{ state: "problem", name, message: reasonsOf(session) }];
  const policy = policyOf(session, outputs);
  try {
    terminal.progress(`reading ${own}`);
    return await withDriver(session, LIMIT, async (driver) => {
      const { plan } = await see(driver, policy, clock);
      const statements = planStatements(session, driver.title, plan, driver.words !== undefined);
      return statements.map(({ kind, message, remedy }) => {
        const state = stateOf(kind, statements);
        return { state, name, message, ...(remedy === undefined ? {} : { remedy }) };
      });
    });
  } catch (error) {
    return [failed(name, session.attribute(asUpgradeError(error)))];
  }
}

const STATES: Readonly<Record<PlanStatement["kind"], State>> = {
  plan: "ok",
  note: "warning",
  unchecked: "unknown",
  unknown: "unknown",
  failed: "problem",
  finding: "problem",
  failure: "problem",
};

/** A plan that cannot start is not shown as OK. */
function stateOf(kind: PlanStatement["kind"], all: readonly PlanStatement[]): State {
  return kind === "plan" && all.some((each) => STATES[each.kind] === "problem") ? "note" : STATES[kind];
}

/** The maximum number of databases named in one line. */
const NAMED = 5;

/** `db1, db2 and 498 more (taurusdb.KernelVersion)` */
export function nameOf(databases: readonly string[], type: string): string {
  const more = databases.length > NAMED ? ` and ${databases.length - NAMED} more` : "";
  return `${databases.slice(0, NAMED).join(", ")}${more} (${type.replace(":", ".")})`;
}
