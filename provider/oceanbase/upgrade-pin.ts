import { type Constraint, holds } from "../core/constraint";
import { decide } from "../core/decide";
import { PinError, Unreachable } from "../core/errors";
import type { Finding, Pin, Plan, Task, TaskStatus, UpgradeCall } from "../core/pin";
import {
  compareVersions,
  formatParts,
  formatVersion,
  lowestVersion,
  parseVersion,
  type Version,
} from "../core/version";
import type { Agents } from "./agents";
import { endangers } from "./arguments";
import { type ClusterObservation, dagPath, lookAtCluster } from "./cluster-look";
import type { ClusterArguments } from "./cluster-version";
import { dagState, formatTarget, obUpgradeTarget, percentOf, stageOf } from "./dag";
import { describeFailure } from "./failure";
import { chooseTarget, type Target } from "./packages";
import { preflight } from "./preflight";
import { type Dag, dag } from "./schema";

const UPGRADE = "/api/v1/ob/upgrade";
const MISSES = 4;

export interface ClusterPinOptions {
  readonly args: ClusterArguments;
  readonly constraint: Constraint;
  readonly agents: Agents;
  readonly close: () => Promise<void>;
}

/** A connected driver for one OceanBase cluster. */
export class ClusterPin implements Pin<ClusterObservation> {
  readonly title: string;
  readonly #options: ClusterPinOptions;
  /** The DAG as it was last seen with its nodes: their names are fetched only when the stage has changed. */
  #detailed: Dag | undefined;
  /** How often in a row the task was not there. */
  #misses = 0;

  constructor(options: ClusterPinOptions) {
    this.#options = options;
    this.title = `OceanBase cluster at ${new URL(options.args.endpoints[0] ?? "").host}`;
  }

  observe(): Promise<ClusterObservation> {
    return lookAtCluster(this.#options.agents, this.#options.constraint);
  }

  plan(observation: ClusterObservation): Plan {
    const { constraint } = this.#options;
    return decide({ observation, constraint, call: () => this.#call(observation) });
  }

  satisfiedBy(version: string): boolean {
    const parsed = parseVersion(version);
    return parsed !== undefined && holds(parsed, this.#options.constraint);
  }

  async start(_call: UpgradeCall, observation: ClusterObservation): Promise<Task> {
    const { agents, args } = this.#options;
    const target = this.#target(observation);
    if ("code" in target) throw new PinError("blocked", `${this.title}: ${target.message}`, { remedy: target.remedy });
    const body = {
      version: target.version,
      release: target.release,
      mode: this.#mode,
      upgradeDir: args.upgradeDir ?? "",
      ...(args.freezeServer === undefined ? {} : { freeze_server: args.freezeServer }),
    };
    const created = await agents.write(await this.#callee(observation), UPGRADE, body, dag);
    return taskOf(created);
  }

  async inspect(task: Task): Promise<TaskStatus> {
    const seen = await this.#options.agents.read(dagPath(task.id, false), dag);
    if (seen === undefined) return this.#missing(task);
    this.#misses = 0;
    switch (dagState(seen)) {
      case "running":
        return { kind: "running", message: stageOf(await this.#named(seen)), percent: percentOf(seen) };
      case "rolling-back":
        return { kind: "running", message: `rolling back, ${stageOf(await this.#named(seen))}` };
      case "succeeded":
        return { kind: "succeeded" };
      case "rolled-back":
        return {
          kind: "rolled-back",
          message: "the task ended by undoing the upgrade, the old version still runs.",
          remedy: "Find out who rolled it back and why; the next `pulumi up` starts the upgrade anew.",
        };
      case "failed":
        return {
          kind: "failed",
          ...describeFailure((await this.#options.agents.read(dagPath(task.id, true), dag)) ?? seen),
        };
    }
  }

  close(): Promise<void> {
    return this.#options.close();
  }

  /** obshell also says "not found" when its database fails while it looks; only when it keeps saying so it is true. */
  #missing(task: Task): TaskStatus {
    this.#misses += 1;
    if (this.#misses >= MISSES) return { kind: "gone" };
    throw new Unreachable(`task ${task.id} was not found`, { sent: true, heard: true });
  }

  get #mode(): string {
    return this.#options.args.mode ?? "rolling";
  }

  #target(observation: ClusterObservation): Target | Finding {
    const { args, constraint } = this.#options;
    const pin = { version: args.version, release: args.release, constraint };
    return chooseTarget(pin, observation.readiness.uploaded);
  }

  #call(observation: ClusterObservation): UpgradeCall {
    const { readiness, members } = observation;
    const lowest = lowestVersion(members.map((member) => member.version));
    const target = this.#target(observation);
    const zones = `${readiness.zones} zone${readiness.zones === 1 ? "" : "s"}`;
    const how = this.#mode === "rolling" ? `rolling over ${zones}` : `stopping the service of ${zones}`;
    const found = "code" in target ? [target] : preflight(readiness, { mode: this.#mode, target });
    return {
      from: lowest ? formatVersion(lowest) : "",
      route: routeOf(lowest, "code" in target ? undefined : target, this.#options.args.version),
      how,
      findings: [...this.#directoryFindings(), ...found],
    };
  }

  #directoryFindings(): Finding[] {
    const { args, agents } = this.#options;
    const directory = args.upgradeDir;
    if (directory === undefined) return [];
    const homes = [...new Set(agents.met.map((agent) => agent.info.homePath))];
    return homes
      .filter((home) => endangers(directory, home))
      .map((home) => ({
        code: "upgrade-dir-is-home",
        property: "upgradeDir",
        message: `${directory} contains or belongs to the agents' home ${home}, and a rollback deletes it.`,
        remedy: 'Name a directory of its own, such as "/data/obshell-upgrade", or leave it out.',
      }));
  }

  /**
   * The endpoint that gets the call. obshell compares the target with the called agent's own observer, so in a cluster
   * that is half upgraded only an agent beside an old observer accepts.
   */
  async #callee({ members, agentOf }: ClusterObservation): Promise<string> {
    const { agents, args } = this.#options;
    await agents.meetAll();
    const lowestFirst = [...members].sort((a, b) => compareVersions(a.version, b.version));
    for (const member of lowestFirst) {
      const agent = agents.met.find(({ address }) => address === agentOf[member.name]);
      if (agent !== undefined) return agent.origin;
    }
    return agents.met[0]?.origin ?? new URL(args.endpoints[0] ?? "").origin;
  }

  async #named(seen: Dag): Promise<Dag> {
    const known = this.#detailed;
    if (known?.id === seen.id && known.stage === seen.stage) return { ...seen, nodes: known.nodes };
    const detailed = await this.#options.agents.read(dagPath(seen.id, true), dag).catch(() => undefined);
    this.#detailed = detailed ?? { ...seen, nodes: known?.id === seen.id ? known.nodes : undefined };
    return { ...seen, nodes: this.#detailed.nodes };
  }
}

/** `4.2.1.8 → 4.3.5.2`; with the builds where only they differ. */
function routeOf(from: Version | undefined, target: Target | undefined, wish: string): string {
  if (from === undefined) return wish;
  if (target === undefined) return `${formatParts(from)} → ${wish}`;
  if (formatParts(from) !== target.version) return `${formatParts(from)} → ${target.version}`;
  return `${formatVersion(from)} → ${target.version}-${target.release}`;
}

function taskOf(created: Dag): Task {
  const target = obUpgradeTarget(created.name);
  return { id: created.id, kind: target?.kind ?? created.name, to: target ? formatTarget(target) : created.name };
}
