import { asUpgradeError, type UpgradeError } from "../../core/errors";
import type { Outcome, UpgradeRecord } from "../../core/outcome";
import { printable } from "../../core/vendor-text";
import type { Properties } from "./properties";
import type { Session } from "./session";
import { outputsOf } from "./state";
import { shortened, toWire, type Wire } from "./wire";

/** Maximum length of a vendor's text in the state. */
const LONGEST_STORED = 2_000;

export type Outputs = { [key: string]: Wire };

/**
 * The outputs after a run. A value that cannot be written must not prevent an accepted upgrade from being recorded.
 * @param more additional values for the state
 */
export function outputsAfter(
  session: Session,
  inputs: Properties,
  outcome: Outcome,
  before: Properties | undefined,
  more: Properties = {},
): Outputs {
  const { kind } = session;
  try {
    return toOutputs({ ...outputsOf(kind, inputs, storable(outcome, session), before), ...more });
  } catch (error) {
    warnOf(session, error);
    const { status, upgrade } = outcome;
    const bare = { status, ...(upgrade && { upgrade: withoutReason(upgrade) }) };
    return toOutputs({ ...outputsOf(kind, inputs, bare, before), ...more });
  }
}

/** A reason that could not be redacted is not stored. */
function withoutReason({ reason: _, ...upgrade }: UpgradeRecord): UpgradeRecord {
  return upgrade;
}

/** The warning is redacted too, which may be what has failed. */
function warnOf({ news }: Session, error: unknown): void {
  try {
    news.warn(`The current versions could not be written to the outputs: ${asUpgradeError(error).message}`);
  } catch {
    // The outputs are more important than the warning.
  }
}

export function shownReason({ redact, attribute }: Session, error: UpgradeError): string {
  try {
    return redact(attribute(error).text);
  } catch {
    return `The run failed. The reason is not shown, because secrets could not be removed from it. [${error.code}]`;
  }
}

function toOutputs(outputs: Record<string, unknown>): Outputs {
  return Object.fromEntries(
    Object.entries(outputs)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, toWire(value)]),
  );
}

/** A text in the form in which it is stored. */
export function storedText({ redact }: Pick<Session, "redact">, text: string): string {
  return printable(shortened(redact(text), LONGEST_STORED));
}

/** Redacts and shortens the vendor's texts about failures. */
function storable({ problems, upgrade, hold, ...outcome }: Outcome, session: Session): Outcome {
  const told = (text: string) => storedText(session, text);
  const reason = upgrade?.reason === undefined ? {} : { reason: told(upgrade.reason) };
  return {
    ...outcome,
    ...(hold === undefined ? {} : { hold: { ...hold, message: told(hold.message) } }),
    ...(problems === undefined ? {} : { problems: mapped(problems, told) }),
    ...(upgrade === undefined ? {} : { upgrade: { ...upgrade, ...reason } }),
  };
}

function mapped(texts: Readonly<Record<string, string>>, change: (text: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, change(text)]));
}
