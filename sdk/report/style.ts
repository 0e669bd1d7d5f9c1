import { STATUSES, type Status } from "./database";

/** Text and its background. Every pair has a contrast of at least 4.5 to 1 (WCAG 2.2, AA). */
export interface Ink {
  readonly text: string;
  readonly ground: string;
}

export interface Palette {
  /** The page and its panels. */
  readonly page: string;
  readonly panel: string;
  readonly text: string;
  readonly muted: string;
  readonly line: string;
  readonly link: string;
  readonly status: Readonly<Record<Status, Ink>>;
}

export const LIGHT: Palette = {
  page: "#f5f6f8",
  panel: "#ffffff",
  text: "#1b2330",
  muted: "#535d6b",
  line: "#d7dce3",
  link: "#1a56b0",
  status: {
    failed: { text: "#9b1c18", ground: "#fde8e6" },
    behind: { text: "#744600", ground: "#fcf0d4" },
    held: { text: "#0a5c5c", ground: "#dcf3f2" },
    upgrading: { text: "#0b577f", ground: "#def0fa" },
    deferred: { text: "#64398e", ground: "#f2e8fa" },
    unknown: { text: "#46505e", ground: "#e8ebef" },
    newer: { text: "#3a459f", ground: "#e7eafb" },
    current: { text: "#145f34", ground: "#e1f3e8" },
  },
};

export const DARK: Palette = {
  page: "#11151b",
  panel: "#191f27",
  text: "#e5e9ef",
  muted: "#a5afbc",
  line: "#323b47",
  link: "#86b4ff",
  status: {
    failed: { text: "#ff9f97", ground: "#431c1a" },
    behind: { text: "#f0c470", ground: "#39290b" },
    held: { text: "#7fd6d2", ground: "#0f3230" },
    upgrading: { text: "#80caf3", ground: "#0f2d3f" },
    deferred: { text: "#d2adf6", ground: "#322148" },
    unknown: { text: "#bac3ce", ground: "#2a323c" },
    newer: { text: "#aeb8ff", ground: "#22294f" },
    current: { text: "#82d8a6", ground: "#142d1e" },
  },
};

function variables({ status, ...plain }: Palette): string {
  const plains = Object.entries(plain).map(([name, colour]) => `--${name}:${colour};`);
  const statuses = STATUSES.map((name) => `--${name}:${status[name].text};--${name}-ground:${status[name].ground};`);
  return [...plains, ...statuses].join("");
}

const CLASSES = STATUSES.map(
  (name) => `.is-${name}{color:var(--${name});background:var(--${name}-ground)}
.fill-${name}{fill:var(--${name})}.stroke-${name}{stroke:var(--${name})}`,
).join("\n");

/** The style sheet of the page: no external fonts, images or style sheets. */
export const STYLE = `
:root{color-scheme:light dark;${variables(LIGHT)}}
@media (prefers-color-scheme:dark){:root{${variables(DARK)}}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:1rem/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}
header,main,footer{max-width:76rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2rem}
h1{font-size:1.6rem;line-height:1.25;margin:0;font-weight:650;letter-spacing:-.01em}
h2{font-size:1.15rem;margin:2.25rem 0 .75rem;font-weight:650}
h3{font-size:1rem;margin:0;font-weight:600;display:inline}
h4{font-size:.875rem;margin:1.1rem 0 .35rem;color:var(--muted);font-weight:600}
p{margin:.35rem 0}
a{color:var(--link);text-underline-offset:.15em}
:focus-visible{outline:2px solid var(--link);outline-offset:2px;border-radius:3px}
code,.version{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"Liberation Mono",monospace;font-size:.9em;unicode-bidi:isolate}
time,.figure{font-variant-numeric:tabular-nums;white-space:nowrap}
.quiet{color:var(--muted);font-size:.9rem}
.panel{background:var(--panel);border:1px solid var(--line);border-radius:8px}
.skip{position:absolute;left:-100vw}
.skip:focus{left:1rem;top:.5rem;background:var(--panel);padding:.25rem .75rem}
.badge{display:inline-block;padding:.05rem .55rem;border-radius:1rem;font-size:.85rem;font-weight:600;white-space:nowrap}
.badge.drift{color:var(--behind);background:none;border:1px solid currentColor}
${CLASSES}
.totals{list-style:none;display:grid;grid-template-columns:repeat(auto-fill,minmax(8rem,1fr));gap:.75rem;padding:0;margin:1.25rem 0 .75rem}
.totals li{padding:.6rem 1rem .7rem}
.totals .figure{display:block;font-size:1.7rem;line-height:1.2;font-weight:650}
.share{display:block;width:100%;height:8px;border-radius:4px;overflow:hidden}
search{display:flex;flex-wrap:wrap;gap:.5rem 1.25rem;align-items:center;padding:.75rem 1rem;margin-bottom:.75rem}
search[hidden]{display:none}
fieldset{border:0;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.25rem .9rem}
legend{float:left;padding:0;margin-right:.9rem;line-height:1.75rem}
input,button{font:inherit;color:inherit;accent-color:var(--link)}
input[type=search],button{background:var(--page);border:1px solid var(--muted);border-radius:5px;padding:.3rem .6rem;min-height:2.25rem}
input[type=search]{width:16rem;max-width:100%}
button{cursor:pointer}
label{display:inline-flex;gap:.35rem;align-items:center;min-height:1.75rem}
table{border-collapse:separate;border-spacing:0;width:100%}
caption{text-align:left;padding:.75rem 1rem 0}
th,td{text-align:left;vertical-align:top;padding:.6rem 1rem;border-top:1px solid var(--line)}
thead th{border-top:0;font-size:.85rem;color:var(--muted);font-weight:600}
tbody th{font-weight:600}
.below{display:block;font-weight:400}
details{margin:.5rem 0;scroll-margin-top:1rem}
summary{padding:.65rem 1rem;cursor:pointer}
summary .badge{margin-left:.5rem}
.inside{padding:0 1rem 1rem;scroll-margin-top:4rem}
.inside table{font-size:.95rem}
.inside th,.inside td{padding:.3rem .75rem .3rem 0}
dl{display:grid;grid-template-columns:minmax(7rem,max-content) 1fr;gap:.3rem 1.25rem;margin:.25rem 0}
dt{color:var(--muted)}
dd{margin:0}
dd ul,.notes{margin:0;padding-left:1.1rem}
.problem{color:var(--failed);font-size:.9rem}
.timeline{padding:1rem}
.timeline svg{display:block;width:100%;overflow:visible}
.timeline text{fill:var(--text);font-size:.8rem;stroke:var(--panel);stroke-width:4px;paint-order:stroke;stroke-linejoin:round}
.timeline .tick{fill:var(--muted);font-size:.75rem}
.timeline .grid{stroke:var(--line);stroke-width:1}
.timeline .cut{stroke:var(--muted);stroke-width:2;stroke-dasharray:6 4}
.timeline .bar{stroke-width:9;stroke-linecap:round}
.timeline .wait{stroke-width:2;stroke-dasharray:2 4}
footer{padding-top:1.5rem;padding-bottom:3rem}
tr[hidden],details[hidden]{display:none!important}
@media (max-width:46rem){
header,main,footer{padding-left:.9rem;padding-right:.9rem}
.overview thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.overview,.overview tbody{display:block}
.overview caption{display:block}
.overview tr{display:grid;grid-template-columns:1fr;padding:.6rem 1rem;border-top:1px solid var(--line)}
.overview th,.overview td{display:grid;grid-template-columns:6.5rem 1fr;gap:.5rem;padding:.15rem 0;border:0}
.overview tbody th{display:block;padding-bottom:.3rem}
.overview td::before{content:attr(data-label);color:var(--muted);font-size:.85rem}
.inside thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.inside table,.inside tbody,.inside tr,.inside th,.inside td{display:block}
.inside th,.inside td{border:0;padding:.1rem 0}
.inside tr{border-top:1px solid var(--line);padding:.35rem 0}
dl{grid-template-columns:1fr;gap:0}
dd{margin-bottom:.4rem}
}
@media (forced-colors:active){.badge{border:1px solid}}
@media print{body{background:none}search{display:none}details::details-content{content-visibility:visible;display:block;height:auto}.panel{break-inside:avoid}.overview{break-inside:auto}}
`;
