import type { PinError } from "../../core/errors";
import { fitPartialFailure, shortened, type Wire } from "./wire";

/**
 * An error that leaves nothing behind: the state stays as it was. Its stack is its message, because Pulumi prints stacks
 * of failed checks and reads on the stack's row.
 */
export function plainFailure(message: string): Error {
  const bounded = shortened(message, LONGEST_MESSAGE);
  const error = new Error(bounded);
  error.stack = bounded;
  return error;
}

/** A message travels percent-encoded in an HTTP/2 header: up to nine bytes a character, of 64 KiB. */
const LONGEST_MESSAGE = 4_000;

/** An error whose properties Pulumi saves, so that the next `up` goes on from there. Only `reasons` are shown. */
export interface PartialFailure extends Error {
  readonly id: string;
  readonly properties: Record<string, Wire>;
  readonly reasons: string[];
}

export function partialFailure(id: string, properties: Record<string, unknown>, reason: string): PartialFailure {
  // The engine discards the message of a partial failure, so it need not take up room beside the reasons.
  return Object.assign(plainFailure("see the reasons"), { id, ...fitPartialFailure(properties, [reason]) });
}

/** One text for people: what happened, what to do, and the code to search for. */
export function textOf(error: PinError): string {
  return `${error.sentence} [${error.code}]`;
}
