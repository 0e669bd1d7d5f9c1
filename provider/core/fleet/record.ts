import type { Clock } from "../clock";
import type { UpgradeRecord } from "../outcome";
import { compareVersions, formatVersion, lowestVersion, parseVersion, type Version } from "../version";
import type { FleetMember, FleetWords } from "./fleet";
import { spanOf } from "./plan-fleet";
import { count } from "./sentences";
import type { Verdict } from "./verdict";

type Deferred = ReadonlyMap<string, Extract<Verdict, { kind: "deferred" }>>;

/** Keeps the record of what a run asked for, or found running: all members' upgrades as one. */
export class FleetRecord {
  readonly #clock: Clock;
  readonly #words: FleetWords;
  readonly #asked = new Map<string, FleetMember>();
  #upgrade: UpgradeRecord | undefined;

  constructor(clock: Clock, words: FleetWords, remembered: UpgradeRecord | undefined) {
    this.#clock = clock;
    this.#words = words;
    this.#upgrade = remembered;
  }

  get upgrade(): UpgradeRecord | undefined {
    return this.#upgrade;
  }

  /** Whether the vendor has, or may have, something of ours still to do. */
  get open(): boolean {
    const state = this.#upgrade?.state;
    return state === "running" || state === "unknown" || state === "deferred";
  }

  /** Milliseconds since 1970: when an earlier run sent calls whose effect is still open. */
  get rememberedAt(): number | undefined {
    const { state, startedAt, joined } = this.#upgrade ?? {};
    if (joined === true || this.#asked.size > 0 || (state !== "running" && state !== "unknown")) return undefined;
    const at = Date.parse(startedAt ?? "");
    return Number.isNaN(at) ? undefined : at;
  }

  /** Ids of tasks that this pin scheduled. */
  get scheduled(): Readonly<Record<string, string>> {
    return this.#upgrade?.state === "deferred" && this.#upgrade.joined !== true ? (this.#upgrade.tasks ?? {}) : {};
  }

  /** A call was sent. */
  asked(members: readonly FleetMember[], lost: boolean): void {
    const first = this.#asked.size === 0;
    for (const member of members) this.#asked.set(member.name, member);
    const all = [...this.#asked.values()];
    const lowest = lowestVersion(all.map(({ version }) => version));
    this.#upgrade = {
      task: "batch",
      kind: `${this.#words.upgrade} of ${count(all.length, this.#words)}`,
      from: lowest === undefined ? "" : formatVersion(lowest),
      to: highestTarget(all),
      startedAt: first || this.#upgrade === undefined ? this.#now() : this.#upgrade.startedAt,
      state: lost || (!first && this.#upgrade?.state === "unknown") ? "unknown" : "running",
    };
  }

  /** Upgrades run that this pin did not ask for. */
  joined(members: readonly FleetMember[]): void {
    if (this.open || members.length === 0) return;
    this.asked(members, false);
    if (this.#upgrade !== undefined) this.#upgrade = { ...this.#upgrade, joined: true };
    this.#asked.clear();
  }

  /** Some wait for their windows. */
  deferred(waiting: Deferred, own: ReadonlySet<string>): void {
    const ours = [...waiting].filter(([, { task }]) => own.has(task.id));
    const first = [...waiting.values()][0];
    if (first === undefined) return;
    const {
      state: _,
      finishedAt: __,
      joined: ___,
      ...before
    } = this.#upgrade ?? {
      task: first.task.id,
      kind: first.task.kind,
      from: "",
      to: first.task.to,
      startedAt: this.#now(),
      state: "deferred",
    };
    this.#upgrade = {
      ...before,
      ...(ours.length === 0 ? { joined: true as const } : {}),
      tasks: Object.fromEntries(ours.map(([name, { task }]) => [name, task.id])),
      window: spanOf([...waiting.values()].map(({ window }) => window)),
      state: "deferred",
    };
  }

  /** It has come to this state. */
  ended(state: "succeeded" | "failed" | "withdrawn"): void {
    if (this.#upgrade === undefined) return;
    const { tasks: _, window: __, ...rest } = this.#upgrade;
    this.#upgrade = { ...rest, state, finishedAt: this.#now() };
  }

  #now(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

function highestTarget(members: readonly FleetMember[]): string {
  let highest: Version | undefined;
  for (const { target } of members) {
    const version = target === undefined ? undefined : parseVersion(target);
    if (version !== undefined && (highest === undefined || compareVersions(version, highest) > 0)) highest = version;
  }
  return highest === undefined ? "newest" : formatVersion(highest);
}
