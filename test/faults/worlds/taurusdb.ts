import { type Random, TaurusCloud, taurusdb } from "../../simulators";
import { kindsOver } from "../../systems";
import type { Timeline } from "../timeline";
import type { Upgrade, World, WorldOfType } from "../world";
import { isWriteRequest } from "./response";
import { eventsOf, repairCloud } from "./taurusdb-events";
import { refusal } from "./taurusdb-refusals";

const { accessKey, secretKey, region, projectId, instanceId, user, password, account } = taurusdb.DEFAULTS;

const SECOND = 1_000;

/** Upgrades take seconds instead of minutes; jobs still appear in the lists with a delay. Milliseconds. */
const QUICK = {
  visibleMs: 900,
  startMs: 1_200,
  upgradeMs: 4 * SECOND,
  starRocksMs: 4 * SECOND,
  preCheckMs: 400,
  preUpgradeMs: 2 * SECOND,
};

/** The differences between TaurusDB instances and a StarRocks instance. */
export interface Subject {
  readonly type: string;
  readonly old: string;
  readonly target: string;
  readonly newer: string;
  readonly constraints: readonly [string, ...string[]];
  readonly kind: "upgrade" | "starRocks";
  readonly path: RegExp;
  offer(cloud: TaurusCloud, version: string): void;
}

const KERNEL: Subject = {
  type: "taurusdb:KernelVersion",
  old: "2.0.69.250900",
  target: "2.0.78.260600",
  newer: "2.0.81.260900",
  constraints: ["2.0.78.260600", "2.0.78", ">=2.0.75", "latest"],
  kind: "upgrade",
  path: /\/instances\/database-version\/upgrade$/,
  offer: (cloud, version) => cloud.control.offer(version),
};

const STARROCKS: Subject = {
  type: "taurusdb:StarRocksVersion",
  old: "3.1.6.0",
  target: "3.1.15.80",
  newer: "3.2.1.0",
  constraints: ["3.1.15.80", "3.1.15", ">=3.1.10", "latest"],
  kind: "starRocks",
  path: /\/starrocks\/db-upgrade$/,
  offer: (cloud, version) => cloud.control.offerStarRocks(version),
};

class Cloud implements World {
  readonly args: Readonly<Record<string, unknown>>;
  readonly systems: readonly TaurusCloud[];
  readonly events: World["events"];
  readonly spacing = 10 * SECOND;
  readonly visibilityDelay = QUICK.visibleMs;
  readonly refusal = refusal;
  /** Longer than the time until every window has opened and closed. */
  readonly settlingTime = 30 * 3_600 * SECOND;
  readonly requestsPerRead: number;
  readonly #cloud: TaurusCloud;
  readonly #subject: Subject;
  readonly #constraint: string;
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
    this.requestsPerRead = 6 + 3 * instances;
    this.#constraint = subject.constraints[random.integer(subject.constraints.length)] ?? subject.constraints[0];
    const credentials =
      random.next() < 0.7 ? { accessKey, secretKey } : { userName: user, password, domainName: account };
    this.args = {
      region,
      ...(random.next() < 0.5 ? { projectId } : {}),
      ...credentials,
      ...(subject === KERNEL
        ? { instanceIds: this.#cloud.instances.map(({ id }) => id) }
        : { instanceId, starRocksInstanceId: this.#cloud.starRocks[0]?.id }),
      version: this.#constraint,
      ...(random.next() < 0.15 ? { schedule: "maintenance-window" } : {}),
      unreachableTimeout: "45s",
      ...(random.next() < 0.1 ? { wait: false } : {}),
      ...(random.next() < 0.2 && this.#constraint !== "latest"
        ? { onNewer: random.next() < 0.5 ? "accept" : "fail" }
        : {}),
    };
    this.events = eventsOf(this.#cloud, timeline, {
      ids: this.#managed.map(({ id }) => id),
      subject,
      acceptsNewer: this.#constraint === "latest" || this.#constraint.startsWith(">="),
      undo: () => this.#undo(),
      offer: () => this.#offer(),
    });
  }

  kinds(connect: Parameters<World["kinds"]>[0]): ReturnType<World["kinds"]> {
    return kindsOver(connect);
  }

  isWrite(request: Parameters<World["isWrite"]>[0]): boolean {
    return isWriteRequest(this.systems, request);
  }

  requestedUnits({ method, target, body }: Parameters<World["requestedUnits"]>[0]): readonly string[] {
    if (method !== "POST" || !this.#subject.path.test(target)) return [];
    const text = Buffer.from(body ?? "").toString("utf8");
    return this.#managed.map(({ id }) => id).filter((id) => text.includes(id) || target.includes(id));
  }

  upgrades(): readonly Upgrade[] {
    const { jobs, schedules, acceptedUpgrades, clock } = this.#cloud;
    return acceptedUpgrades.flatMap(({ at, instances, delay }, index) =>
      instances.map((unit): Upgrade => {
        const made = (one: { readonly createdAt: number; readonly instanceId: string; readonly kind: string }) =>
          one.createdAt === at && one.instanceId === unit && one.kind === this.#subject.kind;
        const task = delay ? schedules.find(made) : jobs.find(made);
        const run = delay ? jobs.find(({ scheduleId }) => scheduleId === task?.id) : undefined;
        const withoutEffect = delay && task?.status === "Completed" && run === undefined;
        const gone = index < this.#undone || task === undefined || withoutEffect;
        return {
          id: task?.id ?? `${at}/${unit}`,
          unit,
          reachesTarget: true,
          visible: task === undefined || task.visibleAt <= clock.now(),
          state: gone ? "failed" : stateOf(run ?? task),
        };
      }),
    );
  }

  isRecorded(lastUpgrade: Readonly<Record<string, unknown>>, id: string): boolean {
    // The response to a batch request contains no id.
    const unnamed = this.#subject === KERNEL || id.includes("/");
    if (unnamed) return "task" in lastUpgrade;
    // Scheduled tasks have ids with and without dashes.
    return String(lastUpgrade["task"]).replaceAll("-", "") === id.replaceAll("-", "");
  }

  members(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#managed.map(({ id, kernel }) => [id, kernel]));
  }

  standing(): ReturnType<World["standing"]> {
    const { target, newer, old } = this.#subject;
    const versions = this.#managed.map(({ kernel }) => kernel);
    if (this.#constraint === "latest") {
      return versions.every((one) => one === this.#offered || one === newer) ? "current" : "behind";
    }
    if (versions.some((one) => one === old)) return "behind";
    if (this.#constraint.startsWith(">=")) return "current";
    if (versions.some((one) => one === newer)) return "newer";
    return versions.every((one) => one === target) ? "current" : "behind";
  }

  backUp(endsAt: number): void {
    if (this.#subject === KERNEL) for (const { id } of this.#managed) this.#cloud.control.addBackup(id, { endsAt });
  }

  repair(): void {
    repairCloud(this.#cloud);
  }

  get #managed(): readonly { readonly id: string; readonly kernel: string }[] {
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
