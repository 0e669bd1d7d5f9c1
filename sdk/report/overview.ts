import type { Database, Upgrade } from "./database";
import { countOf, courseOf, cut, shortRouteOf, targetTexts, timeElement } from "./format";
import { type Html, html } from "./html";

const COLUMNS = { database: "Target", runs: "Current", status: "Status", upgrade: "Last upgrade" } as const;

/** The table of all databases. On a phone every row becomes a block with the column's name before each value. */
export function overview(databases: readonly Database[]): Html {
  return html`<table class="panel overview">
<caption class="quiet">Databases that need attention come first.</caption>
<thead><tr><th scope="col">Database</th>${Object.values(COLUMNS).map((label) => html`<th scope="col">${label}</th>`)}</tr></thead>
<tbody>
${databases.map(row)}</tbody>
</table>`;
}

function row(database: Database, index: number): Html {
  const { name, subject, status } = database;
  return html`<tr data-index="${index + 1}" data-status="${status}" data-find="${findText(database)}">
<th scope="row"><a href="#database-${index + 1}"><bdi>${name}</bdi></a><span class="below quiet">${subject.system} ${subject.title}</span></th>
<td data-label="${COLUMNS.database}">${target(database)}</td>
<td data-label="${COLUMNS.runs}"><span>${runs(database)}</span></td>
<td data-label="${COLUMNS.status}"><span>${badges(database)}${held(database)}</span></td>
<td data-label="${COLUMNS.upgrade}"><span>${database.upgrade === undefined ? html`<span class="quiet">none</span>` : upgradeCell(database.upgrade)}${failure(database)}</span></td>
</tr>
`;
}

/** The text that the filter searches. */
function findText(database: Database): string {
  const { name, subject, status, current = "" } = database;
  const where = database.places.flatMap(([, values]) => values);
  const targets = targetTexts(database).join(", ");
  return [name, subject.system, subject.title, status, current, targets, ...where].join(" ");
}

function target(database: Database): Html {
  const text = targetTexts(database).join(", ");
  return text === "" ? html`<span class="quiet">unknown</span>` : html`<span class="version">${text}</span>`;
}

export function badges({ status, drifted }: Database): Html {
  const drift = drifted ? html` <span class="badge drift">drift</span>` : undefined;
  return html`<span class="badge is-${status}">${status}</span>${drift}`;
}

function held({ control: { hold } }: Database): Html | undefined {
  return hold && html`<span class="below quiet">${hold.message}</span>`;
}

/** More are only counted. */
const MOST_NAMED = 8;

function runs({ current, members, subject }: Database): Html {
  if (current === undefined && members.length === 0) return html`<span class="quiet">not observed</span>`;
  const count = countOf(members.length, subject.member);
  if (current === undefined) {
    const named = members.map(({ name, version = "not observed" }) => `${name} ${version}`).join(", ");
    return html`<span class="version">${members.length > MOST_NAMED ? count : named}</span>`;
  }
  const mixed = new Set(members.map(({ version }) => version)).size > 1;
  const below =
    members.length < 2 ? undefined : html`<span class="below quiet">${mixed ? "lowest of " : ""}${count}</span>`;
  return html`<span class="version">${current}</span>${below}`;
}

function upgradeCell(upgrade: Upgrade): Html {
  const time = upgrade.finishedAt ?? upgrade.startedAt;
  return html`<span class="version">${shortRouteOf(upgrade)}</span><span class="below quiet">${courseOf(upgrade)}${time === undefined ? undefined : html`, ${timeElement(time)}`}</span>`;
}

/** Longer reasons are in the details. */
const LONGEST_REASON = 160;

/** Why the last upgrade failed: the vendor's reason, that of the first member that has one, or the message of the run. */
function failure({ status, upgrade, members, notes }: Database): Html | undefined {
  if (status !== "failed") return undefined;
  const [problem] = members.flatMap((member) => member.problem ?? []);
  const [reason] = [upgrade?.reason, problem, ...notes].filter((text) => text !== undefined);
  return reason === undefined ? undefined : html`<span class="below problem">${cut(reason, LONGEST_REASON)}</span>`;
}
