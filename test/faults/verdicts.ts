import { isDeepStrictEqual } from "node:util";
import type { ErrorCode } from "../../provider/core/errors";
import { isNetwork, type Run } from "./history";
import type { Judge } from "./judge";
import type { ProviderProcess } from "./provider-process";
import type { Ending, Saved, Stack } from "./stack";
import type { Timeline } from "./timeline";
import type { Truth } from "./truth";
import type { World } from "./world";

/** How long a connection may be kept for the next request, in milliseconds. */
const LINGER = 5_000;

/** A command that has ended, and the process that served it. */
export interface Command {
  readonly run: Run;
  readonly process: ProviderProcess;
  readonly since: number;
  readonly ending: Ending;
  /** The state that it found. */
  readonly before: Saved | undefined;
}

export interface Bench {
  readonly judge: Judge;
  readonly truth: Truth;
  readonly world: World;
  readonly timeline: Timeline;
  readonly stack: Stack;
}

const SECOND = 1_000;
/** Within which a run hands over (design: "within a second of the signal"). */
const HANDOVER = SECOND;
const LASTING_LINES = 25;
/** What a run may believe when its clock and the vendor's have come apart under it. */
const CLOCK = new Set<ErrorCode>(["not-upgraded", "vanished", "unauthorized"]);
const CODE = / \[([a-z-]+)\]$/;

/** What is demanded of every command when it has ended. */
export class Verdicts {
  readonly #bench: Bench;
  readonly #troubles = new Set<string>();
  /** Texts that the vendor never said, of the whole history: the state may hold them. */
  readonly #told: string[] = [];
  /** The state was made by a process that was lied to. */
  #tainted = false;

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  /** Told of every trouble of the vendor. */
  trouble(name: string): void {
    this.#troubles.add(name);
  }

  /** Whether the state may say something else than what is so, with no process to blame. */
  get stateMayBeWrong(): boolean {
    return this.#tainted || [...this.#troubles].some((name) => this.#bench.world.troubles[name]?.drifts === true);
  }

  command(command: Command): void {
    const { process, ending, before } = command;
    const { judge, timeline, stack } = this.#bench;
    this.#told.push(...process.told);
    this.#judgeTime(command);
    if (ending.kind === "killed") return;
    const timers = timeline.pending(process, LINGER);
    judge.that(timers === 0, "nothing left behind", () => `${timers} timers of a run that has ended`);
    this.#judgeAmount(command);
    this.#judgeEnding(command);
    if (stack.state === before) return;
    this.#judgeState(command);
    const seenAnew = ending.kind === "done" && !isDeepStrictEqual(stack.state?.outputs, before?.outputs);
    if (process.lies > 0) this.#tainted = true;
    else if (seenAnew) this.#tainted = false;
  }

  /** One line: what was done to the command, and how it ended. */
  tell({ op, limit }: Run, process: ProviderProcess, since: number, ending: Ending | undefined): string {
    const { timeline, world, stack } = this.#bench;
    const took = ((timeline.now() - since) / SECOND).toFixed(1);
    const how = ending === undefined ? "never ended" : ending.kind === "failed" ? textOf(ending.error) : ending.kind;
    const upgrades = world.upgrades().map(({ id, state }) => `${id} ${state}`);
    const bound = limit === undefined ? "" : ` (limit ${limit} s)`;
    const counts = `${process.requests} requests, ${process.writes} writes`;
    const state = String(stack.state?.outputs["status"] ?? "no state");
    return `${op}${bound}: ${took} s, ${counts}: ${how}; ${state}; vendor ${world.standing()} [${upgrades.join(", ")}]`;
  }

  #judgeTime({ process: { interruptedAt, operation }, ending }: Command): void {
    const { judge, timeline } = this.#bench;
    const now = timeline.now();
    const late = interruptedAt !== undefined && now - interruptedAt > HANDOVER;
    if (ending.kind !== "killed") judge.that(!late, "ends at once", () => `${now - (interruptedAt ?? 0)} ms after ^C`);
    const over = operation === undefined ? 0 : now - operation.since - operation.limit;
    judge.that(over <= HANDOVER, "ends in time", () => `${over} ms after the deadline`);
  }

  #judgeAmount({ process, since }: Command): void {
    const { judge, timeline, world } = this.#bench;
    const seconds = (timeline.now() - since) / SECOND;
    // Half a second apart at first, then further and further, up to a quarter of a minute (provider/core/reconcile/pace.ts).
    const looks = 10 + 10 * Math.log(1 + seconds) + seconds / 15;
    const most = 1.3 * world.lookRequests * looks + 20;
    judge.that(process.requests <= most, "bounded requests", () => `${process.requests} requests in ${seconds} s`);
    const lasting = process.lines.filter(({ ephemeral }) => !ephemeral).length;
    judge.that(lasting <= LASTING_LINES, "bounded news", () => `${lasting} lasting lines`);
  }

  #judgeEnding({ run, process, since, ending }: Command): void {
    const { judge } = this.#bench;
    if (ending.kind === "invalid") {
      const excused = (["blocked", "newer"] as const).some((code) => this.#explained(code, run, process, since));
      judge.that(excused, "explained ending", () => `check refuses: ${ending.reasons.join("; ")}`);
      return;
    }
    if (ending.kind !== "failed") return;
    const text = textOf(ending.error);
    // The set of codes is closed; one outside of it explains nothing.
    const code = CODE.exec(text)?.[1] as ErrorCode | undefined;
    // Without the right credentials a preview plans nothing; whatever else keeps it from that is a warning.
    const typed = code !== undefined && code !== "unexpected" && (run.op !== "preview" || code === "unauthorized");
    judge.that(typed, "typed ending", () => `${run.op}: ${text}${stackOf(ending.error)}`);
    if (code === undefined) return;
    judge.that(this.#explained(code, run, process, since), "explained ending", () => text);
  }

  /** Whether something has happened that a run may end with this error for. */
  #explained(code: ErrorCode, { rules }: Run, process: ProviderProcess, since: number): boolean {
    const { timeline, world } = this.#bench;
    const harmed = process.harms.length > 0;
    switch (code) {
      case "interrupted":
        return process.interruptedAt !== undefined;
      case "deadline":
        return timeline.now() - since >= (process.operation?.limit ?? 0);
      case "unexpected":
      case "engine-gone":
        return false;
      case "unreachable":
        return harmed || this.#troubles.size > 0;
      case "held":
        return rules?.onHeld === "fail";
      case "unconfirmed":
        return process.harms.some((harm) => isNetwork(harm) || harm.kind === "clock");
      default:
        if (process.lies > 0 || this.#tainted) return true;
        if (CLOCK.has(code) && process.harms.some(({ kind }) => kind === "clock")) return true;
        if (code === "newer" && world.standing() === "newer") return true;
        return [...this.#troubles].some((name) => world.troubles[name]?.explains.includes(code));
    }
  }

  #judgeState({ process, ending }: Command): void {
    const { judge, world, stack, truth } = this.#bench;
    const outputs = stack.state?.outputs ?? {};
    const { status, currentVersion, members, lastUpgrade } = outputs;
    const lied = process.lies > 0 || this.#tainted;
    for (const [name, version] of entriesOf(members)) {
      judge.that(this.#observed(String(version)), "observed only", () => `${name} at ${version}`);
      judge.that(lied || truth.isMember(name), "observed only", () => `a member ${name}`);
    }
    if (currentVersion !== undefined) {
      judge.that(this.#observed(String(currentVersion)), "observed only", () => `currentVersion ${currentVersion}`);
    }
    if (process.lies > 0) return;
    const true_ = status !== "current" || world.standing() === "current" || this.stateMayBeWrong;
    judge.that(true_, "current is true", () => `${world.standing()}: ${JSON.stringify(world.members())}`);
    const accepted = process.accepted.at(-1);
    if (accepted === undefined) return;
    const kept = isObject(lastUpgrade) && world.remembers(lastUpgrade, accepted);
    judge.that(kept, "task kept", () => `${accepted} was accepted; ${JSON.stringify({ ending, lastUpgrade })}`);
  }

  #observed(version: string): boolean {
    return this.#bench.truth.had(version) || this.#told.some((text) => text.replaceAll("_", "-").includes(version));
  }
}

/** The sentence that a failed command ends with, and its code. */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return `something that is no error: ${String(error)}`;
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
