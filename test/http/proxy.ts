import { createServer, type IncomingMessage, type Server, request as send } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import { connect, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { portOf } from "./server";

export interface ProxyOptions {
  /** `user:password`, as asked for; without, everybody may pass. */
  readonly credentials?: string;
  /** What it answers in place of passing on. */
  readonly status?: number;
  /** It takes connections and never answers. */
  readonly silent?: boolean;
  /** Clients connect to it with TLS. */
  readonly tls?: ServerOptions;
}

export interface TestProxy {
  readonly origin: string;
  readonly port: number;
  /** `CONNECT 127.0.0.1:443`, `GET http://127.0.0.1:80/`, in the order of arrival. */
  readonly requests: string[];
  /** Connections that clients have opened to it. */
  connections(): number;
}

/** An HTTP proxy on a port that the system chooses, closed with the test: tunnels for CONNECT, plain HTTP passed on. */
export async function serveProxy({ credentials, status, silent, tls }: ProxyOptions = {}): Promise<TestProxy> {
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
    const no = denied(request);
    if (silent === true) return;
    if (no !== undefined) return void response.writeHead(no).end("the proxy says no");
    const {
      "proxy-authorization": _secret,
      "proxy-connection": _hop,
      connection: _other,
      ...headers
    } = request.headers;
    const onward = send(request.url ?? "", { method: request.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  server.on("connect", (request: IncomingMessage, client: Socket, head: Buffer) => {
    requests.push(`${request.method} ${request.url}`);
    const no = denied(request);
    if (silent === true) return;
    if (no !== undefined) return void client.end(`HTTP/1.1 ${no} No\r\ncontent-length: 4\r\n\r\nnope`);
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
