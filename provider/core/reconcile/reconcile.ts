import { awaitRelease, type ChangeControl, controlOf, endHeld, isAwaited, togetherHold } from "../control/control";
import { type Hold, heldBy } from "../control/hold";
import { Confirmation } from "../decision/confirmation";
import { type Facts, isUnwanted, judge, type Of, type Verdicts } from "../decision/verdicts";
import { type Driver, isFleet, type Observation } from "../driver";
import { asUpgradeError, type UpgradeError } from "../errors";
import type { Outcome, Status, UpgradeRecord } from "../outcome";
import type { Policy } from "../policy";
import type { Runtime } from "../runtime";
import type { Task } from "../task";
import { failed, rolledBack } from "../texts/sentences";
import { stoppedWith } from "../texts/stopped";
import { type Texts, textsOf } from "../texts/texts";
import { isHopeless, isImpeded, type Problem, problemOf, type Unit, unhealthyFinding, type View } from "../unit";
import { isOpen } from "../upgrades/record";
import type { Upgrades } from "../upgrades/upgrades";
import { UpgradesById } from "../upgrades/upgrades-by-id";
import { UpgradesByList } from "../upgrades/upgrades-by-list";
import { Cancellation, CancelPause } from "./cancel";
import { type CompleteRead, follow, Observer, UnreachableBudget } from "./observer";
import { UnitsProgress } from "./pace";
import { Recovery } from "./recovery";
import { Sender } from "./send";

/**
 * The one routine behind create, update, adopt, resume and retry, for one unit and for many: read → decide for each
 * unit → (nothing | join | cancel | request) → wait → read again, until every unit has reached its target version or
 * has a problem of its own.
 *
 * It ends only if the last read is up to date (or newer, and the policy accepts that), or with an error in the outcome.
 * It never throws.
 * @param remembered the last upgrade in the state
 */
export async function reconcile<O extends Observation>(
  driver: Driver<O>,
  policy: Policy,
  runtime: Runtime,
  remembered?: UpgradeRecord,
): Promise<Outcome<O>> {
  const run = new Reconciliation(driver, policy, runtime, remembered);
  try {
    return run.outcome(await run.toTheEnd());
  } catch (error) {
    return run.failure(error);
  }
}

/**
 * The next step: `read` the vendor; `judge` the last read again, because only the state of a task has changed, not the
 * versions; or the final status of the run.
 */
type Next = "read" | "judge" | Status;

class Reconciliation<O extends Observation> {
  readonly #driver: Driver<O>;
  readonly #policy: Policy;
  readonly #runtime: Runtime;
  readonly #texts: Texts;
  readonly #budget: UnreachableBudget;
  readonly #observer: Observer<O>;
  readonly #upgrades: Upgrades;
  readonly #control: ChangeControl;
  readonly #confirmation: Confirmation;
  readonly #cancelPause: CancelPause;
  readonly #cancellation: Cancellation;
  readonly #recovery: Recovery;
  readonly #sender: Sender<O>;
  readonly #progress: UnitsProgress;
  readonly #facts: Facts;
  #hold: Hold | undefined;
  #problems: ReadonlyMap<string, Problem> = new Map();
  /** What the run waits for, besides its own upgrades. */
  #waiting: readonly string[] = [];
  #canceled = false;
  /** Nothing is left to wait for. */
  #over = false;

  constructor(driver: Driver<O>, policy: Policy, runtime: Runtime, remembered?: UpgradeRecord) {
    const { clock } = runtime;
    [this.#driver, this.#policy, this.#runtime] = [driver, policy, runtime];
    this.#texts = textsOf(driver);
    this.#budget = new UnreachableBudget(driver.title, policy, runtime, remembered !== undefined && isOpen(remembered));
    this.#observer = new Observer(driver, this.#budget, clock);
    this.#upgrades = isFleet(driver)
      ? new UpgradesByList(driver, policy, runtime, this.#budget, remembered)
      : new UpgradesById(driver, policy, runtime, this.#budget, remembered);
    this.#control = controlOf(driver, policy, runtime);
    this.#confirmation = new Confirmation(clock, policy.spacing);
    this.#cancelPause = new CancelPause(policy.spacing, runtime);
    this.#cancellation = new Cancellation(driver, this.#cancelPause, runtime);
    this.#recovery = new Recovery(driver, policy, this.#control, runtime, this.#upgrades.record);
    this.#sender = new Sender(driver, this.#control, policy, runtime, this.#budget, this.#upgrades);
    this.#progress = new UnitsProgress(driver, this.#texts, runtime);
    this.#facts = { driver, policy, upgrades: this.#upgrades, cancellation: this.#cancellation, texts: this.#texts };
  }

  async toTheEnd(): Promise<Status> {
    this.#canceled = await this.#upgrades.cancelFormer(this.#cancelPause);
    for (let read = await this.#read(); ; ) {
      const next = await this.#act(read);
      if (next === "read") read = await this.#read();
      else if (next !== "judge") return next;
    }
  }

  /** One complete read, and the tasks that it does not show. If a task has completed since, it reads again. */
  async #read(): Promise<CompleteRead<O>> {
    for (;;) {
      const complete = await this.#observer.observe(this.#upgrades.readsTasks(this.#observer.seen === undefined));
      if (await this.#upgrades.seen(complete.view.units)) return complete;
    }
  }

  async #act({ observation, view, at }: CompleteRead<O>): Promise<Next> {
    const verdicts = this.#judge(view, at);
    this.#refuse(view, verdicts);
    const confirmed = this.#confirm(verdicts, at);
    const unconfirmed = this.#confirmation.isNew(verdicts.tentative);
    const unneeded = verdicts.each("cancel");
    if (unneeded.length > 0) return this.#cancel(unneeded);
    for (const [unit, failure] of verdicts.each("failed")) return this.#recover(unit, failure);
    if (confirmed.length > 0) return this.#request(confirmed, observation);
    // Resources share lists for some seconds: an immediate second read could return the same one.
    const shared = unconfirmed && isFleet(this.#driver);
    if (verdicts.units("send").length > 0 || shared) await this.#confirmation.pause(this.#runtime);
    if (verdicts.units("send").length > 0 || unconfirmed) return "read";
    if (verdicts.units("wait").length === 0) {
      return (await awaitRelease(this.#control, verdicts.holds, this.#runtime)) ? "read" : this.#end(view, verdicts);
    }
    return this.#wait(view, verdicts);
  }

  /** The verdicts for each unit, and the problems to report if the run ends now. */
  #judge({ units, absent }: View, at: number): Verdicts {
    const holdOf = this.#control.judge();
    this.#upgrades.release(units.filter((unit) => isUnwanted(unit, this.#driver.schedules, holdOf)));
    const verdicts = judge(this.#facts, units, at, holdOf);
    const gone = absent.map((unit) => [unit.name, { code: "vanished", message: problemOf(unit) } as const] as const);
    this.#problems = new Map<string, Problem>([...verdicts.of("problem"), ...gone]);
    const held = verdicts.each("held").map(([{ name }, { hold }]) => ({ name, hold }));
    this.#hold = togetherHold(held, units.length + absent.length, this.#driver.words);
    return verdicts;
  }

  /** Before the first request: conditions that forbid any request. */
  #refuse({ units }: View, verdicts: Verdicts): void {
    if (this.#upgrades.attempts.requested.length > 0) return;
    const canceling = new Set([...verdicts.units("cancel"), ...verdicts.tentative]);
    const refused = ({ name }: Unit) => this.#upgrades.attempts.refusal(name) !== undefined;
    // The operation in progress may be an upgrade of an earlier run, which is waited for.
    const isOurs = ({ activity }: Unit) => activity?.kind === "busy" && this.#upgrades.record.open;
    const impeded = (unit: Unit) => isImpeded(unit) && !isOurs(unit);
    const hopeless = units.find((unit) => isHopeless(unit) && !refused(unit) && (canceling.has(unit) || impeded(unit)));
    const newer = this.#policy.onNewer === "fail" ? verdicts.units("newer") : [];
    if (hopeless === undefined && newer.length === 0) return;
    // A hold ends on its own; this condition does not.
    this.#hold = undefined;
    throw hopeless === undefined ? this.#tooNew(newer) : this.#texts.hopeless(hopeless);
  }

  /** Units whose requests may be sent. Batches differ between reads, so the requests of single units are compared. */
  #confirm(verdicts: Verdicts, at: number): readonly Unit[] {
    const ready = verdicts.units("send");
    const same = this.#confirmation.note(at, ready, verdicts.tentative);
    const confirmed = ready.filter(({ name }) => same.has(name));
    if (confirmed.length > 0) this.#confirmation.forget();
    return confirmed;
  }

  async #cancel(unwanted: readonly (readonly [Unit, Of<"cancel">])[]): Promise<Next> {
    const tasks = unwanted.map(([unit, { task }]) => ({ id: task.id, name: this.#texts.task(task, unit.name) }));
    const canceled = await this.#cancellation.cancel(tasks);
    const settled = this.#upgrades.canceled(canceled);
    if (canceled.length > 0) this.#canceled = true;
    // Before another upgrade is requested, reads must show that none is scheduled.
    return settled && unwanted.every(([{ standing }]) => standing !== "behind") ? "judge" : "read";
  }

  /** Handles a failed upgrade according to the policy. Operators are only sent for upgrades that this tool started. */
  async #recover(unit: Unit, { task, failure, when, rolledBack: isRolledBack }: Of<"failed">): Promise<Next> {
    const { title } = this.#driver;
    if (isRolledBack === true) throw rolledBack(title, task, failure, this.#recovery.rollbackCause);
    if (when === "earlier") this.#upgrades.failed(unit, task, failure);
    const sent = await this.#recovery.reopen(unit, task, failure, when).catch(heldBy);
    if (sent === true) {
      this.#upgrades.reopened();
      return this.#follow(unit, task);
    }
    const error = failed(title, task, this.#recovery.reported(task, failure, sent === false ? undefined : sent));
    if (sent === false) throw error;
    this.#hold = sent;
    if (isAwaited(this.#control.rules, sent)) this.#recovery.warn(error);
    if (await awaitRelease(this.#control, [sent], this.#runtime)) {
      this.#upgrades.reread();
      return "read";
    }
    this.#hold = undefined;
    throw error;
  }

  async #request(confirmed: readonly Unit[], observation: O): Promise<Next> {
    this.#upgrades.reportEarlier(confirmed);
    // The pace depends on the duration of the upgrade, not on the time needed to confirm the request.
    if (this.#upgrades.attempts.requested.length === 0) this.#progress.watch.restart();
    const task = await this.#sender.send(confirmed, observation);
    const [unit] = confirmed;
    if (task !== undefined && unit !== undefined && this.#policy.wait) return this.#follow(unit, task);
    // The state must record whether it is scheduled, and for which window: the next read shows that.
    if (task !== undefined && !this.#driver.schedules) return "upgrading";
    // A request is not visible in lists immediately. After a pause, many resources share one read.
    if (isFleet(this.#driver)) await this.#progress.watch.pause();
    return "read";
  }

  /** Waits for the end of a task, polling only the task, if the vendor reports tasks by id. */
  async #follow(unit: Unit, task: Task): Promise<Next> {
    const result = await follow(this.#driver, task, this.#budget, this.#runtime);
    this.#progress.watch.restart();
    return this.#upgrades.followed(unit, task, result) ? "judge" : "read";
  }

  async #wait(view: View, verdicts: Verdicts): Promise<Next> {
    const waiting = verdicts.each("wait");
    const running = waiting.map(([unit]) => unit).filter((unit) => this.#upgrades.running(unit) !== undefined);
    this.#upgrades.joined(running);
    this.#waiting = waiting.map(([unit, { message }]) => this.#texts.named(unit, message));
    if (!this.#policy.wait && waiting.every(([, { accepted }]) => accepted)) return this.#unwatched(view);
    const [unit] = running;
    const task = unit && this.#upgrades.running(unit);
    if (!isFleet(this.#driver) && waiting.length === 1 && unit !== undefined && task !== undefined)
      return this.#follow(unit, task);
    const counts = { attempts: this.#upgrades.attempts.size, problems: this.#problems.size };
    await this.#progress.pause(view, [...verdicts.of("wait").values()], counts);
    return "read";
  }

  /** Everything was requested, and the run does not wait. */
  #unwatched({ units, absent }: View): Status {
    const { warn } = this.#runtime;
    if (this.#problems.size > 0) warn(this.#texts.notAll(this.#problems, units.length + absent.length).message);
    if (this.#hold !== undefined) endHeld(this.#control, this.#hold, this.#runtime);
    return "upgrading";
  }

  #end({ units, absent }: View, verdicts: Verdicts): Status {
    const { inform, warn } = this.#runtime;
    this.#over = true;
    const scheduled = verdicts.of("scheduled");
    if (scheduled.size > 0) inform(this.#texts.scheduled(scheduled));
    this.#upgrades.finish({ units, scheduled, problems: this.#problems, canceled: this.#canceled });
    if (this.#problems.size > 0) throw this.#texts.notAll(this.#problems, units.length + absent.length);
    const newer = verdicts.units("newer");
    if (newer.length > 0 && this.#policy.onNewer === "fail") throw this.#tooNew(newer);
    if (newer.length > 0 && this.#policy.onNewer === "report") warn(this.#tooNew(newer).text);
    for (const unit of units) {
      const finding = unhealthyFinding(unit);
      if (finding !== undefined) warn(this.#texts.named(unit, this.#texts.unhealthy(unit, finding).message));
    }
    if (this.#hold !== undefined) return endHeld(this.#control, this.#hold, this.#runtime);
    if (scheduled.size > 0) return "deferred";
    return newer.length > 0 ? "newer" : "current";
  }

  #tooNew(newer: readonly Unit[]): UpgradeError {
    return this.#texts.tooNew(newer, this.#driver.units.length);
  }

  outcome(status: Status, error?: UpgradeError): Outcome<O> {
    this.#upgrades.left();
    const { upgrade, open } = this.#upgrades.record;
    const problems = [...this.#problems].map(([name, { message }]) => [name, message] as const);
    const reported = this.#driver.words !== undefined && problems.length > 0;
    return {
      status,
      accepted: open,
      ...this.#observer.outcome,
      ...(upgrade === undefined ? {} : { upgrade }),
      ...(reported ? { problems: Object.fromEntries(problems) } : {}),
      ...(this.#hold === undefined ? {} : { hold: this.#hold }),
      ...(error === undefined ? {} : { error }),
    };
  }

  async failure(thrown: unknown): Promise<Outcome<O>> {
    const error = asUpgradeError(thrown);
    const { record } = this.#upgrades;
    if (error.code === "newer") return this.outcome("newer", error);
    if (error.code === "held") return this.outcome(record.heldStatus, error);
    const ended = error.code === "upgrade-failed" || error.code === "rolled-back";
    // The run followed the task only: one more read shows the versions after its failure, if possible.
    if (ended && !this.#over && !this.#runtime.signal.aborted) await this.#observer.readOnce();
    if (ended) return this.outcome("failed", error);
    if (this.#over) return this.outcome("behind", error);
    this.#upgrades.left();
    const why = { hold: this.#hold, waiting: this.#waiting, unreachableFor: this.#budget.unreachableFor };
    return this.outcome(record.stopped(this.#hold), stoppedWith(error, this.#driver.title, record, why));
  }
}
