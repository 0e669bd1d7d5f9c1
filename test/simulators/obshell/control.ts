import type { Clock } from "../shell/clock";
import { type BackupSpec, insertBackup } from "./backups";
import { applyTimer, renewKey } from "./effects";
import { advance, insertDag, releaseHeld } from "./engine";
import { DAG_OPERATORS } from "./operators";
import { architecturesOf, REQUIRED } from "./packages";
import type { UpgradeNode } from "./route";
import type { Conditions, DagKind, DagState, PackageState, StageScript, Switches } from "./state";
import { insertPackage } from "./store";
import { at, isUp, type World } from "./world";

/** A stage by number or name; `agents` are indices of those whose sub-task fails. */
export interface StageChoice {
  /** Absent: the next stage that begins. */
  readonly stage?: number | string;
  readonly kind?: DagKind;
  /** How often. Default 1. */
  readonly times?: number;
}

export interface PackageSpec {
  readonly name: string;
  readonly version: string;
  /** Build and dist. */
  readonly release: string;
  readonly architecture?: PackageState["architecture"];
  readonly bundledAgent?: string;
  readonly upgradeDep?: readonly UpgradeNode[] | null;
}

/** What happens to a cluster from outside its API. Everything takes effect at the current time of the clock. */
export class ClusterControl {
  readonly #world: World;
  readonly #clock: Clock;

  constructor(world: World, clock: Clock) {
    this.#world = world;
    this.#clock = clock;
  }

  /** Adds a package to the store as if it had been uploaded. */
  addPackage(spec: PackageSpec): PackageState {
    const now = this.#catchUp();
    const { bundledAgent, upgradeDep } = spec;
    return insertPackage(this.#world.state, {
      name: spec.name,
      version: spec.version,
      release: spec.release,
      architecture: spec.architecture ?? "x86_64",
      size: 46560624,
      payloadSize: 12290285,
      chunkCount: 2,
      md5: "f9d005fc4fa8ffd7ec500c1362371e05",
      ...(bundledAgent === undefined ? {} : { bundledAgent }),
      ...(upgradeDep === undefined ? {} : { upgradeDep }),
      uploadedAt: now,
    });
  }

  /**
   * All packages of one OB version for every architecture of the cluster. `bundles` is the obshell inside
   * (VERSION-RELEASE); `upgradeDep` the nodes of its upgrade_dep.yml: absent means a direct upgrade, null an empty file.
   */
  addObPackages(
    version: string,
    release: string,
    more: { readonly bundles?: string; readonly upgradeDep?: readonly UpgradeNode[] | null } = {},
  ): void {
    const { bundles, upgradeDep } = more;
    for (const architecture of architecturesOf(this.#world.state)) {
      for (const [index, name] of REQUIRED[this.#world.state.edition].entries()) {
        this.addPackage({
          name,
          version,
          release,
          architecture,
          ...(index === 0 && bundles !== undefined ? { bundledAgent: bundles } : {}),
          ...(index === 0 && upgradeDep !== undefined ? { upgradeDep } : {}),
        });
      }
    }
  }

  /** The obshell package of one version for every architecture of the cluster. */
  addAgentPackage(version: string, release: string): void {
    for (const architecture of architecturesOf(this.#world.state)) {
      this.addPackage({ name: "obshell", version, release, architecture });
    }
  }

  /** Makes a stage fail. Without `logs`, a script's stage logs its command line, including the root password. */
  fail(choice: StageChoice & { readonly logs?: readonly string[]; readonly agents?: readonly number[] } = {}): void {
    const { agents } = choice;
    this.#script({ what: "fail", logs: choice.logs ?? [], ...(agents ? { agents } : {}), ...stageOf(choice) });
  }

  /** Makes a stage hang. */
  hang(choice: StageChoice = {}): void {
    this.#script({ what: "hang", logs: [], ...stageOf(choice) });
  }

  /** Resumes a hung DAG: its stage ends now, with every observer up, also one that was about to leave. */
  unhang(dagId?: number): void {
    const now = this.#catchUp();
    const { state } = this.#world;
    const dag = this.#dag(dagId);
    dag.hung = false;
    dag.next = { at: now, step: "work" };
    state.timers = state.timers.filter(({ type }) => type !== "observer");
    for (const agent of state.agents) agent.observer.process = "up";
    this.#settle(now);
  }

  stopAgent(index: number): void {
    this.#catchUp();
    at(this.#world.state.agents, index).stopped = true;
  }

  /** Adds a server without a known agent: none was started there, or it was never taken over. */
  unregisterAgent(index: number): void {
    this.#catchUp();
    Object.assign(at(this.#world.state.agents, index), { unregistered: true, stopped: true });
  }

  /** Takes a server out of service, as ALTER SYSTEM STOP SERVER does; its process runs on. */
  stopServer(index: number): void {
    this.#catchUp();
    at(this.#world.state.agents, index).observer.stopped = true;
  }

  startServer(index: number): void {
    this.#catchUp();
    delete at(this.#world.state.agents, index).observer.stopped;
  }

  /** ALTER SYSTEM STOP ZONE. */
  stopZone(name: string): void {
    this.#catchUp();
    this.#world.state.stoppedZones = [...(this.#world.state.stoppedZones ?? []), name];
  }

  /** Starts a stopped agent, or restarts a running one without a gap. */
  startAgent(index: number): void {
    const now = this.#catchUp();
    applyTimer(this.#world, { at: now, type: "agentStart", agent: index });
    this.#settle(now);
  }

  /** Restarts an agent: its port is closed for `gapMs` (default: as in an upgrade). */
  restartAgent(index: number, { gapMs, newKey = false }: { gapMs?: number; newKey?: boolean } = {}): void {
    const now = this.#catchUp();
    const agent = at(this.#world.state.agents, index);
    agent.stopped = true;
    if (newKey) renewKey(this.#world, agent);
    const back = now + (gapMs ?? this.#world.state.timings.restartGapMs);
    this.#world.state.timers.push({ at: back, type: "agentStart", agent: index });
    this.#settle(now);
  }

  /** Changes the key without a restart, as after a reinstallation of the agent. */
  replaceKey(index: number): void {
    this.#catchUp();
    renewKey(this.#world, at(this.#world.state.agents, index));
  }

  /**
   * Stops the database of some agents (default: all): "gone" ends the observer process, "dead" means that it
   * does not respond to SQL. Without `ms` until `restoreDatabase`.
   */
  loseDatabase(
    how: "gone" | "dead",
    { agents, ms }: { readonly agents?: readonly number[]; readonly ms?: number } = {},
  ): void {
    const now = this.#catchUp();
    const indices = agents ?? [...this.#world.state.agents.keys()];
    for (const index of indices) at(this.#world.state.agents, index).observer.outage = how;
    if (ms !== undefined) this.#world.state.timers.push({ at: now + ms, type: "outageEnd", agents: indices });
  }

  restoreDatabase(): void {
    const now = this.#catchUp();
    for (const agent of this.#world.state.agents) agent.observer.outage = "none";
    this.#settle(now);
  }

  /** Sets the VERSION-BUILD of one observer, or of all. */
  setBuildVersion(build: string, index?: number): void {
    this.#catchUp();
    for (const [each, agent] of this.#world.state.agents.entries()) {
      if (index === undefined || index === each) agent.observer.build = build.replace("_", "-");
    }
  }

  /** Sets the VERSION-RELEASE of one agent, or of all. */
  setAgentVersion(version: string, index?: number): void {
    this.#catchUp();
    for (const [each, agent] of this.#world.state.agents.entries()) {
      if (index !== undefined && index !== each) continue;
      agent.version = version;
      agent.listedVersion = version;
    }
  }

  /** Changes root@sys in the database; the agents get it from the next call that contains it. */
  setRootPassword(password: string): void {
    this.#catchUp();
    this.#world.state.rootPassword = password;
  }

  setConditions(conditions: Partial<Conditions>): void {
    this.#catchUp();
    Object.assign(this.#world.state.conditions, conditions);
  }

  setSwitches(switches: Partial<Switches>): void {
    this.#catchUp();
    Object.assign(this.#world.state.switches, switches);
  }

  /** A backup of a tenant; by default it is complete and has just ended. */
  addBackup(tenant: string, spec: BackupSpec = {}): void {
    insertBackup(this.#world.state, tenant, spec, this.#catchUp());
  }

  /** Starts another maintenance of the cluster or of one tenant; without `ms` it runs until `finish`. */
  startMaintenance(
    name: string,
    { type = "GLOBAL", tenant = "", ms }: { type?: "GLOBAL" | "TENANT"; tenant?: string; ms?: number } = {},
  ): DagState {
    const now = this.#catchUp();
    const { state } = this.#world;
    if (state.lock !== 1) throw new Error(`the cluster is already under maintenance, cannot start "${name}"`);
    const dag = insertDag(this.#world, now, {
      kind: "other",
      name,
      maintenanceType: type === "GLOBAL" ? 2 : 3,
      maintenanceKey: tenant,
      stages: [{ name, zone: "", build: "", spread: "maintainer" }],
      target: null,
    });
    dag.state = "RUNNING";
    at(dag.nodes, 0).state = "RUNNING";
    for (const task of at(dag.nodes, 0).subTasks) Object.assign(task, { state: "RUNNING", executeTimes: 1 });
    dag.next = ms === undefined ? null : { at: now + ms, step: "work" };
    dag.hung = ms === undefined;
    return dag;
  }

  /** Sends an operator to a DAG (default: the last), as through the API. Throws if the API would reject it. */
  operate(operator: "RETRY" | "ROLLBACK" | "CANCEL" | "PASS", dagId?: number): void {
    const now = this.#catchUp();
    DAG_OPERATORS[operator]?.(this.#world, this.#dag(dagId), now);
  }

  /** Completes a DAG (default: the last) in no time, even if it hangs. */
  finish(dagId?: number): void {
    const now = this.#catchUp();
    const dag = this.#dag(dagId);
    const { state } = this.#world;
    for (let steps = 0; dag.state === "READY" || dag.state === "RUNNING"; steps += 1) {
      if (steps > 10_000) throw new Error(`"${dag.name}" does not end: the database or an agent is down`);
      dag.next = { at: now, step: dag.hung ? "work" : (dag.next?.step ?? "work") };
      dag.hung = false;
      dag.held = false;
      state.timers = state.timers.map((timer) =>
        timer.type === "outageEnd" || timer.type === "agentStart" ? timer : { ...timer, at: Math.min(timer.at, now) },
      );
      advance(this.#world, now);
    }
  }

  #catchUp(): number {
    const now = this.#clock.now();
    advance(this.#world, now);
    return now;
  }

  #settle(now: number): void {
    if (this.#world.state.agents.some(isUp)) releaseHeld(this.#world, now);
    advance(this.#world, now);
  }

  #script(script: Omit<StageScript, "left"> & { readonly times: number }): void {
    this.#catchUp();
    const { times, ...rest } = script;
    this.#world.state.scripts.push({ ...rest, left: times });
  }

  #dag(id?: number): DagState {
    const { dags } = this.#world.state;
    const found = id === undefined ? dags.at(-1) : dags.find((dag) => dag.id === id);
    if (found === undefined) throw new Error(id === undefined ? "there is no DAG yet" : `there is no DAG ${id}`);
    return found;
  }
}

function stageOf({ stage, kind, times = 1 }: StageChoice): {
  readonly stage?: number | string;
  readonly kind?: DagKind;
  readonly times: number;
} {
  return { ...(stage === undefined ? {} : { stage }), ...(kind === undefined ? {} : { kind }), times };
}
