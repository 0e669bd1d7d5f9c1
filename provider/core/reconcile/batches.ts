import type { Unit } from "../unit";

/**
 * Splits units into requests: units of one group each, up to the vendor's limit, or fewer after a rejection.
 * @param limit the maximum size of a request that includes this unit
 */
export function batchesOf(
  most: number,
  units: readonly Unit[],
  limit: (name: string) => number = () => most,
): Unit[][] {
  const groups = new Map<string, { readonly size: number; readonly units: Unit[] }>();
  for (const unit of units) {
    const size = Math.min(most, limit(unit.name));
    const key = `${size} ${unit.upgrade?.step?.group ?? ""}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { size, units: [unit] });
    else group.units.push(unit);
  }
  return [...groups.values()].flatMap((group) => chunks(group.units, group.size));
}

export function chunks<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let start = 0; start < items.length; start += size) parts.push(items.slice(start, start + size));
  return parts;
}
