import { type Transport, TransportError, type WireRequest, type WireResponse } from "../../provider/http/transport";
import { createTransport } from "../simulators";
import { simulatedTransport } from "../support/simulated-transport";
import { damage, garbage } from "./damage";
import type { NetworkEffect } from "./history";
import type { Timeline } from "./timeline";
import type { World } from "./world";

/** Milliseconds that a request or a response travels. */
const LATENCY = 3;
/** Time limits of the real transport (provider/http/undici-transport.ts), milliseconds. */
const CONNECT = 10_000;
const HEADERS = 60_000;
const BODY = 30_000;

const NO_END = new AbortController().signal;

/** The response that the provider received. */
export interface Exchange {
  readonly response: WireResponse;
  /** Whether it is the vendor's response. */
  readonly genuine: boolean;
  /** Texts in it that the vendor never sent. */
  readonly falseTexts?: readonly string[];
}

/** The network between provider processes and the vendor, which transmits requests with the effects of faults. */
export class Network {
  readonly #world: World;
  readonly #timeline: Timeline;
  readonly #vendor: Transport;

  constructor(world: World, timeline: Timeline) {
    this.#world = world;
    this.#timeline = timeline;
    this.#vendor = simulatedTransport(createTransport(world.systems, { sleep: (ms) => timeline.sleep(ms) }));
  }

  async carry(request: WireRequest, effect: NetworkEffect | undefined, processed: () => void): Promise<Exchange> {
    if (effect === undefined) return this.#genuine(request, processed);
    switch (effect.kind) {
      case "refused":
        await this.#travel();
        throw new TransportError("ECONNREFUSED", "connect ECONNREFUSED");
      case "connect-timeout":
        await this.#timeline.sleep(CONNECT);
        throw new TransportError("UND_ERR_CONNECT_TIMEOUT", "Connect Timeout Error");
      case "reset":
        if (effect.processed) await this.#discarded(request, processed);
        await this.#travel();
        throw new TransportError("ECONNRESET", "read ECONNRESET");
      case "no-response":
        if (effect.processed) await this.#discarded(request, processed);
        await this.#timeline.sleep(request.responseTimeout ?? HEADERS);
        throw new TransportError("UND_ERR_HEADERS_TIMEOUT", "Headers Timeout Error");
      case "slow": {
        const exchange = await this.#genuine(request, processed);
        await this.#timeline.sleep(effect.ms);
        return exchange;
      }
      case "delayed":
        return this.#delayed(request, effect.ms, processed);
      case "replaced":
        if (effect.processed) await this.#discarded(request, processed);
        await this.#travel();
        return { response: this.#replacement(effect), genuine: false };
      default:
        return this.#corrupted(request, effect, processed);
    }
  }

  async #genuine(request: WireRequest, processed: () => void): Promise<Exchange> {
    await this.#travel();
    const response = await this.#deliver(request);
    processed();
    await this.#travel();
    return { response, genuine: true };
  }

  /** The vendor always receives the request; the caller waits only as long as the real transport. */
  async #delayed(request: WireRequest, ms: number, processed: () => void): Promise<Exchange> {
    const timeout = request.responseTimeout ?? HEADERS;
    const arrival = this.#timeline.sleep(ms).then(() => this.#genuine(request, processed));
    if (ms < timeout) return arrival;
    arrival.catch(() => undefined);
    await this.#timeline.sleep(timeout);
    throw new TransportError("UND_ERR_HEADERS_TIMEOUT", "Headers Timeout Error");
  }

  async #corrupted(
    request: WireRequest,
    effect: Extract<NetworkEffect, { kind: "truncated" | "garbage" | "damaged" }>,
    processed: () => void,
  ): Promise<Exchange> {
    const { response } = await this.#genuine(request, processed);
    if (effect.kind === "garbage") return falseResponse(response, { text: garbage(effect.pick), falseTexts: [] });
    const text = Buffer.from(response.body).toString("utf8");
    if (effect.kind === "damaged") return falseResponse(response, damage(text, effect.damage, effect.pick));
    const rest = text.slice(0, Math.floor(text.length * effect.share));
    if (!effect.noticed) return falseResponse(response, { text: rest, falseTexts: [] });
    await this.#timeline.sleep(effect.share < 0.1 ? BODY : 0);
    throw new TransportError("UND_ERR_SOCKET", "other side closed");
  }

  async #discarded(request: WireRequest, processed: () => void): Promise<void> {
    await this.#genuine(request, processed).catch(() => undefined);
  }

  /** The vendor processes what has arrived, even if the client has given up. */
  async #deliver(request: WireRequest): Promise<WireResponse> {
    const response = await this.#vendor.send({ ...request, signal: NO_END });
    // Every HTTP server sends the date.
    const date = new Date(this.#timeline.now()).toUTCString();
    return { ...response, headers: { date, ...response.headers } };
  }

  #travel(): Promise<void> {
    return this.#timeline.sleep(LATENCY);
  }

  #replacement({ shape, status, pick }: Extract<NetworkEffect, { kind: "replaced" }>): WireResponse {
    if (shape === "vendor") return this.#world.refusal(status, pick);
    const again = status === 429 || status === 503 ? { "retry-after": String(pick % 100) } : {};
    const page = `<html><head><title>${status}</title></head><body><h1>${status}</h1><hr>nginx</body></html>`;
    return { status, headers: { "content-type": "text/html", ...again }, body: Buffer.from(page) };
  }
}

function falseResponse(
  response: WireResponse,
  { text, falseTexts }: { text: string; falseTexts: readonly string[] },
): Exchange {
  return { response: { ...response, body: Buffer.from(text) }, genuine: false, falseTexts };
}
