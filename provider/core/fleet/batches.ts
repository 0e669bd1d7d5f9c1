import type { FleetMember, FleetPin } from "./fleet";
import type { Tally } from "./tally";

/** Members as calls may name them: of one group each, no more than the vendor takes, fewer where one was refused. */
export function batchesOf(
  { batchSize, groupOf }: Pick<FleetPin, "batchSize" | "groupOf">,
  members: readonly FleetMember[],
  tally: Tally,
): FleetMember[][] {
  const groups = new Map<string, FleetMember[]>();
  for (const member of members) {
    const size = Math.min(batchSize, tally.limit(member.name));
    const key = `${size} ${groupOf(member)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [member]);
    else group.push(member);
  }
  return [...groups].flatMap(([key, group]) => chunks(group, Number.parseInt(key, 10)));
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}
