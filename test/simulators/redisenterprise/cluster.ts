import { type SelfSigned, selfSigned } from "../shell/certificate";
import type { SimHost } from "../shell/host";
import { Random } from "../shell/random";
import { authClockOf, type Clocks, SimulatedSystem } from "../shell/system";
import { ClusterControl } from "./control";
import { type Stage, standOf } from "./crdbs";
import { advance } from "./engine";
import { NodeHost } from "./host";
import { type ClusterOptions, initialState } from "./options";
import type { ClusterState, DatabaseState } from "./state";
import { makeWorld, masterOf, type World } from "./world";

export interface ClusterSetup extends ClusterOptions, Clocks {
  /** A state from `export`; the other options are then ignored. */
  readonly state?: ClusterState;
}

/**
 * A simulated Redis Enterprise Software cluster: its nodes' REST API on port 9443.
 *
 * @example
 * const clock = new ManualClock();
 * const cluster = new RedisEnterpriseCluster({
 *   clock,
 *   databases: [{ redisVersion: "7.4", modules: [{ name: "search", version: "2.10.8" }] }],
 * });
 * const send = createTransport(cluster, { sleep: async (ms) => clock.advance(ms) });
 * const authorization = `Basic ${Buffer.from("admin@cluster.local:p@ss:w0rd").toString("base64")}`;
 * const reply = await send(cluster.endpoints[0], {
 *   method: "GET", target: "/v1/bdbs/1", headers: { authorization }, body: NO_BODY,
 * });
 */
export class RedisEnterpriseCluster extends SimulatedSystem<ClusterState> {
  /** What a test or an operator does to the cluster. */
  readonly control: ClusterControl;
  readonly hosts: readonly SimHost[];
  protected readonly world: World;

  constructor(options: ClusterSetup) {
    super(options.clock);
    const state = options.state ? structuredClone(options.state) : initialState(options, options.clock.now());
    this.world = makeWorld(state, new Random(state.seed), authClockOf(options) ?? options.clock);
    this.control = new ClusterControl(this.world, this.clock);
    this.hosts = state.nodes.map((node) => new NodeHost(this.world, node.uid, this.clock, this.called));
  }

  /** `host:port` of every node, the first master first. */
  get endpoints(): readonly [string, ...string[]] {
    const [first = "", ...rest] = this.hosts.map((host) => host.address);
    return [first, ...rest];
  }

  /** uid of the master; undefined while there is none. */
  get master(): number | undefined {
    return masterOf(this.state)?.uid;
  }

  /** Throws if there is no such database. */
  database(uid: number): DatabaseState {
    this.tick();
    const found = this.world.databases.get(uid);
    if (found === undefined) throw new Error(`there is no database ${uid}`);
    return found;
  }

  /** Upgrade requests that were accepted, and automatic upgrades. */
  get acceptedUpgrades(): ClusterState["acceptedUpgrades"] {
    return this.state.acceptedUpgrades;
  }

  /** The accepted CRDB tasks, in order, with their states. */
  crdbTasks(): readonly { readonly id: string; readonly status: Stage }[] {
    const moment = { world: this.world, now: this.now() };
    return this.state.crdbTasks.map((task) => ({ id: task.id, status: standOf(moment, task).status }));
  }

  /** Keys lost by upgrades in all databases. */
  get lostKeys(): number {
    return this.state.databases.reduce((sum, database) => sum + database.lostKeys, 0);
  }

  tick(): void {
    advance(this.world, this.clock.now());
  }

  nextEventAt(): number | undefined {
    const { timers, databases } = this.state;
    const machines = databases.flatMap(({ machine }) => (machine?.next && !machine.held ? [machine.next.at] : []));
    const times = [...timers.map((timer) => timer.at), ...machines];
    return times.length > 0 ? times.reduce((least, time) => Math.min(least, time)) : undefined;
  }

  /** For its name and the names below it, not for addresses (Redis Enterprise facts §1.2); kept with the state. */
  certificate(): SelfSigned {
    const { state } = this.world;
    state.certificate ??= selfSigned([state.name, `*.${state.name}`], { commonName: state.name, loopback: false });
    return state.certificate;
  }
}
