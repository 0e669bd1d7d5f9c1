import { formatDuration } from "./duration";
import type { Outcome, UpgradeRecord } from "./outcome";
import { formatParts, lowestVersion } from "./version";

/** Observed by a run while it waited for its upgrade; undefined if the upgrade had completed before. */
export interface Heard {
  /** The number of stages, if the vendor reports it. */
  readonly stages?: number;
}

/**
 * The summary of a finished upgrade: `upgraded 4.2.1.8 → 4.3.5.2 in 1 min 28 s, 30 stages`. The time counts from the
 * request, over all runs that waited, or from when the upgrade was found in progress.
 * @returns undefined if this run saw no upgrade succeed
 */
export function summaryOf(
  { upgrade, error, observation }: Pick<Outcome, "upgrade" | "error" | "observation">,
  remembered: UpgradeRecord | undefined,
  heard: Heard | undefined,
): string | undefined {
  if (error !== undefined || upgrade?.state !== "succeeded" || upgrade.finishedAt === undefined) return undefined;
  if (upgrade.task === remembered?.task && upgrade.finishedAt === remembered.finishedAt) return undefined;
  const line = `upgraded ${changedOf(upgrade)} → ${reached(upgrade.to, observation)}`;
  if (heard === undefined) return line;
  const took = formatDuration(Math.max(Date.parse(upgrade.finishedAt) - Date.parse(upgrade.startedAt), 0));
  const stages = heard.stages === undefined ? "" : `, ${heard.stages} stages`;
  return `${line}${upgrade.joined ? `, seen running for ${took}` : ` in ${took}`}${stages}`;
}

/** If versions have names, the changed ones: for `ReJSON 2.8.4, search 2.10.17` to `ReJSON 2.8.10`, the first one. */
function changedOf({ from, to }: UpgradeRecord): string {
  const names = new Set(to.split(", ").map(nameOf));
  const changed = from.split(", ").filter((one) => names.has(nameOf(one)));
  return changed.length === 0 ? from : changed.join(", ");
}

function nameOf(version: string): string {
  return version.replace(/ .*$/, "");
}

/** The exact version that was reached, if only a release was requested, such as 7.4. */
function reached(to: string, observation: Outcome["observation"]): string {
  const lowest = lowestVersion(observation?.members.map(({ version }) => version) ?? []);
  const seen = lowest === undefined ? "" : formatParts(lowest);
  return seen.startsWith(`${to}.`) ? seen : to;
}
