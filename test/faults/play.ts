import { isDeepStrictEqual } from "node:util";
import { Random } from "../simulators";
import { faultsOfStored } from "../support/feed-back";
import { argumentsOf, backupOf, type ChangeRules, forbidden, NO_APPROVALS, timeHoldOf } from "./change-rules";
import { CommandChecks, type TimedPreview, textOf } from "./command-checks";
import { type Effect, type History, nameOf, type Run } from "./history";
import { Network } from "./network";
import { previewOf } from "./preview";
import { type ProcessEnvironment, ProviderProcess } from "./provider-process";
import { type Rule, RuleChecks, type Violation } from "./rules";
import { type Ending, hasOpenUpgrade, type Saved, Stack } from "./stack";
import { Timeline } from "./timeline";
import { GroundTruth } from "./truth";
import type { World, WorldOfType } from "./world";

/** The result of playing a history. */
export interface PlayResult {
  readonly violation: Violation | undefined;
  readonly checked: Partial<Record<Rule, number>>;
  /** The faults and events that took place, by name. */
  readonly effects: ReadonlyMap<string, number>;
  readonly commands: number;
  readonly requests: number;
  /** One line per command, to understand a failing history. */
  readonly log: readonly string[];
}

const SECOND = 1_000;
/** Milliseconds that a command may take in addition to the time limits of its operations. */
const SLACK = 5 * SECOND;
/** Time limits of check and diff together, and of read. */
const CHECK_AND_DIFF = 20 * SECOND;
const READ = 30 * SECOND;
/** The number of commands without faults that must suffice to reach the target version. */
const ATTEMPTS = 6;

/** Plays a history, and then commands without faults until the target version is reached. */
export async function play(history: History, type: WorldOfType): Promise<PlayResult> {
  const timeline = new Timeline(history.start);
  const world = type.make(timeline, new Random(history.scene));
  return new Playback(history, timeline, world, await timeoutOf(world, history.type)).play();
}

/** The default time limit of an operation of the type, in milliseconds. */
async function timeoutOf(world: World, type: string): Promise<number> {
  const load = world.kinds(() => {
    throw new Error("only the kind is needed");
  })[type];
  if (load === undefined) throw new Error(`${type} has no resource kind`);
  return (await load()).timeout;
}

class Playback {
  readonly #history: History;
  readonly #timeline: Timeline;
  readonly #world: World;
  readonly #timeout: number;
  readonly #checks = new RuleChecks();
  readonly #truth: GroundTruth;
  readonly #stack: Stack;
  readonly #commandChecks: CommandChecks;
  readonly #setup: ProcessEnvironment;
  readonly #urn: string;
  #rules: ChangeRules | undefined;
  #backedUpAt = Number.NEGATIVE_INFINITY;
  /** When the last upgrade was requested. */
  #requestedAt = Number.NEGATIVE_INFINITY;
  readonly #effects = new Map<string, number>();
  readonly #log: string[] = [];
  #commands = 0;
  #requests = 0;

  constructor(history: History, timeline: Timeline, world: World, timeout: number) {
    this.#history = history;
    this.#timeline = timeline;
    this.#world = world;
    this.#timeout = timeout;
    const [namespace = "", name = ""] = history.type.split(":");
    this.#urn = `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${namespace}:${name}::pinned`;
    const inputs = { ...world.args, __urn: this.#urn, __provider: "text" };
    this.#stack = new Stack(inputs, timeout, timeline);
    this.#truth = new GroundTruth(world, this.#checks);
    this.#commandChecks = new CommandChecks({
      checks: this.#checks,
      truth: this.#truth,
      world,
      timeline,
      stack: this.#stack,
    });
    this.#setup = {
      world,
      timeline,
      network: new Network(world, timeline),
      checks: this.#checks,
      random: new Random(history.seed ^ 0x5eed),
      hasOpenUpgrade: () => this.#stack.hasOpenUpgrade,
      knowable: (id) => this.#truth.knowable(id),
      onEffect: (effect) => this.#count(effect),
      onEvent: () => this.#commandChecks.happened(),
      requested: (now) => {
        this.#requestedAt = now;
      },
      forbidden: (now, reopens) => {
        const times = { backedUpAt: this.#backedUpAt, requestedAt: reopens ? this.#requestedAt : now };
        return this.#rules && forbidden(this.#rules, this.#stack.programInputs, now, times);
      },
      processed: (write, awaited, killed) => this.#truth.processed(write, awaited, killed),
    };
  }

  async play(): Promise<PlayResult> {
    for (const run of this.#history.runs) {
      await this.#timeline.pass(run.gap);
      if (run.op !== "refresh") await this.#setRules(run.rules);
      await this.#command(run);
      if (this.#checks.violation !== undefined) return this.#result();
    }
    if (await this.#converge()) await this.#checkNoChanges();
    return this.#result();
  }

  #result(): PlayResult {
    return {
      violation: this.#checks.violation,
      checked: this.#checks.checked,
      effects: this.#effects,
      commands: this.#commands,
      requests: this.#requests,
      log: this.#log,
    };
  }

  async #command(run: Run): Promise<{ ending: Ending | undefined; process: ProviderProcess }> {
    const preview = run.op === "up" && run.faults.length === 0 ? { preview: await this.#preview() } : {};
    const process = new ProviderProcess(this.#setup, run.faults, run.op !== "up");
    const since = this.#timeline.now();
    const before = this.#stack.state;
    const hold = this.#activeHold(before);
    let ending: Ending | undefined;
    const work = this.#start(run, process).then((end) => {
      ending = end;
    });
    const drive = await this.#timeline.drive(work, this.#limit(run));
    this.#checks.require(drive === "settled", "ends by the deadline", () => `${run.op} is ${drive} at ${this.#at()}`);
    process.ended = true;
    this.#truth.observe();
    const jumped = process.effects.some(({ kind }) => kind === "clock");
    if (run.op !== "refresh" && hold !== undefined && hold === this.#activeHold(before) && !jumped) {
      this.#checks.require(process.requests === 0, "no requests while held", () => `${process.requests} requests`);
    }
    if (ending !== undefined) {
      this.#commandChecks.command({ run, process, since, ending, before, ...preview });
      if (ending.kind !== "killed" && this.#stack.state !== before) await this.#checkStored(process);
    }
    this.#commands += 1;
    this.#requests += process.requests;
    this.#log.push(this.#commandChecks.describe(run, process, since, ending));
    process.kill();
    return { ending, process };
  }

  /** The time rule that held the upgrade in the last run and still holds it, if no upgrade may be in progress. */
  #activeHold(before: Saved | undefined): string | undefined {
    if (before === undefined || this.#rules === undefined || before.initErrors.length > 0) return undefined;
    const { approval, onHeld } = this.#rules;
    const hold = timeHoldOf(this.#rules, this.#stack.programInputs, this.#timeline.now());
    if (before.outputs["status"] !== "held" || hasOpenUpgrade(before)) return undefined;
    // A run that must fail or wait sends requests, and one without a stored plan must read to compute it.
    const acts = onHeld === "fail" || (onHeld === "wait" && hold !== "freeze");
    const planned = approval === undefined || before.outputs["__plan"] !== undefined;
    return acts || !planned ? undefined : hold;
  }

  async #checkStored({ lifecycle }: ProviderProcess): Promise<void> {
    const { state, programInputs } = this.#stack;
    if (state === undefined) return;
    const faults = await faultsOfStored(lifecycle, state, programInputs);
    this.#checks.require(faults.length === 0, "valid stored inputs", () => faults.join("; "));
  }

  /** What a preview shows now. Its random numbers are its own, so that it does not change what follows. */
  async #preview(): Promise<TimedPreview> {
    const upgrades = this.#world.upgrades();
    const environment = { ...this.#setup, random: new Random(this.#history.seed ^ 0x9e7) };
    const process = new ProviderProcess(environment, [], true);
    await this.#timeline.drive(this.#stack.preview(process), CHECK_AND_DIFF + SLACK);
    process.kill();
    return { ...previewOf(process.lines), upgrades };
  }

  #start(run: Run, process: ProviderProcess): Promise<Ending> {
    switch (run.op) {
      case "up":
        return this.#stack.up(process, run.limit);
      case "preview":
        return this.#stack.preview(process);
      case "refresh":
        return this.#stack.refresh(process);
    }
  }

  #limit({ op, limit }: Run): number {
    if (op === "preview") return CHECK_AND_DIFF + SLACK;
    if (op === "refresh") return READ + SLACK;
    return CHECK_AND_DIFF + SLACK + (limit === undefined ? this.#timeout : limit * SECOND);
  }

  /** Changes the program to the rules of the next run. */
  async #setRules(rules: ChangeRules | undefined): Promise<void> {
    // An upgrade in the service's maintenance window must not have other windows.
    const { window: _, blackout: __, ...rest } = rules ?? {};
    this.#rules = this.#world.args["schedule"] === "maintenance-window" && rules !== undefined ? rest : rules;
    const endedAt = rules && backupOf(rules, this.#timeline.now());
    if (endedAt !== undefined) {
      this.#world.backUp(endedAt);
      this.#backedUpAt = Math.max(this.#backedUpAt, endedAt);
    }
    const plan = this.#rules?.approval === undefined ? {} : await this.#planned();
    this.#stack.changeProgram(argumentsOf(this.#rules, this.#timeline.now(), this.#urn, plan));
  }

  /** The plan of a preview, for the approval. */
  async #planned(): Promise<Readonly<Record<string, unknown>>> {
    const process = new ProviderProcess(this.#setup, [], true);
    let plan = {};
    const work = process.lifecycle
      .check({}, { ...this.#stack.programInputs, approval: NO_APPROVALS })
      .then(({ inputs }) => {
        plan = Object(inputs["__plan"] ?? {});
      });
    await this.#timeline.drive(work, CHECK_AND_DIFF + SLACK);
    process.kill();
    return plan;
  }

  /** Runs commands without faults and follows remedies. @returns whether the target version was reached */
  async #converge(): Promise<boolean> {
    const clean = { gap: SECOND, faults: [] };
    await this.#setRules(undefined);
    let op: Run["op"] = "up";
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      // A failed command is not repeated immediately.
      await this.#timeline.pass(attempt === 0 ? SECOND : this.#world.settlingTime / 4);
      const { ending } = await this.#command({ ...clean, op });
      if (this.#checks.violation !== undefined) return false;
      if (op === "up" && this.#isSettled(ending)) {
        this.#checks.require(true, "converges", () => "");
        return true;
      }
      op = await this.#applyRemedies(op, ending, attempt);
      if (this.#checks.violation !== undefined) return false;
    }
    this.#checks.require(
      false,
      "converges",
      () => `after ${ATTEMPTS} commands without faults: ${this.#world.standing()}`,
    );
    return false;
  }

  /** Whether the reported status is correct and final, or a newer version was refused as the arguments require. */
  #isSettled(ending: Ending | undefined): boolean {
    const standing = this.#world.standing();
    const status = this.#stack.state?.outputs["status"];
    if (ending?.kind === "done") return standing === status;
    return standing === "newer" && this.#world.args["onNewer"] === "fail";
  }

  /** Follows the remedies of a command. @returns the next command */
  async #applyRemedies(op: Run["op"], ending: Ending | undefined, attempt: number): Promise<Run["op"]> {
    if (op === "refresh") return "up";
    if (ending?.kind === "done") {
      const status = this.#stack.state?.outputs["status"];
      if (status === "upgrading" || status === "deferred") {
        // With `wait: false` only repeated runs show that an upgrade makes no progress.
        if (attempt > 1) this.#world.repair();
        await this.#timeline.pass(this.#world.settlingTime);
        return "up";
      }
      // A refresh is only needed if the state may be out of date, or was made from false responses.
      const excused = this.#commandChecks.stateMayBeWrong;
      this.#checks.require(excused, "converges", () => `up ends with ${status}, but it is ${this.#world.standing()}`);
      return "refresh";
    }
    // A newer member is refused, even in a preview, before the others are upgraded.
    if (refusesNewer(ending)) this.#stack.changeProgram({ onNewer: "accept" });
    this.#world.repair();
    return "up";
  }

  /** A command for a settled resource makes no changes. */
  async #checkNoChanges(): Promise<void> {
    const { ending, process } = await this.#command({ op: "up", gap: 0, faults: [] });
    if (this.#world.standing() !== "current") return;
    const unchanged = ending?.kind === "done" && !ending.changed && process.requests === 0;
    this.#checks.require(unchanged, "no changes", () => `${process.requests} requests, ${JSON.stringify(ending)}`);
    if (this.#history.seed % 8 !== 0 || this.#checks.violation !== undefined) return;
    const before = this.#stack.state?.inputs;
    await this.#command({ op: "refresh", gap: 0, faults: [] });
    // An event of the vendor may have happened since.
    if (this.#world.standing() !== "current") return;
    const after = this.#stack.state?.inputs;
    const drift = () => `a refresh changes the inputs from ${JSON.stringify(before)} to ${JSON.stringify(after)}`;
    this.#checks.require(isDeepStrictEqual(before, after), "no changes", drift);
  }

  #count(effect: Effect): void {
    const name = nameOf(effect);
    this.#effects.set(name, (this.#effects.get(name) ?? 0) + 1);
    if (effect.kind === "vendor") this.#commandChecks.event(effect.event);
  }

  #at(): string {
    return new Date(this.#timeline.now()).toISOString();
  }
}

/** Whether the command was refused for something newer than the target version. */
function refusesNewer(ending: Ending | undefined): boolean {
  if (ending?.kind === "invalid")
    return ending.reasons.some((reason) => reason.includes("newer than the target version"));
  return ending?.kind === "failed" && / \[newer\]$/.test(textOf(ending.error));
}
