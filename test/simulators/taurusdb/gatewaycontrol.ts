import type { ErrorCode } from "./errors";
import type { RouteName } from "./routes";
import { MINUTE } from "./timings";
import type { World } from "./world";

export interface DisturbChoice {
  readonly route?: RouteName;
  /** Calls with the fault. Default 1. */
  readonly times?: number;
  /** Calls before the first fault. Default 0. */
  readonly skip?: number;
  /** Another HTTP status than the code's. */
  readonly status?: number;
  /** The call takes effect; only its response is lost. */
  readonly processed?: boolean;
}

/** Faults between a caller and the service. */
export class GatewayControl {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Rejects valid calls with a code of the gateway ("APIGW.0201") or of the service ("DBS.108000"). */
  disturb(code: ErrorCode, { times = 1, skip = 0, processed = false, ...which }: DisturbChoice = {}): void {
    this.#world.state.disturbances.push({ code, ...which, args: [], processed, skip, left: times });
  }

  /** Throttles each user to `limit` calls in `windowMs` (default: a minute), of one route or of all together. */
  throttle(limit: number, { windowMs = MINUTE, route }: { windowMs?: number; route?: RouteName } = {}): void {
    this.#world.state.limits.push({ limit, windowMs, ...(route === undefined ? {} : { route }), counts: {} });
  }

  /** Ends all throttling and faults. */
  calm(): void {
    this.#world.state.limits = [];
    this.#world.state.disturbances = [];
  }

  /** Stops a host ("gaussdb.cn-north-4", "iam"), or starts it as a new process. */
  setUp(name: string, up: boolean): void {
    const door = this.#world.state.doors.find((one) => one.name === name);
    if (door === undefined) throw new Error(`there is no door ${name}`);
    if (up && door.down) door.bootId += 1;
    door.down = !up;
  }

  /** Offset of the service's clock to the callers'. */
  setClockSkew(ms: number): void {
    this.#world.state.clockSkewMs = ms;
  }
}
