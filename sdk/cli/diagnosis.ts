import { PinError, Unreachable } from "../../provider/core/errors";
import { wrapped } from "./help";

/**
 * What a check came to.
 * - `unknown`: it could not be run
 * - `note`: nothing is wrong, or it is nothing that reads can tell
 */
export type State = "ok" | "problem" | "unknown" | "note";

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

/** A check that ended with an error. Silence tells nothing; everything else is a problem. @throws what is no PinError */
export function failed(name: string, error: unknown): Line {
  if (!(error instanceof PinError) || error.code === "interrupted" || error.code === "unexpected") throw error;
  const unknown = error instanceof Unreachable || error.code === "deadline";
  const message = `${unknown ? "could not be checked: " : ""}${error.message} [${error.code}]`;
  return { state: unknown ? "unknown" : "problem", name, message, ...(error.remedy ? { remedy: error.remedy } : {}) };
}

const SIGNS: Readonly<Record<State, string>> = { ok: "✓", problem: "✗", unknown: "–", note: "–" };

/** Fit for a terminal and for an issue. */
export function sectionText({ title, lines }: Section): string {
  const rows = lines.map(({ state, name, message, remedy }) => {
    const text = wrapped(`${SIGNS[state]} ${name}: ${message}`, 4);
    return `  ${text}\n${remedy === undefined ? "" : `    → ${wrapped(remedy, 6)}\n`}`;
  });
  return `${title}\n${rows.join("")}`;
}

/** `2 problems, 1 check not run` */
export function summary(sections: readonly Section[]): string {
  const [problems, unknown] = [countOf(sections, "problem"), countOf(sections, "unknown")];
  const found = problems === 0 ? "no problems" : `${problems} problem${problems === 1 ? "" : "s"}`;
  return `${found}${unknown === 0 ? "" : `, ${unknown} check${unknown === 1 ? "" : "s"} not run`}`;
}

/** 0 fine, 1 problems, 2 something could not be checked. */
export function exitCode(sections: readonly Section[]): number {
  if (countOf(sections, "problem") > 0) return 1;
  return countOf(sections, "unknown") > 0 ? 2 : 0;
}

function countOf(sections: readonly Section[], state: State): number {
  return sections.flatMap(({ lines }) => lines).filter((line) => line.state === state).length;
}
