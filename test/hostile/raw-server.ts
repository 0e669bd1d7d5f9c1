import { createServer, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/** Responds to one request on a socket with any bytes. `alive` is false once the client has disconnected. */
export type RawResponder = (socket: Socket, alive: () => boolean) => void | Promise<void>;

export interface RawServer {
  readonly origin: string;
  /** The received text of each connection. */
  readonly received: string[];
  /** Bytes that it has written. */
  written(): number;
}

/** A server without an HTTP implementation: it waits for the end of a request's head, and responds. */
export async function rawServer(respond: RawResponder): Promise<RawServer> {
  const received: string[] = [];
  const sockets = new Set<Socket>();
  let written = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    const index = received.push("") - 1;
    socket.on("error", () => undefined);
    socket.once("close", () => {
      written += socket.bytesWritten;
      sockets.delete(socket);
    });
    let responded = false;
    socket.on("data", (chunk) => {
      received[index] += chunk.toString("latin1");
      if (responded || !received[index]?.includes("\r\n\r\n")) return;
      responded = true;
      void respond(socket, () => !socket.destroyed);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server does not listen");
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return {
    origin: `http://127.0.0.1:${address.port}`,
    received,
    written: () => written + [...sockets].reduce((sum, { bytesWritten }) => sum + bytesWritten, 0),
  };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Writes without end, as fast as the client reads, until the client has disconnected. */
function flood(head: string, chunk: string | Buffer): RawResponder {
  return async (socket, alive) => {
    socket.write(head);
    while (alive()) {
      if (!socket.write(chunk)) await pause(1);
    }
  };
}

/** Writes a few bytes every few milliseconds, without end. */
function trickle(head: string, piece: string, every = 10): RawResponder {
  return async (socket, alive) => {
    socket.write(head);
    while (alive()) {
      socket.write(piece);
      await pause(every);
    }
  };
}

const once =
  (text: string | Buffer, then: "end" | "stay" = "end"): RawResponder =>
  (socket) => {
    if (then === "end") socket.end(text);
    else socket.write(text);
  };

const JSON_HEAD = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
const MEGABYTE = Buffer.alloc(1 << 20, " ");

/** Responses without an end. */
export const ENDLESS: Readonly<Record<string, RawResponder>> = {
  "a body of gigabytes": flood(`${JSON_HEAD}content-length: 8000000000\r\n\r\n`, MEGABYTE),
  "a body without an end": flood(`${JSON_HEAD}\r\n`, MEGABYTE),
  "chunks without an end": flood(
    `${JSON_HEAD}transfer-encoding: chunked\r\n\r\n`,
    "1000\r\n".concat(" ".repeat(4096), "\r\n"),
  ),
  "one endless header": flood("HTTP/1.1 200 OK\r\nx-long: ", "x".repeat(65_536)),
  "endless headers": flood("HTTP/1.1 200 OK\r\n", "x-more: 1\r\n".repeat(1_000)),
  "endless trailers": flood(
    `${JSON_HEAD}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n`,
    "x-more: 1\r\n".repeat(1_000),
  ),
  "an endless reason phrase": flood("HTTP/1.1 200 ", "OK ".repeat(10_000)),
  "an endless chunk extension": flood(`${JSON_HEAD}transfer-encoding: chunked\r\n\r\n2;`, "x".repeat(65_536)),
  "early hints without an end": flood("", "HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(100)),
  "a slow body": trickle(`${JSON_HEAD}content-length: 1000000\r\n\r\n`, " "),
  "slow chunks": trickle(`${JSON_HEAD}transfer-encoding: chunked\r\n\r\n`, "1\r\n \r\n"),
  "slow headers": trickle("HTTP/1.1 200 OK\r\n", "x: 1\r\n"),
  "slow early hints": trickle("", "HTTP/1.1 103 Early Hints\r\n\r\n"),
  "a slow chunk extension": trickle(`${JSON_HEAD}transfer-encoding: chunked\r\n\r\n2;`, "x"),
  "no data after the headers": once(`${JSON_HEAD}content-length: 10\r\n\r\n`, "stay"),
};

export const BROKEN: Readonly<Record<string, RawResponder>> = {
  "HTTP/1.0 with a body up to the end": once("HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n{}"),
  "HTTP/0.9": once("<html>hello</html>"),
  "HTTP/2's preface": once("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  "a length that is too long": once(`${JSON_HEAD}content-length: 100\r\n\r\n{}`),
  "a length that is too short": once(`${JSON_HEAD}content-length: 1\r\n\r\n{}`),
  "two lengths": once(`${JSON_HEAD}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`),
  "a length below zero": once(`${JSON_HEAD}content-length: -1\r\n\r\n{}`),
  "a length beyond 2^64": once(`${JSON_HEAD}content-length: 99999999999999999999999\r\n\r\n{}`),
  "a length and chunks": once(
    `${JSON_HEAD}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
  ),
  "an unknown transfer encoding": once(`${JSON_HEAD}transfer-encoding: rot13\r\n\r\n{}`),
  "a chunk without a size": once(`${JSON_HEAD}transfer-encoding: chunked\r\n\r\nxyz\r\n{}\r\n0\r\n\r\n`),
  "a second response": once(`${JSON_HEAD}content-length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n[]`),
  "a switch of protocols": once(
    "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
  ),
  "100 alone": once("HTTP/1.1 100 Continue\r\n\r\n"),
  "204 with a body": once("HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\n{}"),
  "304 with a body": once("HTTP/1.1 304 Not Modified\r\ncontent-length: 2\r\n\r\n{}"),
  "status 000": once("HTTP/1.1 000 Nothing\r\ncontent-length: 2\r\n\r\n{}"),
  "status 99": once("HTTP/1.1 99 Nothing\r\ncontent-length: 2\r\n\r\n{}"),
  "escapes in the reason phrase": once("HTTP/1.1 500 \u001b[2J\u0007\r\ncontent-length: 0\r\n\r\n"),
  "escapes in a header": once("HTTP/1.1 500 Bad\r\ncontent-type: text/\u001b[2J\u0007\r\ncontent-length: 0\r\n\r\n"),
  "a header named __proto__": once(`${JSON_HEAD}__proto__: x\r\nconstructor: y\r\ncontent-length: 2\r\n\r\n{}`),
  "no data": once(""),
};
