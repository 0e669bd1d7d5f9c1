import { asUpgradeError } from "../../provider/core/errors";
import { see } from "../../provider/core/run";
import { type PlanStatement, planStatements } from "../../provider/frontend/resource/plan-statements";
import { openSession, policyOf, withDriver } from "../../provider/frontend/resource/session";
import { failed, type Line, type State } from "./diagnosis";
import type { Managed } from "./managed";
import type { Terminal } from "./terminal";

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
  const quiet = { write: () => undefined, flush: async () => undefined };
  const surroundings = { kinds: systems.kinds, log: quiet, rhythm: { change: 0, repeat: 0 }, clock, env, conceal };
  const session = await openSession({ type, urn, onCancel }, inputs, config, surroundings);
  if (session.args === undefined) {
    const message = session.failures.map(({ property, reason }) => `${property} ${reason}`.trim()).join("; ");
    return [{ state: "problem", name, message }];
  }
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
