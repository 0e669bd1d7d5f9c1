import { counted } from "../../provider/base/sentences";
import { type Database, durationOf, type Status } from "./database";
import { courseOf, cut, minuteOf, shortRouteOf } from "./format";
import { type Html, html } from "./html";
import { anchorAt, type Scale, scaleOf } from "./scale";
import { parseTime } from "./stack-export";

/** Height of a row and of the axis below, in pixels. */
const ROW = 38;
const AXIS = 26;
/** The maximum number of rows. */
const MOST = 60;
const LONGEST_NAME = 28;

/** The color of an upgrade, by its state: that of the corresponding status. */
const TONES: ReadonlyMap<string, Status> = new Map([
  ["running", "upgrading"],
  ["deferred", "deferred"],
  ["succeeded", "current"],
  ["failed", "failed"],
  ["rolled-back", "failed"],
]);

interface Bar {
  readonly name: string;
  readonly tone: Status;
  /** Beside the name. */
  readonly course: string;
  /** The tooltip. */
  readonly words: readonly string[];
  readonly from: number;
  readonly to: number;
  /** The maintenance window. */
  readonly window: readonly [opens: number, closes: number] | undefined;
}

/**
 * The last upgrades of all databases over time, the newest first: one SVG whose rows keep their text size at any width.
 * @param written when the state was written: bars of running upgrades end there
 */
export function timeline(databases: readonly Database[], written: number | undefined): Html {
  const all = databases
    .flatMap((database) => [...holdBar(database, written), ...barOf(database, written)])
    .sort((a, b) => b.from - a.from);
  if (all.length === 0) return html`<p class="quiet">The state records no upgrade with a time.</p>`;
  const bars = all.slice(0, MOST);
  const scale = scaleOf(
    bars.flatMap(({ from, to, window = [] }) => [from, to, ...window]),
    bars.flatMap(({ from, to, window }) => [[from, to] as const, ...(window === undefined ? [] : [window])]),
  );
  const height = bars.length * ROW;
  const left = all.length - bars.length;
  return html`<div class="panel timeline">
<svg role="img" aria-labelledby="timeline-title timeline-text" height="${height + AXIS}">
<title id="timeline-title">Last upgrades and holds over time</title>
<desc id="timeline-text">${bars.length} upgrades and holds from ${minuteOf(bars.at(-1)?.from ?? 0)} to ${minuteOf(bars[0]?.from ?? 0)} UTC, the newest first. The table of databases has the same as text.</desc>
${axis(scale, height)}
${bars.map((bar, index) => row(bar, index * ROW, scale))}
</svg>
</div>
<p class="quiet">Times are UTC.${scale.cut === undefined ? "" : " The dashed line marks a long period without upgrades that is omitted."}${left === 0 ? "" : ` The newest ${counted(bars.length, "upgrade")}; ${counted(left, "older one is", "older ones are")} in the table.`}</p>`;
}

function barOf(database: Database, written = 0): Bar[] {
  const { upgrade } = database;
  if (upgrade?.started === undefined) return [];
  const [opens, closes] = [parseTime(upgrade.window?.opens), parseTime(upgrade.window?.closes)];
  const window = opens === undefined || closes === undefined || closes < opens ? undefined : ([opens, closes] as const);
  const from = upgrade.started;
  const to = upgrade.state === "running" ? Math.max(from, written) : from + (durationOf(upgrade) ?? 0);
  const tone = TONES.get(upgrade.state) ?? "unknown";
  const course = courseOf(upgrade);
  return [{ name: database.name, tone, course, words: [shortRouteOf(upgrade), course], from, to, window }];
}

/** From now until an upgrade may begin. */
function holdBar({ name, control: { hold } }: Database, written: number | undefined): Bar[] {
  if (hold?.ends === undefined || written === undefined || hold.ends < written) return [];
  const course = `held until ${minuteOf(hold.ends)}`;
  const window = [hold.ends, hold.ends] as const;
  return [{ name, tone: "held", course, words: [hold.message], from: written, to: written, window }];
}

function axis({ at, ticks, cut }: Scale, height: number): Html[] {
  const left =
    cut === undefined
      ? []
      : [html`<line class="cut" x1="${percent(cut)}" x2="${percent(cut)}" y1="0" y2="${height}"></line>`];
  const marks = ticks.map(({ time, label }) => {
    const x = percent(at(time));
    return html`<line class="grid" x1="${x}" x2="${x}" y1="0" y2="${height}"></line>
<text class="tick" x="${x}" y="${height + 18}" text-anchor="${anchorAt(at(time))}">${label}</text>
`;
  });
  return [...left, ...marks];
}

function row({ name, tone, course, words, from, to, window }: Bar, top: number, { at }: Scale): Html {
  const y = top + 27;
  const line = (kind: string, start: number, end: number) =>
    html`<line class="${kind} stroke-${tone}" x1="${percent(at(start))}" x2="${percent(at(end))}" y1="${y}" y2="${y}"></line>`;
  return html`<g>
<title>${name}: ${words.join(", ")}</title>
${line("bar", from, to)}${window === undefined ? undefined : [line("wait", from, window[0]), line("bar", ...window)]}
<text x="0" y="${top + 15}">${cut(name, LONGEST_NAME)} <tspan class="tick">${course}</tspan></text>
</g>`;
}

function percent(value: number): string {
  return `${Number(value.toFixed(3))}%`;
}
