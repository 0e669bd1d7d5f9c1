import { isTable } from "../../provider/base/json";
import { parseTime } from "./format";
import { listOf, member, textOf } from "./stack-export";

/** The change control data of a resource in the state. All texts are unescaped. */
export interface Control {
  readonly hold: Hold | undefined;
  /** Windows, blackouts, freeze and backup rule of the program: label and lines. */
  readonly rules: readonly (readonly [label: string, lines: readonly string[]])[];
  readonly approvals: readonly Approved[];
}

export interface Hold {
  readonly message: string;
  readonly until: string | undefined;
  /** Milliseconds since 1970. */
  readonly ends: number | undefined;
}

export interface Approved {
  readonly unit: string;
  readonly how: string;
  readonly by: string;
  readonly at: string;
}

const LONGEST = 1_000;

/**
 * @param inputs of the resource: changed rules alone cause no update, so the outputs may have older ones
 * @param urn of the resource: the key of its approvals
 */
export function controlOf(outputs: unknown, inputs: unknown, urn: string): Control {
  const backup = member(inputs, "backup");
  const [maxAge, waive] = [textOf(member(backup, "maxAge")), textOf(member(backup, "waive"), LONGEST)];
  const rules = [
    ["Windows", listOf(member(inputs, "windows")).flatMap(windowText)],
    ["Blackouts", listOf(member(inputs, "blackouts")).flatMap(blackoutText)],
    ["Freeze", [textOf(member(inputs, "freeze"), LONGEST)].filter((sentence) => sentence !== undefined)],
    ["Backup", maxAge === undefined ? [] : [`at most ${maxAge} old${waive === undefined ? "" : `; waived: ${waive}`}`]],
  ] as const;
  return {
    hold: holdOf(member(outputs, "heldBy")),
    rules: rules.filter(([, lines]) => lines.length > 0),
    approvals: approvalsOf(member(member(member(inputs, "approval"), "approvals"), urn)),
  };
}

function holdOf(value: unknown): Hold | undefined {
  const message = textOf(member(value, "message"), LONGEST);
  if (message === undefined) return undefined;
  const until = textOf(member(value, "until"), 40);
  return { message, until, ends: parseTime(until) };
}

/** `sat, sun 02:00 to 06:00, last start 05:00 (Asia/Shanghai)` */
function windowText(window: unknown): string[] {
  const [from, to, zone] = ["from", "to", "timeZone"].map((name) => textOf(member(window, name), 40));
  if (from === undefined || to === undefined || zone === undefined) return [];
  const days = listOf(member(window, "days")).flatMap((day) => textOf(day, 10) ?? []);
  const last = textOf(member(window, "lastStart"), 10);
  const begins = days.length === 0 ? "every day" : days.join(", ");
  return [`${begins} ${from} to ${to}${last === undefined ? "" : `, last start ${last}`} (${zone})`];
}

function blackoutText(blackout: unknown): string[] {
  const [from, to, reason] = ["from", "to", "reason"].map((name) => textOf(member(blackout, name), LONGEST));
  if (from === undefined || to === undefined) return [];
  return [`${from} to ${to} (${textOf(member(blackout, "timeZone"), 40) ?? "UTC"}): ${reason ?? "no reason given"}`];
}

function approvalsOf(units: unknown): Approved[] {
  if (!isTable(units)) return [];
  return Object.entries(units).flatMap(([unit, approval]) => {
    const [how, by, at] = ["how", "approvedBy", "approvedAt"].map((name) => textOf(member(approval, name), LONGEST));
    return how === undefined || by === undefined || at === undefined ? [] : [{ unit: textOf(unit) ?? "", how, by, at }];
  });
}
