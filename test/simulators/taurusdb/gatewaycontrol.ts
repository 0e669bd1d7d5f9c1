import type { ErrorCode } from "./errors";
import type { RouteName } from "./routes";
import { MINUTE } from "./timings";
import type { World } from "./world";

export interface DisturbChoice {
  readonly route?: RouteName;
  /** Calls to spoil. Default 1. */
  readonly times?: number;
  /** Calls to let through first. Default 0. */
  readonly skip?: number;
  /** Another HTTP status than the code's. */
  readonly status?: number;
  /** The call takes effect all the same: only its answer is lost. */
  readonly processed?: boolean;
}

/** What stands between a caller and the service. */
export class GatewayControl {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Refuses calls that are in order with a code of the gateway ("APIGW.0201") or of the service ("DBS.108000"). */
  disturb(code: ErrorCode, { times = 1, skip = 0, processed = false, ...which }: DisturbChoice = {}): void {
    this.#world.state.disturbances.push({ code, ...which, args: [], processed, skip, left: times });
  }

  /** Throttles each user to `limit` calls in `windowMs` (default: a minute), of one route or of all together. */
  throttle(limit: number, { windowMs = MINUTE, route }: { windowMs?: number; route?: RouteName } = {}): void {
    this.#world.state.limits.push({ limit, windowMs, ...(route === undefined ? {} : { route }), counts: {} });
  }

  /** Ends every throttling and every disturbance. */
  calm(): void {
    this.#world.state.limits = [];
    this.#world.state.disturbances = [];
  }

  /** Takes a door ("gaussdb.cn-north-4", "iam") off the net, or puts it back as a new process. */
  setUp(name: string, up: boolean): void {
    const door = this.#world.state.doors.find((one) => one.name === name);
    if (door === undefined) throw new Error(`there is no door ${name}`);
    if (up && door.down) door.bootId += 1;
    door.down = !up;
  }

  /** How far the service's clock is ahead of the callers'. */
  setClockSkew(ms: number): void {
    this.#world.state.clockSkewMs = ms;
  }
}
