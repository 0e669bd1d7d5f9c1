import { isTable } from "../../provider/base/json";
import { parseTime, type Status } from "./format";
import { textOf } from "./stack-export";

/** The last upgrade of a database in the state. Times in milliseconds since 1970. */
export interface Upgrade {
  readonly task: string;
  readonly kind: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly state: string;
  readonly startedAt: string | undefined;
  readonly finishedAt: string | undefined;
  readonly started: number | undefined;
  readonly finished: number | undefined;
  /** Found running, not started by the database. */
  readonly joined: boolean;
  /** Why it failed, as the vendor reports it. */
  readonly reason: string | undefined;
  readonly window: { readonly opens: string; readonly closes: string } | undefined;
}

const LONGEST_REASON = 4_000;

/** The color of an upgrade's state: that of the corresponding status. */
const COLOR_OF: Readonly<Record<string, Status>> = {
  running: "upgrading",
  deferred: "deferred",
  succeeded: "current",
  failed: "failed",
  "rolled-back": "failed",
};

export function colorOf({ state }: Upgrade): Status {
  return Object.hasOwn(COLOR_OF, state) ? (COLOR_OF[state] ?? "unknown") : "unknown";
}

export function upgradeOf(value: unknown): Upgrade | undefined {
  if (!isTable(value)) return undefined;
  const startedAt = textOf(value["startedAt"], 40);
  const finishedAt = textOf(value["finishedAt"], 40);
  return {
    task: textOf(value["task"]) ?? "unknown",
    kind: textOf(value["kind"]) ?? "upgrade",
    from: textOf(value["from"]),
    to: textOf(value["to"]),
    state: textOf(value["state"], 40) ?? "unknown",
    startedAt,
    finishedAt,
    started: parseTime(startedAt),
    finished: parseTime(finishedAt),
    joined: value["joined"] === true,
    reason: textOf(value["reason"], LONGEST_REASON),
    window: windowOf(value["window"]),
  };
}

/** Milliseconds from start to end; undefined while it has none, and for impossible times. */
export function durationOf({ started, finished }: Upgrade): number | undefined {
  if (started === undefined || finished === undefined || finished < started) return undefined;
  return finished - started;
}

function windowOf(value: unknown): Upgrade["window"] {
  if (!isTable(value)) return undefined;
  const [opens, closes] = [textOf(value["opens"], 40), textOf(value["closes"], 40)];
  return opens === undefined || closes === undefined ? undefined : { opens, closes };
}
