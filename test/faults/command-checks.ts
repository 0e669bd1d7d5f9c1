import { isDeepStrictEqual } from "node:util";
import type { ErrorCode } from "../../provider/core/errors";
import { timeHoldOf } from "./change-rules";
import { isNetwork, type Run } from "./history";
import { isKept, type Preview, showsAll } from "./preview";
import type { ProviderProcess } from "./provider-process";
import type { RuleChecks } from "./rules";
import type { Ending, Saved, Stack } from "./stack";
import type { Timeline } from "./timeline";
import type { GroundTruth } from "./truth";
import type { Upgrade, World } from "./world";

/** Milliseconds that an idle connection may be kept open. */
const KEEP_ALIVE = 5_000;

/** A command that has ended, and its provider process. */
export interface Command {
  readonly run: Run;
  readonly process: ProviderProcess;
  readonly since: number;
  readonly ending: Ending;
  /** The state before it. */
  readonly before: Saved | undefined;
  /** A preview just before it. Only of a command without faults. */
  readonly preview?: TimedPreview;
}

/** A preview, and the upgrades at the vendor when it was shown. */
export interface TimedPreview extends Preview {
  readonly upgrades: readonly Upgrade[];
}

export interface Context {
  readonly checks: RuleChecks;
  readonly truth: GroundTruth;
  readonly world: World;
  readonly timeline: Timeline;
  readonly stack: Stack;
}

const SECOND = 1_000;
/** A run must end within this time after ^C or its deadline. */
const STOP_TIME = SECOND;
const LASTING_MESSAGES = 25;
/** Errors that a change of the clock may cause. */
const CLOCK_ERRORS = new Set<ErrorCode>(["not-upgraded", "vanished", "unauthorized"]);
const CODE = / \[([a-z-]+)\]$/;

/** The checks of every command after it has ended. */
export class CommandChecks {
  readonly #context: Context;
  readonly #events = new Set<string>();
  /** When the last event happened. */
  #eventAt = Number.NEGATIVE_INFINITY;
  /** All texts of the history that the vendor never sent. The state may contain them. */
  readonly #falseTexts: string[] = [];
  /** Whether the state was made by a process that received false responses. */
  #madeFromFalseResponses = false;

  constructor(context: Context) {
    this.#context = context;
  }

  /** Records an event of the vendor, which happens now or soon. */
  event(name: string): void {
    this.#events.add(name);
  }

  /** Records that an event has happened. */
  happened(): void {
    this.#eventAt = this.#context.timeline.now();
  }

  /** Whether the state may be wrong without a fault of the provider. */
  get stateMayBeWrong(): boolean {
    return (
      this.#madeFromFalseResponses ||
      [...this.#events].some((name) => this.#context.world.events[name]?.outdatesState === true)
    );
  }

  command(command: Command): void {
    const { process, ending, before } = command;
    const { checks, timeline, stack } = this.#context;
    this.#falseTexts.push(...process.falseTexts);
    this.#checkTime(command);
    if (ending.kind === "killed") return;
    const timers = timeline.pending(process, KEEP_ALIVE);
    checks.require(timers === 0, "no pending timers", () => `${timers} timers after the end of the run`);
    this.#checkAmount(command);
    this.#checkEnding(command);
    this.#checkPreview(command);
    if (stack.state === before) return;
    this.#checkState(command);
    const outputsChanged = ending.kind === "done" && !isDeepStrictEqual(stack.state?.outputs, before?.outputs);
    if (process.falseResponses > 0) this.#madeFromFalseResponses = true;
    else if (outputsChanged) this.#madeFromFalseResponses = false;
  }

  /** One line about a command and its result. */
  describe({ op, limit }: Run, process: ProviderProcess, since: number, ending: Ending | undefined): string {
    const { timeline, world, stack } = this.#context;
    const took = ((timeline.now() - since) / SECOND).toFixed(1);
    const result = ending === undefined ? "never ended" : ending.kind === "failed" ? textOf(ending.error) : ending.kind;
    const upgrades = world.upgrades().map(({ id, state }) => `${id} ${state}`);
    const bound = limit === undefined ? "" : ` (limit ${limit} s)`;
    const counts = `${process.requests} requests, ${process.writes} writes`;
    const state = String(stack.state?.outputs["status"] ?? "no state");
    return `${op}${bound}: ${took} s, ${counts}: ${result}; ${state}; vendor ${world.standing()} [${upgrades.join(", ")}]`;
  }

  #checkPreview({ run: { limit, rules }, process: { sent }, since, ending, preview }: Command): void {
    const { checks, timeline, world, stack } = this.#context;
    if (preview === undefined || this.#eventAt >= since) return;
    const names = [...sent.kinds, ...sent.units].join(", ");
    const text = () => `${JSON.stringify(preview.lines)}; sent: ${names === "" ? "nothing" : names}`;
    // A hold that is waited for may end during the run.
    const waits = rules?.onHeld === "wait";
    const rollsBack = world.args["onFailure"] === "rollback";
    // Upgrades that were in progress may have failed since; their units are requested again.
    const running = new Set(preview.upgrades.flatMap(({ id, state }) => (state === "running" ? [id] : [])));
    const failed = world.upgrades().filter(({ id, state }) => running.has(id) && state === "failed").length;
    const retries = sent.kinds.size === 1 && sent.kinds.has("upgrade") && sent.units.size <= failed;
    checks.require(waits || retries || showsAll(preview, sent, rollsBack), "preview is true", text);
    // The upgrade of an earlier request may have become visible since, and others may have upgraded the database.
    const upgraded =
      world.standing() !== "behind" ||
      world.upgrades().length > preview.upgrades.filter(({ visible }) => visible).length;
    const ended = ending.kind !== "done" || limit !== undefined;
    // A window may have closed since.
    const closed = rules !== undefined && timeHoldOf(rules, stack.programInputs, timeline.now()) !== undefined;
    checks.require(upgraded || ended || closed || isKept(preview, sent), "preview is true", text);
  }

  #checkTime({ process: { interruptedAt, operation }, ending }: Command): void {
    const { checks, timeline } = this.#context;
    const now = timeline.now();
    const late = interruptedAt !== undefined && now - interruptedAt > STOP_TIME;
    if (ending.kind !== "killed")
      checks.require(!late, "prompt interruption", () => `${now - (interruptedAt ?? 0)} ms after ^C`);
    const over = operation === undefined ? 0 : now - operation.since - operation.limit;
    checks.require(over <= STOP_TIME, "ends by the deadline", () => `${over} ms after the deadline`);
  }

  #checkAmount({ process, since }: Command): void {
    const { checks, timeline, world } = this.#context;
    const seconds = (timeline.now() - since) / SECOND;
    // The pause between reads grows from half a second to fifteen, and again after a write (provider/core/reconcile/pace.ts).
    const phases = 1 + process.writes;
    const reads = 10 + 10 * phases * Math.log(1 + seconds / phases) + seconds / 15;
    const most = 1.3 * world.requestsPerRead * reads + 20;
    checks.require(process.requests <= most, "bounded requests", () => `${process.requests} requests in ${seconds} s`);
    const lasting = process.lines.filter(({ ephemeral }) => !ephemeral).length;
    checks.require(lasting <= LASTING_MESSAGES, "bounded messages", () => `${lasting} lasting messages`);
  }

  #checkEnding({ run, process, since, ending }: Command): void {
    const { checks } = this.#context;
    if (ending.kind === "invalid") {
      const justified = (["blocked", "newer"] as const).some((code) => this.#isJustified(code, run, process, since));
      checks.require(justified, "justified error", () => `check refuses: ${ending.reasons.join("; ")}`);
      return;
    }
    if (ending.kind !== "failed") return;
    const text = textOf(ending.error);
    // An unknown code is never justified.
    const code = CODE.exec(text)?.[1] as ErrorCode | undefined;
    // Only rejected credentials may fail a preview; other read errors are warnings.
    const hasCode = code !== undefined && code !== "unexpected" && (run.op !== "preview" || code === "unauthorized");
    checks.require(hasCode, "error with code", () => `${run.op}: ${text}${stackOf(ending.error)}`);
    if (code === undefined) return;
    checks.require(this.#isJustified(code, run, process, since), "justified error", () => text);
  }

  /** Whether faults or events of the history justify this error. */
  #isJustified(code: ErrorCode, { rules }: Run, process: ProviderProcess, since: number): boolean {
    const { timeline, world } = this.#context;
    const disturbed = process.effects.length > 0;
    switch (code) {
      case "interrupted":
        return process.interruptedAt !== undefined;
      case "deadline":
        return timeline.now() - since >= (process.operation?.limit ?? 0);
      case "unexpected":
      case "engine-gone":
        return false;
      case "unreachable":
        return disturbed || this.#events.size > 0;
      case "held":
        return rules?.onHeld === "fail";
      case "unconfirmed":
        return process.effects.some((effect) => isNetwork(effect) || effect.kind === "clock");
      default:
        if (process.falseResponses > 0 || this.#madeFromFalseResponses) return true;
        if (CLOCK_ERRORS.has(code) && process.effects.some(({ kind }) => kind === "clock")) return true;
        if (code === "newer" && world.standing() === "newer") return true;
        return [...this.#events].some((name) => world.events[name]?.allowedErrors.includes(code));
    }
  }

  #checkState({ process, ending }: Command): void {
    const { checks, world, stack, truth } = this.#context;
    const outputs = stack.state?.outputs ?? {};
    const { status, currentVersion, members, lastUpgrade } = outputs;
    const mayBeFalse = process.falseResponses > 0 || this.#madeFromFalseResponses;
    for (const [name, version] of entriesOf(members)) {
      checks.require(this.#observed(String(version)), "observed versions only", () => `${name} at ${version}`);
      checks.require(mayBeFalse || truth.isMember(name), "observed versions only", () => `a member ${name}`);
    }
    if (currentVersion !== undefined) {
      checks.require(
        this.#observed(String(currentVersion)),
        "observed versions only",
        () => `currentVersion ${currentVersion}`,
      );
    }
    if (process.falseResponses > 0) return;
    const correct = status !== "current" || world.standing() === "current" || this.stateMayBeWrong;
    checks.require(correct, "current is correct", () => `${world.standing()}: ${JSON.stringify(world.members())}`);
    const accepted = process.accepted.at(-1);
    if (accepted === undefined) return;
    const recorded = isObject(lastUpgrade) && world.isRecorded(lastUpgrade, accepted);
    checks.require(
      recorded,
      "task recorded",
      () => `${accepted} was accepted; ${JSON.stringify({ ending, lastUpgrade })}`,
    );
  }

  #observed(version: string): boolean {
    return (
      this.#context.truth.had(version) || this.#falseTexts.some((text) => text.replaceAll("_", "-").includes(version))
    );
  }
}

/** The error message of a failed command, with its code. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return `not an Error: ${String(error)}`;
  if ("reasons" in error && Array.isArray(error.reasons)) return String(error.reasons[0]);
  return error.message;
}

function stackOf(error: unknown): string {
  return error instanceof Error && error.cause instanceof Error ? `\n${error.cause.stack}` : "";
}

function entriesOf(value: unknown): [string, unknown][] {
  return isObject(value) ? Object.entries(value) : [];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
