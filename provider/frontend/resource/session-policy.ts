import { isTable } from "../../base/json";
import type { Approvals } from "../../core/control/approval";
import type { Policy } from "../../core/policy";
import { policyFrom } from "../../core/policy";
import { type Properties, USED_APPROVALS } from "./properties";
import type { Session } from "./session";

/**
 * The policy from the arguments of a resource, its stack and its state.
 * @param outputs the state of the resource, if there is one
 */
export function policyOf(session: Session, outputs: Properties = {}): Policy {
  const { kind, args = {}, stack } = session;
  return policyFrom(args, kind.times, { stack, approvals: approvalsOf(session, outputs) });
}

/** The approvals for the resource; undefined if it requires none. */
export function approvalsOf({ args, call }: Session, outputs: Properties = {}): Approvals | undefined {
  if (args?.approval === undefined) return undefined;
  const { approvals } = args.approval;
  const used = outputs[USED_APPROVALS];
  return {
    units: Object.hasOwn(approvals, call.urn) ? (approvals[call.urn] ?? {}) : {},
    used: isTable(used) ? textsOf(used) : {},
  };
}

function textsOf(table: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(table).flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])),
  );
}
