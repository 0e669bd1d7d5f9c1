import type { BackupRecord } from "../core/control/backup";
import type { Driver } from "../core/driver";
import { beforeSending, Refused } from "../core/errors";
import { type Permit, type Request, requestOf } from "../core/request";
import type { Runtime } from "../core/runtime";
import type { Operator, Task, TaskStatus } from "../core/task";
import { blocked } from "../core/texts/sentences";
import { findingsOf, isFollowed, type Member, standingOf, type Unit, type View, viewOfOne } from "../core/unit";
import { type Constraint, formatParts, holds, parseVersion, standing } from "../core/version";
import type { Agents } from "./agent/agents";
import { type Dag, dag, type UploadedPackage } from "./agent/schema";
import { readBackups } from "./backups";
import { type ClusterObservation, missingOnServers, targetOf, upgradeOf } from "./call";
import { observe, recipientOf, type UpgradeObservation } from "./observe";
import { type LocalPackages, readLocalPackages } from "./packages/local-packages";
import { PackageMissing, reportedMissing } from "./packages/old-refusals";
import type { RpmPackage } from "./packages/rpm";
import { ensureUploaded } from "./packages/upload";
import type { Readiness } from "./preflight";
import type { System, UpgradeArguments } from "./system";
import { formatTarget } from "./tasks/dag";
import { reopen, TaskWatcher } from "./tasks/task";
import { DependencyLists, pathsTo } from "./upgrade-path/dependencies";

/** How long an observation waits for a package to be unpacked: a preview has ten seconds in total. */
const UNPACKING = 5_000;

export interface UpgradeDriverOptions {
  readonly system: System;
  readonly args: UpgradeArguments;
  readonly constraint: Constraint;
  readonly agents: Agents;
  readonly runtime: Runtime;
  readonly close: () => Promise<void>;
}

/** Why the request cannot be sent yet: it depends on the uploaded packages and the running agents. */
function undecided({ unlisted, unreachable, agents }: Readiness, unit: Unit): string | undefined {
  if (unit.upgrade === undefined) return undefined;
  if (unlisted) return "the agents did not return their list of packages";
  if (!unreachable || findingsOf(unit).length > 0) return undefined;
  return `no agent reported which agents of the cluster are running (${agents.join(", ")}); one of them may be unreachable`;
}

/** A connected driver for one system of a cluster: its database, or its agents. */
export class UpgradeDriver implements Driver<ClusterObservation> {
  readonly title: string;
  readonly units: readonly [string];
  readonly schedules = false;
  readonly mostPerRequest = 1;
  readonly ownReads = true;
  readonly compose = requestOf;
  readonly #options: UpgradeDriverOptions;
  readonly #watcher: TaskWatcher;
  readonly #closed = new AbortController();
  readonly #lists: DependencyLists;
  readonly #receipts: UploadedPackage[] = [];
  /**
   * Whether packages were uploaded and no request was refused since: only a refusal shows that one is still missing.
   */
  #prepared = false;
  /** The missing packages that servers without a package list have reported. */
  #lacking: string | undefined;
  /** Read once per run. */
  #local: Promise<LocalPackages> | undefined;

  constructor(options: UpgradeDriverOptions) {
    this.#options = options;
    this.#watcher = new TaskWatcher(options.agents);
    const { clock, signal } = options.runtime;
    this.#lists = new DependencyLists(clock, AbortSignal.any([signal, this.#closed.signal]));
    const { host } = new URL(options.args.endpoints[0] ?? "");
    this.units = [host];
    this.title = `${options.system.title} at ${host}`;
  }

  async observe(): Promise<ClusterObservation> {
    const { agents, system, constraint } = this.#options;
    const seen = await observe(agents, system, constraint);
    const observation = { ...seen, local: await this.#packages(seen), sent: [...this.#receipts] };
    const paths = await this.#paths(observation, UNPACKING);
    return paths === undefined ? observation : { ...observation, paths };
  }

  view(observation: ClusterObservation): View {
    const { agents, constraint } = this.#options;
    const { members, activity, unknown, readiness } = observation;
    const stands = standingOf(members, constraint);
    const needed = stands.standing === "behind" && unknown === undefined && !isFollowed(activity);
    const unit: Unit = {
      name: this.units[0],
      ...stands,
      activity,
      upgrade: needed ? upgradeOf(this.#options, observation, agents.contacted) : undefined,
    };
    return viewOfOne(unit, unknown ?? undecided(readiness, unit));
  }

  async backups(): Promise<ReadonlyMap<string, BackupRecord>> {
    const { agents, args } = this.#options;
    return new Map([[this.units[0], await readBackups(agents, args.backup?.tenants)]]);
  }

  reachesTarget({ to }: Task): boolean {
    const parsed = parseVersion(to);
    return parsed !== undefined && holds(parsed, this.#options.constraint);
  }

  async prepare(_requests: readonly Request[], observation: ClusterObservation): Promise<boolean> {
    const { agents, runtime } = this.#options;
    if (this.#prepared || missingOnServers(observation).length === 0) return false;
    await this.#refuseRoute(observation);
    const missing = this.#lacked(observation);
    if (missing.length === 0) return false;
    const recipient = recipientOf(agents.members, observation.members, observation.running);
    await ensureUploaded(agents, missing, runtime, this.#receipts, recipient?.origin);
    this.#prepared = true;
    return true;
  }

  async start({ path, body }: Request, observation: ClusterObservation, permit: Permit): Promise<Task> {
    const origin = await beforeSending(() => this.#recipient(observation));
    try {
      return this.#taskOf(await this.#options.agents.write({ origin, target: path, body, schema: dag, permit }));
    } catch (error) {
      throw this.#afterRefusal(error, observation);
    }
  }

  /**
   * Servers without a package list get a package only after reporting that they lack it. They store every upload again,
   * and an earlier run may have uploaded it before its request was refused for another reason.
   */
  #lacked(observation: ClusterObservation): readonly RpmPackage[] {
    const { system } = this.#options;
    const missing = missingOnServers(observation);
    if (observation.readiness.listed) return missing;
    const target = targetOf(this.#options, observation);
    if (this.#lacking === undefined || "code" in target) return [];
    return reportedMissing(this.#lacking, missing, { version: target.version, editions: system.editions });
  }

  /** Such a refusal is not final if the package is available locally. */
  #afterRefusal(error: unknown, observation: ClusterObservation): unknown {
    if (error instanceof Refused) this.#prepared = false;
    if (!(error instanceof PackageMissing) || observation.readiness.listed) return error;
    this.#lacking = error.words;
    if (this.#lacked(observation).length === 0) return error;
    return new Refused(error.message, { refusal: "soon", cause: error });
  }

  inspect(task: Task): Promise<TaskStatus> {
    return this.#watcher.inspect(task);
  }

  inspectHint({ id }: Task): string {
    return `To see the task, run \`obshell task show -i ${id} -d\` on a host of the cluster`;
  }

  reopen(task: Task, operator: Operator, permit: Permit): Promise<void> {
    return reopen(this.#options.agents, task, operator, permit);
  }

  close(): Promise<void> {
    this.#closed.abort();
    return this.#options.close();
  }

  /** Outdated members, if an upgrade is possible. */
  #behind({ members, activity }: UpgradeObservation): readonly Member[] {
    if (activity?.kind === "running") return [];
    return members.filter((member) => standing(member.version, this.#options.constraint) === "behind");
  }

  /** The local packages. Files of hundreds of megabytes are read only for an upgrade. */
  async #packages(seen: UpgradeObservation): Promise<LocalPackages> {
    if (this.#behind(seen).length === 0) return { packages: [], findings: [] };
    this.#local ??= readLocalPackages(this.#options.args.packages ?? []);
    return this.#local;
  }

  /** The known upgrade paths to the target, where intermediate versions may matter. */
  async #paths(observation: Omit<ClusterObservation, "paths">, budget?: number): Promise<ClusterObservation["paths"]> {
    const { system } = this.#options;
    const behind = this.#behind(observation);
    if (!system.routed || behind.length === 0) return undefined;
    const target = targetOf(this.#options, observation);
    if ("code" in target || behind.every(({ version }) => formatParts(version) === target.version)) return undefined;
    return pathsTo(target, system.editions, { observation, receipts: this.#receipts, lists: this.#lists, budget });
  }

  /** Before any upload: a list that took too long for an observation is now read completely, without a time limit. */
  async #refuseRoute(observation: ClusterObservation): Promise<void> {
    if (observation.paths?.kind !== "unread") return;
    this.#options.runtime.report({ message: "reading the upgrade path" });
    const paths = await this.#paths(observation);
    this.#options.runtime.signal.throwIfAborted();
    if (paths === undefined) return;
    const { findings } = upgradeOf(this.#options, { ...observation, paths }, []);
    if (findings.length > 0) throw blocked(this.title, findings);
  }

  /** The endpoint that gets the request. */
  async #recipient({ members, running }: UpgradeObservation): Promise<string> {
    const { agents, args } = this.#options;
    await agents.compare();
    return recipientOf(agents.members, members, running)?.origin ?? new URL(args.endpoints[0] ?? "").origin;
  }

  #taskOf(created: Dag): Task {
    const target = this.#options.system.dagTarget(created.name);
    return { id: created.id, kind: target?.kind ?? created.name, to: target ? formatTarget(target) : created.name };
  }
}
