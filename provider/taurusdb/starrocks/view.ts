import type { Observation } from "../../core/driver";
import { Missing, Unreachable, type UpgradeError } from "../../core/errors";
import { type Activity, type Finding, type Unit, type Upgrade, type View, viewOfOne } from "../../core/unit";
import { type Constraint, formatParts, newestFirst, parseVersion, standing, type Version } from "../../core/version";
import type { Access } from "../project";
import { conditionOf } from "../schema";
import { type ActivityOptions, activityOf, NEWEST, targetName } from "./activity";
import {
  dailyWindow,
  type Ids,
  type Known,
  readHtap,
  readStarRocks,
  readStarRocksKernels,
  type StarRocksUpgrade,
  standingOf,
  targetsOf,
  upgradeStep,
} from "./instance";

/** The arguments that a plan depends on. */
export interface PlanArguments extends StarRocksUpgrade {
  readonly version: string;
}

/**
 * Derives the view from an observation and the target version. An instance with an unclear standing counts as outdated,
 * with a finding.
 */
export function viewFor(seen: StarRocksObservation, constraint: Constraint, args: PlanArguments): View {
  const { members, known, activity, unknown } = seen;
  const stands = standingOf(known, constraint);
  const standing = stands === "unclear" ? "behind" : stands;
  const at = formatParts(known.shown);
  const unit: Unit = {
    name: args.starRocksInstanceId,
    members,
    standing,
    at,
    from: at,
    ahead: standing === "newer" ? members.map(({ name }) => name) : [],
    activity,
    upgrade: standing === "behind" ? upgradeFor(seen, constraint, args) : undefined,
  };
  return viewOfOne(unit, unknown);
}

function upgradeFor(seen: StarRocksObservation, constraint: Constraint, args: PlanArguments): Upgrade {
  const from = formatParts(seen.known.shown);
  const targets = targetsOf(seen.known).map(formatParts);
  return {
    from,
    route: `${from} → ${targets.join(" or ") || (args.version === "latest" ? NEWEST : args.version)}`,
    how: howOf(seen, args),
    findings: findingsFor(seen, constraint, args.version),
    step: upgradeStep(args, { from, to: targetName(seen.known.listed) }),
  };
}

/** `now, with a restart` */
function howOf({ window }: StarRocksObservation, { schedule = "now", skipValidation = false }: PlanArguments): string {
  const when =
    schedule === "now" ? "now, with a restart" : `in the maintenance window${window === "" ? "" : ` ${window} UTC`}`;
  return skipValidation ? `${when}, without the vendor's validation` : when;
}

/** Findings that prevent an upgrade of a StarRocks instance from reaching its target version. */
function findingsFor(observation: StarRocksObservation, constraint: Constraint, pinned: string): Finding[] {
  const { known, health } = observation;
  return [reach(known, constraint, pinned), conditionFinding(health)].filter((finding) => finding !== undefined);
}

function reach(known: Known, constraint: Constraint, pinned: string): Finding | undefined {
  const { shown, newerOffered, listed } = known;
  const targets = targetsOf(known);
  if (standingOf(known, constraint) === "unclear") return cannotTell(known, pinned);
  if (newerOffered === false) {
    return notOffered(
      `The service offers nothing newer than the current version (${formatParts(shown)})`,
      listed,
      pinned,
    );
  }
  if (listed.length === 0) return constraint.kind === "at" ? targetUnknown(pinned) : undefined;
  const beyond = targets.find((target) => standing(target, constraint) === "newer");
  if (beyond !== undefined) return unreachable(beyond, pinned);
  if (constraint.kind === "latest" || targets.some((target) => standing(target, constraint) === "current"))
    return undefined;
  return notOffered("No kernel that is offered satisfies the target version", listed, pinned);
}

function unreachable(target: Version, pinned: string): Finding {
  return {
    code: "unreachable-version",
    property: "version",
    message: `${pinned} cannot be reached: an upgrade goes to the newest kernel offered, and ${formatParts(target)} is newer than the target version.`,
    remedy: `Set \`version\` to \`>=${pinned}\` to accept that.`,
  };
}

function notOffered(why: string, listed: readonly Version[], pinned: string): Finding {
  const names = newestFirst(listed.map(formatParts)).join(", ");
  return {
    code: "not-offered",
    message: `${pinned} is not offered yet. ${why}; the region lists ${names === "" ? "no kernels" : names}.`,
    remedy: "Wait until it is offered, or choose a version that is.",
  };
}

function targetUnknown(pinned: string): Finding {
  return {
    code: "newest-unknown",
    property: "version",
    message: `It is unknown whether an upgrade would end at ${pinned}: it goes to the newest kernel, and the region does not list its kernels.`,
    remedy: `Set \`version\` to \`>=${pinned}\` or \`latest\`.`,
  };
}

function cannotTell({ shown, newerOffered, listed }: Known, pinned: string): Finding {
  const names = newestFirst(listed.map(formatParts)).join(", ");
  const line = formatParts(shown);
  const offers = newerOffered === true ? "something newer is offered" : "it does not report what else is offered";
  return {
    code: "version-unclear",
    property: "version",
    message: `It is unknown whether it runs ${pinned}: the service reports only ${line} as its version, and ${offers} (the region lists ${names === "" ? "no kernels" : names}).`,
    remedy: `Set \`version\` to \`${line}\`, \`>=${line}\` or \`latest\`.`,
  };
}

function conditionFinding({ frozen, status }: StarRocksObservation["health"]): Finding | undefined {
  if (frozen) {
    return {
      code: "frozen",
      message: "The StarRocks instance is frozen.",
      remedy: "Unfreeze it, usually by paying the outstanding amount.",
    };
  }
  if (conditionOf(status) !== "unhealthy") return undefined;
  return {
    code: "not-normal",
    message: `The StarRocks instance is ${status}, and the service upgrades only normal ones.`,
    remedy: "Repair it first, in the console or with the vendor's support.",
  };
}

/** An observation of a StarRocks instance. */
export interface StarRocksObservation extends Observation {
  readonly activity?: Activity | undefined;
  readonly known: Known;
  readonly health: { readonly status: string; readonly frozen: boolean };
  /** Its daily maintenance window, `18:00-22:00`, UTC; `""` where it is not reported. */
  readonly window: string;
}

export interface ObserveOptions extends ActivityOptions {
  /** A version for which the service itself has reported that nothing newer is offered. */
  readonly latest: string | undefined;
  readonly signal: AbortSignal;
}

/** Observes once. Reads only. @throws UpgradeError `blocked` when the instance does not exist */
export async function observe(options: ObserveOptions): Promise<StarRocksObservation> {
  const { access, ids, constraint } = options;
  const [detail, listed] = await Promise.all([
    readStarRocks(access.gateway, ids),
    readStarRocksKernels(access.gateway),
  ]);
  if (detail === undefined) throw await notThere(access, ids, options.signal);
  const shown = parseVersion(detail.data_store_version);
  const known: Known = {
    shown: shown ?? { parts: [0n] },
    newerOffered: detail.data_store_version === options.latest ? false : detail.new_version_available,
    listed: listed.map(parseVersion).filter((version) => version !== undefined),
  };
  return {
    members: shown === undefined ? [] : [{ name: detail.id, version: shown }],
    known,
    health: { status: detail.status, frozen: detail.is_frozen === true },
    window: dailyWindow(detail),
    unknown: shown === undefined ? `its version cannot be read: ${detail.data_store_version}` : undefined,
    activity: await activityOf(options, detail, known.listed, standingOf(known, constraint) === "behind"),
  };
}

/** An instance counts as deleted only if a successfully read list does not contain it either. */
async function notThere(access: Access, ids: Ids, signal: AbortSignal): Promise<UpgradeError> {
  const { gateway, place } = access;
  const { instanceId, starRocksInstanceId } = ids;
  const beside = await readHtap(gateway, instanceId);
  const project = `project ${await gateway.projectId()} in ${place}`;
  if (beside === undefined) {
    const { instances, moments } = await access.project();
    const listed = await instances.read({ after: moments.latest, within: 0 }, signal);
    return new Missing(`TaurusDB instance ${instanceId} does not exist in ${project}.`, {
      remedy: "Check `instanceId`, `region` and `projectId`.",
      certain: !listed.has(instanceId),
    });
  }
  if (beside.some(({ id }) => id === starRocksInstanceId)) {
    const message = `StarRocks instance ${starRocksInstanceId} is listed, but cannot be read`;
    return new Unreachable(message, { sent: true, responded: true });
  }
  const names = beside.map(({ id, engine_name }) => `${id} (${engine_name})`).join(", ");
  return new Missing(
    `TaurusDB instance ${instanceId} in ${project} has no StarRocks instance ${starRocksInstanceId}; ${names === "" ? "it has none" : `it has ${names}`}.`,
    { remedy: "Check `starRocksInstanceId` and `instanceId`.", certain: true },
  );
}
