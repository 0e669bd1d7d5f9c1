import { describe, expect, it } from "vitest";
import { inTurns } from "../support/turns";
import { RESOURCE_TYPES, type ResourceType } from "../systems";
import { resourceType, sceneOf as sceneWith } from "../systems/scene";
import { HeldClock } from "./held-clock";
import { inputsOf } from "./trial";

/** Complete responses of somebody else to the upgrade request, which the vendor never gets, and what a run makes of them. */
const REFUSED: readonly [status: number, type: string, body: string, quoted: string][] = [
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

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** How many upgrade requests are answered like this. */
  readonly times: number;
}

/** @param write the write that somebody else answers; the upgrade request, if nothing is said */
function sceneOf(of: ResourceType, { status, headers, body, times }: Answer, write?: RegExp) {
  const clock = new HeldClock();
  let calls = 0;
  const { vendor, process } = sceneWith(of, clock, async (request, genuine) => {
    const path = request.target.split("?")[0] ?? "";
    if (request.method === "GET" || !(write ?? of.call).test(path)) return genuine(request);
    calls += 1;
    await clock.sleep(2);
    return calls > times ? genuine(request) : { status, headers, body: Buffer.from(body) };
  });
  return { vendor, run: () => process().create(inputsOf(vendor)), calls: () => calls };
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

describe.each(TYPES)("$type: an upgrade request that is answered by somebody else", ({ of, nth }) => {
  for (const { cases, tags } of inTurns(REFUSED, nth, 3))
    it.each(cases)("HTTP %i, %s is a refusal, quoted, on every run", { tags }, async (status, type, body, quoted) => {
      const { vendor, run, calls } = sceneOf(of, { status, headers: { "content-type": type }, body, times: 9 });
      for (const runs of [1, 2]) {
        const error = await errorOf(run);
        expect(error).toContain(`was refused: HTTP ${status}, ${type}: “${quoted}”`);
        expect(error).toMatch(/\[(refused|upgrade-failed)\]$/);
        expect(error).not.toMatch(/lost|unconfirmed|<|credentials/);
        expect(calls()).toBe(runs);
      }
      expect(vendor.accepted()).toBe(0);
    });

  it("a redirect to somewhere else is a refusal", async () => {
    const headers = { location: "https://login.example/realm?code=1" };
    const { vendor, run, calls } = sceneOf(of, { status: 302, headers, body: "", times: 9 });
    const error = await errorOf(run);
    expect(error).toMatch(/https:\/\/login\.example/);
    expect(error).not.toMatch(/lost|unconfirmed|code=1/);
    expect([calls(), vendor.accepted()]).toEqual([1, 0]);
  });

  it("one that was turned away for now is made again, after a look", async () => {
    const { vendor, run, calls } = sceneOf(of, {
      status: 429,
      headers: { "retry-after": "2" },
      body: "Slow down",
      times: 1,
    });
    await run();
    expect([calls(), vendor.accepted()]).toEqual([2, 1]);
  });

  for (const { cases, tags } of inTurns(UNCONFIRMED, nth, 3))
    it.each(cases)(
      "HTTP %i, %s leaves open what became of it, and is not repeated",
      { tags },
      async (status, type, body) => {
        const { vendor, run, calls } = sceneOf(of, { status, headers: { "content-type": type }, body, times: 9 });
        const error = await errorOf(run);
        expect(error).not.toMatch(/was refused/);
        expect(error).toMatch(/\[(unconfirmed|upgrade-failed)\]$/);
        expect([calls(), vendor.accepted()]).toEqual([1, 0]);
      },
    );
});

describe("another write that is answered by somebody else", () => {
  const PAGE = "<!DOCTYPE html><title>404 Not Found</title><h1>404 Not Found</h1>";
  const answer = { status: 404, headers: { "content-type": "text/html" }, body: PAGE, times: 9 };

  it("a pre-check", async () => {
    const { run, calls } = sceneOf(resourceType("taurusdb:KernelVersion"), answer, /pre-check$/);
    expect(await errorOf(run)).toContain("was refused: HTTP 404, text/html: “404 Not Found”");
    expect(calls()).toBe(1);
  });
});
