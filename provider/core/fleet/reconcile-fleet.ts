import { Cancellation, CancelPause } from "../cancel";
import { Confirmation } from "../confirmation";
import { type ChangeControl, controlOf, togetherHold } from "../control/control";
import type { Hold } from "../control/hold";
import { awaitRelease, endHeld } from "../control/release";
import type { FleetDriver, Observation } from "../driver";
import { asPinError, type PinError } from "../errors";
import { Observer, type Sight } from "../observer";
import type { Outcome, Status, UpgradeRecord } from "../outcome";
import { Watch } from "../pace";
import type { Policy } from "../policy";
import type { Runtime } from "../runtime";
import { blocked, stoppedWith } from "../sentences";
import { Stall } from "../stall";
import type { Problem, Unit, View } from "../unit";
import { UnreachableBudget } from "../unreachable-budget";
import { Attempts } from "./attempts";
import { cancelable, cancelFormer, keep } from "./cancel";
import { type Earlier, earlierOf, failedSince, hasUpgraded } from "./earlier";
import { problemOf } from "./problems";
import { FleetRecord } from "./record";
import { ScheduledTasks } from "./scheduled-tasks";
import { Sender } from "./sender";
import { notAll, progressOf, scheduledNote, some, tooNewOf } from "./sentences";
import { type Circumstances, verdictOn, type Waiting } from "./verdict";
import { Verdicts } from "./verdicts";

/**
 * The one routine for things that are upgraded each for itself by calls that name many of them: look at all → decide for
 * each → ask for those that can be asked for → wait → look again, until every one has got to the pin or to a problem of
 * its own. Never throws.
 *
 * @param remembered what the state knows of the last upgrade
 */
export async function reconcileFleet<O extends Observation>(
  driver: FleetDriver<O>,
  policy: Policy,
  runtime: Runtime,
  remembered?: UpgradeRecord,
): Promise<Outcome<O>> {
  const run = new FleetRun(driver, policy, runtime, remembered);
  try {
    return run.outcome(await run.toTheEnd());
  } catch (error) {
    return run.failure(error);
  }
}

class FleetRun<O extends Observation> {
  readonly #driver: FleetDriver<O>;
  readonly #policy: Policy;
  readonly #runtime: Runtime;
  readonly #budget: UnreachableBudget;
  readonly #watch: Watch;
  readonly #attempts = new Attempts();
  readonly #earlier: Earlier | undefined;
  readonly #schedule: ScheduledTasks;
  readonly #record: FleetRecord;
  readonly #observer: Observer<O>;
  readonly #cancellation: Cancellation;
  readonly #sender: Sender<O>;
  readonly #stall: Stall;
  readonly #confirmation: Confirmation;
  readonly #cancelPause: CancelPause;
  readonly #control: ChangeControl;
  #hold: Hold | undefined;
  #problems: ReadonlyMap<string, Problem> = new Map();
  /** Members of which it was told that they failed since the last run. */
  readonly #told = new Set<string>();
  #canceled = false;
  /** Nothing is waited for any more. */
  #over = false;

  constructor(driver: FleetDriver<O>, policy: Policy, runtime: Runtime, remembered?: UpgradeRecord) {
    const { clock, signal, random } = runtime;
    [this.#driver, this.#policy, this.#runtime] = [driver, policy, runtime];
    this.#earlier = earlierOf(remembered, clock, policy.settleTime);
    this.#schedule = new ScheduledTasks(remembered);
    // A record in state "deferred" says that nothing was asked for but what its tasks name.
    const accepted = driver.schedules && this.#earlier?.anybody !== true ? "deferred" : "running";
    this.#record = new FleetRecord(clock, driver.words, this.#schedule, accepted, remembered);
    this.#budget = new UnreachableBudget(driver.title, policy, runtime, this.#record.open);
    this.#watch = new Watch(clock, signal, random);
    this.#observer = new Observer(driver, this.#budget, clock);
    this.#stall = new Stall(runtime, driver.title, driver.words.lookAt);
    const records = { attempts: this.#attempts, record: this.#record, schedule: this.#schedule };
    this.#control = controlOf(driver, policy, runtime);
    this.#sender = new Sender(driver, this.#control, policy, runtime, this.#budget, records);
    this.#confirmation = new Confirmation(clock, policy.spacing);
    this.#cancelPause = new CancelPause(policy.spacing, runtime);
    this.#cancellation = new Cancellation(driver, this.#cancelPause, runtime);
  }

  async toTheEnd(): Promise<Status> {
    this.#canceled = await cancelFormer(this.#driver, this.#schedule, this.#budget, this.#runtime, this.#cancelPause);
    for (;;) {
      const sight = await this.#observer.observe(this.#attentive);
      const verdicts = this.#judge(sight);
      if (this.#attempts.asked.length === 0) this.#refuseHopeless(sight.view, verdicts);
      const ready = verdicts.members("send");
      const confirmed = this.#confirmed(ready, sight.at);
      if (await this.#cancel(verdicts)) continue;
      if (ready.length > 0) {
        await (confirmed.length > 0
          ? this.#send(confirmed, sight.observation)
          : this.#confirmation.pause(this.#runtime));
        continue;
      }
      const waiting = verdicts.of("wait");
      if (waiting.size === 0 && (await awaitRelease(this.#control, verdicts.holds, this.#runtime))) continue;
      if (waiting.size === 0) return this.#end(sight.view, verdicts);
      this.#record.joined(verdicts.members("wait").filter(({ activity }) => activity?.kind === "running"));
      if (!this.#policy.wait && [...waiting.values()].every(({ accepted }) => accepted))
        return this.#unwatched(sight.view);
      await this.#pause(sight.view, verdicts);
    }
  }

  async #send(confirmed: readonly Unit[], observation: O): Promise<void> {
    this.#tellEarlier(confirmed);
    // The pace follows how long the upgrade takes, not how long it took to confirm the request.
    if (this.#attempts.asked.length === 0) this.#watch.restart();
    await this.#sender.send(confirmed, observation);
    // What was sent does not show at once; a moment later many resources share one read.
    await this.#watch.pause();
  }

  /** Members whose requests may be sent. Batches differ from read to read, so the request for each alone is compared. */
  #confirmed(ready: readonly Unit[], at: number): readonly Unit[] {
    const units = this.#confirmation.note(at, ready);
    if (units.size > 0) this.#confirmation.forget();
    return ready.filter(({ name }) => units.has(name));
  }

  /** Whether there may be something of ours to do, or to wait for, although the pin holds. */
  get #attentive(): boolean {
    const earlier = this.#earlier;
    if (this.#schedule.size > 0) return true;
    if (earlier === undefined || earlier.over) return false;
    const { settleTime, lostReplyWindow } = this.#policy;
    const fresh = this.#runtime.clock.elapsed() - earlier.calledAt < Math.max(settleTime, lostReplyWindow);
    return fresh || this.#observer.seen === undefined;
  }

  outcome(status: Status, error?: PinError): Outcome<O> {
    this.#record.left(this.#attempts);
    const { upgrade, open } = this.#record;
    const problems = [...this.#problems].map(([name, { message }]) => [name, message] as const);
    return {
      status,
      accepted: open,
      ...this.#observer.outcome,
      ...(upgrade === undefined ? {} : { upgrade }),
      ...(problems.length === 0 ? {} : { problems: Object.fromEntries(problems) }),
      ...(this.#hold === undefined ? {} : { hold: this.#hold }),
      ...(error === undefined ? {} : { error }),
    };
  }

  failure(thrown: unknown): Outcome<O> {
    const error = asPinError(thrown);
    const going = error.code === "held" && this.#record.open;
    if (error.code === "newer" || error.code === "held") return this.outcome(going ? "upgrading" : error.code, error);
    if (this.#over) return this.outcome(error.code === "upgrade-failed" ? "failed" : "behind", error);
    this.#record.left(this.#attempts);
    const status = this.#record.stopped(this.#hold);
    return this.outcome(status, stoppedWith(error, this.#driver.title, this.#record, this.#hold));
  }

  #judge({ view: { units: members, absent }, at }: Sight<O>): Verdicts {
    this.#attempts.seen(members, this.#runtime.clock.elapsed());
    this.#schedule.seen(members);
    const unwanted = members.flatMap(({ name, standing, activity }) =>
      standing !== "behind" && activity?.kind === "scheduled" ? [name] : [],
    );
    keep(this.#schedule, unwanted, this.#driver, this.#runtime);
    const about: Circumstances = {
      now: at,
      attempts: this.#attempts,
      times: this.#policy,
      earlier: this.#earlier,
      schedule: this.#schedule,
      kept: this.#cancellation.refused,
      schedules: this.#driver.schedules,
      words: this.#driver.words,
      holdOf: this.#control.judge(),
    };
    const verdicts = new Verdicts(members.map((member) => [member, verdictOn(member, about)] as const));
    const gone = absent.map((member) => {
      const problem: Problem = { code: "vanished", message: problemOf(member) };
      return [member.name, problem] as const;
    });
    this.#problems = new Map<string, Problem>([...verdicts.of("problem"), ...gone]);
    this.#hold = togetherHold(verdicts.holds, members.length + absent.length);
    return verdicts;
  }

  /** Before the first call: what forbids to send any. */
  #refuseHopeless({ units: members }: View, verdicts: Verdicts): void {
    const { title, words, units: names } = this.#driver;
    const hopeless = members.flatMap(({ name, standing, activity }) =>
      standing === "behind" && activity?.kind === "blocked" && activity.finding.property !== undefined
        ? [{ ...activity.finding, message: `${name}: ${activity.finding.message}` }]
        : [],
    );
    if (hopeless.length > 0) throw blocked(title, hopeless.slice(0, 1));
    const newer = verdicts.members("newer");
    if (this.#policy.onNewer === "fail" && newer.length > 0) throw tooNewOf(title, newer, names.length, words);
  }

  /** @returns whether a read is due because something was to be canceled */
  async #cancel(verdicts: Verdicts): Promise<boolean> {
    const unwanted = [...verdicts.of("cancel").values()].map(({ task }) => cancelable(task.id, this.#driver));
    if (unwanted.length === 0) return false;
    const canceled = await this.#cancellation.cancel(unwanted);
    this.#schedule.drop(canceled);
    if (canceled.length > 0) this.#canceled = true;
    return true;
  }

  /** What an earlier run did not live to tell; once, although calls may have to be sent several times. */
  #tellEarlier(members: readonly Unit[]): void {
    const earlier = this.#earlier;
    if (earlier === undefined || earlier.over) return;
    const untold = members.filter(({ name }) => this.#attempts.entry(name) === undefined && !this.#told.has(name));
    const failed = failedSince(earlier, untold);
    if (failed.size === 0) return;
    for (const name of failed.keys()) this.#told.add(name);
    this.#runtime.warn(`Upgrades failed since the last run, and are asked for again: ${some([...failed.values()])}`);
  }

  #pause({ units: members, absent, outlook }: View, verdicts: Verdicts): Promise<void> {
    const waiting = [...verdicts.of("wait").values()];
    const standings = {
      total: members.length + absent.length,
      done: members.filter(({ standing }) => standing !== "behind").length,
      problems: this.#problems.size,
      waiting: waiting.map(({ message }) => message),
    };
    const concerned = Math.max(this.#attempts.size, waiting.length);
    const partly = waiting.reduce((sum, { percent = 0 }) => sum + Math.min(percent, 99), 0);
    const percent = Math.floor(((concerned - waiting.length) * 100 + partly) / concerned);
    const told = progressOf(standings);
    const message = outlook === undefined ? told : `${told}, ${outlook}`;
    this.#runtime.report(this.#stall.seen({ message, percent }, told));
    return this.#watch.pause(percent);
  }

  /** The vendor has been asked for everything, and nobody wants to wait for it. */
  #unwatched({ units: members, absent }: View): Status {
    if (this.#problems.size > 0) this.#runtime.warn(this.#notAll(members.length + absent.length).message);
    if (this.#hold !== undefined) endHeld(this.#control, this.#hold, this.#runtime);
    return "upgrading";
  }

  #end({ units: members, absent }: View, verdicts: Verdicts): Status {
    const { title, words } = this.#driver;
    const total = members.length + absent.length;
    this.#over = true;
    const deferred = verdicts.of("scheduled");
    if (deferred.size > 0) this.#runtime.inform(scheduledNote(deferred, words));
    const waiting = new Map<string, Waiting>([...deferred, ...this.#stillOurs(members)]);
    if (waiting.size > 0) this.#record.scheduledUnits(waiting);
    else if (this.#record.open && !members.some(isAccepted))
      this.#record.ended(this.#problems.size > 0 ? "failed" : this.#goodEnd(members));
    if (this.#problems.size > 0) throw this.#notAll(total);
    const newer = verdicts.members("newer");
    if (newer.length > 0 && this.#policy.onNewer === "fail") throw tooNewOf(title, newer, total, words);
    if (newer.length > 0 && this.#policy.onNewer === "report")
      this.#runtime.warn(tooNewOf(title, newer, total, words).text);
    if (this.#hold !== undefined) return endHeld(this.#control, this.#hold, this.#runtime);
    if (deferred.size > 0) return "deferred";
    return newer.length > 0 ? "newer" : "current";
  }

  /** What has come of the recorded upgrades when every member satisfies the pin, or is held. */
  #goodEnd(members: readonly Unit[]): "succeeded" | "withdrawn" | "gone" {
    if (this.#attempts.size > 0) return "succeeded";
    if (this.#canceled) return "withdrawn";
    return hasUpgraded(this.#earlier, members, this.#record.upgrade?.from) ? "succeeded" : "gone";
  }

  /** Tasks of ours that wait, wanted or not. */
  #stillOurs(members: readonly Unit[]): (readonly [string, Waiting])[] {
    return members.flatMap(({ name, activity }) =>
      activity?.kind === "scheduled" && this.#schedule.owns(name, activity.task.id) ? [[name, activity] as const] : [],
    );
  }

  #notAll(total: number): PinError {
    return notAll(this.#driver.title, this.#problems, total, this.#driver.words);
  }
}

/** Whether an accepted upgrade of it waits for somebody. */
function isAccepted({ activity }: Unit): boolean {
  return activity?.kind === "blocked" && activity.task !== undefined;
}
