import { type StreamedBody, type Transport, TransportError } from "../../provider/http/transport";
import type { createTransport } from "../simulators";

/** The in-memory transport of a simulator, as the transport of the code under test. */
export function simulatedTransport(send: ReturnType<typeof createTransport>): Transport {
  return {
    async send({ origin, method, target, headers, body, stream, signal }) {
      const bytes = stream === undefined ? Buffer.from(body ?? "") : await collect(stream);
      const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
      const request = { method, target, body: bytes, headers: { ...lower, "content-length": String(bytes.length) } };
      try {
        return await send(origin, request, { signal });
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof Error && "code" in error)
          throw new TransportError(String(error.code), error.message, error);
        throw error;
      }
    },
    close: async () => undefined,
  };
}

async function collect(stream: StreamedBody): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream.chunks()) chunks.push(chunk);
  return Buffer.concat(chunks);
}
