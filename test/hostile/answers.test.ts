import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import type { WireResponse } from "../../provider/http/transport";
import { undiciTransport } from "../../provider/http/undici-transport";
import { type Answer, portOf, serve } from "../http/server";
import { inTurns } from "../support/turns";
import { RESOURCE_TYPES, type ResourceType } from "../systems";
import { MUTATIONS, REPLACEMENTS } from "./mutations";
import { type Ending, type Hostile, POSITIONS, trial } from "./trial";

/** What must not reach a terminal: control characters, and what turns writing round or hides in it. */
const HARMFUL = /[\p{Cc}\p{Cf}]/u;
/** A line for people; the parts of an error are bounded already. */
const LONGEST_LINE = 8_000;
/** Virtual time of the longest run: what goes on in a state that nobody knows is waited for up to the time limit. */
const LIMIT = 20 * 60_000 + 5_000;

const mutated =
  (change: (text: string) => string): Hostile =>
  ({ status, headers, body }): WireResponse => ({
    status,
    headers,
    body: Buffer.from(change(Buffer.from(body).toString("utf8"))),
  });

const ANSWERS: Readonly<Record<string, Hostile>> = {
  ...Object.fromEntries(Object.entries(MUTATIONS).map(([name, change]) => [name, mutated(change)])),
  ...REPLACEMENTS,
};

/** What is demanded of every run, whatever it was answered. */
function judge(ending: Ending): void {
  expect(ending.harms).toBeGreaterThan(0);
  if (ending.error !== undefined) expect(ending.error).toMatch(/ \[[a-z-]+\]$/);
  expect(ending.code, ending.error).not.toBe("unexpected");
  expect(ending.accepted).toBeLessThanOrEqual(1);
  expect(ending.texts.filter((text) => HARMFUL.test(text))).toEqual([]);
  expect(ending.texts.filter((text) => /native code|\[object |NaN/.test(text))).toEqual([]);
  expect(ending.longest).toBeLessThan(LONGEST_LINE);
  expect(ending.took).toBeLessThan(LIMIT);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
}

/** Where an answer is hostile, and whether all after it are. */
const CASES = [false, true].flatMap((ever) => POSITIONS.map((position) => ({ position, ever })));

/** Another one for each type, so that every answer meets every one of them at one type. */
function caseFor(turn: number): (typeof CASES)[number] {
  return CASES[turn % CASES.length] ?? expect.fail();
}

async function survives(of: ResourceType, hostile: Hostile, { position, ever }: (typeof CASES)[number]): Promise<void> {
  const ending = await trial(of, { position, ever, hostile });
  judge(ending);
  // One call, unless the vendor was heard to refuse it.
  if (position !== "answer to the write") expect(ending.calls).toBeLessThanOrEqual(1);
  if (!ever && position === "inspection") expect(ending.accepted).toBe(1);
}

describe.each(RESOURCE_TYPES.map((of, nth) => ({ type: of.type, of, nth })))("$type", ({ of, nth }) => {
  it("gets there when nothing is hostile", async () => {
    const ending = await trial(of, { position: "first read", hostile: (genuine) => genuine });
    expect(ending).toMatchObject({ error: undefined, calls: 1, accepted: 1, outputs: { status: "current" } });
  });

  const casesOf = (shift: number) =>
    Object.entries(ANSWERS).map(([name, hostile], answer) => ({ name, hostile, ...caseFor(nth + answer + shift) }));
  const title = "survives $name at the $position, also from then on: $ever";

  const shares = [...inTurns(casesOf(0), nth, 3), { cases: casesOf(CASES.length / 2), tags: ["long"] }];

  for (const { cases, tags } of shares)
    it.each(cases)(title, { timeout: 60_000, tags }, ({ hostile, ...where }) => survives(of, hostile, where));
});

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
