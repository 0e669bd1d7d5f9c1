import { formatDuration } from "./duration";
import type { Outcome, UpgradeRecord } from "./outcome";

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
  { upgrade, error }: Pick<Outcome, "upgrade" | "error">,
  remembered: UpgradeRecord | undefined,
  heard: Heard | undefined,
): string | undefined {
  if (error !== undefined || upgrade?.state !== "succeeded" || upgrade.finishedAt === undefined) return undefined;
  if (upgrade.task === remembered?.task && upgrade.finishedAt === remembered.finishedAt) return undefined;
  const line = `upgraded ${upgrade.from} → ${upgrade.to}`;
  if (heard === undefined) return line;
  const took = formatDuration(Math.max(Date.parse(upgrade.finishedAt) - Date.parse(upgrade.startedAt), 0));
  const stages = heard.stages === undefined ? "" : `, ${heard.stages} stages`;
  return `${line}${upgrade.joined ? `, seen running for ${took}` : ` in ${took}`}${stages}`;
}
