import { describe, expect, it } from "vitest";
import { Unreachable } from "../../provider/core/errors";
import { Throttle, Throttled } from "../../provider/huaweicloud/throttle";
import { MINUTE, NEW, rig } from "../taurusdb/rig";

const response = (status: number, text = "", headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: new TextEncoder().encode(text),
});

/** How long a throttle is closed after a 429, in milliseconds. */
function closedFor(answers: ReturnType<typeof response>[]): number {
  const throttle = new Throttle();
  let now = 1_000_000;
  let closed = 0;
  for (const answer of answers) {
    now += closed;
    try {
      throttle.heed(answer, now, "https://x");
    } catch (error) {
      expect(error).toBeInstanceOf(Throttled);
      expect(answer.status).toBe(429);
    }
    closed = 0;
    for (; closed <= 20 * MINUTE; closed += 1_000) {
      try {
        throttle.admit(now + closed, "https://x");
        break;
      } catch (error) {
        expect(error).toBeInstanceOf(Unreachable);
        expect(error).toMatchObject({ sent: false, heard: true });
      }
    }
  }
  return closed;
}

describe("a 429 keeps calls back", () => {
  const text = "The throttling threshold has been reached: policy user over ratelimit,limit:10,time:1 minute";

  it.each<[string, ReturnType<typeof response>[], number]>([
    ["for a minute, if nothing is said", [response(429)], MINUTE],
    ["for the window in its text", [response(429, text.replace("1 minute", "30 second"))], 30_000],
    ["for the minute in its text", [response(429, text)], MINUTE],
    ["for its Retry-After", [response(429, text, { "retry-after": "90" })], 90_000],
    [
      "until the date of its Retry-After",
      [response(429, "", { "retry-after": new Date(1_045_000).toUTCString() })],
      45_000,
    ],
    ["for at most 8 minutes", [response(429, text.replace("1 minute", "1 hour"))], 8 * MINUTE],
    ["twice as long the second time", [response(429), response(429)], 2 * MINUTE],
    ["for as long as the first time after calls that went well", [response(429), response(200), response(429)], MINUTE],
    ["not at all without one", [response(503)], 0],
  ])("%s", (_, answers, closed) => {
    expect(closedFor(answers)).toBe(closed);
  });

  it("once for calls that were under way together", () => {
    const throttle = new Throttle();
    for (let i = 0; i < 5; i++) expect(() => throttle.heed(response(429), 0, "https://x")).toThrow(/HTTP 429/);
    expect(() => throttle.admit(MINUTE - 1, "https://x")).toThrow(/within 1 min/);
    expect(() => throttle.admit(MINUTE, "https://x")).not.toThrow();
  });
});

describe("a throttled service", () => {
  it("is asked again minutes later, not at once", async () => {
    const { lifecycle, inputs, cloud, clock, passing } = rig();
    cloud.control.gateway.throttle(14);
    const began = clock.now();
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    const refused = cloud.journal.entries.filter(({ status }) => status === 429).length;
    expect(refused).toBeGreaterThan(0);
    // One for each minute at most, and those that were under way together.
    expect(refused).toBeLessThan((3 * clock.since(began)) / MINUTE);
    expect(passing().some((line) => /is throttling requests \(HTTP 429\)/.test(line))).toBe(true);
  });

  it("that refuses the upgrade call has not accepted it", async () => {
    const { lifecycle, inputs, cloud, clock, writes } = rig();
    cloud.control.gateway.disturb("APIGW.0308", { route: "starRocksUpgrade" });
    const began = clock.now();
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(clock.since(began)).toBeGreaterThan(MINUTE);
    expect(writes()).toBe(2);
    expect(cloud.acceptedUpgrades).toHaveLength(1);
  });

  it("is respected in what it asks for", async () => {
    const { lifecycle, inputs, cloud } = rig({ starRocksKernel: NEW, switches: { retryAfter: 300 } });
    cloud.control.gateway.disturb("APIGW.0308");
    await lifecycle.create(inputs());
    const times = cloud.journal.entries.map(({ at }) => at);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(300_000);
  });

  it("is not waited for by a preview", async () => {
    const { lifecycle, inputs, cloud, said } = rig();
    cloud.control.gateway.disturb("APIGW.0308", { times: 100 });
    expect(await lifecycle.check({}, inputs())).toMatchObject({ failures: [] });
    expect(said().join()).toMatch(/cannot plan: .*is throttling requests/);
  });

  it("is left alone by every pin of the account", async () => {
    const { lifecycle, inputs, cloud } = rig({ starRocksKernel: NEW, starRocks: 5 });
    await lifecycle.create(inputs());
    cloud.journal.clear();
    cloud.control.gateway.disturb("APIGW.0308");
    await lifecycle.check({}, inputs({ wait: false }));
    const ids = cloud.starRocks.map(({ id }) => id);
    const before = cloud.journal.entries.length;
    await Promise.all(ids.map((id) => lifecycle.check({}, inputs({ starRocksInstanceId: id, version: "latest" }))));
    expect(cloud.journal.entries.length).toBe(before);
  });
});
