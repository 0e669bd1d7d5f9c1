import type { IncomingMessage } from "node:http";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { DIRECT } from "../../provider/core/runtime";
import { undiciTransport } from "../../provider/http/undici-transport";
import { reset, serve } from "./server";

const never = new AbortController().signal;

function open(connections = 8) {
  const transport = undiciTransport({}, DIRECT, { connections });
  onTestFinished(() => transport.close());
  const send =
    (method: string) =>
    (origin: string, signal = never) =>
      transport.send({ method, origin, target: "/", headers: {}, signal });
  return { get: send("GET"), post: send("POST") };
}

/** A server that answers when it is told to, and knows who is connected. */
async function slowServer() {
  const waiting: (() => void)[] = [];
  const sockets = new Set<IncomingMessage["socket"]>();
  const { origin } = await serve(({ socket }, response) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    waiting.push(() => response.end());
  });
  const answer = async (count: number) => {
    await vi.waitUntil(() => waiting.length >= count);
    for (const end of waiting.splice(0)) end();
  };
  return { origin, answer, sockets, waiting };
}

describe("the connections to a server", () => {
  it("are as many as requests at a time, up to the limit; the rest wait", async () => {
    const { origin, answer, sockets, waiting } = await slowServer();
    const { get } = open(2);
    const all = Promise.all([get(origin), get(origin), get(origin)]);
    await vi.waitUntil(() => waiting.length === 2);
    expect(sockets.size).toBe(2);
    await answer(2);
    await answer(1);
    await all;
  });

  it("carry the next request when they are free", async () => {
    const { origin, answer, sockets } = await slowServer();
    const { get } = open();
    const all = Promise.all([get(origin), get(origin), get(origin)]);
    await answer(3);
    await all;
    for (let i = 0; i < 10; i++) {
      const next = get(origin);
      await answer(1);
      await next;
    }
    // One that has just answered may still count as busy.
    expect(sockets.size).toBeLessThanOrEqual(4);
  });

  it("are all closed with their requests where those are writes", async () => {
    const { origin, answer, sockets } = await slowServer();
    const { post } = open();
    const all = Promise.all([post(origin), post(origin)]);
    await answer(2);
    await all;
    await expect.poll(() => sockets.size).toBe(0);
  });

  it("are opened again after one that failed, or that the server has closed", async () => {
    const ports: (number | undefined)[] = [];
    const closing = ({ socket }: IncomingMessage) => ports.push(socket.remotePort);
    const { origin } = await serve(
      (request, response) => {
        closing(request);
        response.writeHead(200, { connection: "close" }).end();
      },
      (request, response) => {
        closing(request);
        reset(request, response);
      },
      (request, response) => {
        closing(request);
        response.end();
      },
    );
    const { get } = open();
    await get(origin);
    await expect(get(origin)).rejects.toMatchObject({ sent: true });
    expect((await get(origin)).status).toBe(200);
    expect(new Set(ports).size).toBe(3);
  });

  it("are not waited for by a request that was ended meanwhile", async () => {
    const { origin, answer, waiting } = await slowServer();
    const { get } = open(1);
    const controller = new AbortController();
    const first = get(origin);
    const second = get(origin, controller.signal);
    await vi.waitUntil(() => waiting.length === 1);
    controller.abort(new Error("enough"));
    await expect(second).rejects.toThrow("enough");
    await answer(1);
    expect((await first).status).toBe(200);
  });
});
