import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import type { WireResponse } from "../../provider/http/transport";
import { undiciTransport } from "../../provider/http/undici-transport";
import { type Handler, portOf, serve } from "../http/server";
import { inTurns } from "../support/turns";
import { RESOURCE_TYPES, type ResourceType } from "../systems";
import { MUTATIONS, REPLACEMENTS } from "./mutations";
import { type Hostile, POSITIONS, type RunResult, trial } from "./trial";

/** Characters that must not reach a terminal: control, bidirectional and invisible characters. */
const HARMFUL = /[\p{Cc}\p{Cf}]/u;
/** The longest line for users; the parts of an error have limits of their own. */
const LONGEST_LINE = 8_000;
/** Virtual time of the longest run: an upgrade in an unknown state is waited for up to the time limit. */
const LIMIT = 20 * 60_000 + 5_000;

const mutated =
  (change: (text: string) => string): Hostile =>
  ({ status, headers, body }): WireResponse => ({
    status,
    headers,
    body: Buffer.from(change(Buffer.from(body).toString("utf8"))),
  });

const RESPONSES: Readonly<Record<string, Hostile>> = {
  ...Object.fromEntries(Object.entries(MUTATIONS).map(([name, change]) => [name, mutated(change)])),
  ...REPLACEMENTS,
};

/** Requirements for every run, whatever the responses were. */
function check(result: RunResult): void {
  expect(result.hostileResponses).toBeGreaterThan(0);
  if (result.error !== undefined) expect(result.error).toMatch(/ \[[a-z-]+\]$/);
  expect(result.code, result.error).not.toBe("unexpected");
  expect(result.accepted).toBeLessThanOrEqual(1);
  expect(result.texts.filter((text) => HARMFUL.test(text))).toEqual([]);
  expect(result.texts.filter((text) => /native code|\[object |NaN/.test(text))).toEqual([]);
  expect(result.longest).toBeLessThan(LONGEST_LINE);
  expect(result.took).toBeLessThan(LIMIT);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
}

/** The position of the hostile response, and whether all later ones are hostile too. */
const CASES = [false, true].flatMap((ever) => POSITIONS.map((position) => ({ position, ever })));

/** Distributes the cases over the types, so that every response is tested with every case for one type. */
function caseFor(turn: number): (typeof CASES)[number] {
  return CASES[turn % CASES.length] ?? expect.fail();
}

async function runCase(of: ResourceType, hostile: Hostile, { position, ever }: (typeof CASES)[number]): Promise<void> {
  const result = await trial(of, { position, ever, hostile });
  check(result);
  // One upgrade request, unless the run received a rejection.
  if (position !== "response to the write") expect(result.upgradeRequests).toBeLessThanOrEqual(1);
  if (!ever && position === "inspection") expect(result.accepted).toBe(1);
}

describe.each(RESOURCE_TYPES.map((of, nth) => ({ type: of.type, of, nth })))("$type", ({ of, nth }) => {
  it("reaches the target version without a hostile response", async () => {
    const result = await trial(of, { position: "first read", hostile: (genuine) => genuine });
    expect(result).toMatchObject({ error: undefined, upgradeRequests: 1, accepted: 1, outputs: { status: "current" } });
  });

  const casesOf = (shift: number) =>
    Object.entries(RESPONSES).map(([name, hostile], index) => ({ name, hostile, ...caseFor(nth + index + shift) }));
  const title = "handles $name at the $position, and in all later responses: $ever";

  const shares = [...inTurns(casesOf(0), nth, 3), { cases: casesOf(CASES.length / 2), tags: ["long"] }];

  for (const { cases, tags } of shares)
    it.each(cases)(title, { timeout: 60_000, tags }, ({ hostile, ...where }) => runCase(of, hostile, where));
});

const STATUSES = [301, 302, 303, 307, 308];

/** Redirect locations that could collect credentials. `target` is the requested path. */
const LOCATIONS: Readonly<Record<string, (origin: string, target: string) => string>> = {
  "another origin": (_, target) => `https://collector.example${target}`,
  "another origin, without a scheme": (_, target) => `//collector.example${target}`,
  "plain http": (origin, target) => `http://${new URL(origin).hostname}.collector.example${target}`,
  "another origin with the same prefix": (origin, target) => `${origin}.collector.example${target}`,
  "another origin with our host as user name": (origin, target) =>
    `https://${new URL(origin).host}@collector.example${target}`,
  "a script": () => "javascript:alert(1)",
  "a file": () => "file:///etc/passwd",
  "an invalid URL": () => "http://[",
  "a URL with escapes": () => "https://collector.example/\u001b[2J\u0007",
};

describe.each(RESOURCE_TYPES)("$type", (of) => {
  // The statuses are distributed: every location with three of them, every status at every position.
  const locations = Object.entries(LOCATIONS).map(([name, location], turn) => ({ name, location, turn }));

  it.each(locations)("follows no redirect to $name", { timeout: 60_000 }, async ({ location, turn }) => {
    for (const [nth, position] of POSITIONS.entries()) {
      const status = STATUSES[(turn + nth) % STATUSES.length] ?? 307;
      const result = await trial(of, {
        position,
        hostile: (_, { origin, target }) => ({
          status,
          headers: { location: location(origin, target) },
          body: Buffer.alloc(0),
        }),
      });
      expect(result.origins.filter((origin) => /collector|javascript|file/.test(origin))).toEqual([]);
      expect(result.accepted).toBeLessThanOrEqual(1);
      expect(result.upgradeRequests).toBeLessThanOrEqual(1);
      expect(result.code, result.error).not.toBe("unexpected");
      expect(result.texts.filter((text) => /\p{Cc}/u.test(text))).toEqual([]);
    }
  });
});

describe("the transport", () => {
  it.each(STATUSES)("does not follow a %i redirect", async (status) => {
    const seen: string[] = [];
    const collector = createServer((request, response) => {
      seen.push(`${request.method} ${request.headers.authorization}`);
      response.end("{}");
    });
    await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void collector.close());
    const redirect: Handler = (request, response) => {
      request.resume();
      response.writeHead(status, { location: `http://127.0.0.1:${portOf(collector)}${request.url}` }).end();
    };
    const { origin } = await serve(redirect);
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
