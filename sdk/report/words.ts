import { counted } from "../../provider/base/sentences";
import type { Database } from "./database";
import { formatDuration } from "./format";
import { durationOf, type Upgrade } from "./upgrade";

/** `-108000022024072217` after `4.2.1.8` */
const BUILD = /[-_]\d{6,}$/;

/** `4.2.1.8 → 4.3.5.2` */
export function routeOf({ from, to }: Pick<Upgrade, "from" | "to">): string {
  return [from, to].filter((version) => version !== undefined).join(" → ") || "unknown version";
}

/** The same without build numbers, where the versions differ without them. */
export function shortRouteOf({ from, to }: Pick<Upgrade, "from" | "to">): string {
  const [shortFrom, shortTo] = [from?.replace(BUILD, ""), to?.replace(BUILD, "")];
  return routeOf(shortFrom === shortTo ? { from, to } : { from: shortFrom, to: shortTo });
}

/** How an upgrade went: `succeeded, 42 min 10 s`. */
export function courseOf(upgrade: Upgrade): string {
  const duration = durationOf(upgrade);
  return duration === undefined ? upgrade.state : `${upgrade.state}, ${formatDuration(duration)}`;
}

/** `search 2.10.17, ReJSON >=2.8` */
export function targetText({ database }: Database): string {
  return database.map(({ name, version }) => (name === undefined ? version : `${name} ${version}`)).join(", ");
}

/** `3 observers`, `1 module` */
export function countOf(count: number, noun: string): string {
  return counted(count, noun.charAt(0).toLowerCase() + noun.slice(1));
}
