import type { Clock } from "../shell/clock";
import type { CallHook, SimHost } from "../shell/host";
import type { SimRequest, SimResponse } from "../shell/http";
import { advance } from "./engine";
import { handle } from "./handle";
import { matchRoute } from "./routes";
import type { AgentState } from "./state";
import { addressOf, at, isUp, type World } from "./world";

/** One agent for the transports. */
export class AgentHost implements SimHost {
  readonly #world: World;
  readonly #index: number;
  readonly #clock: Clock;
  readonly #hook: CallHook;

  constructor(world: World, index: number, clock: Clock, hook: CallHook) {
    this.#world = world;
    this.#index = index;
    this.#clock = clock;
    this.#hook = hook;
  }

  get #agent(): AgentState {
    return at(this.#world.state.agents, this.#index);
  }

  get #firstRpcPort(): number {
    return at(this.#world.state.agents, 0).observer.rpcPort;
  }

  get name(): string {
    return this.#agent.name;
  }

  get address(): string {
    return addressOf(this.#agent);
  }

  isUp(): boolean {
    advance(this.#world, this.#clock.now());
    return isUp(this.#agent);
  }

  bootId(): number {
    return this.#agent.bootId;
  }

  isWrite(request: SimRequest): boolean {
    return matchRoute(request, this.#agent.version)?.route.write ?? request.method !== "GET";
  }

  handle(request: SimRequest): SimResponse {
    this.#hook({ host: this.name, request });
    const now = this.#clock.now();
    advance(this.#world, now);
    return handle(this.#world, this.#index, request, now);
  }

  place(ip: string, port: number): void {
    this.#agent.ip = ip;
    this.#agent.port = port;
    // Observers of one address differ by their port, as everywhere else.
    this.#agent.observer.rpcPort = this.#firstRpcPort + this.#index;
  }
}
