import { createHash } from "node:crypto";
import type { Database } from "./database";
import { details } from "./details";
import { type Html, html, raw } from "./html";
import { overview } from "./overview";
import { SCRIPT } from "./script";
import type { Stack } from "./stack";
import { MEANING, STATUSES, type Status } from "./status";
import { STYLE } from "./style";
import { parseTime, timeElement } from "./time";
import { timeline } from "./timeline";
import { countOf } from "./words";

/** Nothing is loaded, sent or run but the style and the script of the page itself, whatever the values in it say. */
const POLICY = [
  "default-src 'none'",
  `style-src '${digest(STYLE)}'`,
  `script-src '${digest(SCRIPT)}'`,
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** One self-contained page. The same stack gives the same text. */
export function page({ title, time, databases }: Stack): string {
  const counted = STATUSES.map((status) => ({
    status,
    count: databases.filter((database) => database.status === status).length,
  }));
  const present = counted.filter(({ count }) => count > 0);
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Database versions of ${title}</title>
<link rel="icon" href="data:,">
<style>${raw(STYLE)}</style>
</head>
<body>
<a class="skip" href="#databases">Skip to the databases</a>
<header>
<h1>Database versions of <bdi>${title}</bdi></h1>
<p class="quiet">${subtitle(databases)}${time === undefined ? undefined : html` State written ${timeElement(time)}.`}</p>
</header>
<main>
${totals(present, databases.length)}
<h2 id="databases">Databases</h2>
${filter(present.map(({ status }) => status))}
${overview(databases)}
<h2>Timeline of the last upgrades</h2>
${timeline(databases, parseTime(time))}
<h2>Details</h2>
${databases.map(details)}
</main>
<footer>
<h2>Statuses</h2>
<dl>${present.map(({ status }) => html`<dt><span class="badge is-${status}">${status}</span></dt><dd>${MEANING[status]}</dd>`)}</dl>
<p class="quiet">Written by pulumi-dbversion from a stack export. It shows what the last operation on the stack observed; <code>pulumi refresh</code> reads the databases again.</p>
</footer>
<script>${raw(SCRIPT)}</script>
</body>
</html>
`.text;
}

function subtitle(databases: readonly Database[]): string {
  const systems = new Map<string, number>();
  for (const { subject } of databases) systems.set(subject.system, (systems.get(subject.system) ?? 0) + 1);
  const parts = [...systems].sort().map(([system, count]) => `${count} of ${system}`);
  return `${verdictOf(databases)} ${countOf(databases.length, "database")}: ${parts.join(", ")}.`;
}

/** Statuses that somebody has to look into, and the words for them in the first sentence. */
const ATTENTION: readonly Status[] = ["failed", "behind", "newer", "unknown"];

function verdictOf(databases: readonly Database[]): string {
  const counts = ATTENTION.map(
    (status) => [databases.filter((database) => database.status === status).length, status] as const,
  );
  const present = counts.filter(([count]) => count > 0).map(([count, status]) => `${count} ${status}`);
  return present.length === 0 ? "No database needs attention." : `Needs attention: ${present.join(", ")}.`;
}

interface Count {
  readonly status: Status;
  readonly count: number;
}

function totals(counts: readonly Count[], all: number): Html {
  let left = 0;
  const shares = counts.map(({ status, count }) => {
    const share = html`<rect class="fill-${status}" x="${shareOf(left, all)}" width="${shareOf(count, all)}" height="8"></rect>`;
    left += count;
    return share;
  });
  return html`<h2>Totals by status</h2>
<ul class="totals">
${counts.map(
  ({
    status,
    count,
  }) => html`<li class="panel"><span class="figure">${count}</span> <span class="badge is-${status}">${status}</span></li>
`,
)}</ul>
<svg class="share" aria-hidden="true" height="8">${shares}</svg>`;
}

function shareOf(count: number, all: number): string {
  return `${Number(((count / all) * 100).toFixed(3))}%`;
}

/** Shown by the script alone. */
function filter(statuses: readonly Status[]): Html {
  return html`<search id="filter" class="panel" hidden>
<label for="words">Find</label>
<input type="search" id="words" autocomplete="off">
<fieldset><legend>Status</legend>${statuses.map((status) => html`<label><input type="checkbox" value="${status}"> ${status}</label>`)}</fieldset>
<button type="button" id="show-all">Show all</button>
<button type="button" id="open-all" aria-pressed="false">Open all details</button>
<output id="shown" class="quiet"></output>
</search>`;
}

function digest(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
