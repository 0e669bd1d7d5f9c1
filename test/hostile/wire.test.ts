import { describe, expect, it, onTestFinished } from "vitest";
import { DIRECT } from "../../provider/core/runtime";
import { TransportError, type WireResponse } from "../../provider/http/transport";
import { undiciTransport } from "../../provider/http/undici-transport";
import { inTurns } from "../support/turns";
import { RESOURCE_TYPES } from "../systems";
import { BROKEN, ENDLESS, type RawResponder, rawServer } from "./raw-server";
import { type Hostile, trial } from "./trial";

/** The real limits, divided by a hundred: every response must end by one of them. */
const LIMITS = {
  connectTimeout: 200,
  headersTimeout: 400,
  bodyTimeout: 200,
  wholeTimeout: 800,
  maxResponseSize: 1 << 20,
};
/** The memory that a hostile response may use: the largest permitted response, twice, and a margin for garbage collection. */
const MEMORY = 64 << 20;

async function exchange(responder: RawResponder, method: string): Promise<WireResponse | TransportError> {
  const { origin } = await rawServer(responder);
  const transport = undiciTransport({}, DIRECT, LIMITS);
  onTestFinished(() => transport.close());
  const body = method === "POST" ? { body: "{}" } : {};
  const signal = new AbortController().signal;
  return transport.send({ method, origin, target: "/", headers: {}, signal, ...body }).catch((error: unknown) => {
    if (error instanceof TransportError) return error;
    throw error;
  });
}

const METHODS = ["GET", "POST"];

describe.each(METHODS)("%s", (method) => {
  it.concurrent.each(Object.entries(ENDLESS))(
    "response with %s is ended by a limit",
    { timeout: 30_000 },
    async (_, responder) => {
      const result = await exchange(responder, method);
      expect(result).toBeInstanceOf(TransportError);
      expect(result).toMatchObject({ sent: true, tls: false });
    },
  );

  it.concurrent.each(Object.entries(BROKEN))(
    "response with %s is valid or a transport error",
    { timeout: 30_000 },
    async (_, responder) => {
      const result = await exchange(responder, method);
      // In any case, the request may have been sent.
      if (result instanceof TransportError) expect(result.sent).toBe(true);
      else expect(result.body.length).toBeLessThanOrEqual(LIMITS.maxResponseSize);
    },
  );
});

describe("memory", () => {
  it("does not exceed the largest response if gigabytes are sent", { timeout: 60_000 }, async () => {
    const before = process.memoryUsage().rss;
    for (const name of ["a body of gigabytes", "a body without an end", "chunks without an end", "endless headers"]) {
      expect(await exchange(ENDLESS[name] ?? (() => undefined), "GET")).toBeInstanceOf(TransportError);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(MEMORY);
  });
});

/** One of each kind: ended by size, by time, by format, and valid responses. */
const SAMPLES = [
  "a body of gigabytes",
  "endless headers",
  "a slow body",
  "a length that is too long",
  "two lengths",
  "HTTP/1.0 with a body up to the end",
  "204 with a body",
  "escapes in a header",
  "escapes in the reason phrase",
  "a switch of protocols",
];

const TYPES = RESOURCE_TYPES.map((of, nth) => ({ type: of.type, of, nth }));

describe.each(TYPES)("$type over a socket", ({ of, nth }) => {
  const samples = SAMPLES.map((name, turn) => ({ name, turn }));
  for (const { cases, tags } of inTurns(samples, nth, 3))
    it.each(cases)("handles $name", { timeout: 60_000, tags }, async ({ name, turn }) => {
      const { origin } = await rawServer({ ...ENDLESS, ...BROKEN }[name] ?? (() => undefined));
      const transport = undiciTransport({}, DIRECT, LIMITS);
      onTestFinished(() => transport.close());
      // The response to the write is the most important one; the others are distributed.
      const positions = ["response to the write", turn % 2 === 0 ? "first read" : "inspection"] as const;
      const hostile: Hostile = (_, request) => transport.send({ ...request, origin });
      for (const result of await Promise.all(positions.map((position) => trial(of, { position, hostile })))) {
        expect(result.hostileResponses).toBe(1);
        expect(result.code, result.error).not.toBe("unexpected");
        if (result.error !== undefined) expect(result.error).toMatch(/ \[[a-z-]+\]$/);
        expect(result).toMatchObject({
          accepted: result.error === undefined ? 1 : result.accepted,
          upgradeRequests: result.accepted,
        });
        expect(result.accepted).toBeLessThanOrEqual(1);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: the test searches for them
        expect(result.texts.filter((text) => /[\u0000-\u001f\u007f-\u009f]/.test(text))).toEqual([]);
      }
    });
});
