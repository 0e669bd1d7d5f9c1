import { counted } from "../../provider/base/sentences";
import { Unreachable, UpgradeError } from "../../provider/core/errors";
import { wrapped } from "./layout";

/**
 * The result of a check.
 * - `warning`: it works, but needs attention
 * - `unknown`: it could not be run
 * - `note`: no problem, or reads cannot determine it
 */
export type State = "ok" | "problem" | "warning" | "unknown" | "note";

/** One line of `doctor`. Plain data. */
export interface Line {
  readonly state: State;
  readonly name: string;
  readonly message: string;
  readonly remedy?: string;
}

export interface Section {
  readonly title: string;
  readonly lines: readonly Line[];
}

/** A check that failed. An unreachable server is unknown; everything else is a problem. @throws other than UpgradeError */
export function failed(name: string, error: unknown): Line {
  if (!(error instanceof UpgradeError) || error.code === "interrupted" || error.code === "unexpected") throw error;
  const unknown = error instanceof Unreachable || error.code === "deadline";
  const message = inWordsOfRead(`${unknown ? "could not be checked: " : ""}${error.message} [${error.code}]`);
  const remedy = error.remedy ? { remedy: inWordsOfRead(error.remedy) } : {};
  return { state: unknown ? "unknown" : "problem", name, message, ...remedy };
}

const SIGNS: Readonly<Record<State, string>> = { ok: "✓", problem: "✗", warning: "!", unknown: "–", note: "–" };

/** For a terminal and for an issue. */
export function sectionText({ title, lines }: Section): string {
  const rows = lines.map(({ state, name, message, remedy }) => {
    const text = wrapped(`${SIGNS[state]} ${name}: ${message}`, 4);
    return `  ${text}\n${remedy === undefined ? "" : `    → ${wrapped(remedy, 6)}\n`}`;
  });
  return `${title}\n${rows.join("")}`;
}

/** `2 problems, 1 warning, 1 check not run`; without problems `1 check not run, no problems in the others`. */
export function summary(sections: readonly Section[]): string {
  const counts = (state: State, noun: string) => {
    const count = countOf(sections, state);
    return count === 0 ? [] : [counted(count, noun)];
  };
  const problems = counts("problem", "problem");
  const warnings = counts("warning", "warning");
  const unknown = counts("unknown", "check").map((text) => `${text} not run`);
  if (problems.length > 0) return [...problems, ...warnings, ...unknown].join(", ");
  const none = unknown.length > 0 ? "no problems in the others" : "no problems";
  return [...unknown, none, ...warnings].join(", ");
}

/** 0: no problems, 1: problems, 2: something could not be checked. */
export function exitCode(sections: readonly Section[]): number {
  if (countOf(sections, "problem") > 0) return 1;
  return countOf(sections, "unknown") > 0 ? 2 : 0;
}

function countOf(sections: readonly Section[], state: State): number {
  return sections.flatMap(({ lines }) => lines).filter((line) => line.state === state).length;
}

/** A text about a failed read of a command: the command itself shows whether a remedy was successful. */
export function inWordsOfRead(text: string): string {
  return text.replaceAll("{apply}", "this command");
}

/** A text of a vendor about an upgrade, in a command that only reads: no run precedes it. */
export function inWordsOfCommand(text: string): string {
  return text.replaceAll("{apply} again", "{apply}");
}
