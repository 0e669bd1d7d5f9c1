import { type Control, type Database, durationOf, type Member, type Upgrade } from "./database";
import { courseOf, routeOf, targetTexts, timeElement } from "./format";
import { type Html, html } from "./html";
import { badges } from "./overview";

/** All data of the state about one database, collapsed. */
export function details(database: Database, index: number): Html {
  const { name, subject, notes, members, upgrade } = database;
  const failing = members.filter(({ problem }) => problem !== undefined).length;
  return html`<details class="panel" id="details-${index + 1}">
<summary><h3><bdi>${name}</bdi></h3> ${badges(database)} <span class="quiet">${subject.system} ${subject.title}${failing === 0 ? "" : `, ${failing} with problems`}</span></summary>
<div class="inside" id="database-${index + 1}">
${facts(database)}
${notes.length === 0 ? undefined : html`<h4>Last operation</h4><ul class="notes problem">${notes.map((note) => html`<li>${note}</li>`)}</ul>`}
${members.length === 0 ? undefined : memberTable(database)}
<h4>Last upgrade</h4>
${upgrade === undefined ? html`<p class="quiet">The state records no upgrade.</p>` : upgradeFacts(upgrade)}
</div>
</details>
`;
}

function facts(database: Database): Html {
  const { release, current, drifted, places, members, urn, control } = database;
  const wanted = targetTexts(database);
  // Instances that are listed as members need not be listed twice.
  const shown = new Set(members.map(({ name }) => name));
  const elsewhere = places.filter(([, values]) => !values.every((value) => shown.has(value)));
  return html`<dl>
${controlFacts(control)}
${fact("Target", wanted.length === 0 ? html`unknown` : valueList(wanted))}
${release === undefined ? undefined : fact("Release", valueList([release]))}
${current === undefined ? undefined : fact("Current", valueList([current]))}
${drifted ? fact("Drift", html`A refresh observed a version other than the target; the next <code>pulumi up</code> acts on it.`) : undefined}
${elsewhere.map(([label, values]) => fact(label, valueList(values)))}
${fact("URN", valueList([urn]))}
</dl>`;
}

function controlFacts({ hold, rules, approvals }: Control): readonly (Html | undefined)[] {
  const until = hold?.until === undefined ? undefined : html`, until ${timeElement(hold.until)}`;
  const approved = approvals.map(
    ({ unit, how, by, at }) => html`<li><code>${unit}</code> ${how}: ${by}, ${timeElement(at)}</li>`,
  );
  return [
    hold && fact("Held", html`${hold.message}${until}`),
    ...rules.map(([label, lines]) => fact(label, html`<ul>${lines.map((line) => html`<li>${line}</li>`)}</ul>`)),
    approved.length === 0 ? undefined : fact("Approved", html`<ul>${approved}</ul>`),
  ];
}

function fact(label: string, value: Html): Html {
  return html`<dt>${label}</dt><dd>${value}</dd>
`;
}

function valueList([first, ...rest]: readonly string[]): Html {
  if (rest.length === 0) return html`<code>${first}</code>`;
  return html`<ul>${[first, ...rest].map((value) => html`<li><code>${value}</code></li>`)}</ul>`;
}

function memberTable({ subject, members, database }: Database): Html {
  const wanted = new Map(
    database.flatMap(({ name, version }) => (name === undefined ? [] : [[name.toLowerCase(), version]])),
  );
  const problems = members.some(({ problem }) => problem !== undefined);
  const heads = [subject.member, "Current", ...(wanted.size > 0 ? ["Target"] : []), ...(problems ? ["Problem"] : [])];
  const row = ({ name, version, problem }: Member) => html`<tr><th scope="row"><code>${name}</code></th>
<td>${version === undefined ? html`<span class="quiet">not observed</span>` : html`<span class="version">${version}</span>`}</td>${
    wanted.size > 0
      ? html`<td><span class="version">${wanted.get(name.toLowerCase()) ?? "none"}</span></td>`
      : undefined
  }${problems ? html`<td class="problem">${problem}</td>` : undefined}</tr>
`;
  return html`<h4>${subject.member}s</h4>
<table><thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>
${members.map(row)}</tbody></table>`;
}

function upgradeFacts(upgrade: Upgrade): Html {
  const { task, kind, startedAt, finishedAt, window, joined, reason } = upgrade;
  const unfinished = finishedAt === undefined && durationOf(upgrade) === undefined;
  return html`<dl>
${fact("Versions", html`<span class="version">${routeOf(upgrade)}</span>`)}
${fact("State", html`${courseOf(upgrade)}`)}
${reason === undefined ? undefined : fact("Reason", html`<span class="problem">${reason}</span>`)}
${startedAt === undefined ? undefined : fact("Started", timeElement(startedAt))}
${unfinished ? undefined : fact("Finished", timeElement(finishedAt ?? ""))}
${window === undefined ? undefined : fact("Window", html`${timeElement(window.opens)} to ${timeElement(window.closes)}`)}
${fact("Task", html`<code>${task}</code> (${kind})${joined ? "; joined, not started by this resource" : ""}`)}
</dl>`;
}
