import { type SelfSigned, selfSigned } from "../shell/certificate";
import { type Clock, ScaledClock, WALL } from "../shell/clock";
import { FaultScript } from "../shell/faults";
import type { SimHost, SimSystem } from "../shell/host";
import type { SimRequest } from "../shell/http";
import { Journal, type JournalEntry } from "../shell/journal";
import { Random } from "../shell/random";
import { ClusterControl } from "./control";
import { type Stage, standOf } from "./crdbs";
import { advance } from "./engine";
import { type CallHook, NodeHost } from "./host";
import { type ClusterOptions, initialState } from "./options";
import type { ClusterState, DatabaseState } from "./state";
import { makeWorld, masterOf, type World } from "./world";

export interface ClusterSetup extends ClusterOptions {
  readonly clock: Clock;
  /** Time by which tokens expire. Default: `clock`, but the wall clock beside a ScaledClock. */
  readonly authClock?: Clock;
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
export class RedisEnterpriseCluster implements SimSystem {
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
    const authClock = options.authClock ?? (options.clock instanceof ScaledClock ? WALL : options.clock);
    this.#world = makeWorld(state, new Random(state.seed), authClock);
    this.control = new ClusterControl(this.#world, this.clock);
    const hook: CallHook = (call) => this.#hook(call);
    this.hosts = state.nodes.map((node) => new NodeHost(this.#world, node.uid, this.clock, hook));
  }

  /** The whole state at the current time; read-only, change it through `control`. */
  get state(): ClusterState {
    this.tick();
    return this.#world.state;
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
    const found = this.#world.databases.get(uid);
    if (found === undefined) throw new Error(`there is no database ${uid}`);
    return found;
  }

  /** Upgrade requests that were accepted, and automatic upgrades. */
  get acceptedUpgrades(): ClusterState["acceptedUpgrades"] {
    return this.state.acceptedUpgrades;
  }

  /** The accepted CRDB tasks, in order, with their states. */
  crdbTasks(): readonly { readonly id: string; readonly status: Stage }[] {
    const moment = { world: this.#world, now: this.now() };
    return this.state.crdbTasks.map((task) => ({ id: task.id, status: standOf(moment, task).status }));
  }

  /** Keys lost by upgrades in all databases. */
  get lostKeys(): number {
    return this.state.databases.reduce((sum, database) => sum + database.lostKeys, 0);
  }

  /** Writes to the master, accepted or not. */
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
    const { timers, databases } = this.state;
    const machines = databases.flatMap(({ machine }) => (machine?.next && !machine.held ? [machine.next.at] : []));
    const times = [...timers.map((timer) => timer.at), ...machines];
    return times.length > 0 ? times.reduce((least, time) => Math.min(least, time)) : undefined;
  }

  /** For its name and the names below it, not for addresses (Redis Enterprise facts §1.2); kept with the state. */
  certificate(): SelfSigned {
    const { state } = this.#world;
    state.certificate ??= selfSigned([state.name, `*.${state.name}`], { commonName: state.name, loopback: false });
    return state.certificate;
  }

  /** The state as plain JSON data; pass it to a new cluster as `state`. */
  export(): ClusterState {
    return structuredClone({ ...this.state, seed: this.#world.random.state });
  }

  #hook(call: { readonly node: string; readonly request: SimRequest }): void {
    for (const hook of this.#hooks) hook(call);
  }
}
