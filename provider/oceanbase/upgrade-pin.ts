import { z } from "zod";
import { type Constraint, holds } from "../core/constraint";
import { decide } from "../core/decide";
import { beforeSending, PinError } from "../core/errors";
import type { Finding, Pin, Plan, Task, TaskStatus, UpgradeCall, Way } from "../core/pin";
import type { Runtime } from "../core/runtime";
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
import { formatTarget } from "./dag";
import { asUploaded, type LocalPackages, readLocalPackages, strangeArchitectures } from "./local-packages";
import { look, OB_INFO, refuseStrangers, type UpgradeObservation } from "./look";
import { chooseTarget, type Target } from "./packages";
import { preflight, type Readiness } from "./preflight";
import type { RpmPackage } from "./rpm";
import { type Dag, dag, obInfo, type UploadedPackage } from "./schema";
import type { System, UpgradeArguments } from "./system";
import { TaskWatcher } from "./task";
import { ensureUploaded, sameAsUploaded } from "./upload";

/** With the packages that are at hand here. */
export interface PinObservation extends UpgradeObservation {
  readonly local: LocalPackages;
}

export interface UpgradePinOptions<A extends UpgradeArguments> {
  readonly system: System<A>;
  readonly args: A;
  readonly constraint: Constraint;
  readonly agents: Agents;
  readonly runtime: Runtime;
  readonly close: () => Promise<void>;
}

/** A connected driver for what obshell upgrades in one cluster: its database, or its agents. */
export class UpgradePin<A extends UpgradeArguments> implements Pin<PinObservation> {
  readonly title: string;
  readonly #options: UpgradePinOptions<A>;
  readonly #watcher: TaskWatcher;
  /** Read once in a run. */
  #local: Promise<LocalPackages> | undefined;

  constructor(options: UpgradePinOptions<A>) {
    this.#options = options;
    this.#watcher = new TaskWatcher(options.agents);
    this.title = `${options.system.title} at ${new URL(options.args.endpoints[0] ?? "").host}`;
  }

  async observe(): Promise<PinObservation> {
    const { agents, args, system, constraint } = this.#options;
    this.#local ??= readLocalPackages(args.packages ?? []);
    const [seen, local] = await Promise.all([look(agents, system, constraint), this.#local]);
    return { ...seen, local };
  }

  plan(observation: PinObservation): Plan {
    const { constraint } = this.#options;
    return decide({ observation, constraint, call: () => this.#call(observation) });
  }

  satisfiedBy(version: string): boolean {
    const parsed = parseVersion(version);
    return parsed !== undefined && holds(parsed, this.#options.constraint);
  }

  async prepare(_call: UpgradeCall, { readiness, local }: PinObservation): Promise<boolean> {
    const missing = missingOnServers(local, readiness);
    if (missing.length === 0) return false;
    await ensureUploaded(this.#options.agents, missing, this.#options.runtime);
    return true;
  }

  async start(_call: UpgradeCall, observation: PinObservation): Promise<Task> {
    const { agents, args, system } = this.#options;
    const target = this.#target(observation);
    if ("code" in target) throw new PinError("blocked", `${this.title}: ${target.message}`, { remedy: target.remedy });
    const callee = await beforeSending(() => this.#callee(observation));
    return this.#taskOf(await agents.write(callee, system.path, system.body(args, target), dag));
  }

  inspect(task: Task): Promise<TaskStatus> {
    return this.#watcher.inspect(task);
  }

  async operate(task: Task, way: Way): Promise<void> {
    const { agents, args } = this.#options;
    const origin = agents.met[0]?.origin ?? new URL(args.endpoints[0] ?? "").origin;
    await agents.write(
      origin,
      `/api/v1/task/dag/${encodeURIComponent(task.id)}`,
      { operator: way.toUpperCase() },
      z.unknown(),
    );
  }

  close(): Promise<void> {
    return this.#options.close();
  }

  #target(observation: PinObservation): Target | Finding {
    const { args, constraint, system } = this.#options;
    const pin = { version: args.version, release: args.release, constraint };
    return chooseTarget(pin, available(observation), system.editions);
  }

  #call(observation: PinObservation): UpgradeCall {
    const { args, system } = this.#options;
    const { readiness, members, local } = observation;
    const lowest = lowestVersion(members.map((member) => member.version));
    const target = this.#target(observation);
    const asked = { args, editions: system.editions };
    const ready = { ...readiness, uploaded: available(observation) };
    const found = "code" in target ? [target] : preflight(system.checks, ready, { ...asked, target });
    const uploads = missingOnServers(local, readiness).length;
    return {
      from: lowest ? formatVersion(lowest) : "",
      route: routeOf(lowest, "code" in target ? undefined : target, args.version),
      how: `${system.how(args, readiness)}${uploads === 0 ? "" : `, after uploading ${uploads} package${uploads === 1 ? "" : "s"}`}`,
      findings: [
        ...this.#directoryFindings(),
        ...local.findings,
        ...strangeArchitectures(local.packages, readiness.architectures),
        ...found,
      ],
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
   * The endpoint that gets the call. obshell compares the target with what the called agent itself runs or has beside
   * it, so in a cluster that is half upgraded only an agent beside an old member accepts.
   */
  async #callee({ members, running, readiness }: UpgradeObservation): Promise<string> {
    const { agents, args } = this.#options;
    await agents.meetAll();
    if (agents.met.some(({ address }) => !readiness.agents.includes(address))) {
      const info = await agents.read(OB_INFO, obInfo);
      if (info !== undefined) await refuseStrangers(agents, info);
    }
    const lowestFirst = [...members].sort((a, b) => compareVersions(a.version, b.version));
    for (const member of lowestFirst) {
      const beside = running.find(({ name }) => name === member.name)?.agent;
      const agent = agents.met.find(({ address }) => address === beside);
      if (agent !== undefined) return agent.origin;
    }
    return agents.met[0]?.origin ?? new URL(args.endpoints[0] ?? "").origin;
  }

  #taskOf(created: Dag): Task {
    const target = this.#options.system.dagTarget(created.name);
    return { id: created.id, kind: target?.kind ?? created.name, to: target ? formatTarget(target) : created.name };
  }
}

/** What the servers have, or will have before the call; undefined when neither is known. */
function available({ readiness: { uploaded }, local: { packages } }: PinObservation): UploadedPackage[] | undefined {
  if (uploaded === undefined && packages.length === 0) return undefined;
  return [...(uploaded ?? []), ...packages.map(asUploaded)];
}

function missingOnServers({ packages }: LocalPackages, { uploaded }: Readiness): RpmPackage[] {
  return packages.filter((pkg) => !sameAsUploaded(pkg, uploaded ?? []));
}

/** `4.2.1.8 → 4.3.5.2`; with the builds where only they differ. */
function routeOf(from: Version | undefined, target: Target | undefined, wish: string): string {
  if (from === undefined) return wish;
  if (target === undefined) return `${formatParts(from)} → ${wish}`;
  if (formatParts(from) !== target.version) return `${formatParts(from)} → ${target.version}`;
  return `${formatVersion(from)} → ${target.version}-${target.release}`;
}
