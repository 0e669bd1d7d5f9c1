import { type Clock, ScaledClock, WALL } from "../shell/clock";
import { FaultScript } from "../shell/faults";
import type { SimHost, SimSystem } from "../shell/host";
import type { SimRequest } from "../shell/http";
import { Journal, type JournalEntry } from "../shell/journal";
import { Random } from "../shell/random";
import { ClusterControl } from "./control";
import { advance } from "./engine";
import { AgentHost } from "./host";
import { type ClusterOptions, initialState } from "./options";
import type { AgentState, ClusterState, DagState } from "./state";
import type { World } from "./world";

/** Called just before an agent handles a call; it may use the controls. */
export type CallHook = (call: { readonly agent: string; readonly request: SimRequest }) => void;

export interface ClusterSetup extends ClusterOptions {
  readonly clock: Clock;
  /** Time by which credentials expire. Default: `clock`, but the wall clock beside a ScaledClock. */
  readonly authClock?: Clock;
  /** A state from `export`; the other options are then ignored. */
  readonly state?: ClusterState;
}

/**
 * A simulated OceanBase cluster with its obshell agents.
 *
 * @example
 * const clock = new ManualClock();
 * const cluster = new ObshellCluster({ clock });
 * cluster.control.addObPackages("4.3.5.2", "102000042025031214.el7");
 * const send = createTransport(cluster, { sleep: async (ms) => clock.advance(ms) });
 * const reply = await send(cluster.endpoints[0], { method: "GET", target: "/api/v1/info", headers: {}, body: NO_BODY });
 */
export class ObshellCluster implements SimSystem {
  readonly clock: Clock;
  readonly journal = new Journal();
  readonly faults = new FaultScript();
  /** What a test or an operator does to the cluster. */
  readonly control: ClusterControl;
  readonly hosts: readonly SimHost[];
  readonly #world: World;
  readonly #hooks: CallHook[] = [];

  constructor(options: ClusterSetup) {
    this.clock = options.clock;
    const state = options.state ? structuredClone(options.state) : initialState(options, options.clock.now());
    const authClock = options.authClock ?? (options.clock instanceof ScaledClock ? WALL : undefined);
    this.#world = { state, random: new Random(state.seed), authClock };
    this.control = new ClusterControl(this.#world, this.clock);
    this.hosts = state.agents.map(
      (_, index) => new AgentHost(this.#world, index, this.clock, (call) => this.#hook(call)),
    );
  }

  /** The whole state at the current time; read-only, change it through `control`. */
  get state(): ClusterState {
    this.tick();
    return this.#world.state;
  }

  get agents(): readonly AgentState[] {
    return this.state.agents;
  }

  get dags(): readonly DagState[] {
    return this.state.dags;
  }

  /** `host:port` of every agent. */
  get endpoints(): readonly [string, ...string[]] {
    const [first = "", ...rest] = this.hosts.map((host) => host.address);
    return [first, ...rest];
  }

  /** Upgrade requests (not checks) that were accepted. */
  get acceptedUpgrades(): ClusterState["acceptedUpgrades"] {
    return this.state.acceptedUpgrades;
  }

  get directoriesRemoved(): ClusterState["directoriesRemoved"] {
    return this.state.directoriesRemoved;
  }

  /** Writes, accepted or not. */
  writes(): readonly JournalEntry[] {
    return this.journal.writes();
  }

  onCall(hook: CallHook): void {
    this.#hooks.push(hook);
  }

  now(): number {
    return this.clock.now();
  }

  tick(): void {
    advance(this.#world, this.clock.now());
  }

  /** The time of the next event; undefined if there is none. Lets a test skip virtual time. */
  nextEventAt(): number | undefined {
    const { timers, dags } = this.state;
    const times = [
      ...timers.map((timer) => timer.at),
      ...dags.flatMap((dag) => (dag.next && !dag.held ? [dag.next.at] : [])),
    ];
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** The state as plain JSON data; pass it to a new cluster as `state`. */
  export(): ClusterState {
    return structuredClone({ ...this.state, seed: this.#world.random.state });
  }

  #hook(call: { readonly agent: string; readonly request: SimRequest }): void {
    for (const hook of this.#hooks) hook(call);
  }
}
