import type { Clock } from "../shell/clock";
import type { CallHook, SimHost } from "../shell/host";
import { queryOf, type SimRequest, type SimResponse } from "../shell/http";
import { advance } from "./engine";
import { handle, isLocal } from "./handle";
import { matchRoute } from "./routes";
import type { NodeState } from "./state";
import { masterOf, nodeOf, type World } from "./world";

/** One node for the transports. */
export class NodeHost implements SimHost {
  readonly #world: World;
  readonly #uid: number;
  readonly #clock: Clock;
  readonly #hook: CallHook;

  constructor(world: World, uid: number, clock: Clock, hook: CallHook) {
    this.#world = world;
    this.#uid = uid;
    this.#clock = clock;
    this.#hook = hook;
  }

  get #node(): NodeState {
    return nodeOf(this.#world.state, this.#uid);
  }

  get name(): string {
    return this.#node.name;
  }

  get address(): string {
    const { ip, port } = this.#node;
    return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
  }

  isUp(): boolean {
    advance(this.#world, this.#clock.now());
    return !this.#node.down;
  }

  bootId(): number {
    return this.#node.bootId;
  }

  /** A call that is only redirected changes nothing, and neither does a dry run. */
  isWrite(request: SimRequest): boolean {
    const { state } = this.#world;
    const master = masterOf(state);
    if (!isLocal(request) && master?.uid !== this.#uid && !state.settings.handleRedirects) return false;
    const match = matchRoute(request, this.#node.softwareVersion, state.switches.deprecatedTwin);
    if (match === undefined || match === "method") return request.method !== "GET";
    const dry = state.switches.dryRun !== "ignored" && queryOf(request.target).get("dry_run") === "true";
    return match.route.write === true && !(dry && match.route.dryRun === true);
  }

  handle(request: SimRequest): SimResponse {
    this.#hook({ host: this.name, request });
    const now = this.#clock.now();
    advance(this.#world, now);
    return handle(this.#world, this.#node, request, now);
  }

  place(ip: string, port: number): void {
    this.#node.ip = ip;
    this.#node.port = port;
  }
}
