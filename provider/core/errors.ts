import { sentences } from "../base/sentences";
import type { Task } from "./task";

/**
 * Every error that can end a run, as data. The code is stable and searchable. The message is one sentence: the
 * database, the operation and the vendor's response. The remedy is an instruction for the user.
 */
export type ErrorCode =
  | "unreachable" // no response, or none from a server that knows the state
  | "unauthorized" // the vendor rejected the credentials
  | "not-the-vendor" // another service responds at the endpoint
  | "refused" // the vendor rejected the upgrade request
  | "blocked" // a prerequisite of the upgrade is not met
  | "held" // an upgrade is needed and must not begin now, and onHeld is "fail"
  | "newer" // the current version is newer than the target version, and onNewer is "fail"
  | "upgrade-failed" // the vendor's task failed
  | "rolled-back" // the vendor's task rolled the upgrade back
  | "not-upgraded" // the vendor's task succeeded, but the target version was not reached
  | "unconfirmed" // the response to the upgrade request was lost and no upgrade appeared
  | "vanished" // the vendor no longer knows the task
  | "interrupted" // ^C
  | "deadline" // customTimeouts
  | "engine-gone" // the Pulumi engine died
  | "unexpected"; // a bug in this tool

export interface ErrorOptions {
  /** An instruction for the user, as a sentence. Terms of the front end are in braces: `Run {apply} again.` */
  readonly remedy?: string | undefined;
  readonly cause?: unknown;
}

/** The base class of every error that is shown to users. */
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

  /** Message, remedy and code. */
  get text(): string {
    return `${this.sentence} [${this.code}]`;
  }
}

/**
 * No response, or none from a server that knows the state. Retried within a budget, never treated as a response.
 * - `sent`: whether the request may have reached the vendor. False only when it certainly did not.
 * - `responded`: whether the vendor itself responded (for instance "my database cannot be reached just now").
 * - `task`: the task that an upgrade request has started, if it arrived and the caller chooses the id.
 */
export class Unreachable extends UpgradeError {
  override readonly name = "Unreachable";
  readonly sent: boolean;
  readonly responded: boolean;
  readonly task: Task | undefined;

  constructor(message: string, options: ErrorOptions & { sent: boolean; responded: boolean; task?: Task }) {
    super("unreachable", message, options);
    this.sent = options.sent;
    this.responded = options.responded;
    this.task = options.task;
  }
}

/**
 * The vendor rejected credentials. The front end adds their source.
 * - `verdict`: `The agent at http://10.0.0.1:2886 rejected the credentials`
 * - `reason`: the vendor's reason, as the end of a sentence
 * - `credentials`: the arguments that were rejected, including missing ones
 */
export class Rejected extends UpgradeError {
  override readonly name = "Rejected";
  readonly verdict: string;
  readonly reason: string;
  readonly credentials: readonly string[];

  constructor(verdict: string, options: ErrorOptions & { reason: string; credentials: readonly string[] }) {
    super("unauthorized", `${verdict}: ${options.reason}.`, options);
    this.verdict = verdict;
    this.reason = options.reason;
    this.credentials = options.credentials;
  }
}

/** The managed database does not exist. */
export class Missing extends UpgradeError {
  override readonly name = "Missing";
  /** Whether the vendor itself has confirmed this, with valid credentials, in more than one way. */
  readonly certain: boolean;

  constructor(message: string, options: ErrorOptions & { certain: boolean }) {
    super("blocked", message, options);
    this.certain = options.certain;
  }
}

/** The steps before a write: reads, credentials, composing it. If they fail, the write was not sent. */
export async function beforeSending<T>(prepare: () => T | Promise<T>): Promise<T> {
  try {
    return await prepare();
  } catch (error) {
    if (!(error instanceof Unreachable)) throw asUpgradeError(error);
    throw new Unreachable(error.message, { sent: false, responded: error.responded, cause: error });
  }
}

/**
 * A write. An UpgradeError states its result; after any other exception it is unknown whether the vendor received it.
 * @throws Unreachable with `sent` in place of an exception that is not an UpgradeError
 */
export async function sending<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (error instanceof UpgradeError) throw error;
    throw new Unreachable(asUpgradeError(error).message, { sent: true, responded: false, cause: error });
  }
}

/**
 * What to do about a rejected upgrade request, after the read that follows every rejection.
 * - `busy`: another operation is in progress; wait for it until the deadline.
 * - `soon`: the server was not ready; retry a few times.
 * - `final`: the same request would be rejected again.
 */
export type RefusalKind = "busy" | "soon" | "final";

/** The vendor rejected the upgrade request and started nothing. */
export class Refused extends UpgradeError {
  override readonly name = "Refused";
  readonly refusal: RefusalKind;
  /** Whether the vendor did not read the request: then the rejection is not attributed to its units. */
  readonly unread: boolean;
  /** The vendor's own code, if it gave one. */
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
 * A read whose result is optional: vendor errors are ignored, bugs in this tool are not.
 * @returns undefined if it does not exist or could not be read
 */
export async function ifReadable<T>(read: Promise<T | undefined>): Promise<T | undefined> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof UpgradeError) return undefined;
    throw error;
  }
}

/** The result of an optional read. */
export interface Attempted<T> {
  /** Undefined if it does not exist or could not be read. */
  readonly data?: T | undefined;
  /** Why it could not be read. */
  readonly reason?: string;
  /** Set if the vendor did not respond: it may respond later. */
  readonly unreachable?: true;
}

/** The same as `ifReadable`, with the reason: what an upgrade depends on must not be left out silently. */
export async function attempted<T>(read: Promise<T | undefined>): Promise<Attempted<T>> {
  try {
    return { data: await read };
  } catch (error) {
    if (!(error instanceof UpgradeError)) throw error;
    return { reason: error.message, ...(error instanceof Unreachable ? { unreachable: true } : {}) };
  }
}

/** Whether nothing was done, and the request can be retried later or with another of the vendor's servers. */
export function notYet(error: unknown): error is Refused | Unreachable {
  return error instanceof Refused ? error.refusal === "soon" : error instanceof Unreachable && !error.sent;
}

/** Of the errors at all endpoints, the one to report: timeouts first, since they may be transient. */
export function mostRelevant(failures: readonly UpgradeError[]): UpgradeError {
  const unreachable = failures.filter((failure) => failure instanceof Unreachable);
  if (unreachable.length === 0) return failures[0] ?? new UpgradeError("unreachable", "no endpoint was given");
  return new Unreachable(unreachable.map((failure) => failure.message).join("; "), {
    sent: unreachable.some((failure) => failure.sent),
    responded: unreachable.some((failure) => failure.responded),
    cause: unreachable[0],
  });
}

/** Converts anything that was thrown into an error for users. */
export function asUpgradeError(thrown: unknown): UpgradeError {
  if (thrown instanceof UpgradeError) return thrown;
  return new UpgradeError("unexpected", messageOf(thrown), { cause: thrown });
}

/** Any value can be thrown, including one that cannot be converted to a string. */
function messageOf(thrown: unknown): string {
  try {
    return String(thrown instanceof Error ? thrown.message : thrown);
  } catch {
    return "something without a message was thrown";
  }
}
