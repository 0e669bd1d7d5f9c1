import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import { onTestFinished } from "vitest";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface TestServer {
  readonly origin: string;
  readonly port: number;
  /** `GET /path`, in the order of arrival. */
  readonly requests: string[];
}

/**
 * An HTTP server on a port that the system chooses, closed with the test.
 * @param handlers one for each request; the last one handles all later requests
 */
export function serve(...handlers: Handler[]): Promise<TestServer> {
  return start("http", (handler) => createServer(handler), handlers);
}

export function serveTls(options: ServerOptions, ...handlers: Handler[]): Promise<TestServer> {
  return start("https", (handler) => createTlsServer(options, handler), handlers);
}

async function start(scheme: string, make: (handler: Handler) => Server, handlers: Handler[]): Promise<TestServer> {
  const requests: string[] = [];
  const server = make((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    handlers[Math.min(requests.length, handlers.length) - 1]?.(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const port = portOf(server);
  return { origin: `${scheme}://127.0.0.1:${port}`, port, requests };
}

export function portOf(server: Pick<Server, "address">): number {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server does not listen");
  return address.port;
}

/** A port on which no server listens, because it was free just before. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const port = portOf(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export function status(code: number, headers: Record<string, string> = {}): Handler {
  return (_, response) => response.writeHead(code, headers).end(`status ${code}`);
}

/** Reads the request to its end, then drops the connection. */
export const reset: Handler = (request) => {
  request.resume();
  request.on("end", () => request.socket.resetAndDestroy());
};

/** Reads the request and never handlers. */
export const unresponsive: Handler = (request) => {
  request.resume();
};
