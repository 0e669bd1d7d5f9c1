import type { PinError } from "../../core/errors";

/** A failure of an operation, in words for people. The state stays as it was. */
export class Failure extends Error {
  override readonly name = "Failure";
}

/** One text for people: what happened, what to do, and the code to search for. */
export function textOf(error: PinError): string {
  return `${error.sentence} [${error.code}]`;
}
