import { sentences } from "../base/sentences";
import type { Task } from "./task";

/**
 * Everything that can end a run, as data: the code is stable and searchable, the message one sentence that names the
 * database, what was attempted and what was answered, the remedy what a person does next.
 */
export type ErrorCode =
  | "unreachable" // nobody answered, or nobody who could know
  | "unauthorized" // the vendor refused the credentials
  | "not-the-vendor" // something else answers at the endpoint
  | "refused" // the vendor refused the upgrade call
  | "blocked" // something that has to be put right before an upgrade can start
  | "held" // an upgrade is needed and must not begin now, and onHeld is "fail"
  | "newer" // what runs is newer than the target version, and onNewer is "fail"
  | "upgrade-failed" // the vendor's task ended in failure
  | "rolled-back" // the vendor's task ended, but by undoing the upgrade
  | "not-upgraded" // the vendor's task succeeded, and the versions are still not what was pinned
  | "unconfirmed" // the reply to the upgrade call was lost and no upgrade appeared
  | "vanished" // the task is no longer known to the vendor
  | "interrupted" // ^C
  | "deadline" // customTimeouts
  | "engine-gone" // the Pulumi engine died
  | "unexpected"; // a fault of this tool

export interface ErrorOptions {
  /** What a person does next, as a sentence. What the front end has its own word for stands in braces: `Run {apply} again.` */
  readonly remedy?: string;
  readonly cause?: unknown;
}

/** The base of every error that is meant for people. */
export class UpgradeError extends Error {
  override readonly name: string = "UpgradeError";
  readonly code: ErrorCode;
  readonly remedy: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
  }

  /** Message and remedy as one text. */
  get sentence(): string {
    return sentences(this.message, this.remedy);
  }

  /** All of it, with the code to search for. */
  get text(): string {
    return `${this.sentence} [${this.code}]`;
  }
}

/**
 * Nobody answered, or nobody who could know: waited on within a budget, never taken for an answer.
 * - `sent`: whether the request may have reached the vendor. False only when it certainly did not.
 * - `heard`: whether the vendor itself answered (for instance "my database cannot be reached just now").
 * - `task`: what an upgrade call has started, if it arrived, where the caller gives that its id.
 */
export class Unreachable extends UpgradeError {
  override readonly name = "Unreachable";
  readonly sent: boolean;
  readonly heard: boolean;
  readonly task: Task | undefined;

  constructor(message: string, options: ErrorOptions & { sent: boolean; heard: boolean; task?: Task }) {
    super("unreachable", message, options);
    this.sent = options.sent;
    this.heard = options.heard;
    this.task = options.task;
  }
}

/**
 * The vendor rejected credentials. The front end knows where each of them comes from, and adds that.
 * - `verdict`: `The agent at http://10.0.0.1:2886 rejected the credentials`
 * - `said`: the vendor's reason, as the end of a sentence
 * - `credentials`: the arguments that were rejected, also where they were not given
 */
export class Rejected extends UpgradeError {
  override readonly name = "Rejected";
  readonly verdict: string;
  readonly said: string;
  readonly credentials: readonly string[];

  constructor(verdict: string, options: ErrorOptions & { said: string; credentials: readonly string[] }) {
    super("unauthorized", `${verdict}: ${options.said}.`, options);
    this.verdict = verdict;
    this.said = options.said;
    this.credentials = options.credentials;
  }
}

/** What is managed is not there. */
export class Missing extends UpgradeError {
  override readonly name = "Missing";
  /** Whether the vendor itself has said so, to valid credentials, in more than one way: it does not exist. */
  readonly certain: boolean;

  constructor(message: string, options: ErrorOptions & { certain: boolean }) {
    super("blocked", message, options);
    this.certain = options.certain;
  }
}

/**
 * What comes before a write: reads, credentials, composing it. When that fails, whatever is thrown, nothing of the write was
 * sent.
 */
export async function beforeSending<T>(prepare: () => T | Promise<T>): Promise<T> {
  try {
    return await prepare();
  } catch (error) {
    if (!(error instanceof Unreachable)) throw asUpgradeError(error);
    throw new Unreachable(error.message, { sent: false, heard: error.heard, cause: error });
  }
}

/**
 * A write. An UpgradeError states what became of it; after any other exception nobody knows whether the vendor received it.
 * @throws Unreachable with `sent` in place of an exception that is no UpgradeError
 */
export async function sending<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof UpgradeError) throw error;
    throw new Unreachable(asUpgradeError(error).message, { sent: true, heard: false, cause: error });
  }
}

/**
 * What a refused upgrade call leaves to do after the look at the vendor that follows every refusal.
 * - `busy`: something else runs; wait for it as long as the deadline allows.
 * - `soon`: the server was not ready; a few more tries.
 * - `final`: the same call would be refused again.
 */
export type RefusalKind = "busy" | "soon" | "final";

/** The vendor answered that it did not start the upgrade. */
export class Refused extends UpgradeError {
  override readonly name = "Refused";
  readonly refusal: RefusalKind;
  /** Whether the vendor has not read the request: then the refusal says nothing about what the request names. */
  readonly unread: boolean;
  /** The vendor's own code, where it gave one. */
  readonly vendorCode: string | undefined;

  constructor(
    message: string,
    options: ErrorOptions & { refusal: RefusalKind; unread?: boolean; vendorCode?: string | undefined },
  ) {
    super("refused", message, options);
    this.vendorCode = options.vendorCode;
    this.refusal = options.refusal;
    this.unread = options.unread ?? false;
  }
}

/**
 * A read whose answer is only advice: what keeps the vendor from giving it is no matter. A fault of this tool is.
 * @returns undefined when it is not there, or nobody could tell
 */
export async function ifAnswered<T>(read: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof UpgradeError) return undefined;
    throw error;
  }
}

/** Whether nothing was done, and the same may be done a little later, or by another of the vendor's servers. */
export function notYet(error: unknown): error is Refused | Unreachable {
  return error instanceof Refused ? error.refusal === "soon" : error instanceof Unreachable && !error.sent;
}

/** Whatever was thrown, as an error for people. */
export function asUpgradeError(thrown: unknown): UpgradeError {
  if (thrown instanceof UpgradeError) return thrown;
  return new UpgradeError("unexpected", messageOf(thrown), { cause: thrown });
}

/** Anything can be thrown, also what has no text. */
function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "something without a message was thrown";
  }
}
