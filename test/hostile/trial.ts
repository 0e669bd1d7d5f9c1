import type { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { LogLine } from "../../provider/frontend/resource/log";
import type { Transport, WireRequest, WireResponse } from "../../provider/http/transport";
import type { ResourceType, Vendor } from "../systems";
import { sceneOf } from "../systems/scene";
import { HeldClock } from "./held-clock";

/** Which answer is a hostile one: the first of a run, the first after the accepted upgrade call, or the one to the call. */
export const POSITIONS = ["first read", "inspection", "answer to the write"] as const;
export type Position = (typeof POSITIONS)[number];

/** What is answered in the place of the genuine answer, which the vendor has given: what was asked for has happened. */
export type Hostile = (genuine: WireResponse, request: WireRequest) => WireResponse | Promise<WireResponse>;

export interface Plan {
  readonly position: Position;
  /** From that answer on all of them are hostile. */
  readonly ever?: boolean;
  readonly hostile: Hostile;
}

/** How a run ended, and all that a person, or the state, got to see of it. */
export interface Ending {
  /** Undefined when the run got there. */
  readonly error: string | undefined;
  /** The code behind an error. */
  readonly code: string | undefined;
  readonly texts: readonly string[];
  /** The longest line that was logged. */
  readonly longest: number;
  /** How many answers were hostile. */
  readonly harms: number;
  /** Requests in all, and upgrade calls among them, as they reached the vendor. */
  readonly requests: number;
  readonly calls: number;
  readonly accepted: number;
  /** Where requests were sent to. */
  readonly origins: readonly string[];
  readonly outputs: Readonly<Record<string, unknown>>;
  /** Milliseconds of virtual time. */
  readonly took: number;
}

/** A run of twenty minutes that looks as often as it may takes a few hundred. */
const MOST_REQUESTS = 2_000;
const CODE = / \[([a-z-]+)\]$/;

/** One run of one pin against a vendor some of whose answers are hostile. */
export async function trial(of: ResourceType, plan: Plan): Promise<Ending> {
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
    harms: network.harms,
    requests: network.requests,
    calls: network.calls,
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
  calls = 0;
  harms = 0;
  readonly origins = new Set<string>();
  readonly #plan: Plan;
  readonly #clock: HeldClock;

  constructor(clock: HeldClock, plan: Plan) {
    this.#plan = plan;
    this.#clock = clock;
  }

  async send(request: WireRequest, ask: Transport["send"], vendor: Vendor): Promise<WireResponse> {
    this.requests += 1;
    this.origins.add(request.origin);
    if (this.requests > MOST_REQUESTS)
      throw new Error(`more than ${MOST_REQUESTS} requests: nobody should ask so often`);
    const isCall = request.method === "POST" && vendor.call.test(request.target.split("?")[0] ?? "");
    if (isCall) this.calls += 1;
    const after = vendor.accepted() > 0;
    // Time passes, as it does between machines.
    await this.#clock.sleep(2, request.signal);
    const genuine = await ask(request);
    if (!this.#isHostile(isCall, after, vendor)) return genuine;
    this.harms += 1;
    return this.#clock.during(async () => this.#plan.hostile(genuine, request));
  }

  #isHostile(isCall: boolean, after: boolean, vendor: Vendor): boolean {
    const { position, ever = false } = this.#plan;
    if (this.harms > 0) return ever;
    if (position === "first read") return true;
    return position === "inspection" ? after && !isCall : isCall && vendor.accepted() > 0;
  }
}

/** Every text in a value, keys included. */
export function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) => [key, ...textsIn(member)]);
}
