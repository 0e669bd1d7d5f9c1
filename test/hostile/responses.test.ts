import { createServer } from "node:http";
import { describe, expect, it, onTestFinished } from "vitest";
import type { WireResponse } from "../../provider/http/transport";
import { undiciTransport } from "../../provider/http/undici-transport";
import { type Handler, portOf, serve } from "../http/server";
import { inTurns } from "../support/turns";
import { VirtualClock } from "../support/virtual-clock";
import { RESOURCE_TYPES, type ResourceType } from "../systems";
import { resourceType, sceneOf as sceneWith } from "../systems/scene";
import { HeldClock } from "./held-clock";
import { MUTATIONS, REPLACEMENTS } from "./mutations";
import { type Hostile, inputsOf, POSITIONS, type RunResult, trial } from "./trial";

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

/** Complete responses of another server to an upgrade request that the vendor never receives, and their interpretation. */
const REJECTED: readonly [status: number, type: string, body: string, quoted: string][] = [
  [404, "text/html", "<!DOCTYPE html><title>404 Not Found</title><h1>404 Not Found</h1>", "404 Not Found"],
  [404, "text/plain", "404 page not found", "404 page not found"],
  [405, "text/html", "<h1>Method Not Allowed</h1>", "Method Not Allowed"],
  [400, "text/html", "<center><h1>400 Bad Request</h1></center>", "400 Bad Request"],
  [401, "text/html", "<h1>401 Authorization Required</h1>", "401 Authorization Required"],
  [403, "text/html", "<h1>Blocked by the firewall</h1>", "Blocked by the firewall"],
  [407, "text/html", "<h1>Proxy Authentication Required</h1>", "Proxy Authentication Required"],
  [413, "text/html", "<h1>Request Entity Too Large</h1>", "Request Entity Too Large"],
];
const UNCONFIRMED: readonly [status: number, type: string, body: string][] = [
  [200, "text/html", "<title>Sign in</title>"],
  [204, "text/plain", ""],
  [408, "text/html", "<h1>Request Timeout</h1>"],
  [499, "text/html", "<h1>Client Closed Request</h1>"],
  [500, "text/html", "<h1>Internal Server Error</h1>"],
  [502, "text/html", "<h1>Bad Gateway</h1>"],
  [503, "text/plain", "no healthy upstream"],
  [504, "text/html", "<h1>Gateway Time-out</h1>"],
];

interface ForeignResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** How many upgrade requests get this response. */
  readonly times: number;
}

/** @param write the write that another server responds to; by default the upgrade request */
function sceneOf(of: ResourceType, { status, headers, body, times }: ForeignResponse, write?: RegExp) {
  const clock = new HeldClock();
  let upgradeRequests = 0;
  const { vendor, process } = sceneWith(of, clock, async (request, genuine) => {
    const path = request.target.split("?")[0] ?? "";
    if (request.method === "GET" || !(write ?? of.upgradePath).test(path)) return genuine(request);
    upgradeRequests += 1;
    await clock.sleep(2);
    return upgradeRequests > times ? genuine(request) : { status, headers, body: Buffer.from(body) };
  });
  return { vendor, run: () => process().create(inputsOf(vendor)), upgradeRequests: () => upgradeRequests };
}

async function errorOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run();
    return "none";
  } catch (error) {
    return (error as { reasons?: string[] }).reasons?.[0] ?? String(error);
  }
}

const TYPES = RESOURCE_TYPES.map((of, nth) => ({ type: of.type, of, nth }));

describe.each(TYPES)("$type: a response to the upgrade request from another server", ({ of, nth }) => {
  for (const { cases, tags } of inTurns(REJECTED, nth, 3))
    it.each(cases)("HTTP %i, %s is a quoted rejection in every run", { tags }, async (status, type, body, quoted) => {
      const { vendor, run, upgradeRequests } = sceneOf(of, {
        status,
        headers: { "content-type": type },
        body,
        times: 9,
      });
      for (const runs of [1, 2]) {
        const error = await errorOf(run);
        expect(error).toContain(`was refused: HTTP ${status}, ${type}: “${quoted}”`);
        expect(error).toMatch(/\[(refused|upgrade-failed)\]$/);
        expect(error).not.toMatch(/lost|unconfirmed|<|credentials/);
        expect(upgradeRequests()).toBe(runs);
      }
      expect(vendor.accepted()).toBe(0);
    });

  it("a redirect to another server is a rejection", async () => {
    const headers = { location: "https://login.example/realm?code=1" };
    const { vendor, run, upgradeRequests } = sceneOf(of, { status: 302, headers, body: "", times: 9 });
    const error = await errorOf(run);
    expect(error).toMatch(/https:\/\/login\.example/);
    expect(error).not.toMatch(/lost|unconfirmed|code=1/);
    expect([upgradeRequests(), vendor.accepted()]).toEqual([1, 0]);
  });

  it("HTTP 429 leads to another request, after a read", async () => {
    const { vendor, run, upgradeRequests } = sceneOf(of, {
      status: 429,
      headers: { "retry-after": "2" },
      body: "Slow down",
      times: 1,
    });
    await run();
    expect([upgradeRequests(), vendor.accepted()]).toEqual([2, 1]);
  });

  for (const { cases, tags } of inTurns(UNCONFIRMED, nth, 3))
    it.each(cases)(
      "HTTP %i, %s is unconfirmed, and the request is not repeated",
      { tags },
      async (status, type, body) => {
        const { vendor, run, upgradeRequests } = sceneOf(of, {
          status,
          headers: { "content-type": type },
          body,
          times: 9,
        });
        const error = await errorOf(run);
        expect(error).not.toMatch(/was refused/);
        expect(error).toMatch(/\[(unconfirmed|upgrade-failed)\]$/);
        expect([upgradeRequests(), vendor.accepted()]).toEqual([1, 0]);
      },
    );
});

describe("a response to another write from another server", () => {
  const PAGE = "<!DOCTYPE html><title>404 Not Found</title><h1>404 Not Found</h1>";
  const response = { status: 404, headers: { "content-type": "text/html" }, body: PAGE, times: 9 };

  it("is a rejection of a pre-check", async () => {
    const { run, upgradeRequests } = sceneOf(resourceType("taurusdb:KernelVersion"), response, /pre-check$/);
    expect(await errorOf(run)).toContain("was refused: HTTP 404, text/html: “404 Not Found”");
    expect(upgradeRequests()).toBe(1);
  });
});

const IDS = /"(job_id|action_uid|id)"\s*:\s*"[^"]*"/g;

/** obshell rejects a read of a task with any other characters than digits. */
const ID_CASES = RESOURCE_TYPES.flatMap((of) =>
  ["", "\\u0000", "a b", ...(of.type.startsWith("oceanbase") ? ["text", "<script>"] : [])].map(
    (id) => [of.type, id, of] as const,
  ),
);

it.each(ID_CASES)(
  "%s: an accepted request whose response has the task id %j is searched for, and not sent again",
  async (type, id, of) => {
    const clock = new VirtualClock();
    let emptied = 0;
    const scene = sceneWith(of, clock, async (request, vendor) => {
      const response = await vendor(request);
      if (request.method !== "POST" || !of.upgradePath.test(request.target)) return response;
      emptied += 1;
      const text = Buffer.from(response.body).toString("utf8");
      return { ...response, body: Buffer.from(text.replace(IDS, `"$1":"${id}"`)) };
    });
    const urn = `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type}::orders`;
    const { outs } = await scene.process().create({ ...scene.vendor.args, __urn: urn });
    expect(emptied).toBe(1);
    expect(outs).toMatchObject({
      status: "current",
      lastUpgrade: { state: "succeeded", task: expect.stringMatching(/./) },
    });
    expect(scene.vendor.accepted()).toBe(1);
  },
);
