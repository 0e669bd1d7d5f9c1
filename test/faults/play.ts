import { isDeepStrictEqual } from "node:util";
import { Random } from "../simulators";
import { faultsOfStored } from "../support/feed-back";
import { argumentsOf, backupOf, type ChangeRules, closedBy, forbidden, NO_APPROVALS } from "./change-rules";
import { type Harm, type History, nameOf, type Run } from "./history";
import { Judge, type Rule, type Violation } from "./judge";
import { Network } from "./network";
import { ProviderProcess, type Surroundings } from "./provider-process";
import { type Ending, remembersOpen, type Saved, Stack } from "./stack";
import { Timeline } from "./timeline";
import { Truth } from "./truth";
import { textOf, Verdicts } from "./verdicts";
import type { World, WorldOfType } from "./world";

/** What came of a history. */
export interface Played {
  readonly violation: Violation | undefined;
  readonly checked: Partial<Record<Rule, number>>;
  /** Harm that was done, by name; what no request triggered was not. */
  readonly harms: ReadonlyMap<string, number>;
  readonly commands: number;
  readonly requests: number;
  /** One line per command: for a person who reads a failing history. */
  readonly story: readonly string[];
}

const SECOND = 1_000;
/** How long a command may take beside the time limits of its calls, in milliseconds. */
const SLACK = 5 * SECOND;
/** check and diff look for at most ten seconds each, read for thirty (provider/host). */
const LOOKS = 20 * SECOND;
const READ = 30 * SECOND;
/** Commands without faults within which a stack has to come to its pin. */
const ATTEMPTS = 6;

/** Plays a history to its end, and then commands without faults until the pin holds. */
export async function play(history: History, type: WorldOfType): Promise<Played> {
  const timeline = new Timeline(history.start);
  const world = type.make(timeline, new Random(history.scene));
  return new Performance(history, timeline, world, await timeoutOf(world, history.type)).toTheEnd();
}

/** Milliseconds that an operation of the type may take when nothing else is said. */
async function timeoutOf(world: World, type: string): Promise<number> {
  const load = world.kinds(() => {
    throw new Error("only the kind was wanted");
  })[type];
  if (load === undefined) throw new Error(`${type} has no pin kind`);
  return (await load()).timeout;
}

class Performance {
  readonly #history: History;
  readonly #timeline: Timeline;
  readonly #world: World;
  readonly #timeout: number;
  readonly #judge = new Judge();
  readonly #truth: Truth;
  readonly #stack: Stack;
  readonly #verdicts: Verdicts;
  readonly #setup: Surroundings;
  readonly #urn: string;
  #rules: ChangeRules | undefined;
  #backedUpAt = Number.NEGATIVE_INFINITY;
  /** When the last upgrade was requested. */
  #requestedAt = Number.NEGATIVE_INFINITY;
  readonly #harms = new Map<string, number>();
  readonly #story: string[] = [];
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
    this.#truth = new Truth(world, this.#judge);
    this.#verdicts = new Verdicts({ judge: this.#judge, truth: this.#truth, world, timeline, stack: this.#stack });
    this.#setup = {
      world,
      timeline,
      network: new Network(world, timeline),
      judge: this.#judge,
      random: new Random(history.seed ^ 0x5eed),
      remembersOpen: () => this.#stack.remembersOpen,
      knowable: (id) => this.#truth.knowable(id),
      harmed: (harm) => this.#count(harm),
      requested: (now) => {
        this.#requestedAt = now;
      },
      forbidden: (now, reopens) => {
        const times = { backedUpAt: this.#backedUpAt, requestedAt: reopens ? this.#requestedAt : now };
        return this.#rules && forbidden(this.#rules, this.#stack.written, now, times);
      },
      processed: (write, awaited, killed) => this.#truth.processed(write, awaited, killed),
    };
  }

  async toTheEnd(): Promise<Played> {
    for (const run of this.#history.runs) {
      await this.#timeline.pass(run.gap);
      if (run.op !== "refresh") await this.#control(run.rules);
      await this.#command(run);
      if (this.#judge.violation !== undefined) return this.#played();
    }
    if (await this.#settle()) await this.#rest();
    return this.#played();
  }

  #played(): Played {
    return {
      violation: this.#judge.violation,
      checked: this.#judge.checked,
      harms: this.#harms,
      commands: this.#commands,
      requests: this.#requests,
      story: this.#story,
    };
  }

  async #command(run: Run): Promise<{ ending: Ending | undefined; process: ProviderProcess }> {
    const process = new ProviderProcess(this.#setup, run.faults, run.op !== "up");
    const since = this.#timeline.now();
    const before = this.#stack.state;
    const closed = this.#closed(before);
    let ending: Ending | undefined;
    const work = this.#start(run, process).then((end) => {
      ending = end;
    });
    const drive = await this.#timeline.drive(work, this.#limit(run));
    this.#judge.that(drive === "settled", "ends in time", () => `${run.op} is ${drive} at ${this.#at()}`);
    process.ended = true;
    this.#truth.look();
    const jumped = process.harms.some(({ kind }) => kind === "clock");
    if (run.op !== "refresh" && closed !== undefined && closed === this.#closed(before) && !jumped) {
      this.#judge.that(process.requests === 0, "held costs nothing", () => `${process.requests} requests`);
    }
    if (ending !== undefined) {
      this.#verdicts.command({ run, process, since, ending, before });
      if (ending.kind !== "killed" && this.#stack.state !== before) await this.#judgeStored(process);
    }
    this.#commands += 1;
    this.#requests += process.requests;
    this.#story.push(this.#verdicts.tell(run, process, since, ending));
    process.kill();
    return { ending, process };
  }

  /** The rule of the clock that held the upgrade of the state before, and still does, with nothing that may run. */
  #closed(before: Saved | undefined): string | undefined {
    if (before === undefined || this.#rules === undefined || before.initErrors.length > 0) return undefined;
    const { approval, onHeld } = this.#rules;
    const closed = closedBy(this.#rules, this.#stack.written, this.#timeline.now());
    if (before.outputs["status"] !== "held" || remembersOpen(before)) return undefined;
    // A run that is to fail or to wait has to; and approvals are made of its plan.
    const acts = onHeld === "fail" || (onHeld === "wait" && closed !== "freeze");
    const told = approval === undefined || before.outputs["__plan"] !== undefined;
    return acts || !told ? undefined : closed;
  }

  async #judgeStored({ lifecycle }: ProviderProcess): Promise<void> {
    const { state, written } = this.#stack;
    if (state === undefined) return;
    const faults = await faultsOfStored(lifecycle, state, written);
    this.#judge.that(faults.length === 0, "stored is valid input", () => faults.join("; "));
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
    if (op === "preview") return LOOKS + SLACK;
    if (op === "refresh") return READ + SLACK;
    return LOOKS + SLACK + (limit === undefined ? this.#timeout : limit * SECOND);
  }

  /** The program is changed: what it lets the next run do. */
  async #control(rules: ChangeRules | undefined): Promise<void> {
    // With the service's own window, the service chooses the time.
    const { window: _, blackout: __, ...rest } = rules ?? {};
    this.#rules = this.#world.args["schedule"] === "maintenance-window" && rules !== undefined ? rest : rules;
    const endedAt = rules && backupOf(rules, this.#timeline.now());
    if (endedAt !== undefined) {
      this.#world.backUp(endedAt);
      this.#backedUpAt = Math.max(this.#backedUpAt, endedAt);
    }
    const plan = this.#rules?.approval === undefined ? {} : await this.#planned();
    this.#stack.amend(argumentsOf(this.#rules, this.#timeline.now(), this.#urn, plan));
  }

  /** What a preview plans, for the approval. */
  async #planned(): Promise<Readonly<Record<string, unknown>>> {
    const process = new ProviderProcess(this.#setup, [], true);
    let plan = {};
    const work = process.lifecycle.check({}, { ...this.#stack.written, approval: NO_APPROVALS }).then(({ inputs }) => {
      plan = Object(inputs["__plan"] ?? {});
    });
    await this.#timeline.drive(work, LOOKS + SLACK);
    process.kill();
    return plan;
  }

  /** Commands without faults, and whatever the remedies ask for between them. @returns whether the pin holds now */
  async #settle(): Promise<boolean> {
    const clean = { gap: SECOND, faults: [] };
    await this.#control(undefined);
    let op: Run["op"] = "up";
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      // Nobody tries again at once what has just failed.
      await this.#timeline.pass(attempt === 0 ? SECOND : this.#world.settles / 4);
      const { ending } = await this.#command({ ...clean, op });
      if (this.#judge.violation !== undefined) return false;
      if (op === "up" && this.#holds(ending)) {
        this.#judge.that(true, "converges", () => "");
        return true;
      }
      op = await this.#follow(op, ending, attempt);
      if (this.#judge.violation !== undefined) return false;
    }
    this.#judge.that(false, "converges", () => `after ${ATTEMPTS} commands without faults: ${this.#world.standing()}`);
    return false;
  }

  /** Whether the command has left the pin satisfied, and knows it; or has refused what is newer, as it was asked to. */
  #holds(ending: Ending | undefined): boolean {
    const standing = this.#world.standing();
    const status = this.#stack.state?.outputs["status"];
    if (ending?.kind === "done") return standing === status;
    return standing === "newer" && this.#world.args["onNewer"] === "fail";
  }

  /** Does what a person would do now. @returns the next command */
  async #follow(op: Run["op"], ending: Ending | undefined, attempt: number): Promise<Run["op"]> {
    if (op === "refresh") return "up";
    if (ending?.kind === "done") {
      const status = this.#stack.state?.outputs["status"];
      if (status === "upgrading" || status === "deferred") {
        // Who does not wait for an upgrade learns that it stands still only by looking again and again.
        if (attempt > 1) this.#world.repair();
        await this.#timeline.pass(this.#world.settles);
        return "up";
      }
      // Only what was changed or told wrongly behind the state's back needs another look.
      const excused = this.#verdicts.stateMayBeWrong;
      this.#judge.that(excused, "converges", () => `up ends with ${status}, but it is ${this.#world.standing()}`);
      return "refresh";
    }
    // One of several is newer, which this pin refuses before anything is done about the others, and already in a preview.
    if (refusesNewer(ending)) this.#stack.amend({ onNewer: "accept" });
    this.#world.repair();
    return "up";
  }

  /** A settled pin is left alone. */
  async #rest(): Promise<void> {
    const { ending, process } = await this.#command({ op: "up", gap: 0, faults: [] });
    if (this.#world.standing() !== "current") return;
    const idle = ending?.kind === "done" && !ending.changed && process.requests === 0;
    this.#judge.that(idle, "rests", () => `${process.requests} requests, ${JSON.stringify(ending)}`);
    if (this.#history.seed % 8 !== 0 || this.#judge.violation !== undefined) return;
    const before = this.#stack.state?.inputs;
    await this.#command({ op: "refresh", gap: 0, faults: [] });
    const after = this.#stack.state?.inputs;
    const drift = () => `a refresh changes the inputs from ${JSON.stringify(before)} to ${JSON.stringify(after)}`;
    this.#judge.that(isDeepStrictEqual(before, after), "rests", drift);
  }

  #count(harm: Harm): void {
    const name = nameOf(harm);
    this.#harms.set(name, (this.#harms.get(name) ?? 0) + 1);
    if (harm.kind === "vendor") this.#verdicts.trouble(harm.trouble);
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
