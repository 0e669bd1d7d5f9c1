import { type Finding, type Unit, type Upgrade, type View, viewOfOne } from "../../core/unit";
import { type Constraint, standing } from "../../core/version/constraint";
import { formatParts, type Version } from "../../core/version/version";
import { NEWEST, targetName } from "./activity";
import { upgradeStep } from "./instance";
import type { StarRocksObservation } from "./look";
import { type Known, standingOf, targetsOf } from "./standing";

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

/** Findings that prevent an upgrade of a StarRocks instance from reaching its target version. */
export function findingsFor(observation: StarRocksObservation, constraint: Constraint, wish: string): Finding[] {
  const { known, health } = observation;
  const found = [reach(known, constraint, wish), condition(health)];
  return found.filter((finding) => finding !== undefined);
}

function reach(known: Known, constraint: Constraint, wish: string): Finding | undefined {
  const { shown, newerOffered, listed } = known;
  const targets = targetsOf(known);
  if (standingOf(known, constraint) === "unclear") return cannotTell(known, wish);
  if (newerOffered === false) {
    return notOffered(
      `The service offers nothing newer than the current version (${formatParts(shown)})`,
      listed,
      wish,
    );
  }
  if (listed.length === 0) return constraint.kind === "at" ? aimless(wish) : undefined;
  const beyond = targets.find((target) => standing(target, constraint) === "newer");
  if (beyond !== undefined) return unreachable(beyond, wish);
  if (constraint.kind === "latest" || targets.some((target) => standing(target, constraint) === "holds"))
    return undefined;
  return notOffered("No kernel that is offered satisfies the target version", listed, wish);
}

function unreachable(target: Version, wish: string): Finding {
  return {
    code: "unreachable-version",
    property: "version",
    message: `${wish} cannot be reached: an upgrade goes to the newest kernel offered, and ${formatParts(target)} is newer than the target version.`,
    remedy: `Set \`version\` to \`>=${wish}\` to accept that.`,
  };
}

function notOffered(why: string, listed: readonly Version[], wish: string): Finding {
  const names = listed.map(formatParts).join(", ");
  return {
    code: "not-offered",
    message: `${wish} is not offered yet. ${why}; the region lists ${names === "" ? "no kernels" : names}.`,
    remedy: "Wait until it is offered, or choose a version that is.",
  };
}

function aimless(wish: string): Finding {
  return {
    code: "newest-unknown",
    property: "version",
    message: `It is unknown whether an upgrade would end at ${wish}: it goes to the newest kernel, and the region does not list its kernels.`,
    remedy: `Set \`version\` to \`>=${wish}\` or \`latest\`.`,
  };
}

function cannotTell({ shown, newerOffered, listed }: Known, wish: string): Finding {
  const names = listed.map(formatParts).join(", ");
  const line = formatParts(shown);
  const offers = newerOffered === true ? "something newer is offered" : "it does not report what else is offered";
  return {
    code: "version-unclear",
    property: "version",
    message: `It is unknown whether it runs ${wish}: the service reports only ${line} as its version, and ${offers} (the region lists ${names === "" ? "no kernels" : names}).`,
    remedy: `Set \`version\` to \`${line}\`, \`>=${line}\` or \`latest\`.`,
  };
}

function condition({ frozen, condition: state, status }: StarRocksObservation["health"]): Finding | undefined {
  if (frozen) {
    return {
      code: "frozen",
      message: "The StarRocks instance is frozen.",
      remedy: "Unfreeze it, usually by paying the outstanding amount.",
    };
  }
  if (state !== "broken") return undefined;
  return {
    code: "not-normal",
    message: `The StarRocks instance is ${status}, and the service upgrades only normal ones.`,
    remedy: "Repair it first, in the console or with the vendor's support.",
  };
}
