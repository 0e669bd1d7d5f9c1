import { createServer, type IncomingMessage, type Server, request as send } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { portOf } from "./server";

export interface ProxyOptions {
  /** `user:password` that the proxy requires; by default none. */
  readonly credentials?: string;
  /** The status with which it responds instead of forwarding requests. */
  readonly status?: number;
  /** It accepts connections and never responds. */
  readonly unresponsive?: boolean;
  /** Clients connect to it with TLS. */
  readonly tls?: ServerOptions;
}

export interface TestProxy {
  readonly origin: string;
  readonly port: number;
  /** `CONNECT 127.0.0.1:443`, `GET http://127.0.0.1:80/`, in the order of arrival. */
  readonly requests: string[];
  /** The number of connections that clients have opened to it. */
  connections(): number;
}

/** An HTTP proxy on a port that the system chooses, closed with the test: tunnels for CONNECT, plain HTTP forwarded. */
export async function serveProxy({ credentials, status, unresponsive, tls }: ProxyOptions = {}): Promise<TestProxy> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const denied = ({ headers }: IncomingMessage): number | undefined => {
    const expected = `Basic ${Buffer.from(credentials ?? "").toString("base64")}`;
    return credentials !== undefined && headers["proxy-authorization"] !== expected ? 407 : status;
  };
  const server: Server = tls === undefined ? createServer() : createTlsServer(tls);
  server.on("connection", (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
  });
  server.on("request", (request, response) => {
    requests.push(`${request.method} ${request.url}`);
    const denial = denied(request);
    if (unresponsive === true) return;
    if (denial !== undefined) return void response.writeHead(denial).end("denied by the proxy");
    const {
      "proxy-authorization": _secret,
      "proxy-connection": _hop,
      connection: _other,
      ...headers
    } = request.headers;
    const forwarded = send(request.url ?? "", { method: request.method, headers }, (reply) => {
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    });
    forwarded.on("error", () => response.destroy());
    request.pipe(forwarded);
  });
  server.on("connect", (request: IncomingMessage, client: Socket, head: Buffer) => {
    requests.push(`${request.method} ${request.url}`);
    const denial = denied(request);
    if (unresponsive === true) return;
    if (denial !== undefined) return void client.end(`HTTP/1.1 ${denial} No\r\ncontent-length: 4\r\n\r\nnope`);
    const [, host = "", port] = /^\[?(.*?)\]?:(\d+)$/.exec(request.url ?? "") ?? [];
    const target = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      target.write(head);
      client.pipe(target).pipe(client);
    });
    sockets.add(target);
    target.on("error", () => client.destroy());
    client.on("close", () => target.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const port = portOf(server);
  const scheme = tls === undefined ? "http" : "https";
  return { origin: `${scheme}://127.0.0.1:${port}`, port, requests, connections: () => connections };
}
