import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import { undiciTransport } from "../../provider/http/undici-transport";
import { type Answer, portOf, serve } from "../http/server";
import { RESOURCE_TYPES } from "../systems";
import { POSITIONS, trial } from "./trial";

const STATUSES = [301, 302, 303, 307, 308];

/** Where a hostile server would like to have the credentials. `target` is the path that was asked for. */
const PLACES: Readonly<Record<string, (origin: string, target: string) => string>> = {
  "another origin": (_, target) => `https://collector.example${target}`,
  "another origin, without a scheme": (_, target) => `//collector.example${target}`,
  "plain http": (origin, target) => `http://${new URL(origin).hostname}.collector.example${target}`,
  "another origin that begins like ours": (origin, target) => `${origin}.collector.example${target}`,
  "another origin behind our name": (origin, target) => `https://${new URL(origin).host}@collector.example${target}`,
  "a script": () => "javascript:alert(1)",
  "a file": () => "file:///etc/passwd",
  nowhere: () => "http://[",
  "a place with escapes": () => "https://collector.example/\u001b[2J\u0007",
};

describe.each(RESOURCE_TYPES)("$type", (of) => {
  // Every place with three statuses, every status at every position: the statuses take turns.
  const places = Object.entries(PLACES).map(([name, place], turn) => ({ name, place, turn }));

  it.each(places)("sends nothing to $name", { timeout: 60_000 }, async ({ place, turn }) => {
    for (const [nth, position] of POSITIONS.entries()) {
      const status = STATUSES[(turn + nth) % STATUSES.length] ?? 307;
      const ending = await trial(of, {
        position,
        hostile: (_, { origin, target }) => ({
          status,
          headers: { location: place(origin, target) },
          body: Buffer.alloc(0),
        }),
      });
      expect(ending.origins.filter((origin) => /collector|javascript|file/.test(origin))).toEqual([]);
      expect(ending.accepted).toBeLessThanOrEqual(1);
      expect(ending.calls).toBeLessThanOrEqual(1);
      expect(ending.code, ending.error).not.toBe("unexpected");
      expect(ending.texts.filter((text) => /\p{Cc}/u.test(text))).toEqual([]);
    }
  });
});

describe("the transport", () => {
  it.each(STATUSES)("follows no %i by itself", async (status) => {
    const seen: string[] = [];
    const collector = createServer((request, response) => {
      seen.push(`${request.method} ${request.headers.authorization}`);
      response.end("{}");
    });
    await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void collector.close());
    const away: Answer = (request, response) => {
      request.resume();
      response.writeHead(status, { location: `http://127.0.0.1:${portOf(collector)}${request.url}` }).end();
    };
    const { origin } = await serve(away);
    const transport = undiciTransport({});
    onTestFinished(() => transport.close());
    for (const method of ["GET", "POST"]) {
      const headers = { authorization: "Basic c2VjcmV0" };
      const signal = new AbortController().signal;
      const body = method === "POST" ? { body: "{}" } : {};
      expect(await transport.send({ method, origin, target: "/", headers, signal, ...body })).toMatchObject({ status });
    }
    expect(seen).toEqual([]);
  });
});
