import { UpgradeError } from "../../provider/core/errors";
import type { Transport } from "../../provider/http/transport";

/** One request and its answer, as they went over the wire. */
export interface Exchange {
  /** Path and query. */
  readonly target: string;
  readonly status: number;
  /** Parsed JSON; undefined where the answer is something else. */
  readonly body: unknown;
}

/** A transport that keeps every answer, and sends nothing but GET. */
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
