import type { Attempts } from "./attempts";
import type { Clock } from "./clock";
import type { FleetWords } from "./driver";
import type { UpgradeRecord } from "./outcome";
import { RecordStore } from "./record";
import type { ScheduledTasks } from "./scheduled-tasks";
import { count } from "./sentences-of-many";
import { spanOf } from "./task";
import type { Unit, Waiting } from "./unit";
import { compareVersions, formatVersion, lowestVersion, parseVersion, type Version } from "./version";

/** Records the upgrades that a run requested or found in progress: the upgrades of all members as one. */
export class BatchRecord extends RecordStore {
  readonly #words: FleetWords;
  readonly #schedule: ScheduledTasks;
  readonly #accepted: "running" | "deferred";
  readonly #asked = new Map<string, Unit>();

  /** @param accepted the state of accepted requests whose task is not visible yet */
  constructor(
    clock: Clock,
    words: FleetWords,
    schedule: ScheduledTasks,
    accepted: "running" | "deferred",
    remembered: UpgradeRecord | undefined,
  ) {
    super(clock, remembered);
    this.#words = words;
    this.#schedule = schedule;
    this.#accepted = accepted;
  }

  /** Includes the scheduled tasks, if any. */
  override get upgrade(): UpgradeRecord | undefined {
    if (super.upgrade === undefined) return undefined;
    const { tasks: _, ...upgrade } = super.upgrade;
    return this.open && this.#schedule.size > 0 ? { ...upgrade, tasks: this.#schedule.tasks } : upgrade;
  }

  /** @param sentAt when the request was sent: milliseconds of `Clock.elapsed` */
  asked(members: readonly Unit[], sentAt: number, lost: boolean): void {
    const before = this.#asked.size === 0 ? undefined : this.upgrade;
    for (const member of members) this.#asked.set(member.name, { ...member, ...this.#versionAtFirst(member.name) });
    this.set({
      ...this.#about([...this.#asked.values()]),
      startedAt: before?.startedAt ?? this.dateOf(sentAt),
      state: lost || before?.state === "unknown" ? "unknown" : this.#accepted,
    });
  }

  /** Upgrades are in progress that this tool did not request. */
  joined(members: readonly Unit[]): void {
    if (this.open || members.length === 0) return;
    this.set({ ...this.#about(members), startedAt: this.now(), joined: true, state: "running" });
  }

  /** These are scheduled for their maintenance windows. */
  scheduledUnits(waiting: ReadonlyMap<string, Waiting>): void {
    const all = [...waiting];
    const first = all[0]?.[1];
    if (first === undefined) return;
    const ours = new Set(all.flatMap(([name, { task }]) => (this.#schedule.owns(name, task.id) ? [name] : [])));
    this.#schedule.forget(this.#schedule.others(ours));
    const { id: task, kind, to } = first.task;
    const found = { task, kind, from: "", to, startedAt: this.now() };
    const {
      joined: _,
      state: __,
      ...before
    } = (this.open ? this.upgrade : undefined) ?? { ...found, state: "deferred" };
    this.set({
      ...before,
      ...(ours.size === 0 ? { joined: true as const } : {}),
      window: spanOf(all.map(([, { window }]) => window)),
      state: "deferred",
    });
  }

  /** All of them have completed: none is scheduled any more. */
  override ended(state: UpgradeRecord["state"]): void {
    if (this.upgrade === undefined) return;
    const { window: _, ...rest } = this.upgrade;
    this.set(rest);
    super.ended(state);
  }

  /** The run ends early. The next run first waits for the latest request whose task was never seen. */
  left({ asked }: Attempts): void {
    if (this.upgrade === undefined || !this.open || this.#asked.size === 0) return;
    const unseen = asked.filter(({ shown }) => !shown);
    const newest = Math.max(...unseen.map(({ sentAt }) => sentAt));
    const { startedAt, state } = this.upgrade;
    const sure = state === "unknown" && !unseen.some(({ lost }) => lost);
    this.set({
      ...this.upgrade,
      startedAt: unseen.length === 0 ? startedAt : this.dateOf(newest),
      state: sure ? this.#accepted : state,
    });
  }

  /** A member that is requested several times keeps the version of the first request. */
  #versionAtFirst(name: string): Partial<Unit> {
    const first = this.#asked.get(name);
    return first === undefined ? {} : { from: first.from };
  }

  #about(members: readonly Unit[]): Pick<UpgradeRecord, "task" | "kind" | "from" | "to"> {
    const lowest = lowestVersion(members.flatMap(({ from }) => parseVersion(from) ?? []));
    return {
      task: "batch",
      kind: `${this.#words.upgrade} of ${count(members.length, this.#words)}`,
      from: lowest === undefined ? "" : formatVersion(lowest),
      to: highestTarget(members),
    };
  }
}

function highestTarget(members: readonly Unit[]): string {
  let highest: Version | undefined;
  for (const { upgrade } of members) {
    const version = parseVersion(upgrade?.step?.to ?? "");
    if (version !== undefined && (highest === undefined || compareVersions(version, highest) > 0)) highest = version;
  }
  return highest === undefined ? "newest" : formatVersion(highest);
}
