import type { LogLine } from "../../provider/frontend/resource/log";

/** What a write is for. */
export type WriteKind = "upgrade" | "operator" | "cancel";

/** The writes of a run. */
export interface Sent {
  readonly kinds: ReadonlySet<WriteKind>;
  /** The units that its upgrade requests named. */
  readonly units: ReadonlySet<string>;
}

/** The writes that a preview shows for the next `up`. */
export interface Preview {
  /** Those that the `up` sends if it succeeds and the database is still outdated. */
  readonly certain: ReadonlySet<WriteKind>;
  /** Those that it may send, including the certain ones. */
  readonly possible: ReadonlySet<WriteKind>;
  /** How many units the upgrade requests name; any number if some are blocked by a condition that may end. */
  readonly units: number;
  readonly lines: readonly string[];
}

/** The writes that a line of a preview stands for. The first text that matches the line decides. */
const LINES: readonly (readonly [line: RegExp, certain: readonly WriteKind[], possible: readonly WriteKind[]])[] = [
  [/cannot plan/, [], ["upgrade", "operator", "cancel"]],
  [/will cancel .*unless it has started/, [], ["cancel"]],
  [/will cancel (the )?scheduled/, ["cancel"], []],
  [/will (retry|roll back) /, ["operator"], []],
  [/then requests another upgrade/, [], ["upgrade"]],
  [/ → .* · held: /, [], []],
  // The condition may end, for example when a server has restarted.
  [/ → .* · blocked: |no request possible/, [], ["upgrade"]],
  [/ → .*, after canceling /, [], ["upgrade", "cancel"]],
  [/ → .*, after .* has ended/, [], ["upgrade"]],
  [/ → .*, /, ["upgrade"], []],
];

/** An upgrade comes first that may make all requests unnecessary. */
const WAITS = /^(joins running|no request is sent (for .* )?(while|before) the upgrade that an earlier run) /;

const UNITS = / → .*?(\d+) of \d+ instances in \d+ request/;

export function previewOf(log: readonly LogLine[]): Preview {
  const lines = log.filter(({ ephemeral }) => !ephemeral).map(({ message }) => message);
  const certain = new Set<WriteKind>();
  const possible = new Set<WriteKind>();
  for (const line of lines) {
    const [, surely = [], perhaps = []] = LINES.find(([text]) => text.test(line)) ?? [];
    for (const kind of surely) certain.add(kind);
    for (const kind of [...surely, ...perhaps]) possible.add(kind);
  }
  if (lines.some((line) => WAITS.test(line))) certain.clear();
  const blocked = log.some(({ severity }) => severity === "WARNING");
  return { certain, possible, units: blocked ? Number.POSITIVE_INFINITY : unitsIn(lines), lines };
}

function unitsIn(lines: readonly string[]): number {
  const counts = lines.flatMap((line) => UNITS.exec(line)?.[1] ?? []);
  return counts.length === 0 ? 1 : counts.reduce((sum, count) => sum + Number(count), 0);
}

/** Whether a run has sent only what the preview before it shows. @param rollsBack whether `onFailure` is "rollback" */
export function showsAll({ possible, units }: Preview, sent: Sent, rollsBack: boolean): boolean {
  // An upgrade that fails during the run is rolled back, if the arguments require that.
  const allowed = rollsBack ? new Set<WriteKind>([...possible, "operator"]) : possible;
  return sent.units.size <= units && [...sent.kinds].every((kind) => allowed.has(kind));
}

/** Whether a run has sent what the preview before it shows as certain. */
export function isKept({ certain }: Preview, { kinds }: Sent): boolean {
  return [...certain].every((kind) => kinds.has(kind));
}
