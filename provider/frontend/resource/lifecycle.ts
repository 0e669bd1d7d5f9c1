import { type Proposal, proposalsOf } from "../../core/control/approval";
import { run } from "../../core/run";
import { type Clock, wallClock } from "../../core/runtime";
import { isOpen } from "../../core/upgrades/record";
import type { CheckFailure } from "./arguments";
import type { ConfigReader } from "./credentials";
import { UnrepeatedLog, undisturbedLog } from "./log";
import { Overlaps } from "./overlaps";
import { type Memory, Previews, showReplaced, showTakenOver } from "./preview";
import { hasUnknown, type Outputs, type Properties, sameValue, targetArguments } from "./properties";
import { type ReadBack, readBack } from "./read";
import { DiscoveredSecrets } from "./redaction";
import { RunNotes } from "./run-notes";
import { Scheduled } from "./scheduled";
import {
  type Call,
  type Environment,
  Failure,
  kindOf,
  openSession,
  policyOf,
  type Session,
  withDriver,
} from "./session";
import { isUnsettled, outputsAfter, reliesOnOthers, rememberedUpgrade, shownReason } from "./state";

/** The result of a create or an update. */
export interface Applied {
  readonly id: string;
  readonly outputs: Outputs;
  /** Why it failed. The outputs are saved anyway, so that the next `pulumi up` resumes from there. */
  readonly failure?: string;
}

/** The result of a check. */
export interface Checked {
  readonly failures: readonly CheckFailure[];
  /** The upgrades that would be requested, by unit, for resources that require approvals. */
  readonly plan?: Readonly<Record<string, Proposal>>;
}

/** The result of a diff. */
export interface Difference {
  readonly changes: boolean;
  /** The properties whose change requires a replacement. */
  readonly replaces: string[];
}

/**
 * Translates Pulumi's operations on a resource into the core's routine, regardless of the protocol. One object serves
 * all resources of a process.
 */
export class Lifecycle {
  readonly #environment: Environment;
  readonly #log: UnrepeatedLog;
  readonly #clock: Clock;
  /** The plan of a check, by URN: a later check in this process returns the same one. */
  readonly #plans = new Map<string, Checked["plan"]>();
  readonly #previews = new Previews();
  readonly #overlaps: Overlaps;
  readonly #scheduled: Scheduled;
  #config: ConfigReader = () => undefined;

  constructor(environment: Environment) {
    this.#log = new UnrepeatedLog(undisturbedLog(environment.log));
    this.#environment = { discovered: new DiscoveredSecrets(), ...environment, log: this.#log };
    this.#clock = environment.clock ?? wallClock;
    const notes = environment.notes ?? new RunNotes();
    this.#overlaps = new Overlaps(notes);
    this.#scheduled = new Scheduled(notes);
  }

  configure(config: ConfigReader): void {
    this.#config = config;
  }

  /**
   * Validates the arguments, and shows the plan of a new or changed resource. `olds` are the old inputs, empty on
   * create.
   * @param known failures that were already found: then the vendor is not read
   */
  async check(call: Call, olds: Properties, news: Properties, known: readonly CheckFailure[]): Promise<Checked> {
    const session = await this.#session({ ...call, named: true }, news);
    this.#overlaps.declare(session);
    const failures = [...session.failures, ...known];
    if (failures.length === 0 && session.args !== undefined && !sameTarget(olds, news)) {
      // The owner of an existing resource's tasks is in its outputs, which only `diff` receives.
      const memory = Object.keys(olds).length === 0 ? { outputs: {} } : undefined;
      const shown = await this.#previews.showPlan(session, memory);
      failures.push(...shown.failures);
      if (session.args.approval !== undefined && shown.seen !== undefined) {
        this.#plans.set(call.urn, proposalsOf(shown.seen.view.units));
      }
    }
    if (failures.length === 0) this.#previews.showUnknown(session, news);
    await this.#environment.log.flush();
    const plan = session.args?.approval === undefined ? undefined : this.#plans.get(call.urn);
    return { failures, ...(plan === undefined ? {} : { plan }) };
  }

  /**
   * `olds` are the old outputs. Pure, except for the plan of a resource that an earlier run left unsettled, and for a
   * read of a scheduled upgrade that others may cancel. Nothing is loaded for a settled resource, which is the usual
   * case.
   */
  async diff(call: Call, olds: Properties, news: Properties): Promise<Difference> {
    kindOf(call, this.#environment.kinds);
    this.#scheduled.seen(call, olds);
    const same = sameTarget(olds, news);
    const unsettled = isUnsettled(olds, this.#clock.now()) || (same && (await this.#lostItsUpgrade(call, olds, news)));
    const newer = olds["status"] === "newer";
    if (same && !unsettled && !newer) return { changes: false, replaces: [] };
    const session = await this.#session({ ...call, named: true }, news);
    try {
      return same ? await this.#unsettled(session, olds, unsettled) : await this.#changed(session, olds, news);
    } finally {
      await this.#environment.log.flush();
    }
  }

  /** The difference of a resource with another target. */
  async #changed(session: Session, olds: Properties, news: Properties): Promise<Difference> {
    const replaces = await this.#replaces(session, olds);
    showTakenOver(session, olds, news);
    if (replaces.length === 0) await this.#previews.showWrites(session, this.#memoryOf(session, olds));
    else showReplaced(session, olds);
    return { changes: true, replaces };
  }

  /** The difference of a resource with an unchanged target that is not reached, or exceeded. */
  async #unsettled(session: Session, olds: Properties, unsettled: boolean): Promise<Difference> {
    const changes = unsettled || session.args?.onNewer === "fail";
    // Only a check can fail a preview, and none has read a resource whose arguments are unchanged.
    if (changes && session.args !== undefined) {
      const { failures, held } = await this.#previews.showPlan(session, this.#memoryOf(session, olds));
      if (held === true) return { changes: false, replaces: [] };
      for (const { property, reason } of failures) {
        // A failed read fails a diff too, if `onUnreachable` requires that. Arguments that can never succeed are
        // reported by the run.
        if (property === "") throw new Failure(reason);
        session.reporter.warn(reason);
      }
    }
    return { changes, replaces: [] };
  }

  /** @throws Failure if there is nothing to save */
  create(call: Call, inputs: Properties): Promise<Applied> {
    return this.#run(call, inputs);
  }

  update(call: Call, id: string, olds: Properties, news: Properties): Promise<Applied> {
    return this.#run(call, news, { id, outputs: olds });
  }

  async read(call: Call, properties: Properties): Promise<ReadBack | "gone" | "unread"> {
    this.#log.forget(call.urn);
    const session = await this.#session({ ...call, named: true }, properties);
    try {
      return await readBack(session, properties);
    } finally {
      await this.#environment.log.flush();
    }
  }

  /**
   * The database is not changed. Only an upgrade that this resource scheduled, that has not started and that no other
   * resource relies on, is canceled.
   */
  async delete(call: Call, properties: Properties): Promise<void> {
    const { log } = this.#environment;
    const upgrade = rememberedUpgrade(properties);
    if (upgrade !== undefined && isOpen(upgrade)) {
      const kind = await kindOf(call, this.#environment.kinds)();
      // The properties of a failed update may have been too large to be stored whole (`fitPartialFailure`).
      const units = Object.keys(upgrade.tasks ?? {});
      const named = Object.fromEntries(units.length === 0 ? [] : kind.identifiedBy.map((key) => [key, units]));
      const session = await this.#session(call, { ...named, ...properties });
      await this.#scheduled.cancelLeft(session, properties, upgrade);
    }
    this.#scheduled.gone(call, properties);
    const running = upgrade?.state === "running" || upgrade?.state === "unknown";
    const continues = running ? `; its upgrade to ${upgrade.to} may still be running` : "";
    const message = `no longer managed; the database was not changed${continues}`;
    log.write({ severity: "INFO", urn: call.urn, message, ephemeral: false });
    await log.flush();
  }

  async #run(call: Call, inputs: Properties, before?: { id: string; outputs: Properties }): Promise<Applied> {
    const session = await this.#session(call, inputs);
    const { kind, args } = session;
    const policy = policyOf(session, before?.outputs);
    const id = before?.id ?? (args && kind.identity(args)[0]) ?? "";
    const remembered = rememberedUpgrade(before?.outputs);
    const keepScheduled = this.#scheduled.keeping(session, before?.outputs ?? {});
    const schedules = args !== undefined && kind.cancelByHand !== undefined;
    const { outcome, outputs } = await this.#scheduled.during(call, schedules ? kind.identity(args) : [], async () => {
      const outcome = await withDriver(session, call.limit ?? kind.timeout, (driver, runtime) =>
        run(driver, policy, { ...runtime, keepScheduled }, remembered),
      );
      await this.#environment.log.flush();
      const outputs = outputsAfter(session, inputs, outcome, before?.outputs);
      this.#scheduled.seen(call, outputs, before?.outputs);
      return { outcome, outputs };
    });
    if (outcome.error === undefined) return { id, outputs };
    const reason = shownReason(session, outcome.error);
    const worthKeeping = outcome.accepted || outcome.status === "failed" || !sameValue(outcome.upgrade, remembered);
    if (!worthKeeping) throw new Failure(reason);
    return { id, outputs, failure: reason };
  }

  #memoryOf(session: Session, outputs: Properties): Memory {
    return { outputs, keepScheduled: this.#scheduled.keeping(session, outputs) };
  }

  /** Whether a scheduled upgrade that a resource relies on without owning it was canceled. */
  async #lostItsUpgrade(call: Call, olds: Properties, news: Properties): Promise<boolean> {
    const upgrade = rememberedUpgrade(olds);
    if (upgrade === undefined || !reliesOnOthers(olds, upgrade)) return false;
    return this.#previews.wasCanceled(await this.#session(call, news), upgrade);
  }

  #session(call: Call, properties: Properties): Promise<Session> {
    return openSession(call, properties, this.#config, this.#environment);
  }

  /** The identifying properties, if old and new arguments have no name in common. */
  async #replaces(session: Session, olds: Properties): Promise<string[]> {
    const { call, kind, args } = session;
    if (args === undefined) return [];
    const old = (await this.#session(call, olds)).args;
    if (old === undefined) return [];
    const names = new Set(kind.identity(old));
    return kind.identity(args).some((name) => names.has(name)) ? [] : [...kind.identifiedBy];
  }
}

/** Whether the target is unchanged. Arguments that only control when to send a request cause no change on their own. */
function sameTarget(a: Properties, b: Properties): boolean {
  return !hasUnknown(b) && sameValue(targetArguments(a), targetArguments(b));
}
