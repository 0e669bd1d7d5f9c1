import { describe, expect, it, onTestFinished } from "vitest";
import { UpgradeError } from "../../provider/core/errors";
import type { Clock } from "../../provider/core/runtime";
import { DIRECT } from "../../provider/core/runtime";
import { delayBefore, HttpClient, READ_TRIES, retriedCode, retriedStatus } from "../../provider/http/client";
import { TransportError } from "../../provider/http/transport";
import { undiciTransport } from "../../provider/http/undici-transport";
import { VirtualClock } from "../support/virtual-clock";
import { freePort, reset, serve, silence, status } from "./server";

function clientFor(limits: Parameters<typeof undiciTransport>[2] = {}, time?: Clock) {
  const clock = new VirtualClock();
  const controller = new AbortController();
  const transport = undiciTransport({}, DIRECT, limits);
  onTestFinished(() => transport.close());
  const client = new HttpClient({ transport, clock: time ?? clock, signal: controller.signal });
  const began = clock.now();
  return { client, clock, controller, waited: () => clock.since(began) };
}

/** Time that stands still: what sleeps on it is only ever woken by its signal. */
const frozen: Clock = {
  now: () => 0,
  elapsed: () => 0,
  sleep: (_, signal) =>
    new Promise((_resolve, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true })),
};

const reason = new UpgradeError("interrupted", "Interrupted.");

describe("a read", () => {
  it("gives status, headers and body, and sends its headers and target as they are", async () => {
    const { origin, requests } = await serve((request, response) =>
      response.writeHead(200, { "X-Thing": "a", "set-cookie": ["b=1", "c=2"] }).end(`got ${request.headers["x-sent"]}`),
    );
    const { client } = clientFor();
    const response = await client.read(() => ({ origin, target: "/a%20b/?q=%2F&r", headers: { "x-sent": "yes" } }));
    expect(response.status).toBe(200);
    expect(response.headers).toMatchObject({ "x-thing": "a", "set-cookie": "b=1, c=2" });
    expect(Buffer.from(response.body).toString()).toBe("got yes");
    expect(requests).toEqual(["GET /a%20b/?q=%2F&r"]);
  });

  it.each([429, 502, 503, 504])("is tried again after status %d, twice at most", async (code) => {
    const { origin, requests } = await serve(status(code));
    const { client, waited } = clientFor();
    expect((await client.read(() => ({ origin, target: "/" }))).status).toBe(code);
    expect(requests).toHaveLength(3);
    expect(waited()).toBe(200 + 400);
  });

  it.each([200, 301, 400, 401, 404, 500, 501])("is not tried again after status %d", async (code) => {
    const { origin, requests } = await serve(status(code));
    const { client, waited } = clientFor();
    expect((await client.read(() => ({ origin, target: "/" }))).status).toBe(code);
    expect(requests).toHaveLength(1);
    expect(waited()).toBe(0);
  });

  it("waits as many seconds as Retry-After asks for", async () => {
    const { origin, requests } = await serve(status(429, { "retry-after": "7" }), status(200));
    const { client, waited } = clientFor();
    expect((await client.read(() => ({ origin, target: "/" }))).status).toBe(200);
    expect(requests).toHaveLength(2);
    expect(waited()).toBe(7_000);
  });

  it("waits until the date that Retry-After names", async () => {
    const { client, clock, waited } = clientFor();
    const date = new Date(clock.now() + 12_000).toUTCString();
    const { origin } = await serve(status(503, { "retry-after": date }), status(200));
    expect((await client.read(() => ({ origin, target: "/" }))).status).toBe(200);
    expect(waited()).toBe(12_000);
  });

  it("is tried again after a reset, and made again for it", async () => {
    const { origin, requests } = await serve(reset, status(200));
    const { client } = clientFor();
    let made = 0;
    const response = await client.read(() => {
      made += 1;
      return { origin, target: `/try-${made}` };
    });
    expect(response.status).toBe(200);
    expect(requests).toEqual(["GET /try-1", "GET /try-2"]);
  });

  it("ends in the last error when every try fails", async () => {
    const { origin, requests } = await serve(reset);
    const { client } = clientFor();
    await expect(client.read(() => ({ origin, target: "/" }))).rejects.toBeInstanceOf(TransportError);
    expect(requests).toHaveLength(3);
  });

  it("is not tried again where nobody listens: who waits for that decides", async () => {
    const { client, waited } = clientFor();
    const origin = `http://127.0.0.1:${await freePort()}`;
    await expect(client.read(() => ({ origin, target: "/" }))).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(waited()).toBe(0);
  });

  it("is not started once the signal is aborted", async () => {
    const { origin, requests } = await serve(status(200));
    const { client, controller } = clientFor();
    controller.abort(reason);
    await expect(client.read(() => ({ origin, target: "/" }))).rejects.toBe(reason);
    expect(requests).toEqual([]);
  });

  it("is not tried again once the signal is aborted, and does not wait for its next try", async () => {
    const { client, controller } = clientFor({}, frozen);
    const { origin, requests } = await serve((_, response) => {
      response.writeHead(503, { "retry-after": "20" }).end();
      response.on("close", () => setImmediate(() => controller.abort(reason)));
    });
    await expect(client.read(() => ({ origin, target: "/" }))).rejects.toBe(reason);
    expect(requests).toHaveLength(1);
  });

  it("that is under way ends with the signal's reason", async () => {
    const { client, controller } = clientFor();
    const { origin } = await serve((request) => {
      request.resume();
      controller.abort(reason);
    });
    await expect(client.read(() => ({ origin, target: "/" }))).rejects.toBe(reason);
  });
});

describe("a write", () => {
  it("carries its body", async () => {
    const { origin, requests } = await serve((request, response) => request.pipe(response));
    const { client } = clientFor();
    const response = await client.write({ origin, target: "/up?grade", body: '{"a":1}' });
    expect(Buffer.from(response.body).toString()).toBe('{"a":1}');
    expect(requests).toEqual(["POST /up?grade"]);
  });

  it.each([429, 500, 502, 503, 504])("is not tried again after status %d", async (code) => {
    const { origin, requests } = await serve(status(code, { "retry-after": "1" }));
    const { client, waited } = clientFor();
    expect((await client.write({ origin, target: "/", body: "x" })).status).toBe(code);
    expect(requests).toHaveLength(1);
    expect(waited()).toBe(0);
  });

  it("is not tried again after a reset before the answer, and may have arrived", async () => {
    const { origin, requests } = await serve(reset);
    const { client } = clientFor();
    await expect(client.write({ origin, target: "/", body: "x" })).rejects.toMatchObject({ sent: true, tls: false });
    expect(requests).toHaveLength(1);
  });

  it("is not tried again after a timeout, and may have arrived", async () => {
    const { origin, requests } = await serve(silence);
    const { client } = clientFor({ headersTimeout: 50 });
    await expect(client.write({ origin, target: "/", body: "x" })).rejects.toMatchObject({
      code: "UND_ERR_HEADERS_TIMEOUT",
      sent: true,
    });
    expect(requests).toHaveLength(1);
  });

  it("is not tried again where nobody listens, and certainly was not sent", async () => {
    const { client, waited } = clientFor();
    const origin = `http://127.0.0.1:${await freePort()}`;
    await expect(client.write({ origin, target: "/", body: "x" })).rejects.toMatchObject({
      code: "ECONNREFUSED",
      sent: false,
    });
    expect(waited()).toBe(0);
  });

  it("is not started once the signal is aborted", async () => {
    const { origin, requests } = await serve(status(200));
    const { client, controller } = clientFor();
    controller.abort(reason);
    await expect(client.write({ origin, target: "/", body: "x" })).rejects.toBe(reason);
    expect(requests).toEqual([]);
  });

  it("that is under way when the signal is aborted still gets its answer", async () => {
    const { client, controller } = clientFor({}, frozen);
    const { origin } = await serve((request, response) => {
      request.resume();
      controller.abort(reason);
      response.end("accepted");
    });
    const response = await client.write({ origin, target: "/", body: "x" });
    expect(Buffer.from(response.body).toString()).toBe("accepted");
  });

  it("that is under way is given up after its grace, as an answer that was lost", async () => {
    const { client, controller, waited } = clientFor();
    const { origin, requests } = await serve((request) => {
      request.resume();
      controller.abort(reason);
    });
    await expect(client.write({ origin, target: "/", body: "x" })).rejects.toMatchObject({
      name: "TransportError",
      code: "ABANDONED",
      sent: true,
    });
    expect(waited()).toBe(700);
    expect(requests).toHaveLength(1);
  });
});

const NOW = Date.UTC(2026, 0, 1);

function answer(retryAfter?: string) {
  const headers: Record<string, string> = retryAfter === undefined ? {} : { "retry-after": retryAfter };
  return { status: 503, headers, body: new Uint8Array() };
}

describe("the retry table", () => {
  it.each([
    [200, false],
    [401, false],
    [404, false],
    [408, false],
    [429, true],
    [500, false],
    [502, true],
    [503, true],
    [504, true],
  ])("status %d: %s", (status, expected) => {
    expect(retriedStatus(status)).toBe(expected);
  });

  it.each([
    ["ECONNRESET", true],
    ["EPIPE", true],
    ["EAI_AGAIN", true],
    ["UND_ERR_SOCKET", true],
    ["UND_ERR_CONNECT_TIMEOUT", true],
    ["ECONNREFUSED", false],
    ["ENOTFOUND", false],
    ["UND_ERR_HEADERS_TIMEOUT", false],
    ["UND_ERR_RES_EXCEEDED_MAX_SIZE", false],
    ["CERT_HAS_EXPIRED", false],
  ])("code %s: %s", (code, expected) => {
    expect(retriedCode(code)).toBe(expected);
  });

  it("allows three tries", () => {
    expect(READ_TRIES).toBe(3);
  });
});

describe("delayBefore", () => {
  it.each([
    [2, 200],
    [3, 400],
    [4, 800],
    [20, 30_000],
  ])("try %d comes %d ms later without a word from the server", (next, expected) => {
    expect(delayBefore(next, undefined, NOW)).toBe(expected);
    expect(delayBefore(next, answer(), NOW)).toBe(expected);
  });

  it.each([
    ["0", 0],
    ["5", 5_000],
    ["29", 29_000],
    ["3600", 30_000],
    [new Date(NOW + 9_000).toUTCString(), 9_000],
    [new Date(NOW - 9_000).toUTCString(), 0],
    [new Date(NOW + 3_600_000).toUTCString(), 30_000],
  ])("Retry-After: %s means %d ms", (value, expected) => {
    expect(delayBefore(2, answer(value), NOW)).toBe(expected);
  });

  it.each(["", "soon", "NaN"])("Retry-After: %j means nothing", (value) => {
    expect(delayBefore(2, answer(value), NOW)).toBe(200);
  });
});
