import { counted, formatDuration } from "../../provider/base/sentences";
import { type Database, durationOf, type Upgrade } from "./database";
import { type Html, html } from "./html";
import { parseTime } from "./stack-export";

/** `2026-03-14 18:00` */
export function minuteOf(time: number): string {
  return new Date(time).toISOString().slice(0, 16).replace("T", " ");
}

/** A time to the minute, UTC; anything else is shown unchanged. */
export function timeElement(text: string): Html {
  const time = parseTime(text);
  if (time === undefined) return html`${text}`;
  return html`<time datetime="${new Date(time).toISOString()}">${minuteOf(time)} UTC</time>`;
}

/** `-108000022024072217` after `4.2.1.8` */
const BUILD = /[-_]\d{6,}$/;

/** `4.2.1.8 → 4.3.5.2` */
export function routeOf({ from, to }: Pick<Upgrade, "from" | "to">): string {
  return [from, to].filter((version) => version !== undefined).join(" → ") || "unknown version";
}

/** The same without build numbers, where the versions differ without them. */
export function shortRouteOf({ from, to }: Upgrade): string {
  const [shortFrom, shortTo] = [from?.replace(BUILD, ""), to?.replace(BUILD, "")];
  return routeOf(shortFrom === shortTo ? { from, to } : { from: shortFrom, to: shortTo });
}

/** How an upgrade went: `succeeded, 42 min 10 s`. */
export function courseOf(upgrade: Upgrade): string {
  const duration = durationOf(upgrade);
  return duration === undefined ? upgrade.state : `${upgrade.state}, ${formatDuration(duration)}`;
}

/** `search 2.10.17`, `ReJSON >=2.8`; for a database with one version only the version. */
export function targetTexts({ database }: Database): string[] {
  return database.map(({ name, version }) => (name === undefined ? version : `${name} ${version}`));
}

/** `3 observers`, `1 module` */
export function countOf(count: number, noun: string): string {
  return counted(count, noun.charAt(0).toLowerCase() + noun.slice(1));
}

/** A text with at most this many characters. */
export function cut(text: string, longest: number): string {
  const characters = [...text];
  return characters.length <= longest ? text : `${characters.slice(0, longest - 1).join("")}…`;
}
