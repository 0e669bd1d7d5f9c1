import { describe, expect, it, onTestFinished } from "vitest";
import { DIRECT } from "../../provider/core/runtime";
import { TransportError, type WireResponse } from "../../provider/http/transport";
import { undiciTransport } from "../../provider/http/undici-transport";
import { inTurns } from "../support/turns";
import { RESOURCE_TYPES } from "../systems";
import { BROKEN, ENDLESS, type RawAnswer, rawServer } from "./raw-server";
import { type Hostile, trial } from "./trial";

/** The real limits, in proportion, in hundredths: everything has to end by one of them. */
const LIMITS = {
  connectTimeout: 200,
  headersTimeout: 400,
  bodyTimeout: 200,
  wholeTimeout: 800,
  maxResponseSize: 1 << 20,
};
/** What a hostile answer may take of memory: the largest response there may be, twice, and the noise of a collector. */
const MEMORY = 64 << 20;

async function answered(answer: RawAnswer, method: string): Promise<WireResponse | TransportError> {
  const { origin } = await rawServer(answer);
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
  it.concurrent.each(Object.entries(ENDLESS))("ends %s by a limit", { timeout: 30_000 }, async (_, answer) => {
    const result = await answered(answer, method);
    expect(result).toBeInstanceOf(TransportError);
    expect(result).toMatchObject({ sent: true, tls: false });
  });

  it.concurrent.each(Object.entries(BROKEN))(
    "takes %s for an answer or for none",
    { timeout: 30_000 },
    async (_, answer) => {
      const result = await answered(answer, method);
      // Whatever came of it, it may have been sent.
      if (result instanceof TransportError) expect(result.sent).toBe(true);
      else expect(result.body.length).toBeLessThanOrEqual(LIMITS.maxResponseSize);
    },
  );
});

describe("memory", () => {
  it("holds no more than the largest answer, of gigabytes that were offered", { timeout: 60_000 }, async () => {
    const before = process.memoryUsage().rss;
    for (const name of ["a body of gigabytes", "a body without an end", "chunks without an end", "endless headers"]) {
      expect(await answered(ENDLESS[name] ?? (() => undefined), "GET")).toBeInstanceOf(TransportError);
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(MEMORY);
  });
});

/** One of each sort: what ends by size, by time, by form, and what is an answer after all. */
const TOLD = [
  "a body of gigabytes",
  "endless headers",
  "a body that drips",
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
  const told = TOLD.map((name, turn) => ({ name, turn }));
  for (const { cases, tags } of inTurns(told, nth, 3))
    it.each(cases)("survives $name", { timeout: 60_000, tags }, async ({ name, turn }) => {
      const { origin } = await rawServer({ ...ENDLESS, ...BROKEN }[name] ?? (() => undefined));
      const transport = undiciTransport({}, DIRECT, LIMITS);
      onTestFinished(() => transport.close());
      // The answer to the write decides most; the others take turns.
      const positions = ["answer to the write", turn % 2 === 0 ? "first read" : "inspection"] as const;
      const hostile: Hostile = (_, request) => transport.send({ ...request, origin });
      for (const ending of await Promise.all(positions.map((position) => trial(of, { position, hostile })))) {
        expect(ending.harms).toBe(1);
        expect(ending.code, ending.error).not.toBe("unexpected");
        if (ending.error !== undefined) expect(ending.error).toMatch(/ \[[a-z-]+\]$/);
        expect(ending).toMatchObject({
          accepted: ending.error === undefined ? 1 : ending.accepted,
          calls: ending.accepted,
        });
        expect(ending.accepted).toBeLessThanOrEqual(1);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
        expect(ending.texts.filter((text) => /[\u0000-\u001f\u007f-\u009f]/.test(text))).toEqual([]);
      }
    });
});
