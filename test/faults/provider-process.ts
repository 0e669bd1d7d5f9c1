import type { Clock } from "../../provider/core/runtime";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { LogLine } from "../../provider/frontend/resource/log";
import { type Transport, TransportError, type WireRequest, type WireResponse } from "../../provider/http/transport";
import type { Random } from "../simulators";
import { isRead } from "../support/reads";
import { type Effect, type Fault, isNetwork, type NetworkEffect, type VendorEffect } from "./history";
import type { Exchange, Network } from "./network";
import type { Sent, WriteKind } from "./preview";
import type { RuleChecks } from "./rules";
import type { Owner, Timeline } from "./timeline";
import type { World } from "./world";

/** The environment of a provider process. */
export interface ProcessEnvironment {
  readonly world: World;
  readonly timeline: Timeline;
  readonly network: Network;
  readonly checks: RuleChecks;
  readonly random: Random;
  /** Whether the state records an upgrade that has not ended. */
  readonly hasOpenUpgrade: () => boolean;
  /** Whether an upgrade was accepted while its run still waited. */
  readonly knowable: (id: string) => boolean;
  /** Called for every upgrade request, with the time. */
  readonly requested: (now: number) => void;
  /** Why no write is allowed now; undefined if it is. @param reopens whether the write is an operator */
  readonly forbidden: (now: number, reopens: boolean) => string | undefined;
  /** Called when an event has happened at the vendor. */
  readonly onEvent: () => void;
  /** Called for every effect that was applied. */
  readonly onEffect: (effect: Effect) => void;
  /**
   * Called whenever the vendor has processed a request.
   * @param write whether it was a write
   * @param awaited whether the process still waits for the response
   * @param killed milliseconds since the process was killed
   * @returns the ids of the upgrades that the vendor accepted with it
   */
  readonly processed: (write: boolean, awaited: boolean, killed: number | undefined) => readonly string[];
}

/** A request in progress. */
interface PendingRequest {
  awaited: boolean;
  /** The upgrades that the vendor accepted with it. */
  accepted: readonly string[];
  /** Rejects it for its caller. */
  fail: (error: unknown) => void;
}

function destroyed(): TransportError {
  return new TransportError("UND_ERR_DESTROYED", "The client is destroyed");
}

const NEVER = new Promise<never>(() => undefined);

/**
 * One provider process: a new DynamicProvider with its own clock and requests. After it is killed, its timers never fire, no
 * request is sent, and its promises never settle.
 */
export class ProviderProcess implements Owner {
  dead = false;
  /** Set when the operations of the engine have returned. No request may be sent after that. */
  ended = false;
  requests = 0;
  writes = 0;
  readonly sent: Sent & { readonly kinds: Set<WriteKind>; readonly units: Set<string> } = {
    kinds: new Set(),
    units: new Set(),
  };
  /** The number of responses that were not the vendor's. */
  falseResponses = 0;
  /** The effects that were applied during this process. */
  readonly effects: Effect[] = [];
  /** Texts in responses that the vendor never sent. */
  readonly falseTexts: string[] = [];
  readonly lines: LogLine[] = [];
  /** Upgrades whose acceptance it has received. */
  readonly accepted: string[] = [];
  /** When ^C was pressed. */
  interruptedAt: number | undefined;
  /** The start and the time limit of the current operation. */
  operation: { readonly since: number; readonly limit: number } | undefined;
  readonly lifecycle: DynamicProvider;
  /** Settles when it is killed. */
  readonly killed: Promise<"killed">;
  readonly #setup: ProcessEnvironment;
  readonly #faults: readonly Fault[];
  readonly #readsOnly: boolean;
  readonly #listeners = new Set<() => void>();
  #offset = 0;
  #die: (how: "killed") => void = () => undefined;
  #killedAt: number | undefined;
  /** The current network effect, and how many further requests it affects. */
  #active: { readonly effect: NetworkEffect; left: number } | undefined;

  constructor(setup: ProcessEnvironment, faults: readonly Fault[], readsOnly: boolean) {
    this.#setup = setup;
    this.#faults = faults;
    this.#readsOnly = readsOnly;
    this.killed = new Promise((resolve) => {
      this.#die = resolve;
    });
    // A variable, because DynamicProvider does not accept additional properties in a literal.
    const environment = {
      kinds: setup.world.kinds(() => this.#connect()),
      log: { write: (line: LogLine) => this.lines.push(line), flush: async () => undefined },
      rhythm: { change: 0, repeat: 60_000 },
      clock: this.#clock(),
      env: {},
      random: () => setup.random.next(),
      onCancel: (listener: () => void) => this.#onCancel(listener),
    };
    this.lifecycle = new DynamicProvider(environment);
  }

  kill(): void {
    this.dead = true;
    this.#killedAt ??= this.#setup.timeline.now();
    this.#die("killed");
  }

  /** A transport that rejects its requests when it is closed, as undici's does. */
  #connect(): Transport {
    const pendingRequests = new Set<PendingRequest>();
    let open = true;
    return {
      send: (request) => (open ? this.#send(request, pendingRequests) : Promise.reject(destroyed())),
      close: async () => {
        open = false;
        for (const pending of pendingRequests) pending.fail(destroyed());
      },
    };
  }

  async #send(request: WireRequest, pendingRequests: Set<PendingRequest>): Promise<WireResponse> {
    if (this.dead) return NEVER;
    const write = this.#setup.world.isWrite(request);
    this.requests += 1;
    if (write) this.writes += 1;
    if (write) this.#record(request);
    this.#checkStart(request, write);
    const due = this.#faults.filter(({ at, nth }) => nth === (at === "write" ? write && this.writes : this.requests));
    const network = this.#networkEffect(due);
    for (const { effect } of due) if (!("when" in effect && effect.when === "after")) this.#apply(effect);
    if (this.dead) return NEVER;
    const pending: PendingRequest = { awaited: true, accepted: [], fail: () => undefined };
    const exchange = this.#setup.network.carry(request, network, () => {
      const killed = this.#killedAt === undefined ? undefined : this.#setup.timeline.now() - this.#killedAt;
      pending.accepted = this.#setup.processed(write, pending.awaited && !this.dead, killed);
      for (const { effect } of due) if ("when" in effect && effect.when === "after") this.#apply(effect);
    });
    pendingRequests.add(pending);
    try {
      return await this.#received(exchange, request.signal, pending);
    } finally {
      pendingRequests.delete(pending);
    }
  }

  #record(request: WireRequest): void {
    const { kinds, units } = this.sent;
    const { world } = this.#setup;
    const requestedUnits = world.requestedUnits(request);
    for (const unit of requestedUnits) units.add(unit);
    if (requestedUnits.length > 0) kinds.add("upgrade");
    else if (world.reopens?.(request) === true) kinds.add("operator");
    else if (request.method === "DELETE") kinds.add("cancel");
  }

  #checkStart(request: WireRequest, write: boolean): void {
    const { checks, timeline, world } = this.#setup;
    const name = () => `${request.method} ${request.target}`;
    const over = this.operation && timeline.now() > this.operation.since + this.operation.limit;
    checks.require(this.interruptedAt === undefined, "no request after the end", () => `${name()} after ^C`);
    checks.require(!over, "no request after the end", () => `${name()} after the deadline`);
    checks.require(!this.ended, "no request after the end", () => `${name()} after the run had ended`);
    checks.require(!this.#readsOnly || (isRead(request) && !write), "reads only", name);
    if (write && request.method !== "DELETE") this.#checkMoment(name, world.reopens?.(request) === true);
    const requestedUnits = world.requestedUnits(request);
    if (requestedUnits.length > 0) this.#setup.requested(timeline.now());
    if (requestedUnits.length > 0 && this.falseResponses === 0) this.#checkUpgradeRequest(requestedUnits, name);
  }

  /** After its clock was set, only rules without times are checked. */
  #checkMoment(name: () => string, reopens: boolean): void {
    const { checks, timeline, forbidden } = this.#setup;
    const why = forbidden(timeline.now(), reopens);
    const excused = this.effects.some(({ kind }) => kind === "clock") && why !== "under a freeze";
    checks.require(why === undefined || excused, "change rules obeyed", () => `${name()} ${why}`);
  }

  /** An upgrade that neither the vendor nor the state shows cannot be known, so a second request is allowed. */
  #checkUpgradeRequest(requestedUnits: readonly string[], name: () => string): void {
    const { checks, world, hasOpenUpgrade, knowable } = this.#setup;
    const running = world
      .upgrades()
      .find(
        ({ id, unit, reachesTarget, state, visible }) =>
          reachesTarget &&
          state === "running" &&
          requestedUnits.includes(unit) &&
          (visible || hasOpenUpgrade()) &&
          knowable(id),
      );
    checks.require(
      running === undefined,
      "no duplicate request",
      () => `${name()} while ${running?.id} is in progress`,
    );
  }

  /** The network effect for this request: of a fault at this request, or of an earlier one that continues. */
  #networkEffect(due: readonly Fault[]): NetworkEffect | undefined {
    const started = due.map(({ effect }) => effect).find(isNetwork);
    if (started !== undefined) this.#active = { effect: started, left: started.span };
    const active = this.#active;
    if (active === undefined || active.left === 0) return undefined;
    active.left -= 1;
    return active.effect;
  }

  #apply(effect: Effect): void {
    this.effects.push(effect);
    this.#setup.onEffect(effect);
    switch (effect.kind) {
      case "interrupt":
        this.#schedule(effect.delay, () => this.#interrupt());
        break;
      case "kill":
        this.#schedule(effect.delay, () => this.kill());
        break;
      case "clock":
        this.#offset += effect.ms;
        break;
      case "vendor":
        // The vendor's events are independent of the process.
        if (effect.delay === 0) this.#happen(effect);
        else this.#setup.timeline.after(effect.delay, () => this.#happen(effect));
    }
  }

  #happen({ event, parameter }: VendorEffect): void {
    const { onEvent, world } = this.#setup;
    onEvent();
    world.events[event]?.apply(parameter);
  }

  #schedule(delay: number, action: () => void): void {
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

  /** The response, unless the process has ended or no longer waits. */
  #received(exchange: Promise<Exchange>, signal: AbortSignal, pending: PendingRequest): Promise<WireResponse> {
    return new Promise((resolve, reject) => {
      pending.fail = (error) => {
        pending.awaited = false;
        if (!this.dead) reject(error);
      };
      const abort = () => pending.fail(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      const receive = ({ response, genuine, falseTexts = [] }: Exchange) => {
        signal.removeEventListener("abort", abort);
        if (this.dead || !pending.awaited) return;
        if (genuine) this.accepted.push(...pending.accepted);
        else this.falseResponses += 1;
        this.falseTexts.push(...falseTexts);
        resolve(response);
      };
      if (signal.aborted) abort();
      exchange.then(receive, pending.fail);
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
