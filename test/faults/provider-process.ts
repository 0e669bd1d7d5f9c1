import type { Clock } from "../../provider/core/runtime";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { LogLine } from "../../provider/frontend/resource/log";
import { type Transport, TransportError, type WireRequest, type WireResponse } from "../../provider/http/transport";
import type { Random } from "../simulators";
import { isRead } from "../support/reads";
import { type Fault, type Harm, isNetwork, type NetworkHarm } from "./history";
import type { Judge } from "./judge";
import type { Exchange, Network } from "./network";
import type { Owner, Timeline } from "./timeline";
import type { World } from "./world";

/** What a process lives in. */
export interface Surroundings {
  readonly world: World;
  readonly timeline: Timeline;
  readonly network: Network;
  readonly judge: Judge;
  readonly random: Random;
  /** Whether the state remembers an upgrade that has not ended. */
  readonly remembersOpen: () => boolean;
  /** Whether an upgrade was accepted while the run that had sent it still waited. */
  readonly knowable: (id: string) => boolean;
  /** Called whenever an upgrade is requested, with the wall clock of the process. */
  readonly requested: (now: number) => void;
  /** Why nothing may be written now, by the wall clock of the process. @param reopens whether it is an operator */
  readonly forbidden: (now: number, reopens: boolean) => string | undefined;
  /** Told of every harm that was done. */
  readonly harmed: (harm: Harm) => void;
  /**
   * Called whenever the vendor has processed a request.
   * @param write whether it asked for a change
   * @param awaited whether the process still waits for the answer
   * @param killed milliseconds since the process was killed
   * @returns the ids of the upgrades that the vendor accepted with it
   */
  readonly processed: (write: boolean, awaited: boolean, killed: number | undefined) => readonly string[];
}

/** A request under way. */
interface Call {
  awaited: boolean;
  /** The upgrades that the vendor accepted with it. */
  accepted: readonly string[];
  /** Ends it for its caller. */
  fail: (error: unknown) => void;
}

function destroyed(): TransportError {
  return new TransportError("UND_ERR_DESTROYED", "The client is destroyed");
}

const NEVER = new Promise<never>(() => undefined);

/**
 * One provider process from its start to its end: a DynamicProvider with nothing remembered, its clock and its requests. When it
 * is killed, nothing of it goes on: its timers never fire, its requests never leave, its promises never settle.
 */
export class ProviderProcess implements Owner {
  dead = false;
  /** Set when the calls of the engine are answered: what is still sent then is sent behind the engine's back. */
  ended = false;
  requests = 0;
  writes = 0;
  /** Answers that were not the vendor's. */
  lies = 0;
  /** Harm that was done in this process's time. */
  readonly harms: Harm[] = [];
  /** Texts in answers that the vendor never said. */
  readonly told: string[] = [];
  readonly lines: LogLine[] = [];
  /** Upgrades whose acceptance it has heard of. */
  readonly accepted: string[] = [];
  /** When ^C was told. */
  interruptedAt: number | undefined;
  /** When the operation that runs began, and how long it may take. */
  operation: { readonly since: number; readonly limit: number } | undefined;
  readonly lifecycle: DynamicProvider;
  /** Settles when it is killed. */
  readonly killed: Promise<"killed">;
  readonly #setup: Surroundings;
  readonly #faults: readonly Fault[];
  readonly #readsOnly: boolean;
  readonly #listeners = new Set<() => void>();
  #offset = 0;
  #die: (how: "killed") => void = () => undefined;
  #killedAt: number | undefined;
  /** Harm that also hits the exchanges after the first. */
  #going: { readonly harm: NetworkHarm; left: number } | undefined;

  constructor(setup: Surroundings, faults: readonly Fault[], readsOnly: boolean) {
    this.#setup = setup;
    this.#faults = faults;
    this.#readsOnly = readsOnly;
    this.killed = new Promise((resolve) => {
      this.#die = resolve;
    });
    // Given as a variable: what a process is given from outside may grow.
    const surroundings = {
      kinds: setup.world.kinds(() => this.#connect()),
      log: { write: (line: LogLine) => this.lines.push(line), flush: async () => undefined },
      rhythm: { change: 0, repeat: 60_000 },
      clock: this.#clock(),
      env: {},
      random: () => setup.random.next(),
      onCancel: (listener: () => void) => this.#onCancel(listener),
    };
    this.lifecycle = new DynamicProvider(surroundings);
  }

  kill(): void {
    this.dead = true;
    this.#killedAt ??= this.#setup.timeline.now();
    this.#die("killed");
  }

  /** A transport as undici's: once it is closed, nothing of it is heard any more. */
  #connect(): Transport {
    const calls = new Set<Call>();
    let open = true;
    return {
      send: (request) => (open ? this.#send(request, calls) : Promise.reject(destroyed())),
      close: async () => {
        open = false;
        for (const call of calls) call.fail(destroyed());
      },
    };
  }

  async #send(request: WireRequest, calls: Set<Call>): Promise<WireResponse> {
    if (this.dead) return NEVER;
    const write = this.#setup.world.isWrite(request);
    this.requests += 1;
    if (write) this.writes += 1;
    this.#judgeStart(request, write);
    const due = this.#faults.filter(({ at, nth }) => nth === (at === "write" ? write && this.writes : this.requests));
    const network = this.#networkHarm(due);
    for (const { harm } of due) if (!("when" in harm && harm.when === "after")) this.#do(harm);
    if (this.dead) return NEVER;
    const call: Call = { awaited: true, accepted: [], fail: () => undefined };
    const exchange = this.#setup.network.carry(request, network, () => {
      const killed = this.#killedAt === undefined ? undefined : this.#setup.timeline.now() - this.#killedAt;
      call.accepted = this.#setup.processed(write, call.awaited && !this.dead, killed);
      for (const { harm } of due) if ("when" in harm && harm.when === "after") this.#do(harm);
    });
    calls.add(call);
    try {
      return await this.#heard(exchange, request.signal, call);
    } finally {
      calls.delete(call);
    }
  }

  #judgeStart(request: WireRequest, write: boolean): void {
    const { judge, timeline, world } = this.#setup;
    const name = () => `${request.method} ${request.target}`;
    const over = this.operation && timeline.now() > this.operation.since + this.operation.limit;
    judge.that(this.interruptedAt === undefined, "no write after the end", () => `${name()} after ^C`);
    judge.that(!over, "no write after the end", () => `${name()} after the deadline`);
    judge.that(!this.ended, "no write after the end", () => `${name()} after the run had ended`);
    judge.that(!this.#readsOnly || (isRead(request) && !write), "reads only", name);
    if (write && request.method !== "DELETE") this.#judgeMoment(name, world.reopens?.(request) === true);
    const called = world.called(request);
    if (called.length > 0) this.#setup.requested(timeline.now());
    if (called.length > 0 && this.lies === 0) this.#judgeCall(called, name);
  }

  /** Where its clock has been set, only what no clock changes is judged. */
  #judgeMoment(name: () => string, reopens: boolean): void {
    const { judge, timeline, forbidden } = this.#setup;
    const why = forbidden(timeline.now(), reopens);
    const excused = this.harms.some(({ kind }) => kind === "clock") && why !== "under a freeze";
    judge.that(why === undefined || excused, "only when it may", () => `${name()} ${why}`);
  }

  /** What cannot be known is no fault: an upgrade that the vendor does not show yet, and the state knows nothing of. */
  #judgeCall(called: readonly string[], name: () => string): void {
    const { judge, world, remembersOpen, knowable } = this.#setup;
    const running = world
      .upgrades()
      .find(
        ({ id, subject, aimed, state, shown }) =>
          aimed && state === "running" && called.includes(subject) && (shown || remembersOpen()) && knowable(id),
      );
    judge.that(running === undefined, "no blind call", () => `${name()} while ${running?.id} runs`);
  }

  /** The harm that hits this exchange: of a fault that is due, or of one that still goes on. */
  #networkHarm(due: readonly Fault[]): NetworkHarm | undefined {
    const fresh = due.map(({ harm }) => harm).find(isNetwork);
    if (fresh !== undefined) this.#going = { harm: fresh, left: fresh.span };
    const going = this.#going;
    if (going === undefined || going.left === 0) return undefined;
    going.left -= 1;
    return going.harm;
  }

  #do(harm: Harm): void {
    const { timeline, world } = this.#setup;
    this.harms.push(harm);
    this.#setup.harmed(harm);
    switch (harm.kind) {
      case "interrupt":
        this.#soon(harm.delay, () => this.#interrupt());
        break;
      case "kill":
        this.#soon(harm.delay, () => this.kill());
        break;
      case "clock":
        this.#offset += harm.ms;
        break;
      case "vendor":
        // The vendor's troubles do not end with the process that they began beside.
        if (harm.delay === 0) world.troubles[harm.trouble]?.apply(harm.dial);
        else timeline.after(harm.delay, () => world.troubles[harm.trouble]?.apply(harm.dial));
    }
  }

  #soon(delay: number, action: () => void): void {
    if (delay === 0) action();
    else this.#setup.timeline.after(delay, () => this.ended || this.dead || action());
  }

  #interrupt(): void {
    this.interruptedAt ??= this.#setup.timeline.now();
    for (const listener of [...this.#listeners]) listener();
  }

  #onCancel(listener: () => void): () => void {
    if (this.interruptedAt !== undefined) listener();
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The answer, unless the process is gone or waits no longer. */
  #heard(exchange: Promise<Exchange>, signal: AbortSignal, call: Call): Promise<WireResponse> {
    return new Promise((resolve, reject) => {
      call.fail = (error) => {
        call.awaited = false;
        if (!this.dead) reject(error);
      };
      const abort = () => call.fail(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      const hear = ({ response, genuine, told = [] }: Exchange) => {
        signal.removeEventListener("abort", abort);
        if (this.dead || !call.awaited) return;
        if (genuine) this.accepted.push(...call.accepted);
        else this.lies += 1;
        this.told.push(...told);
        resolve(response);
      };
      if (signal.aborted) abort();
      exchange.then(hear, call.fail);
    });
  }

  #clock(): Clock {
    const { timeline } = this.#setup;
    const clock = {
      now: () => timeline.now() + this.#offset,
      elapsed: () => timeline.now(),
      sleep: (milliseconds: number, signal?: AbortSignal) =>
        this.dead ? NEVER : timeline.sleep(milliseconds, signal, this),
    };
    return clock;
  }
}
