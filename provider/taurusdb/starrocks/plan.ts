import type { Constraint } from "../../core/constraint";
import type { Plan, UpgradeCall } from "../../core/pin";
import { formatParts } from "../../core/version";
import { NEWEST, targetName } from "./activity";
import { findingsFor } from "./findings";
import { upgradeRequest } from "./instance";
import type { StarRocksObservation } from "./look";
import { standingOf, targetsOf } from "./standing";

/** What of the arguments a plan depends on. */
export interface Wish {
  readonly starRocksInstanceId: string;
  readonly version: string;
  readonly schedule?: "now" | "maintenance-window" | undefined;
  readonly skipValidation?: boolean | undefined;
}

type Row = (seen: StarRocksObservation, wish: Wish, call: () => UpgradeCall) => Plan | undefined;

/**
 * What follows from a look. The first row that speaks decides.
 *
 * | what is seen | plan |
 * |---|---|
 * | an upgrade runs | join it |
 * | the version cannot be read | unknown |
 * | it runs something newer | newer |
 * | it satisfies the pin | satisfied |
 * | it is behind, an upgrade waits for the window, and shall | deferred |
 * | it is behind, an upgrade waits for the window, and shall not | withdraw it |
 * | it is behind, something else runs | wait for it |
 * | it is behind, or how it stands cannot be known (a finding says so) | upgrade |
 */
export function planFor(seen: StarRocksObservation, constraint: Constraint, wish: Wish): Plan {
  const call = () => callFor(seen, constraint, wish);
  const stand = standingOf(seen.known, constraint);
  const at = formatParts(seen.known.shown);
  const settled: Row = ({ members }) => {
    if (stand === "newer") return { kind: "newer", at, members: members.map(({ name }) => name) };
    return stand === "holds" ? { kind: "satisfied", at } : undefined;
  };
  for (const row of [joins, unreadable, settled, scheduled, busy]) {
    const plan = row(seen, wish, call);
    if (plan !== undefined) return plan;
  }
  return { kind: "upgrade", call: call() };
}

const joins: Row = ({ activity, known }) =>
  activity?.kind === "ours" ? { kind: "join", task: activity.task, from: formatParts(known.shown) } : undefined;

const unreadable: Row = ({ unknown }) => (unknown === undefined ? undefined : { kind: "unknown", reason: unknown });

const scheduled: Row = ({ activity, known }, { schedule = "now" }, call) => {
  if (activity?.kind !== "deferred") return undefined;
  const { task, window } = activity;
  if (schedule === "now") return { kind: "withdraw", task, window, call: call() };
  const { findings } = call();
  // One that leads where the pin must not go is not waited for.
  if (findings.some(({ property }) => property !== undefined)) return undefined;
  return { kind: "deferred", task, window, from: formatParts(known.shown) };
};

const busy: Row = ({ activity }, _wish, call) =>
  activity?.kind === "other" ? { kind: "wait", name: activity.name, call: call() } : undefined;

function callFor(seen: StarRocksObservation, constraint: Constraint, wish: Wish): UpgradeCall {
  const from = formatParts(seen.known.shown);
  const targets = targetsOf(seen.known).map(formatParts);
  return {
    from,
    route: `${from} → ${targets.join(" or ") || (wish.version === "latest" ? NEWEST : wish.version)}`,
    how: howOf(seen, wish),
    findings: findingsFor(seen, constraint, wish.version),
    requests: [upgradeRequest(wish, { from, to: targetName(seen.known.listed) })],
  };
}

/** `now, with a restart` */
function howOf({ window }: StarRocksObservation, { schedule = "now", skipValidation = false }: Wish): string {
  const when =
    schedule === "now" ? "now, with a restart" : `in the maintenance window${window === "" ? "" : ` ${window} UTC`}`;
  return skipValidation ? `${when}, without the vendor's validation` : when;
}
