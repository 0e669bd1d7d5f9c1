import type { SimHost } from "../shell/host";
import { Random } from "../shell/random";
import { authClockOf, type Clocks, SimulatedSystem } from "../shell/system";
import { ClusterControl } from "./control";
import { advance } from "./engine";
import { AgentHost } from "./host";
import { type ClusterOptions, initialState } from "./options";
import type { AgentState, ClusterState, DagState } from "./state";
import type { World } from "./world";

export interface ClusterSetup extends ClusterOptions, Clocks {
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
export class ObshellCluster extends SimulatedSystem<ClusterState> {
  /** What a test or an operator does to the cluster. */
  readonly control: ClusterControl;
  readonly hosts: readonly SimHost[];
  protected readonly world: World;

  constructor(options: ClusterSetup) {
    super(options.clock);
    const state = options.state ? structuredClone(options.state) : initialState(options, options.clock.now());
    this.world = { state, random: new Random(state.seed), authClock: authClockOf(options) };
    this.control = new ClusterControl(this.world, this.clock);
    this.hosts = state.agents.map((_, index) => new AgentHost(this.world, index, this.clock, this.called));
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

  tick(): void {
    advance(this.world, this.clock.now());
  }

  nextEventAt(): number | undefined {
    const { timers, dags } = this.state;
    const times = [
      ...timers.map((timer) => timer.at),
      ...dags.flatMap((dag) => (dag.next && !dag.held ? [dag.next.at] : [])),
    ];
    return times.length > 0 ? Math.min(...times) : undefined;
  }
}
