import { type Fault, pathOf, type SimRequest } from "../simulators";
import { type Opened, openObshell, openRedis, openTaurus, type System } from "../support/systems";
import type { PartialFailure, Properties } from "./failure";
import { PROVIDER_TEXT, type Sdk, urnOf } from "./host";
import type { DynamicProvider } from "./provider";

/** Every resource type, and what opens a vendor of its own with it. */
export const TYPES: readonly { readonly type: string; readonly open: () => Promise<Opened> }[] = [
  { type: "oceanbase.AgentVersion", open: () => openObshell("agents") },
  { type: "oceanbase.ClusterVersion", open: () => openObshell("database") },
  { type: "taurusdb.KernelVersion", open: quickTaurus },
  { type: "taurusdb.StarRocksVersion", open: quickTaurus },
  { type: "redisenterprise.ModuleVersions", open: quickRedis },
  { type: "redisenterprise.DatabaseVersion", open: quickRedis },
];

/** An upgrade is looked at a few times, and most runs here have one before and one after they are stopped. */
function quickTaurus(): Promise<Opened> {
  return openTaurus({ startMs: 100, visibleMs: 50, upgradeMs: 800, starRocksMs: 800, preCheckMs: 50 });
}

function quickRedis(): Promise<Opened> {
  return openRedis({ pendingMs: 100, stateMs: 150, shardMs: 250 });
}

/** What closes something when a test is over: runs side by side have no test of their own for Vitest to know. */
export type CleanUp = (close: () => Promise<void>) => void;

/** A request of a run, in the order of arrival at the vendor. */
export interface Arrival {
  /** From 0. */
  readonly at: number;
  readonly method: string;
  /** How many requests that are no GET came before it in this run. */
  readonly posts: number;
  /** Whether it is the upgrade call. */
  readonly upgrade: boolean;
  /** Whether an upgrade call came before it. */
  readonly upgraded: boolean;
}

/** Where a run is stopped. */
export interface Boundary {
  readonly title: string;
  /** Whether the vendor processes the request; its answer is lost either way. */
  readonly processed: boolean;
  /** Whether every run comes to it: how often a run looks depends on how fast the machine is. */
  readonly certain: boolean;
  fits(arrival: Arrival): boolean;
}

/** Stands before a vendor: from the request of a boundary on, nothing is answered until it is opened again. */
export class Gate {
  /** The requests of the run that is watched. */
  arrivals: Arrival[] = [];
  #boundary: Boundary | undefined;
  /** What happens to the very request of the boundary. */
  #fault: Fault = HELD;
  /** What happens to calls that come while it is closed, because they did not wait for the request of the boundary. */
  #calls: Fault = HELD;
  #closed = false;
  #reach: () => void = () => undefined;

  readonly #path: RegExp | string;

  constructor({ faults, upgradePath }: System) {
    this.#path = upgradePath;
    const scripted = faults.take.bind(faults);
    faults.take = (host, request) => this.#judge(request) ?? scripted(host, request);
  }

  /**
   * Watches a new run. Resolves when it has come to the boundary.
   * @param held what happens to requests that are not processed at once
   */
  close(boundary: Boundary, held: Fault = HELD): Promise<void> {
    this.arrivals = [];
    this.#boundary = boundary;
    this.#fault = boundary.processed ? PROCESSED : held;
    this.#calls = held;
    return new Promise((resolve) => {
      this.#reach = resolve;
    });
  }

  /** Whether the run has come to its boundary. */
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
      posts: this.arrivals.filter((earlier) => earlier.method !== "GET").length,
      upgrade: method === "POST" && fits,
      upgraded: this.arrivals.some(({ upgrade }) => upgrade),
    };
    this.arrivals.push(arrival);
    if (this.#closed) return method === "GET" ? HELD : this.#calls;
    if (this.#boundary?.fits(arrival) !== true) return undefined;
    this.#closed = true;
    this.#reach();
    return this.#fault;
  }
}

const HELD: Fault = { kind: "hang" };
const PROCESSED: Fault = { kind: "hang", processed: true };

/** A pin of one type, its vendor, and what the engine knows of it. */
export interface Pinned {
  readonly system: System;
  readonly gate: Gate;
  /** The run that is stopped: a create, or an update of a pin that an earlier run has settled. */
  upgrade(provider: DynamicProvider): Promise<Properties>;
  /** The run after it, as the engine makes it from what the stopped one left. */
  again(provider: DynamicProvider, left?: PartialFailure): Promise<Properties>;
}

let pins = 0;

/**
 * Opens a vendor that is closed with the test.
 * @param cleanUp the test's own
 * @param settled has the pin created at what runs already, so that the upgrade is an update
 */
export async function openPinned(
  { type, open }: (typeof TYPES)[number],
  cleanUp: CleanUp,
  settled?: DynamicProvider,
): Promise<Pinned> {
  const vendor = await open();
  cleanUp(() => vendor.close());
  const system = vendor.systems.find((one) => one.type === type);
  if (system === undefined) throw new Error(`nothing of type ${type}`);
  pins += 1;
  const urn = urnOf(`${system.name}-${pins}`, type.replace(".", ":"));
  const inputs = (args: System["args"]): Properties => {
    const hidden = { __provider: PROVIDER_TEXT, __urn: urn };
    // As they would travel: what is undefined is left out.
    return JSON.parse(JSON.stringify({ ...args, ...hidden }));
  };
  const wanted = inputs(system.args);
  const before = settled && (await settled.create(urn, inputs(system.held)));
  const run = async (provider: DynamicProvider, known?: { id: string; properties: Properties }) => {
    if (known === undefined) return (await provider.create(urn, wanted, LIMIT)).properties;
    return (await provider.update({ urn, id: known.id }, known.properties, wanted, LIMIT)).properties;
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

/** The newest SDK: what the process is made of makes no difference here. */
export const SDK: Sdk = "@pulumi/pulumi";
/** Many runs share a process, and the machine may be busy. Milliseconds. */
export const PATIENT = { answerWithin: 90_000 };

/** No boundary: the run is only watched. */
export const NOWHERE: Boundary = { title: "nowhere", processed: false, certain: false, fits: () => false };

/** Boundaries among the reads of a run, evenly spread. */
const READS = 4;
/** Calls before the upgrade call that are stopped at: a batch asks for as many checks as it has members. */
const CHECKS = 1;

/**
 * The boundaries to stop at, out of the requests of a run that nobody stopped: the upgrade call, before and after it is
 * processed, and the requests beside it; the same of the first check before it; of the reads, which repeat each other, a
 * sample. Only the upgrade call is certain: how often a run looks, and whether it repeats a check, depends on how fast the
 * machine is.
 */
export function boundariesOf(arrivals: readonly Arrival[]): Boundary[] {
  const posts = arrivals.filter(({ method }) => method !== "GET");
  const step = Math.max(1, arrivals.length / READS);
  const reads = Array.from({ length: Math.min(READS, arrivals.length) }, (_, nth) => Math.floor(nth * step));
  const neighbours = posts.filter(({ upgrade }) => upgrade).map(({ at }) => at - 1);
  const ordinals = [...new Set([...reads, ...neighbours])].sort((a, b) => a - b);
  const others = posts.filter(({ upgrade }) => !upgrade).slice(0, CHECKS);
  return [
    ...ordinals.map((at) => ({
      title: `at request ${at + 1}`,
      processed: at % 2 === 1,
      certain: false,
      fits: (arrival: Arrival) => arrival.at === at,
    })),
    ...others.flatMap((_, nth) =>
      around(`check ${nth + 1}`, false, {
        itself: ({ method, posts: earlier, upgrade }) => method !== "GET" && !upgrade && earlier === nth,
        next: ({ posts: earlier }) => earlier === nth + 1,
      }),
    ),
    ...around("the upgrade call", true, { itself: ({ upgrade }) => upgrade, next: ({ upgraded }) => upgraded }),
  ];
}

/** A call before and after it is processed, and the request after it. */
function around(
  what: string,
  certain: boolean,
  { itself, next }: { readonly itself: Boundary["fits"]; readonly next: Boundary["fits"] },
): Boundary[] {
  return [
    { title: `before ${what} is processed`, processed: false, certain, fits: itself },
    { title: `after ${what} was processed`, processed: true, certain, fits: itself },
    { title: `at the request after ${what}`, processed: false, certain, fits: next },
  ];
}
