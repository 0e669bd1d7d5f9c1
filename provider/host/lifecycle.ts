import type { dynamic } from "@pulumi/pulumi";
import { type Clock, wallClock } from "../core/clock";
import { asPinError } from "../core/errors";
import type { Outcome, UpgradeRecord } from "../core/outcome";
import { policyFrom } from "../core/policy-from";
import { giveUp, run } from "../core/run";
import type { ConfigReader } from "./credentials";
import { Crowd } from "./crowd";
import { partialFailure, plainFailure, textOf } from "./failure";
import { timeLimit } from "./limits";
import { Silence, tellPlan } from "./preview";
import { argumentsOf, hasUnknown, type Properties, sameValue, TIMEOUTS, URN } from "./properties";
import { readBack } from "./read";
import { Learnt } from "./redaction";
import { Scheduled } from "./scheduled";
import { kindOf, openSession, type Session, type Surroundings, urnOf, withPin } from "./session";
import { isUnsettled, outputsOf, rememberedUpgrade } from "./state";
import { checkTimeouts } from "./validation";
import { shortened, toWire, type Wire } from "./wire";

/** How long taking back a scheduled upgrade may take, in milliseconds. */
const DELETE_LIMIT = 5 * 60_000;

/** Characters of a vendor's text that are stored. */
const LONGEST_STORED = 2_000;

type Outputs = { [key: string]: Wire };

/**
 * The dynamic provider: what Pulumi calls, translated into the core's one routine. One object serves every resource type
 * and every resource of a process; which one a call is about stands in its properties.
 */
export class Lifecycle implements dynamic.ResourceProvider {
  readonly #surroundings: Surroundings;
  readonly #clock: Clock;
  /** Resources whose plan has been told in this process: `check` and `diff` both may, once is enough. */
  readonly #told = new Set<string>();
  readonly #silence = new Silence();
  readonly #crowd = new Crowd();
  readonly #scheduled = new Scheduled();
  #config: ConfigReader = () => undefined;

  constructor(surroundings: Surroundings) {
    this.#surroundings = { learnt: new Learnt(), ...surroundings };
    this.#clock = surroundings.clock ?? wallClock;
  }

  /**
   * Synchronous on purpose: the SDK lets other calls in while it awaits `configure`, but none before it has returned.
   */
  configure(request: { config: { get(key: string): string | null | undefined } }): Promise<void> {
    this.#config = (key) => request.config.get(key);
    return Promise.resolve();
  }

  /** Validates, and for a new or changed pin tells the plan. `olds` are the old inputs, none on create. */
  async check(olds: Properties, news: Properties): Promise<dynamic.CheckResult> {
    const session = await this.#session(news);
    const failures = [...session.failures, ...checkTimeouts(news[TIMEOUTS])];
    if (failures.length === 0 && session.args !== undefined && !sameArguments(olds, news)) {
      failures.push(...(await this.#tell(session)));
    }
    return { inputs: news, failures };
  }

  /**
   * `olds` are the old outputs. Pure, but for the plan of a pin that an earlier run left unsettled. For a pin at rest, which
   * nearly all calls are about, nothing is loaded.
   */
  async diff(_id: string, olds: Properties, news: Properties): Promise<dynamic.DiffResult> {
    kindOf(news, this.#surroundings.kinds);
    const same = sameArguments(olds, news);
    const unsettled = isUnsettled(olds, this.#clock.now());
    const newer = olds["status"] === "newer";
    if (same && !unsettled && !newer) return { changes: false, replaces: [] };
    const session = await this.#session(news);
    if (!same) return { changes: true, replaces: await this.#replaces(session, olds) };
    const changes = unsettled || session.args?.onNewer === "fail";
    // Only a check can fail a preview, and none has looked at a pin as it was written before.
    const hopeless = changes && session.args !== undefined ? await this.#tell(session) : [];
    for (const { reason } of hopeless) session.news.warn(reason);
    return { changes, replaces: [] };
  }

  async create(inputs: Properties): Promise<{ id: string; outs: Outputs }> {
    return this.#crowd.with(() => this.#run("create", undefined, inputs));
  }

  async update(id: string, olds: Properties, news: Properties): Promise<{ outs: Outputs }> {
    const { outs } = await this.#crowd.with(() => this.#run("update", { id, outputs: olds }, news));
    return { outs };
  }

  async read(id: string, properties: Properties): Promise<dynamic.ReadResult> {
    const session = await this.#session(properties);
    try {
      return await readBack(session, this.#clock, id, properties);
    } finally {
      await this.#surroundings.log.flush();
    }
  }

  /**
   * The database is left as it is. Only an upgrade that this pin scheduled, that has not started and that no other pin of the
   * run counts on, is taken back.
   */
  async delete(_id: string, properties: Properties): Promise<void> {
    const { log } = this.#surroundings;
    const upgrade = rememberedUpgrade(properties);
    const ours = upgrade?.state === "deferred" && upgrade.joined !== true ? this.#scheduled.rest(upgrade) : undefined;
    if (ours !== undefined) await this.#giveUp(properties, ours);
    const message = "unpinned; the database is left as it is";
    log.write({ severity: "INFO", urn: urnOf(properties), message, ephemeral: false });
    await log.flush();
  }

  async #run(
    operation: "create" | "update",
    before: { id: string; outputs: Properties } | undefined,
    inputs: Properties,
  ): Promise<{ id: string; outs: Outputs }> {
    const session = await this.#session(inputs);
    const { kind, args } = session;
    const id = before?.id ?? (args && kind.identity(args)[0]) ?? "";
    const limit = timeLimit(operation, inputs, kind.timeout);
    const remembered = rememberedUpgrade(before?.outputs);
    const outcome = await withPin(session, this.#clock, limit, (driver, runtime) =>
      run(driver, policyFrom(args ?? {}, kind.times), runtime, remembered),
    );
    this.#scheduled.keep(outcome);
    await this.#surroundings.log.flush();
    const outputs = outputsOf(kind, inputs, storable(outcome, session), before?.outputs);
    if (outcome.error === undefined) return { id, outs: toOutputs(outputs) };
    const reason = session.redact(textOf(outcome.error));
    const worthKeeping = outcome.accepted || outcome.status === "failed" || !sameValue(outcome.upgrade, remembered);
    throw worthKeeping ? partialFailure(id, outputs, reason) : plainFailure(reason);
  }

  async #giveUp(properties: Properties, upgrade: UpgradeRecord): Promise<void> {
    const session = await this.#session(properties);
    const limit = timeLimit("delete", properties, DELETE_LIMIT);
    try {
      await withPin(session, this.#clock, limit, (driver, runtime) => giveUp(driver, upgrade, runtime));
    } catch (error) {
      throw plainFailure(session.redact(textOf(asPinError(error))));
    }
  }

  #session(properties: Properties): Promise<Session> {
    return openSession(properties, this.#config, this.#surroundings);
  }

  async #tell(session: Session) {
    const key = session.urn ?? "";
    if (this.#told.has(key)) return [];
    if (key !== "") this.#told.add(key);
    const failures = await tellPlan(session, this.#clock, this.#silence);
    await this.#surroundings.log.flush();
    return failures;
  }

  /** The identifying properties, when old and new arguments name nothing in common. */
  async #replaces(session: Session, olds: Properties): Promise<string[]> {
    const { kind, args } = session;
    if (args === undefined) return [];
    const old = (await this.#session({ ...olds, [URN]: session.urn })).args;
    if (old === undefined) return [];
    const names = new Set(kind.identity(old));
    return kind.identity(args).some((name) => names.has(name)) ? [] : [...kind.identifiedBy];
  }
}

function sameArguments(a: Properties, b: Properties): boolean {
  return !hasUnknown(b) && sameValue(argumentsOf(a), argumentsOf(b));
}

function toOutputs(outputs: Record<string, unknown>): Outputs {
  return Object.fromEntries(
    Object.entries(outputs)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, toWire(value)]),
  );
}

/** What the vendor said of failures, as it may be stored. */
function storable({ problems, upgrade, ...outcome }: Outcome, { redact }: Session): Outcome {
  const told = (text: string) => shortened(redact(text), LONGEST_STORED);
  const reason = upgrade?.reason === undefined ? {} : { reason: told(upgrade.reason) };
  return {
    ...outcome,
    ...(problems === undefined ? {} : { problems: mapped(problems, told) }),
    ...(upgrade === undefined ? {} : { upgrade: { ...upgrade, ...reason } }),
  };
}

function mapped(texts: Readonly<Record<string, string>>, change: (text: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, change(text)]));
}
