import { describe, expect, it } from "vitest";
import { Unreachable } from "../../provider/core/errors";
import type { Transport } from "../../provider/http/transport";
import type { Credentials } from "../../provider/huaweicloud/arguments";
import { type Connect, lease, sessionKey } from "../../provider/huaweicloud/connection";
import { Throttle, Throttled } from "../../provider/huaweicloud/limits";
import { SingleFlight } from "../../provider/huaweicloud/shared-read";
import { openAccess } from "../../provider/taurusdb/project";
import { readStarRocksKernels } from "../../provider/taurusdb/starrocks/instance";
import { KEY, MINUTE, NEW, region, rig, runtimeOf, USER } from "../taurusdb/rig";

const IAM = "https://iam.example.com";
const key = (accessKey: string, secretKey = "secret"): Credentials => ({
  kind: "key",
  accessKey,
  secretKey,
  securityToken: undefined,
});

/** A transport that counts how often it was opened and closed. */
function counted(): { connect: Connect; opened: () => number; closed: () => number } {
  let opened = 0;
  let closed = 0;
  const transport: Transport = {
    send: () => Promise.reject(new Error("not called")),
    close: async () => void closed++,
  };
  const connect = () => {
    opened++;
    return transport;
  };
  return { connect, opened: () => opened, closed: () => closed };
}

describe("the connection of an account", () => {
  const { clock } = rig();

  it("is shared, and closed with its last share", async () => {
    const { connect, opened, closed } = counted();
    const first = lease(connect, key("a"), IAM, clock);
    const second = lease(connect, key("a"), IAM, clock);
    expect(second.connection).toBe(first.connection);
    await first.release(false);
    await first.release(false);
    expect([opened(), closed(), second.connection.signal.aborted]).toEqual([1, 0, false]);
    await second.release(false);
    expect([opened(), closed(), second.connection.signal.aborted]).toEqual([1, 1, true]);
  });

  it("is opened again after that, with what is known of the account", async () => {
    const { connect, opened } = counted();
    const first = lease(connect, key("a"), IAM, clock);
    first.connection.session.projects.set("cn-north-4", "p");
    await first.release(false);
    const second = lease(connect, key("a"), IAM, clock);
    expect(opened()).toBe(2);
    expect(second.connection).not.toBe(first.connection);
    expect(second.connection.signal.aborted).toBe(false);
    expect(second.connection.session.projects.get("cn-north-4")).toBe("p");
  });

  it("is kept for five seconds for the next one", async () => {
    const { connect, opened, closed } = counted();
    const first = lease(connect, key("a"), IAM, clock);
    await first.release(true);
    await clock.sleep(4_000);
    const second = lease(connect, key("a"), IAM, clock);
    expect(second.connection).toBe(first.connection);
    await clock.sleep(60_000);
    expect(closed()).toBe(0);
    await second.release(true);
    await clock.sleep(4_999);
    expect([opened(), closed(), second.connection.signal.aborted]).toEqual([1, 0, false]);
    await clock.sleep(1);
    expect([opened(), closed(), second.connection.signal.aborted]).toEqual([1, 1, true]);
    expect(lease(connect, key("a"), IAM, clock).connection).not.toBe(first.connection);
  });

  it("is another one for another key, secret or IAM, and for another world", () => {
    const { connect } = counted();
    const connections = [
      lease(connect, key("a"), IAM, clock),
      lease(connect, key("b"), IAM, clock),
      lease(connect, key("a", "other"), IAM, clock),
      lease(connect, key("a"), "https://iam.other.com", clock),
      lease(counted().connect, key("a"), IAM, clock),
    ].map(({ connection }) => connection);
    expect(new Set(connections).size).toBe(connections.length);
  });

  it("is known by a name that tells nothing", () => {
    const name = sessionKey(key("AKEXAMPLE", "SKEXAMPLE"), IAM);
    expect(name).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe("what one pin asks for all of them", () => {
  it("does not end with that pin", async () => {
    const { cloud, clock, connect } = rig({ instances: 150 });
    cloud.faults.add({ match: { path: "/v3/projects" }, fault: { kind: "delay", ms: 5_000 } });
    const end = new AbortController();
    const args = { region, ...KEY };
    const first = openAccess(args, runtimeOf(clock, end.signal), connect, {});
    const second = openAccess(args, runtimeOf(clock), connect, {});
    const given = first.gateway.projectId().catch((error: unknown) => error);
    const wanted = second.gateway.projectId();
    await clock.sleep(1_000);
    end.abort(new Error("^C"));
    await first.close();
    expect(await given).toMatchObject({ message: "^C" });
    expect(await wanted).toHaveLength(32);
    expect(cloud.journal.count("GET", "/v3/projects")).toBe(1);
  });

  it("is given up when no pin is left", async () => {
    const { cloud, clock, connect } = rig();
    cloud.faults.add({ match: { path: "/v3/projects" }, fault: { kind: "hang" } });
    const access = openAccess({ region, ...KEY }, runtimeOf(clock), connect, {});
    const asked = access.gateway.projectId().catch((error: unknown) => error);
    await clock.sleep(1_000);
    await access.close();
    expect(await asked).toMatchObject({ message: "the last resource of the account was closed" });
  });

  it("is kept out of what all of them say: every pin is told of every token, those before its time too", async () => {
    const { cloud, clock, connect } = rig();
    const args = { region, ...USER };
    const told: Record<"first" | "second" | "late", string[]> = { first: [], second: [], late: [] };
    const first = openAccess(args, runtimeOf(clock, undefined, told.first), connect, {});
    const second = openAccess(args, runtimeOf(clock, undefined, told.second), connect, {});
    await readStarRocksKernels(first.gateway);
    expect(told.first).toHaveLength(1);
    await first.close();
    cloud.control.iam.expireTokens();
    await readStarRocksKernels(second.gateway);
    expect(new Set(told.second).size).toBe(2);
    openAccess(args, runtimeOf(clock, undefined, told.late), connect, {});
    expect(told.late).toEqual(told.second);
    expect(told.first).toHaveLength(1);
  });
});

function singleFlight<T>() {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  let end: AbortSignal | undefined;
  const flight = new SingleFlight<T>((signal) => {
    end = signal;
    return promise;
  });
  return { flight, resolve, reject, ended: () => end?.aborted };
}

describe("work for everybody who waits", () => {
  it("goes on while one of them is left, and ends at the very moment at which the last one leaves", async () => {
    const { flight, ended } = singleFlight<string>();
    const [first, last] = [new AbortController(), new AbortController()];
    const waits = [flight.for(first.signal), flight.for(last.signal)].map((wait) => wait.catch(String));
    first.abort("one");
    expect([ended(), flight.abandoned]).toEqual([false, false]);
    last.abort("two");
    expect([ended(), flight.abandoned]).toEqual([true, true]);
    expect(await Promise.all(waits)).toEqual(["one", "two"]);
  });

  it("gives all of them what came of it", async () => {
    const { flight, resolve, ended } = singleFlight<string>();
    const leaver = new AbortController();
    const waits = [flight.for(leaver.signal), flight.for(new AbortController().signal)];
    resolve("done");
    expect(await Promise.all(waits)).toEqual(["done", "done"]);
    leaver.abort();
    expect(ended()).toBe(false);
  });

  it("is not waited for by one who has gone", async () => {
    const { flight, reject, ended } = singleFlight<string>();
    await expect(flight.for(AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
    expect(ended()).toBe(false);
    reject(new Error("failed"));
    await expect(flight.for(new AbortController().signal)).rejects.toThrow("failed");
  });
});

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
      throttle.obey(answer, now, "https://x");
    } catch (error) {
      expect(error).toBeInstanceOf(Throttled);
      expect(answer.status).toBe(429);
    }
    closed = 0;
    for (; closed <= 20 * MINUTE; closed += 1_000) {
      try {
        throttle.acquire(now + closed, "https://x");
        break;
      } catch (error) {
        expect(error).toBeInstanceOf(Unreachable);
        expect(error).toMatchObject({ sent: false, responded: true });
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
    for (let i = 0; i < 5; i++) expect(() => throttle.obey(response(429), 0, "https://x")).toThrow(/HTTP 429/);
    expect(() => throttle.acquire(MINUTE - 1, "https://x")).toThrow(/within 1 min/);
    expect(() => throttle.acquire(MINUTE, "https://x")).not.toThrow();
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
