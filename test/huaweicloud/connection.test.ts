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

  it("is shared, and closed when the last user releases it", async () => {
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

  it("is opened again after that, and keeps the session of the account", async () => {
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

  it("is kept for five seconds for the next user", async () => {
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

  it("is another one for another key, secret, IAM or transport", () => {
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

  it("is identified by a hash", () => {
    const name = sessionKey(key("AKEXAMPLE", "SKEXAMPLE"), IAM);
    expect(name).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe("a read that resources share", () => {
  it("does not end with the resource that started it", async () => {
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

  it("ends when the last resource is closed", async () => {
    const { cloud, clock, connect } = rig();
    cloud.faults.add({ match: { path: "/v3/projects" }, fault: { kind: "hang" } });
    const access = openAccess({ region, ...KEY }, runtimeOf(clock), connect, {});
    const projectId = access.gateway.projectId().catch((error: unknown) => error);
    await clock.sleep(1_000);
    await access.close();
    expect(await projectId).toMatchObject({ message: "the last resource of the account was closed" });
  });

  it("reports every token to every resource for redaction, including earlier ones", async () => {
    const { cloud, clock, connect } = rig();
    const args = { region, ...USER };
    const concealed: Record<"first" | "second" | "late", string[]> = { first: [], second: [], late: [] };
    const first = openAccess(args, runtimeOf(clock, undefined, concealed.first), connect, {});
    const second = openAccess(args, runtimeOf(clock, undefined, concealed.second), connect, {});
    await readStarRocksKernels(first.gateway);
    expect(concealed.first).toHaveLength(1);
    await first.close();
    cloud.control.iam.expireTokens();
    await readStarRocksKernels(second.gateway);
    expect(new Set(concealed.second).size).toBe(2);
    openAccess(args, runtimeOf(clock, undefined, concealed.late), connect, {});
    expect(concealed.late).toEqual(concealed.second);
    expect(concealed.first).toHaveLength(1);
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

describe("single flight", () => {
  it("continues while one caller waits, and is aborted as soon as the last one leaves", async () => {
    const { flight, ended } = singleFlight<string>();
    const [first, last] = [new AbortController(), new AbortController()];
    const waits = [flight.for(first.signal), flight.for(last.signal)].map((wait) => wait.catch(String));
    first.abort("one");
    expect([ended(), flight.abandoned]).toEqual([false, false]);
    last.abort("two");
    expect([ended(), flight.abandoned]).toEqual([true, true]);
    expect(await Promise.all(waits)).toEqual(["one", "two"]);
  });

  it("returns its result to all callers", async () => {
    const { flight, resolve, ended } = singleFlight<string>();
    const leaver = new AbortController();
    const waits = [flight.for(leaver.signal), flight.for(new AbortController().signal)];
    resolve("done");
    expect(await Promise.all(waits)).toEqual(["done", "done"]);
    leaver.abort();
    expect(ended()).toBe(false);
  });

  it("rejects at once for a caller whose signal is aborted", async () => {
    const { flight, reject, ended } = singleFlight<string>();
    await expect(flight.for(AbortSignal.abort(new Error("aborted")))).rejects.toThrow("aborted");
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

/** How long a throttle is closed after these responses, in milliseconds. */
function closedFor(responses: ReturnType<typeof response>[]): number {
  const throttle = new Throttle();
  let now = 1_000_000;
  let closed = 0;
  for (const reply of responses) {
    now += closed;
    try {
      throttle.obey(reply, now, "https://x");
    } catch (error) {
      expect(error).toBeInstanceOf(Throttled);
      expect(reply.status).toBe(429);
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

describe("a 429 delays requests", () => {
  const text = "The throttling threshold has been reached: policy user over ratelimit,limit:10,time:1 minute";

  it.each<[string, ReturnType<typeof response>[], number]>([
    ["for a minute by default", [response(429)], MINUTE],
    ["for the seconds in its text", [response(429, text.replace("1 minute", "30 second"))], 30_000],
    ["for the minute in its text", [response(429, text)], MINUTE],
    ["for its Retry-After", [response(429, text, { "retry-after": "90" })], 90_000],
    [
      "until the date of its Retry-After",
      [response(429, "", { "retry-after": new Date(1_045_000).toUTCString() })],
      45_000,
    ],
    ["for at most 8 minutes", [response(429, text.replace("1 minute", "1 hour"))], 8 * MINUTE],
    ["twice as long the second time", [response(429), response(429)], 2 * MINUTE],
    ["as long as the first time after successful requests", [response(429), response(200), response(429)], MINUTE],
    ["but another status does not", [response(503)], 0],
  ])("%s", (_, responses, closed) => {
    expect(closedFor(responses)).toBe(closed);
  });

  it("once for concurrent requests", () => {
    const throttle = new Throttle();
    for (let i = 0; i < 5; i++) expect(() => throttle.obey(response(429), 0, "https://x")).toThrow(/HTTP 429/);
    expect(() => throttle.acquire(MINUTE - 1, "https://x")).toThrow(/within 1 min/);
    expect(() => throttle.acquire(MINUTE, "https://x")).not.toThrow();
  });
});

describe("a throttled service", () => {
  it("receives the next request minutes later, not at once", async () => {
    const { lifecycle, inputs, cloud, clock, ephemeral } = rig();
    cloud.control.gateway.throttle(14);
    const began = clock.now();
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    const refused = cloud.journal.entries.filter(({ status }) => status === 429).length;
    expect(refused).toBeGreaterThan(0);
    // At most one per minute, and concurrent ones.
    expect(refused).toBeLessThan((3 * clock.since(began)) / MINUTE);
    expect(ephemeral().some((line) => /is throttling requests \(HTTP 429\)/.test(line))).toBe(true);
  });

  it("that rejects the upgrade request receives it again later", async () => {
    const { lifecycle, inputs, cloud, clock, writes } = rig();
    cloud.control.gateway.disturb("APIGW.0308", { route: "starRocksUpgrade" });
    const began = clock.now();
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(clock.since(began)).toBeGreaterThan(MINUTE);
    expect(writes()).toBe(2);
    expect(cloud.acceptedUpgrades).toHaveLength(1);
  });

  it("receives no request before its Retry-After has passed", async () => {
    const { lifecycle, inputs, cloud } = rig({ starRocksKernel: NEW, switches: { retryAfter: 300 } });
    cloud.control.gateway.disturb("APIGW.0308");
    await lifecycle.create(inputs());
    const times = cloud.journal.entries.map(({ at }) => at);
    expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(300_000);
  });

  it("is not waited for by a preview", async () => {
    const { lifecycle, inputs, cloud, messages } = rig();
    cloud.control.gateway.disturb("APIGW.0308", { times: 100 });
    expect(await lifecycle.check({}, inputs())).toMatchObject({ failures: [] });
    expect(messages().join()).toMatch(/cannot plan: .*is throttling requests/);
  });

  it("receives no requests from any resource of the account", async () => {
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
