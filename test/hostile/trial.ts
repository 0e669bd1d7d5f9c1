import type { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { LogLine } from "../../provider/frontend/resource/log";
import type { Transport, WireRequest, WireResponse } from "../../provider/http/transport";
import type { ResourceType, Vendor } from "../systems";
import { sceneOf } from "../systems/scene";
import { HeldClock } from "./held-clock";

/** The hostile response: the first of a run, the first after the accepted upgrade request, or the one to that request. */
export const POSITIONS = ["first read", "inspection", "response to the write"] as const;
export type Position = (typeof POSITIONS)[number];

/** Returns the response in place of the vendor's genuine one. The vendor has processed the request. */
export type Hostile = (genuine: WireResponse, request: WireRequest) => WireResponse | Promise<WireResponse>;

export interface Plan {
  readonly position: Position;
  /** Whether all later responses are hostile too. */
  readonly ever?: boolean;
  readonly hostile: Hostile;
}

/** The result of a run, and everything that users and the state received from it. */
export interface RunResult {
  /** Undefined if the run succeeded. */
  readonly error: string | undefined;
  /** The code at the end of the error. */
  readonly code: string | undefined;
  readonly texts: readonly string[];
  /** The longest line that was logged. */
  readonly longest: number;
  /** The number of hostile responses. */
  readonly hostileResponses: number;
  /** All requests that reached the vendor, and the upgrade requests among them. */
  readonly requests: number;
  readonly upgradeRequests: number;
  readonly accepted: number;
  /** The origins of all requests. */
  readonly origins: readonly string[];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Milliseconds of virtual time. */
  readonly took: number;
}

/** A run of twenty minutes that polls as often as possible needs a few hundred. */
const MOST_REQUESTS = 2_000;
const CODE = / \[([a-z-]+)\]$/;

/** One run of one resource against a vendor with hostile responses. */
export async function trial(of: ResourceType, plan: Plan): Promise<RunResult> {
  const clock = new HeldClock();
  const network = new HostileNetwork(clock, plan);
  const { vendor, process } = sceneOf(of, clock, (request, genuine) => network.send(request, genuine, vendor));
  const lines: LogLine[] = [];
  const lifecycle = process({ log: { write: (line) => lines.push(line), flush: async () => undefined } });
  const began = clock.now();
  const inputs = inputsOf(vendor);
  if (plan.position === "first read" && plan.ever === true) await lifecycle.check({}, inputs);
  const { outputs, error } = await created(lifecycle, inputs);
  const observed = Object.entries(outputs).filter(([key]) => !(key in inputs));
  return {
    error,
    code: error === undefined ? undefined : CODE.exec(error)?.[1],
    texts: [...lines.map(({ message }) => message), error ?? "", ...textsIn(Object.fromEntries(observed))],
    longest: Math.max(0, ...lines.map(({ message }) => message.length), error?.length ?? 0),
    hostileResponses: network.hostileResponses,
    requests: network.requests,
    upgradeRequests: network.upgradeRequests,
    accepted: vendor.accepted(),
    origins: [...network.origins],
    outputs,
    took: clock.now() - began,
  };
}

export function inputsOf({ type, args }: Vendor): Record<string, unknown> {
  const urn = `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type}::pin`;
  return { ...args, unreachableTimeout: "45s", __urn: urn, __provider: "text", __timeouts: { create: "20m" } };
}

/** The outputs, of a creation or of a partial failure, and the error if there was one. */
async function created(lifecycle: DynamicProvider, inputs: Record<string, unknown>) {
  try {
    const { outs } = await lifecycle.create(inputs);
    return { outputs: outs, error: undefined };
  } catch (error) {
    if (!(error instanceof Error)) return { outputs: {}, error: `no error, but ${String(error)}` };
    const { reasons, properties } = error as Error & { reasons?: string[]; properties?: Record<string, unknown> };
    return { outputs: properties ?? {}, error: reasons?.[0] ?? error.message };
  }
}

class HostileNetwork {
  requests = 0;
  upgradeRequests = 0;
  hostileResponses = 0;
  readonly origins = new Set<string>();
  readonly #plan: Plan;
  readonly #clock: HeldClock;

  constructor(clock: HeldClock, plan: Plan) {
    this.#plan = plan;
    this.#clock = clock;
  }

  async send(request: WireRequest, forward: Transport["send"], vendor: Vendor): Promise<WireResponse> {
    this.requests += 1;
    this.origins.add(request.origin);
    if (this.requests > MOST_REQUESTS) throw new Error(`more than ${MOST_REQUESTS} requests, which no run needs`);
    const isUpgradeRequest = request.method === "POST" && vendor.upgradePath.test(request.target.split("?")[0] ?? "");
    if (isUpgradeRequest) this.upgradeRequests += 1;
    const accepted = vendor.accepted() > 0;
    // A network delay.
    await this.#clock.sleep(2, request.signal);
    const genuine = await forward(request);
    if (!this.#isHostile(isUpgradeRequest, accepted, vendor)) return genuine;
    this.hostileResponses += 1;
    return this.#clock.during(async () => this.#plan.hostile(genuine, request));
  }

  #isHostile(isUpgradeRequest: boolean, accepted: boolean, vendor: Vendor): boolean {
    const { position, ever = false } = this.#plan;
    if (this.hostileResponses > 0) return ever;
    if (position === "first read") return true;
    return position === "inspection" ? accepted && !isUpgradeRequest : isUpgradeRequest && vendor.accepted() > 0;
  }
}

/** Every text in a value, keys included. */
export function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [key, ...textsIn(member)]);
}
