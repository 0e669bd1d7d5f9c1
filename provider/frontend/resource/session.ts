import { sentences } from "../../base/sentences";
import type { CommonArguments } from "../../core/arguments";
import type { Approvals } from "../../core/control/approval";
import type { Driver } from "../../core/driver";
import { UpgradeError } from "../../core/errors";
import type { SomeKind } from "../../core/kind";
import { type Policy, policyFrom, type StackRules } from "../../core/policy";
import { type Clock, type Proxies, type Runtime, steady, undisturbed, wallClock } from "../../core/runtime";
import { type CheckFailure, resolveArguments, validateArguments } from "./arguments";
import type { ConfigReader } from "./credentials";
import { type Log, type Rhythm, reporterFor } from "./log";
import { argumentsOf, type Properties, textsOf, USED_APPROVALS } from "./properties";
import { type DiscoveredSecrets, Redaction } from "./redaction";
import type { RunNotes } from "./run-notes";
import { problemBeside, stackRules } from "./stack-settings";

/**
 * Registers a listener for the cancellation of the run; it is called immediately if the run is already canceled.
 * Returns a function that removes it.
 */
export type OnCancel = (listener: () => void) => () => void;

/** One Pulumi operation on one resource, regardless of the protocol. */
export interface Call {
  /** `oceanbase:ClusterVersion` */
  readonly type: string;
  readonly urn: string;
  /** The user's limit for the operation, in milliseconds. */
  readonly limit?: number | undefined;
  readonly onCancel: OnCancel;
  /** Whether its permanent lines are shown with the name of the resource: `preview --diff` prints them without their resource. */
  readonly named?: true;
}

/** A failed operation, with a message for users. The state is not changed. */
export class Failure extends Error {
  override readonly name = "Failure";
}

/** All external reasons to end a run, as one signal. */
export interface Limits {
  readonly signal: AbortSignal;
  /** Must be called when the run ends. */
  release(): void;
}

/**
 * @param limit milliseconds until the run ends with `deadline`
 * @param gone aborted when Pulumi's engine has died
 */
export function limits(clock: Clock, limit: number, onCancel: OnCancel, gone?: AbortSignal): Limits {
  const controller = new AbortController();
  const over = new AbortController();
  const end = (reason: UpgradeError) => controller.abort(reason);
  const stopListening = onCancel(() => end(new UpgradeError("interrupted", "Interrupted.")));
  const follow = () => end(new UpgradeError("engine-gone", "The Pulumi engine is gone."));
  if (gone?.aborted === true) follow();
  gone?.addEventListener("abort", follow, { signal: over.signal });
  clock.sleep(limit, over.signal).then(
    () => end(new UpgradeError("deadline", "The time limit was reached.")),
    () => undefined,
  );
  return {
    signal: controller.signal,
    release: () => {
      over.abort();
      // Ends reads that are still in progress.
      end(new UpgradeError("interrupted", "The run is over."));
      stopListening();
    },
  };
}

/** Resource type (`oceanbase:ClusterVersion`) to its resource kind, loaded when first used. */
export type Kinds = Readonly<Record<string, () => Promise<SomeKind>>>;

/** Process-wide dependencies of every session. */
export interface Environment {
  readonly kinds: Kinds;
  readonly log: Log;
  readonly rhythm: Rhythm;
  readonly clock?: Clock;
  readonly env?: NodeJS.ProcessEnv;
  /** In [0, 1), for jitter. */
  readonly random?: () => number;
  /** Aborted when Pulumi's engine has died. */
  readonly gone?: AbortSignal;
  /** Notes shared by the resources of the operation; by default only within this process. */
  readonly notes?: RunNotes;
  /** Secrets discovered in earlier sessions of the process. */
  readonly discovered?: DiscoveredSecrets;
  /** Receives every secret of a session: when it is opened, and when one is discovered. */
  readonly conceal?: (secret: string) => void;
}

/** One resource in one operation: its kind, its arguments, and its output. */
export interface Session {
  readonly call: Call;
  readonly kind: SomeKind;
  /** Missing if they are invalid, or not known yet at preview. */
  readonly args?: CommonArguments;
  readonly failures: readonly CheckFailure[];
  /** Required arguments that can come from several sources, such as credentials, and were found in none. */
  readonly absent: readonly string[];
  /** Whether the arguments are still valid with these changes. */
  readonly accepts: (changed: Readonly<Record<string, unknown>>) => boolean;
  readonly reporter: Pick<Runtime, "report" | "inform" | "warn" | "conceal">;
  readonly redact: (text: string) => string;
  /** Adds the source of rejected credentials to an error. */
  readonly attribute: (error: UpgradeError) => UpgradeError;
  readonly proxies: Proxies;
  readonly clock: Clock;
  /** Rules for all resources of the stack. */
  readonly stack: StackRules;
  /** Whether a preview and a refresh fail if the system is unreachable. */
  readonly strict: boolean;
  readonly outside: Pick<Environment, "random" | "gone">;
}

/**
 * The loader of a call's kind.
 * @throws Failure if this package has no such type
 */
export function kindOf({ type }: Call, kinds: Kinds): () => Promise<SomeKind> {
  const load = kinds[type];
  if (load === undefined) throw new Failure(`pulumi-dbversion has no resource type ${type || "without a name"}`);
  return load;
}

/** @throws Failure if this package has no such type */
export async function openSession(
  call: Call,
  properties: Properties,
  config: ConfigReader,
  environment: Environment,
): Promise<Session> {
  const { kinds, log, rhythm, clock = wallClock, env = process.env, discovered } = environment;
  const { conceal: concealOutside = () => undefined } = environment;
  const { urn, named } = call;
  const kind = await kindOf(call, kinds)();
  const resolved = resolveArguments(kind, argumentsOf(properties), { config, env });
  const { raw, args, missing = [], proxies, secrets, attribute } = resolved;
  const { stack, failsUnreachable, problem } = await stackRules(config);
  const beside = args && (await problemBeside(stack, args));
  const failures = [
    ...resolved.failures,
    ...(beside === undefined ? [] : [{ property: "expect", reason: beside }]),
    // Without a property; otherwise Pulumi would print its value.
    ...(problem === undefined ? [] : [{ property: "", reason: problem }]),
  ];
  const accepts = (changed: Readonly<Record<string, unknown>>) =>
    validateArguments(kind.inputs, { ...raw, ...changed }, kind.secrets).args !== undefined;
  for (const secret of secrets) concealOutside(secret);
  const redaction = new Redaction(secrets, discovered?.of(urn));
  const { redact } = redaction;
  const conceal = (secret: string) => {
    redaction.conceal(secret);
    concealOutside(secret);
  };
  const reporter = { ...reporterFor({ log, urn, clock, rhythm, redact, named }), conceal };
  const strict = typeof raw["onUnreachable"] === "string" ? raw["onUnreachable"] === "fail" : failsUnreachable;
  return {
    call,
    kind,
    ...(args === undefined || problem !== undefined ? {} : { args }),
    failures,
    absent: missing.filter((name) => kind.credentials[name] !== undefined),
    accepts,
    reporter,
    redact,
    attribute,
    proxies,
    clock,
    stack,
    strict,
    outside: environment,
  };
}

/** All problems with the arguments, as one text. */
export function reasonsOf({ failures }: Pick<Session, "failures">): string {
  return failures.map(({ property, reason }) => `${property} ${reason}`.trim()).join("; ");
}

/** How long a run waits for its connections to close, in milliseconds. */
const CLOSING = 500;

/** Opens the driver of a session for one run, and always closes it and its limits. Closing never changes the result. */
export async function withDriver<T>(
  session: Session,
  limit: number,
  use: (driver: Driver, runtime: Runtime) => Promise<T>,
): Promise<T> {
  if (session.args === undefined) throw new Failure(reasonsOf(session));
  const { clock } = session;
  const { random = Math.random, gone } = session.outside;
  const bounds = limits(clock, limit, session.call.onCancel, gone);
  const runtime = undisturbed({
    clock: steady(clock),
    wall: { now: () => clock.now() },
    signal: bounds.signal,
    random,
    proxies: session.proxies,
    ...session.reporter,
  });
  try {
    const driver = session.kind.open(session.args, runtime);
    try {
      return await use(driver, runtime);
    } finally {
      await attempt(() => driver.close(), clock);
    }
  } finally {
    await attempt(() => bounds.release(), clock);
  }
}

/** Runs clean-up work: exceptions are ignored, and the wait is short. */
async function attempt(work: () => unknown, clock: Clock): Promise<void> {
  const over = new AbortController();
  const bound = clock.sleep(CLOSING, over.signal).catch(() => undefined);
  const done = new Promise((resolve) => resolve(work())).catch(() => undefined);
  await Promise.race([done, bound]);
  over.abort();
}

/**
 * The policy from the arguments of a resource, its stack and its state.
 * @param outputs the state of the resource, if there is one
 */
export function policyOf(session: Session, outputs: Properties = {}): Policy {
  const { kind, args = {}, stack } = session;
  return policyFrom(args, kind.times, { stack, approvals: approvalsOf(session, outputs) });
}

/** A failed upgrade that holds the database. The remedy is for a person: `onFailure` sends an operator instead. */
export function failureNote(session: Session, message: string, remedy: string | undefined): string {
  return sentences(message, policyOf(session).onFailure === "report" ? remedy : undefined);
}

/** The approvals for the resource; undefined if it requires none. */
export function approvalsOf({ args, call }: Session, outputs: Properties = {}): Approvals | undefined {
  if (args?.approval === undefined) return undefined;
  const { approvals } = args.approval;
  return {
    units: Object.hasOwn(approvals, call.urn) ? (approvals[call.urn] ?? {}) : {},
    used: textsOf(outputs[USED_APPROVALS]),
  };
}
