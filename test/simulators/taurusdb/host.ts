import type { Clock } from "../shell/clock";
import type { CallHook, SimHost } from "../shell/host";
import type { SimRequest, SimResponse } from "../shell/http";
import { advance } from "./engine";
import { handle } from "./handle";
import { matchRoute } from "./routes";
import type { DoorState } from "./state";
import type { World } from "./world";

/** One address of the cloud for the transports: an IAM, a region's service, or both. */
export class CloudHost implements SimHost {
  readonly #world: World;
  readonly #door: DoorState;
  readonly #clock: Clock;
  readonly #hook: CallHook;

  constructor(world: World, door: DoorState, clock: Clock, hook: CallHook) {
    this.#world = world;
    this.#door = door;
    this.#clock = clock;
    this.#hook = hook;
  }

  get name(): string {
    return this.#door.name;
  }

  get address(): string {
    return this.#door.address;
  }

  isUp(): boolean {
    return !this.#door.down;
  }

  bootId(): number {
    return this.#door.bootId;
  }

  isWrite(request: SimRequest): boolean {
    const route = matchRoute(request, this.#door.service)?.route;
    return route === undefined ? request.method !== "GET" : route.write === true;
  }

  /** Over a socket every request has a Host; in memory it is the address that was called. */
  handle(request: SimRequest): SimResponse {
    this.#hook({ host: this.name, request });
    const now = this.#clock.now();
    advance(this.#world, now);
    const headers = { host: this.address, ...request.headers };
    return handle(this.#world, this.#door, { ...request, headers }, now);
  }

  place(ip: string, port: number): void {
    this.#door.address = ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
  }
}
