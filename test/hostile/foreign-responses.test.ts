import { describe, expect, it } from "vitest";
import { inTurns } from "../support/turns";
import { RESOURCE_TYPES, type ResourceType } from "../systems";
import { resourceType, sceneOf as sceneWith } from "../systems/scene";
import { HeldClock } from "./held-clock";
import { inputsOf } from "./trial";

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
