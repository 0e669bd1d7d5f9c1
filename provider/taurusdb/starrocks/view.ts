import type { Constraint } from "../../core/constraint";
import { type Unit, type Upgrade, type View, viewOfOne } from "../../core/unit";
import { formatParts } from "../../core/version";
import { NEWEST, targetName } from "./activity";
import { findingsFor } from "./findings";
import { upgradeStep } from "./instance";
import type { StarRocksObservation } from "./look";
import { standingOf, targetsOf } from "./standing";

/** The arguments that a plan depends on. */
export interface Wish {
  readonly starRocksInstanceId: string;
  readonly version: string;
  readonly schedule?: "now" | "maintenance-window" | undefined;
  readonly skipValidation?: boolean | undefined;
}

/**
 * Derives the view from an observation and the target version. An instance with an unclear standing counts as outdated,
 * with a finding.
 */
export function viewFor(seen: StarRocksObservation, constraint: Constraint, wish: Wish): View {
  const { members, known, activity, unknown } = seen;
  const stands = standingOf(known, constraint);
  const standing = stands === "unclear" ? "behind" : stands;
  const at = formatParts(known.shown);
  const unit: Unit = {
    name: wish.starRocksInstanceId,
    members,
    standing,
    at,
    from: at,
    ahead: standing === "newer" ? members.map(({ name }) => name) : [],
    ...(activity === undefined ? {} : { activity }),
    ...(standing === "behind" ? { upgrade: upgradeFor(seen, constraint, wish) } : {}),
  };
  return viewOfOne(unit, unknown);
}

function upgradeFor(seen: StarRocksObservation, constraint: Constraint, wish: Wish): Upgrade {
  const from = formatParts(seen.known.shown);
  const targets = targetsOf(seen.known).map(formatParts);
  return {
    from,
    route: `${from} → ${targets.join(" or ") || (wish.version === "latest" ? NEWEST : wish.version)}`,
    how: howOf(seen, wish),
    findings: findingsFor(seen, constraint, wish.version),
    step: upgradeStep(wish, { from, to: targetName(seen.known.listed) }),
  };
}

/** `now, with a restart` */
function howOf({ window }: StarRocksObservation, { schedule = "now", skipValidation = false }: Wish): string {
  const when =
    schedule === "now" ? "now, with a restart" : `in the maintenance window${window === "" ? "" : ` ${window} UTC`}`;
  return skipValidation ? `${when}, without the vendor's validation` : when;
}
