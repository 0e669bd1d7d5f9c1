import { UpgradeError } from "../../provider/core/errors";
import type { Transport } from "../../provider/http/transport";

/** One request and its response, as sent and received. */
export interface Exchange {
  /** Path and query. */
  readonly target: string;
  readonly status: number;
  /** Parsed JSON; undefined if the response is not JSON. */
  readonly body: unknown;
}

/** A transport that records every response, and sends only GET requests. */
export function recording(transport: Transport, keep: (exchange: Exchange) => void): Transport {
  return {
    async send(request) {
      if (request.method !== "GET") {
        throw new UpgradeError("blocked", `${request.method} ${request.target} was not sent: only GET requests are.`, {
          remedy: "Use credentials that need no login: an access key, or Basic authentication.",
        });
      }
      const response = await transport.send(request);
      keep({ target: request.target, status: response.status, body: parsed(response.body) });
      return response;
    },
    close: () => transport.close(),
  };
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString("utf8"));
  } catch {
    return undefined;
  }
}
