import { type Random, TaurusCloud, taurusdb } from "../../simulators";
import { kindsOver } from "../../systems";
import type { Timeline } from "../timeline";
import type { Upgrade, World, WorldOfType } from "../world";
import { asksForChange } from "./answer";
import { refusal } from "./taurusdb-refusals";
import { mendCloud, troublesOf } from "./taurusdb-troubles";

const { accessKey, secretKey, region, projectId, instanceId, user, password, account } = taurusdb.DEFAULTS;

const SECOND = 1_000;

/** Upgrades of seconds in place of a quarter of an hour; jobs are late in the lists all the same. Milliseconds. */
const QUICK = {
  visibleMs: 900,
  startMs: 1_200,
  upgradeMs: 4 * SECOND,
  starRocksMs: 4 * SECOND,
  preCheckMs: 400,
  preUpgradeMs: 2 * SECOND,
};

/** What differs between TaurusDB instances and a StarRocks instance. */
export interface Subject {
  readonly type: string;
  readonly old: string;
  readonly target: string;
  readonly newer: string;
  readonly pins: readonly [string, ...string[]];
  readonly kind: "upgrade" | "starRocks";
  readonly path: RegExp;
  offer(cloud: TaurusCloud, version: string): void;
}

const KERNEL: Subject = {
  type: "taurusdb:KernelVersion",
  old: "2.0.69.250900",
  target: "2.0.78.260600",
  newer: "2.0.81.260900",
  pins: ["2.0.78.260600", "2.0.78", ">=2.0.75", "latest"],
  kind: "upgrade",
  path: /\/instances\/database-version\/upgrade$/,
  offer: (cloud, version) => cloud.control.offer(version),
};

const STARROCKS: Subject = {
  type: "taurusdb:StarRocksVersion",
  old: "3.1.6.0",
  target: "3.1.15.80",
  newer: "3.2.1.0",
  pins: ["3.1.15.80", "3.1.15", ">=3.1.10", "latest"],
  kind: "starRocks",
  path: /\/starrocks\/db-upgrade$/,
  offer: (cloud, version) => cloud.control.offerStarRocks(version),
};

class Cloud implements World {
  readonly args: Readonly<Record<string, unknown>>;
  readonly systems: readonly TaurusCloud[];
  readonly troubles: World["troubles"];
  readonly spacing = 10 * SECOND;
  readonly lag = QUICK.visibleMs;
  readonly refusal = refusal;
  /** Longer than it takes until every window has opened and closed. */
  readonly settles = 30 * 3_600 * SECOND;
  readonly lookRequests: number;
  readonly #cloud: TaurusCloud;
  readonly #subject: Subject;
  readonly #pin: string;
  #offered: string;
  #undone = 0;

  constructor(subject: Subject, timeline: Timeline, random: Random) {
    this.#subject = subject;
    this.#offered = subject.target;
    const instances = subject === KERNEL ? 1 + random.integer(3) : 1;
    this.#cloud = new TaurusCloud({
      clock: timeline,
      instances,
      timings: { ...QUICK, versionLagMs: random.next() < 0.2 ? (random.next() - 0.5) * 6 * SECOND : 0 },
      switches: {
        batch: random.next() < 0.2 ? "partial" : "allOrNothing",
        scheduledRunId: random.next() < 0.3 ? "new" : "same",
        retryAfter: random.next() < 0.5 ? 2 : null,
      },
      seed: 1 + random.integer(1_000),
    });
    this.systems = [this.#cloud];
    this.lookRequests = 6 + 3 * instances;
    this.#pin = subject.pins[random.integer(subject.pins.length)] ?? subject.pins[0];
    const credentials =
      random.next() < 0.7 ? { accessKey, secretKey } : { userName: user, password, domainName: account };
    this.args = {
      region,
      ...(random.next() < 0.5 ? { projectId } : {}),
      ...credentials,
      ...(subject === KERNEL
        ? { instanceIds: this.#cloud.instances.map(({ id }) => id) }
        : { instanceId, starRocksInstanceId: this.#cloud.starRocks[0]?.id }),
      version: this.#pin,
      ...(random.next() < 0.15 ? { schedule: "maintenance-window" } : {}),
      unreachableTimeout: "45s",
      ...(random.next() < 0.1 ? { wait: false } : {}),
      ...(random.next() < 0.2 && this.#pin !== "latest" ? { onNewer: random.next() < 0.5 ? "accept" : "fail" } : {}),
    };
    this.troubles = troublesOf(this.#cloud, timeline, {
      ids: this.#pinned.map(({ id }) => id),
      subject,
      movable: this.#pin === "latest" || this.#pin.startsWith(">="),
      undo: () => this.#undo(),
      offer: () => this.#offer(),
    });
  }

  kinds(connect: Parameters<World["kinds"]>[0]): ReturnType<World["kinds"]> {
    return kindsOver(connect);
  }

  isWrite(request: Parameters<World["isWrite"]>[0]): boolean {
    return asksForChange(this.systems, request);
  }

  called({ method, target, body }: Parameters<World["called"]>[0]): readonly string[] {
    if (method !== "POST" || !this.#subject.path.test(target)) return [];
    const text = Buffer.from(body ?? "").toString("utf8");
    return this.#pinned.map(({ id }) => id).filter((id) => text.includes(id) || target.includes(id));
  }

  upgrades(): readonly Upgrade[] {
    const { jobs, schedules, acceptedUpgrades, clock } = this.#cloud;
    return acceptedUpgrades.flatMap(({ at, instances, delay }, index) =>
      instances.map((subject): Upgrade => {
        const made = (one: { readonly createdAt: number; readonly instanceId: string; readonly kind: string }) =>
          one.createdAt === at && one.instanceId === subject && one.kind === this.#subject.kind;
        const task = delay ? schedules.find(made) : jobs.find(made);
        const run = delay ? jobs.find(({ scheduleId }) => scheduleId === task?.id) : undefined;
        const hollow = delay && task?.status === "Completed" && run === undefined;
        const gone = index < this.#undone || task === undefined || hollow;
        return {
          id: task?.id ?? `${at}/${subject}`,
          subject,
          aimed: true,
          shown: task === undefined || task.visibleAt <= clock.now(),
          state: gone ? "failed" : stateOf(run ?? task),
        };
      }),
    );
  }

  remembers(lastUpgrade: Readonly<Record<string, unknown>>, id: string): boolean {
    // The batch call answers with no id.
    const unnamed = this.#subject === KERNEL || id.includes("/");
    if (unnamed) return "task" in lastUpgrade;
    // Scheduled tasks have ids with and without dashes.
    return String(lastUpgrade["task"]).replaceAll("-", "") === id.replaceAll("-", "");
  }

  members(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#pinned.map(({ id, kernel }) => [id, kernel]));
  }

  standing(): ReturnType<World["standing"]> {
    const { target, newer, old } = this.#subject;
    const versions = this.#pinned.map(({ kernel }) => kernel);
    if (this.#pin === "latest") {
      return versions.every((one) => one === this.#offered || one === newer) ? "current" : "behind";
    }
    if (versions.some((one) => one === old)) return "behind";
    if (this.#pin.startsWith(">=")) return "current";
    if (versions.some((one) => one === newer)) return "newer";
    return versions.every((one) => one === target) ? "current" : "behind";
  }

  backUp(endsAt: number): void {
    if (this.#subject === KERNEL) for (const { id } of this.#pinned) this.#cloud.control.addBackup(id, { endsAt });
  }

  repair(): void {
    mendCloud(this.#cloud);
  }

  get #pinned(): readonly { readonly id: string; readonly kernel: string }[] {
    return this.#subject === KERNEL ? this.#cloud.instances : this.#cloud.starRocks;
  }

  #offer(): void {
    this.#offered = this.#subject.newer;
    this.#subject.offer(this.#cloud, this.#offered);
    this.#undo();
  }

  #undo(): void {
    this.#undone = this.#cloud.acceptedUpgrades.length;
  }
}

interface Task {
  readonly status: string;
  readonly script?: { readonly what: string } | null;
}

function stateOf({ status, script }: Task): Upgrade["state"] {
  if (status === "Completed") return script?.what === "fallBehind" ? "failed" : "succeeded";
  return status === "Failed" || status === "Canceled" ? "failed" : "running";
}

function worldOf(subject: Subject): WorldOfType {
  return { type: subject.type, make: (timeline, random) => new Cloud(subject, timeline, random) };
}

export const taurusdbKernelVersion = worldOf(KERNEL);
export const taurusdbStarRocksVersion = worldOf(STARROCKS);
