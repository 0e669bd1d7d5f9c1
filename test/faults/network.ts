import { type Transport, TransportError, type WireRequest, type WireResponse } from "../../provider/http/transport";
import { createTransport } from "../simulators";
import { simulatedTransport } from "../support/simulated-transport";
import { damage, garbage } from "./damage";
import type { NetworkHarm } from "./history";
import type { Timeline } from "./timeline";
import type { World } from "./world";

/** Milliseconds that a request and an answer travel. */
const TRAVEL = 3;
/** Time limits of the real transport (provider/http/undici-transport.ts), milliseconds. */
const CONNECT = 10_000;
const HEADERS = 60_000;
const BODY = 30_000;

const NO_END = new AbortController().signal;

/** What a provider got to see of an exchange. */
export interface Exchange {
  readonly response: WireResponse;
  /** Whether it is what the vendor answered. */
  readonly genuine: boolean;
  /** Texts in it that the vendor never said. */
  readonly told?: readonly string[];
}

/** The network between providers and a vendor: carries one request, as badly as it is asked to. */
export class Network {
  readonly #world: World;
  readonly #timeline: Timeline;
  readonly #vendor: Transport;

  constructor(world: World, timeline: Timeline) {
    this.#world = world;
    this.#timeline = timeline;
    this.#vendor = simulatedTransport(createTransport(world.systems, { sleep: (ms) => timeline.sleep(ms) }));
  }

  async carry(request: WireRequest, harm: NetworkHarm | undefined, processed: () => void): Promise<Exchange> {
    if (harm === undefined) return this.#genuine(request, processed);
    switch (harm.kind) {
      case "refused":
        await this.#travel();
        throw new TransportError("ECONNREFUSED", "connect ECONNREFUSED");
      case "connect-timeout":
        await this.#timeline.sleep(CONNECT);
        throw new TransportError("UND_ERR_CONNECT_TIMEOUT", "Connect Timeout Error");
      case "reset":
        if (harm.processed) await this.#unheard(request, processed);
        await this.#travel();
        throw new TransportError("ECONNRESET", "read ECONNRESET");
      case "silence":
        if (harm.processed) await this.#unheard(request, processed);
        await this.#timeline.sleep(request.responseTimeout ?? HEADERS);
        throw new TransportError("UND_ERR_HEADERS_TIMEOUT", "Headers Timeout Error");
      case "slow": {
        const exchange = await this.#genuine(request, processed);
        await this.#timeline.sleep(harm.ms);
        return exchange;
      }
      case "delayed":
        return this.#delayed(request, harm.ms, processed);
      case "replaced":
        if (harm.processed) await this.#unheard(request, processed);
        await this.#travel();
        return { response: this.#replacement(harm), genuine: false };
      default:
        return this.#spoilt(request, harm, processed);
    }
  }

  async #genuine(request: WireRequest, processed: () => void): Promise<Exchange> {
    await this.#travel();
    const response = await this.#deliver(request);
    processed();
    await this.#travel();
    return { response, genuine: true };
  }

  /** The vendor gets it however long it takes; the caller waits no longer than the transport would. */
  async #delayed(request: WireRequest, ms: number, processed: () => void): Promise<Exchange> {
    const patience = request.responseTimeout ?? HEADERS;
    const arrival = this.#timeline.sleep(ms).then(() => this.#genuine(request, processed));
    if (ms < patience) return arrival;
    arrival.catch(() => undefined);
    await this.#timeline.sleep(patience);
    throw new TransportError("UND_ERR_HEADERS_TIMEOUT", "Headers Timeout Error");
  }

  async #spoilt(
    request: WireRequest,
    harm: Extract<NetworkHarm, { kind: "truncated" | "garbage" | "damaged" }>,
    processed: () => void,
  ): Promise<Exchange> {
    const { response } = await this.#genuine(request, processed);
    if (harm.kind === "garbage") return lie(response, { text: garbage(harm.pick), told: [] });
    const text = Buffer.from(response.body).toString("utf8");
    if (harm.kind === "damaged") return lie(response, damage(text, harm.damage, harm.pick));
    const rest = text.slice(0, Math.floor(text.length * harm.share));
    if (!harm.noticed) return lie(response, { text: rest, told: [] });
    await this.#timeline.sleep(harm.share < 0.1 ? BODY : 0);
    throw new TransportError("UND_ERR_SOCKET", "other side closed");
  }

  async #unheard(request: WireRequest, processed: () => void): Promise<void> {
    await this.#genuine(request, processed).catch(() => undefined);
  }

  /** The client may have given up meanwhile: what has arrived is processed all the same. */
  async #deliver(request: WireRequest): Promise<WireResponse> {
    const response = await this.#vendor.send({ ...request, signal: NO_END });
    // As every HTTP server says it.
    const date = new Date(this.#timeline.now()).toUTCString();
    return { ...response, headers: { date, ...response.headers } };
  }

  #travel(): Promise<void> {
    return this.#timeline.sleep(TRAVEL);
  }

  #replacement({ shape, status, pick }: Extract<NetworkHarm, { kind: "replaced" }>): WireResponse {
    if (shape === "vendor") return this.#world.refusal(status, pick);
    const again = status === 429 || status === 503 ? { "retry-after": String(pick % 100) } : {};
    const page = `<html><head><title>${status}</title></head><body><h1>${status}</h1><hr>nginx</body></html>`;
    return { status, headers: { "content-type": "text/html", ...again }, body: Buffer.from(page) };
  }
}

function lie(response: WireResponse, { text, told }: { text: string; told: readonly string[] }): Exchange {
  return { response: { ...response, body: Buffer.from(text) }, genuine: false, told };
}
