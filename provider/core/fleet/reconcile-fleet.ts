import { asPinError, type PinError, Refused, Unreachable } from "../errors";
import type { Outcome, Status, UpgradeRecord } from "../outcome";
import { Watch } from "../pace";
import { Patience } from "../patience";
import type { Plan } from "../pin";
import { type Policy, SOON_TRIES } from "../policy";
import type { Runtime } from "../runtime";
import { blocked, newerNote, stoppedWith, tooNew } from "../sentences";
import { formatVersion, lowestVersion } from "../version";
import { batchesOf } from "./batches";
import type { FleetMember, FleetObservation, FleetPin } from "./fleet";
import { planFleet } from "./plan-fleet";
import { FleetRecord } from "./record";
import { count, notAll, progressOf } from "./sentences";
import { takeBack } from "./take-back";
import { Tally } from "./tally";
import { type Problem, verdictOn } from "./verdict";
import { type Of, Verdicts } from "./verdicts";

/**
 * The one routine for things that are upgraded each for itself by calls that name many of them: look at all → decide for
 * each → ask for those that can be asked for → wait → look again, until every one has got to the pin or to a problem of
 * its own. Never throws.
 *
 * @param remembered what the state knows of the last upgrade
 */
export async function reconcileFleet<O extends FleetObservation>(
  pin: FleetPin<O>,
  policy: Policy,
  runtime: Runtime,
  remembered?: UpgradeRecord,
): Promise<Outcome<O>> {
  const run = new FleetRun(pin, policy, runtime, remembered);
  try {
    return run.outcome(await run.toTheEnd());
  } catch (error) {
    return run.failure(error);
  }
}

class FleetRun<O extends FleetObservation> {
  readonly #pin: FleetPin<O>;
  readonly #policy: Policy;
  readonly #runtime: Runtime;
  readonly #patience: Patience;
  readonly #watch: Watch;
  readonly #record: FleetRecord;
  readonly #tally = new Tally();
  /** Tasks that this pin scheduled, by id. */
  readonly #own: Set<string>;
  #seen: O | undefined;
  #problems: ReadonlyMap<string, Problem> = new Map();
  #tries = 0;

  constructor(pin: FleetPin<O>, policy: Policy, runtime: Runtime, remembered?: UpgradeRecord) {
    this.#pin = pin;
    this.#policy = policy;
    this.#runtime = runtime;
    this.#record = new FleetRecord(runtime.clock, pin.words, remembered);
    this.#own = new Set(Object.values(this.#record.scheduled));
    this.#patience = new Patience(pin.title, policy, runtime, this.#record.open);
    this.#watch = new Watch(runtime.clock, runtime.signal, runtime.random);
  }

  /**
   * A call is sent only for members of which two looks in a row ask for it: the second starts after the first has ended,
   * so an upgrade that was finishing meanwhile shows in one of them.
   */
  async toTheEnd(): Promise<Status> {
    let asked = new Set<string>();
    await this.#forsake();
    for (;;) {
      const seen = await this.#look();
      const verdicts = this.#judge(seen);
      if (this.#tally.size === 0) this.#refuseHopeless(seen, verdicts);
      if (await this.#withdraw(verdicts)) continue;
      const ready = verdicts.members("send");
      const confirmed = ready.filter(({ name }) => asked.has(name));
      asked = new Set(confirmed.length > 0 ? [] : ready.map(({ name }) => name));
      if (confirmed.length > 0) await this.#send(confirmed);
      if (ready.length > 0) continue;
      const waiting = verdicts.of("wait");
      if (waiting.size === 0) return this.#end(seen, verdicts);
      this.#record.joined(verdicts.members("wait").filter(({ condition }) => condition.kind === "upgrading"));
      if (!this.#policy.wait && this.#record.open) return "upgrading";
      await this.#pause(seen, waiting);
    }
  }

  outcome(status: Status, error?: PinError): Outcome<O> {
    const problems = [...this.#problems].map(([name, { message }]) => [name, message] as const);
    return {
      status,
      accepted: this.#record.open,
      ...(this.#seen === undefined ? {} : { observation: this.#seen }),
      ...(this.#record.upgrade === undefined ? {} : { upgrade: this.#record.upgrade }),
      ...(problems.length === 0 ? {} : { problems: Object.fromEntries(problems) }),
      ...(error === undefined ? {} : { error }),
    };
  }

  failure(thrown: unknown): Outcome<O> {
    const error = asPinError(thrown);
    if (error.code === "newer") return this.outcome("newer", error);
    const state = this.#record.upgrade?.state;
    if (this.#problems.size > 0) return this.outcome(error.code === "upgrade-failed" ? "failed" : "behind", error);
    if (this.#record.open) {
      const stopped = stoppedWith(error, this.#pin.title, this.#record.upgrade);
      return this.outcome(state === "deferred" ? "deferred" : "upgrading", stopped);
    }
    return this.outcome("behind", stoppedWith(error, this.#pin.title, this.#record.upgrade));
  }

  #look(): Promise<O> {
    const since = this.#tally.since ?? this.#record.rememberedAt;
    return this.#patience.ask(async () => {
      const seen = await this.#pin.observe(since);
      const plan = planFleet(this.#pin, seen);
      if (plan.kind === "unknown") throw new Unreachable(plan.reason, { sent: true, heard: true });
      this.#seen = seen;
      return seen;
    });
  }

  #judge({ members }: O): Verdicts {
    const now = this.#runtime.clock.now();
    this.#tally.seen(members, now);
    for (const { name, condition } of members) {
      if (condition.kind === "deferred" && this.#tally.entry(name) !== undefined) this.#own.add(condition.task.id);
    }
    const { rememberedAt } = this.#record;
    const about = {
      now,
      tally: this.#tally,
      settleTime: this.#policy.settleTime,
      own: this.#own,
      defers: this.#pin.defers,
      words: this.#pin.words,
      ...(rememberedAt === undefined ? {} : { rememberedAt }),
    };
    return new Verdicts(members.map((member) => [member, verdictOn(member, about)] as const));
  }

  /** Before the first call: what forbids to send any. */
  #refuseHopeless(seen: O, verdicts: Verdicts): void {
    const held = seen.members.flatMap(({ name, standing, condition }) =>
      standing === "behind" && condition.kind === "held" ? [{ name, finding: condition.finding }] : [],
    );
    const hopeless = held.filter(({ finding }) => finding.property !== undefined);
    if (hopeless.length > 0) {
      throw blocked(
        this.#pin.title,
        hopeless.slice(0, 1).map(({ name, finding }) => ({ ...finding, message: `${name}: ${finding.message}` })),
      );
    }
    const newer = verdicts.members("newer");
    if (this.#policy.onNewer === "fail" && newer.length > 0) throw tooNew(this.#pin.title, newerThan(seen, newer));
  }

  async #send(members: readonly FleetMember[]): Promise<void> {
    const batches = batchesOf(this.#pin, members, this.#tally);
    for (const batch of batches) {
      this.#runtime.signal.throwIfAborted();
      if (!(await this.#start(batch))) return;
    }
  }

  /** One call. @returns whether the next one may be sent without another look */
  async #start(batch: readonly FleetMember[]): Promise<boolean> {
    const { clock, signal, inform, warn, report } = this.#runtime;
    const what = `the ${this.#pin.words.upgrade} of ${count(batch.length, this.#pin.words)}`;
    const at = clock.now();
    report({ message: `asking for ${what}` });
    try {
      await this.#pin.start(batch);
      this.#sent(batch, at, false);
      inform(`asked for ${what}: ${batch.length <= 3 ? batch.map(({ name }) => name).join(", ") : routeOf(batch)}`);
      return true;
    } catch (error) {
      if (error instanceof Unreachable && error.sent) {
        this.#sent(batch, at, true);
        signal.throwIfAborted();
        warn(`The answer to the upgrade call was lost (${error.message}); looking for the upgrades.`);
        return false;
      }
      signal.throwIfAborted();
      await this.#notSent(error, batch);
      return false;
    }
  }

  #sent(batch: readonly FleetMember[], at: number, lost: boolean): void {
    this.#tally.sent(batch, at, lost);
    this.#record.asked(batch, lost);
  }

  async #notSent(error: unknown, batch: readonly FleetMember[]): Promise<void> {
    if (error instanceof Refused && error.refusal === "final") return this.#tally.refused(batch, error);
    if (!(error instanceof Refused) && !(error instanceof Unreachable)) throw error;
    const patient = error instanceof Refused && error.refusal === "busy";
    if (!patient && ++this.#tries > SOON_TRIES) throw error;
    this.#runtime.report({ message: `not started yet: ${error.message}` });
    await this.#watch.pause();
  }

  /** Tasks that this pin scheduled for members that it does not have any more. */
  async #forsake(): Promise<void> {
    const scheduled = Object.entries(this.#record.scheduled);
    const gone = scheduled.filter(([name]) => !this.#pin.names.includes(name)).map(([, id]) => id);
    if (gone.length > 0) await takeBack(this.#pin, gone, this.#runtime);
  }

  /** @returns whether a look is due because something was taken back */
  async #withdraw(verdicts: Verdicts): Promise<boolean> {
    const ids = [...verdicts.of("withdraw").values()].map(({ task }) => task.id);
    if (ids.length === 0) return false;
    const confirmed = await takeBack(this.#pin, ids, this.#runtime);
    if (confirmed === ids.length && verdicts.of("deferred").size === 0) this.#record.ended("withdrawn");
    if (confirmed < ids.length) await this.#watch.pause();
    return true;
  }

  #pause({ members, absent }: O, waiting: ReadonlyMap<string, Of<"wait">>): Promise<void> {
    const total = members.length + absent.length;
    const done = members.filter(({ standing }) => standing !== "behind").length;
    const messages = [...waiting.values()].map(({ message }) => message);
    const concerned = Math.max(this.#tally.size, waiting.size);
    const partly = [...waiting.values()].reduce((sum, { percent = 0 }) => sum + percent, 0);
    const percent = Math.floor(((concerned - waiting.size) * 100 + partly) / concerned);
    this.#runtime.report({ message: progressOf(done, messages, total, this.#pin.words), percent });
    return this.#watch.pause(percent);
  }

  #end(seen: O, verdicts: Verdicts): Status {
    const absent = seen.absent.map(({ name, finding: { message, remedy } }) => {
      const problem: Problem = { code: "vanished", message: `${message} ${remedy}` };
      return [name, problem] as const;
    });
    this.#problems = new Map<string, Problem>([...verdicts.of("problem"), ...absent]);
    const deferred = verdicts.of("deferred");
    if (deferred.size > 0) this.#record.deferred(deferred, this.#own);
    else if (this.#record.open) this.#record.ended(this.#problems.size > 0 ? "failed" : "succeeded");
    if (this.#problems.size > 0) {
      throw notAll(this.#pin.title, this.#problems, seen.members.length + seen.absent.length, this.#pin.words);
    }
    const newer = verdicts.members("newer");
    if (newer.length > 0 && this.#policy.onNewer === "fail") throw tooNew(this.#pin.title, newerThan(seen, newer));
    if (newer.length > 0 && this.#policy.onNewer === "report") {
      this.#runtime.warn(newerNote(this.#pin.title, newerThan(seen, newer)));
    }
    if (deferred.size > 0) return "deferred";
    return newer.length > 0 ? "newer" : "current";
  }
}

function newerThan(seen: FleetObservation, newer: readonly FleetMember[]): Extract<Plan, { kind: "newer" }> {
  const lowest = lowestVersion(seen.members.map(({ version }) => version));
  return {
    kind: "newer",
    at: lowest === undefined ? "" : formatVersion(lowest),
    members: newer.map(({ name, version }) => `${name} at ${formatVersion(version)}`),
  };
}

/** Members of one call run the same version. */
function routeOf([first]: readonly FleetMember[]): string {
  return first === undefined ? "" : `${formatVersion(first.version)} → ${first.target ?? "newest"}`;
}
