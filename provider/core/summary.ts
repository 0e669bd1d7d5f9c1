import { formatDuration } from "./duration";
import type { Outcome, UpgradeRecord } from "./outcome";
import { formatParts, lowestVersion } from "./version";

/** What a run has heard of its upgrade while it waited; undefined when it had ended before. */
export interface Heard {
  /** How many stages there were, where the vendor counts them. */
  readonly stages?: number;
}

/**
 * What a finished upgrade leaves on the screen: `upgraded 4.2.1.8 → 4.3.5.2 in 1 min 28 s, 30 stages`. The time is that from
 * the call, over all runs that waited; of an upgrade that was found running it is the time since.
 * @returns undefined when this run saw no upgrade end well
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

/** Where versions have names, those that the upgrade has moved: of `ReJSON 2.8.4, search 2.10.17` to `ReJSON 2.8.10` the first. */
function changedOf({ from, to }: UpgradeRecord): string {
  const names = new Set(to.split(", ").map(nameOf));
  const changed = from.split(", ").filter((one) => names.has(nameOf(one)));
  return changed.length === 0 ? from : changed.join(", ");
}

function nameOf(version: string): string {
  return version.replace(/ .*$/, "");
}

/** A release that was requested, such as 7.4, as the version that came of it. */
function reached(to: string, observation: Outcome["observation"]): string {
  const lowest = lowestVersion(observation?.members.map(({ version }) => version) ?? []);
  const seen = lowest === undefined ? "" : formatParts(lowest);
  return seen.startsWith(`${to}.`) ? seen : to;
}
