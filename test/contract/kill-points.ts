import { expect } from "vitest";
import { type Fault, pathOf, type SimRequest } from "../simulators";
import { RESOURCE_TYPES, type System, titleOf } from "../systems";
import { type Arrival, type Boundary, NOWHERE } from "./boundaries";
import type { PartialFailure, Properties } from "./failure";
import { type Host, PROVIDER_TEXT, type Sdk, urnOf } from "./host";
import type { DynamicProvider } from "./provider";

/** Every resource type. Most runs here read an upgrade once before and once after they are stopped. */
export const TYPES = RESOURCE_TYPES.map((one) => ({ type: titleOf(one), open: one.open }));

/** Registers a clean-up for the end of a test: Vitest cannot find the test of concurrent runs by itself. */
export type CleanUp = (close: () => Promise<void>) => void;

/** A gate in front of a vendor: from the request of a boundary on, no request gets a response until it is opened again. */
export class Gate {
  /** The requests of the recorded run. */
  arrivals: Arrival[] = [];
  #boundary: Boundary | undefined;
  /** The fault of the request at the boundary. */
  #fault: Fault = HELD;
  /** The fault of writes that arrive while it is closed, because they did not wait for the request at the boundary. */
  #writeFault: Fault = HELD;
  #closed = false;
  #reach: () => void = () => undefined;

  readonly #path: RegExp | string;

  constructor({ faults, upgradePath }: System) {
    this.#path = upgradePath;
    const scripted = faults.take.bind(faults);
    faults.take = (host, request) => this.#judge(request) ?? scripted(host, request);
  }

  /**
   * Records a new run. Resolves when it has reached the boundary.
   * @param held the fault of requests that are not processed immediately
   */
  close(boundary: Boundary, held: Fault = HELD): Promise<void> {
    this.arrivals = [];
    this.#boundary = boundary;
    this.#fault = boundary.processed ? PROCESSED : held;
    this.#writeFault = held;
    return new Promise((resolve) => {
      this.#reach = resolve;
    });
  }

  /** Whether the run has reached its boundary. */
  get closed(): boolean {
    return this.#closed;
  }

  open(): void {
    this.#closed = false;
    this.#boundary = undefined;
  }

  #judge({ method, target }: SimRequest): Fault | undefined {
    const path = pathOf(target);
    const fits = typeof this.#path === "string" ? path === this.#path : this.#path.test(path);
    const arrival = {
      at: this.arrivals.length,
      method,
      path,
      upgrade: method === "POST" && fits,
      upgraded: this.arrivals.some(({ upgrade }) => upgrade),
    };
    this.arrivals.push(arrival);
    if (this.#closed) return method === "GET" ? HELD : this.#writeFault;
    if (this.#boundary?.fits(arrival) !== true) return undefined;
    this.#closed = true;
    this.#reach();
    return this.#fault;
  }
}

const HELD: Fault = { kind: "hang" };
const PROCESSED: Fault = { kind: "hang", processed: true };

/** A resource of one type, its vendor, and its state in the engine. */
export interface OpenResource {
  readonly system: System;
  readonly gate: Gate;
  /** The run that is stopped: a create, or an update of a settled resource. */
  upgrade(provider: DynamicProvider): Promise<Properties>;
  /** The next run, as the engine starts it from the state that the stopped run left. */
  again(provider: DynamicProvider, left?: PartialFailure): Promise<Properties>;
}

let resources = 0;

/**
 * Opens a vendor that is closed with the test.
 * @param cleanUp the test's own
 * @param settled creates the resource at its current version first, so that the upgrade is an update
 */
export async function openResource(
  { type, open }: (typeof TYPES)[number],
  cleanUp: CleanUp,
  settled?: DynamicProvider,
): Promise<OpenResource> {
  const vendor = await open();
  cleanUp(() => vendor.close());
  const system = vendor.systems.find((one) => one.type === type);
  if (system === undefined) throw new Error(`nothing of type ${type}`);
  resources += 1;
  const urn = urnOf(`${system.name}-${resources}`, type.replace(".", ":"));
  const inputs = (args: System["args"]): Properties => {
    const hidden = { __provider: PROVIDER_TEXT, __urn: urn };
    // As they are sent: undefined values are left out.
    return JSON.parse(JSON.stringify({ ...args, ...hidden }));
  };
  const target = inputs(system.args);
  const before = settled && (await settled.create(urn, inputs(system.currentArgs)));
  const run = async (provider: DynamicProvider, known?: { id: string; properties: Properties }) => {
    if (known === undefined) return (await provider.create(urn, target, LIMIT)).properties;
    return (await provider.update({ urn, id: known.id }, known.properties, target, LIMIT)).properties;
  };
  return {
    system,
    gate: new Gate(system),
    upgrade: (provider) => run(provider, before),
    again: (provider, left) => run(provider, left ?? before),
  };
}

/** Seconds: no run here may end by its time limit. */
const LIMIT = 3_600;

/** The newest SDK: the SDK version makes no difference here. */
export const SDK: Sdk = "@pulumi/pulumi";
/** Many runs share a process, and the machine may be busy. Milliseconds. */
export const LONG_TIMEOUT = { responseTimeout: 90_000 };

/** Every other pair of runs begins with an update, so that both sides of a request are tested with both. */
export function isUpdate(nth: number): boolean {
  return nth % 4 === 1 || nth % 4 === 2;
}

/** The requests of a whole run, in a process that is not stopped. */
export async function recorded(kind: (typeof TYPES)[number], { provider }: Host, cleanUp: CleanUp): Promise<Arrival[]> {
  const { gate, upgrade } = await openResource(kind, cleanUp);
  gate.close(NOWHERE);
  expect((await upgrade(provider))["status"]).toBe("current");
  return gate.arrivals;
}

/** Logs how many of the runs were stopped at their boundary; most of them must be. */
export function logReached(
  what: string,
  { type }: (typeof TYPES)[number],
  requests: readonly Arrival[],
  stopped: readonly boolean[],
): void {
  const reached = stopped.filter(Boolean).length;
  console.log(`${type}: ${requests.length} requests; ${reached} of ${stopped.length} runs were ${what} at theirs`);
  expect(reached).toBeGreaterThan(stopped.length / 2);
}
