import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it, onTestFinished } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import type { WireResponse } from "../../provider/http/transport";
import { moduleVersions } from "../../provider/redisenterprise/modules/module-versions";
import { hostOf, nextHop } from "../../provider/redisenterprise/rest/exchange";
import { readResponse } from "../../provider/redisenterprise/rest/responses";
import { createTransport, ScaledClock } from "../simulators";
import {
  type ClusterOptions,
  RedisEnterpriseCluster,
  type ServeClusterOptions,
  serveRedisEnterprise,
} from "../simulators/redisenterprise";
import { simulatedTransport } from "../support/simulated-transport";
import { CACHE, PASSWORD, rig, USER } from "./rig";

const THERE = { ...CACHE, modules: ["search", "ReJSON"] };
const NODES = (...numbers: number[]) => numbers.map((number) => `https://10.78.0.${number + 1}:9443`);

describe("the target of a redirect", () => {
  const hosts = new Set(["10.0.0.1", "10.0.0.2", "[fd00::1]", "node3.example.com"]);
  const hop = (location: string, from = "https://10.0.0.1:9443", target = "/v1/bdbs/1") =>
    nextHop(from, target, location, hosts);

  it.each([
    ["https://10.0.0.2:9443/v1/bdbs/1", "https://10.0.0.2:9443"],
    ["https://NODE3.example.com:9443/v1/bdbs/1", "https://node3.example.com:9443"],
    ["https://[fd00::1]:9443/v1/bdbs/1", "https://[fd00::1]:9443"],
    ["/v1/bdbs/1", "https://10.0.0.1:9443"],
  ])("%s is followed", (location, origin) => {
    expect(hop(location)).toEqual({ origin });
  });

  it.each([
    ["https://10.0.0.9:9443/v1/bdbs/1", "to https://10.0.0.9:9443, which is not known as a node of this cluster"],
    ["https://10.0.0.1.evil.com/v1/bdbs/1", "to https://10.0.0.1.evil.com, which is not known"],
    ["https://10.0.0.2@evil.com/v1/bdbs/1", "to https://evil.com, which is not known"],
    ["http://10.0.0.2:8080/v1/bdbs/1", "to plain http at http://10.0.0.2:8080"],
    ["https://10.0.0.2:9443/login", "to another path (/login) at https://10.0.0.2:9443"],
    ["https://10.0.0.2:9443/v1/bdbs/1?next=1", "to another path"],
    ["ftp://10.0.0.2/v1/bdbs/1", "to ftp://"],
    ["https://", "to an invalid address"],
  ])("%s is not followed", (location, refusal) => {
    expect(hop(location)).toEqual({ refusal: expect.stringContaining(refusal) });
  });

  it("may be https after a request with plain http", () => {
    expect(hop("https://10.0.0.2:9443/v1/bdbs/1", "http://10.0.0.1:8080")).toEqual({ origin: "https://10.0.0.2:9443" });
    expect(hop("http://10.0.0.2:8080/v1/bdbs/1", "http://10.0.0.1:8080")).toEqual({ origin: "http://10.0.0.2:8080" });
  });

  it("is compared with hosts in the notation of URLs", () => {
    expect(["10.0.0.1", "fd00::1", "Node3.Example.com", "no host"].map(hostOf)).toEqual([
      "10.0.0.1",
      "[fd00::1]",
      "node3.example.com",
      undefined,
    ]);
  });
});

describe("a node that is not the master", () => {
  it.each([301, 302, 307, 308] as const)(
    "is followed to the master, with method, body and credentials (%i)",
    async (redirectStatus) => {
      const world = rig({ switches: { redirectStatus } });
      const { id, outs } = await world.lifecycle.create(world.modules({ endpoints: NODES(2, 1) }));
      expect(id).toBe("10.78.0.3:9443/bdb-1");
      expect(outs).toMatchObject({ status: "current" });
      // Only the first request goes there; later ones go to the master.
      expect(world.cluster.journal.entries.filter(({ host }) => host === "node2").map(({ status }) => status)).toEqual([
        redirectStatus,
      ]);
    },
  );

  it("and redirects to an unknown node is rejected with one sentence, and no credentials are sent there", async () => {
    const world = rig();
    await expect(world.lifecycle.create(world.modules({ endpoints: NODES(2) }))).rejects.toThrow(
      /^https:\/\/10\.78\.0\.3:9443 redirects to https:\/\/10\.78\.0\.2:9443, which is not known as a node of this cluster; it was not followed, and no credentials were sent there\. List all nodes/,
    );
    expect(world.received.filter(({ node }) => node !== "node2")).toEqual([]);
  });

  it("is followed after the master has listed its nodes", async () => {
    const world = rig({ timings: { shardMs: 60_000 } });
    world.clock.after(30_000, () => world.cluster.control.changeMaster(3));
    const { outs } = await world.lifecycle.create(world.modules({ endpoints: NODES(1) }));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.cluster.journal.count("GET")).toBeGreaterThan(10);
    expect(world.received.some(({ node }) => node === "node3")).toBe(true);
  });

  it("has no effect if another endpoint is the master", async () => {
    const world = rig({ databases: [THERE] });
    world.cluster.control.changeMaster(3);
    const { outs } = await world.lifecycle.create(world.modules({ endpoints: NODES(1, 3) }));
    expect(outs).toMatchObject({ status: "current" });
  });

  it("forwards requests if the cluster handles redirects", async () => {
    const world = rig({ databases: [THERE], settings: { handleRedirects: true } });
    const { outs } = await world.lifecycle.create(world.modules({ endpoints: NODES(2) }));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.cluster.journal.entries.every(({ host }) => host === "node2")).toBe(true);
  });

  it("that redirects in circles is waited for as a cluster without a master", async () => {
    const world = rig({ databases: [THERE] });
    const to = (node: number) => ({
      kind: "replace" as const,
      status: 307,
      headers: { location: `https://10.78.0.${node + 1}:9443/v1/cluster` },
    });
    world.cluster.faults.add(
      { match: { host: "node1" }, times: 6, fault: to(2) },
      { match: { host: "node2" }, times: 6, fault: to(1) },
    );
    const { outs } = await world.lifecycle.create(world.modules({ endpoints: NODES(1, 2) }));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.lines.some(({ message }) => message.includes("redirect in a loop"))).toBe(true);
  });

  it("never causes credentials to be sent with plain http", async () => {
    const world = rig({ databases: [THERE] });
    const location = "http://10.78.0.3:8080/v1/cluster";
    world.cluster.faults.add({ match: {}, times: 99, fault: { kind: "replace", status: 307, headers: { location } } });
    await expect(world.lifecycle.create(world.modules())).rejects.toThrow(
      /redirects to plain http at http:\/\/10\.78\.0\.3:8080/,
    );
  });
});

/** Two clusters, and a lifecycle that is connected to both. */
function twoClusters() {
  const world = rig({ name: "orders.local" });
  const other = new RedisEnterpriseCluster({ clock: world.clock, name: "payments.local", databases: [CACHE] });
  other.hosts.forEach((host, index) => void host.place("10.88.0.9", 9443 + index));
  const send = createTransport([world.cluster, other], { sleep: (ms) => world.clock.sleep(ms) });
  const lifecycle = new DynamicProvider({
    kinds: { "redisenterprise:ModuleVersions": async () => moduleVersions(() => simulatedTransport(send)) },
    log: { write: () => undefined, flush: async () => undefined },
    rhythm: { change: 0, repeat: 0 },
    clock: world.clock,
    env: {},
  });
  return { world, other, lifecycle };
}

const BOTH_NAMES = /different clusters: https:\S+ of orders\.local, https:\S+ of payments\.local\./;

describe("endpoints", () => {
  it("of different clusters are rejected with both names before the other is used", async () => {
    const { world, other, lifecycle } = twoClusters();
    const endpoints = [...NODES(1), "https://10.88.0.9:9443"];
    world.clock.after(6_000, () => [1, 2, 3].forEach((node) => void world.cluster.control.stopNode(node)));
    await expect(lifecycle.create({ ...world.modules(), endpoints })).rejects.toMatchObject({
      reasons: [expect.stringMatching(BOTH_NAMES)],
    });
    expect(other.acceptedUpgrades).toEqual([]);
  });

  it("of different clusters are distinguished although the master of one is known from a redirect", async () => {
    const { world, lifecycle } = twoClusters();
    const endpoints = [...NODES(2), "https://10.88.0.9:9443", ...NODES(1)];
    const page = {
      kind: "replace",
      status: 200,
      headers: { "content-type": "text/html" },
      body: "<h1>?</h1>",
    } as const;
    world.cluster.faults.add({ match: { host: "node1", path: "/v1/bdbs/1" }, times: 2, fault: page });
    await expect(lifecycle.create({ ...world.modules(), endpoints })).rejects.toThrow(BOTH_NAMES);
  });

  it("that name the same node twice count once, and one that is unavailable is skipped", async () => {
    const world = rig({ databases: [THERE] });
    const [first = ""] = NODES(1);
    await world.lifecycle.create(world.modules({ endpoints: [first, `${first}/`, first] }));
    expect(world.cluster.journal.count("GET", "/v1/cluster")).toBe(1);
    const { outs } = await world.lifecycle.create(world.modules({ endpoints: ["https://10.78.0.99:9443", first] }));
    expect(outs).toMatchObject({ status: "current" });
  });

  it("may be IPv6", async () => {
    const world = rig();
    world.cluster.hosts.forEach((host, index) => void host.place("fd00::1", 9443 + index));
    const endpoints = [1, 0].map((index) => `https://[fd00::1]:${9443 + index}`);
    const { id, outs } = await world.lifecycle.create(world.modules({ endpoints }));
    expect(id).toBe("[fd00::1]:9444/bdb-1");
    expect(outs).toMatchObject({ status: "current" });
  });

  it("of another server are reported with the expected and the actual server", async () => {
    const answers: [number, string, string, RegExp][] = [
      [200, "text/html", "<h1>Hello</h1>", /found HTTP 200, text\/html: “Hello”/],
      [404, "text/html", "<h1>nginx</h1>", /found HTTP 404, text\/html: “nginx”/],
      [404, "application/json", "", /found HTTP 404 without a body/],
      [200, "application/json", '{"hello":1}', /found JSON without a cluster's name/],
      [200, "application/json", "[]", /found JSON without a cluster's name/],
    ];
    for (const [status, type, body, found] of answers) {
      const world = rig();
      const fault = { kind: "replace", status, headers: { "content-type": type }, body } as const;
      world.cluster.faults.add({ times: 99, fault });
      await expect(world.lifecycle.create(world.modules())).rejects.toThrow(
        /^https:\/\/10\.78\.0\.2:9443 is not the REST API of a Redis Enterprise cluster: expected JSON from GET \/v1\/cluster/,
      );
      await expect(world.lifecycle.create(world.modules())).rejects.toThrow(found);
    }
  });

  it("with invalid responses during a wait are waited for", async () => {
    const world = rig({ timings: { shardMs: 30_000 } });
    world.clock.after(5_000, () => {
      const page = {
        kind: "replace",
        status: 200,
        headers: { "content-type": "text/html" },
        body: "<h1>?</h1>",
      } as const;
      world.cluster.faults.add({ times: 6, fault: page });
      world.cluster.faults.add({ times: 3, fault: { ...page, headers: {}, body: '{"status":1}' } });
    });
    expect((await world.lifecycle.create(world.modules())).outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });
});

/** A CA, and a client certificate of it for the name `client`. */
const pem = (name: string) => readFileSync(`${__dirname}/../http/fixtures/${name}`, "utf8");
const CLIENT = { clientCertificate: pem("client.pem"), clientKey: pem("client.key") };

/** A cluster on real sockets, with the certificate of a new cluster: self-signed, for its name. */
async function served(options: ClusterOptions = {}, door: ServeClusterOptions = {}) {
  const clock = new ScaledClock(200);
  const cluster = new RedisEnterpriseCluster({ clock, databases: [CACHE], ...options });
  const { origins, certificate, close } = await serveRedisEnterprise(cluster, { ...door, speed: 200 });
  onTestFinished(close);
  const lifecycle = new DynamicProvider({
    kinds: { "redisenterprise:ModuleVersions": async () => moduleVersions() },
    log: { write: () => undefined, flush: async () => undefined },
    rhythm: { change: 0, repeat: 0 },
    env: {},
  });
  const template = rig().modules();
  const create = (args: Record<string, unknown>) => lifecycle.create({ ...template, endpoints: origins, ...args });
  return { cluster, origins, certificate, create };
}

describe("a cluster behind TLS", () => {
  it("is upgraded with its certificate and name through a node that is not the master", async () => {
    const { cluster, origins, certificate, create } = await served();
    cluster.control.changeMaster(2);
    const { outs } = await create({ caCertificate: certificate, serverName: "cluster.local", wait: true });
    expect(outs).toMatchObject({ status: "current", members: { search: "2.10.17", ReJSON: "2.8.10" } });
    expect(cluster.acceptedUpgrades).toHaveLength(1);
    expect(cluster.journal.entries.some(({ host, status }) => host === "node1" && status === 307)).toBe(true);
    expect(origins).toHaveLength(3);
  });

  it("is rejected before a request is sent if its certificate is unknown, or for another name", async () => {
    const { cluster, certificate, create } = await served();
    await expect(create({})).rejects.toThrow(
      /The certificate of https:\/\/127\.0\.0\.1:\d+ is not trusted: .*subject CN=cluster\.local.*`caCertificate`.*`serverName`.*\[unauthorized\]/,
    );
    await expect(create({ caCertificate: certificate })).rejects.toThrow(/ERR_TLS_CERT_ALTNAME_INVALID/);
    await expect(create({ caCertificate: certificate, serverName: "other.local" })).rejects.toThrow(/ALTNAME_INVALID/);
    expect(cluster.journal.entries).toEqual([]);
  });

  it("is accepted with any certificate if the argument permits it", async () => {
    const { create } = await served({ databases: [{ ...CACHE, modules: ["search", "ReJSON"] }] });
    const { outs } = await create({ allowUntrustedCertificate: true });
    expect(outs).toMatchObject({ status: "current" });
  });

  it("accepts a client certificate instead of a user", async () => {
    const { cluster, certificate, create } = await served(
      { settings: { certificateAuthentication: true, basicAuthentication: false }, softwareVersion: "8.2.0-25" },
      { clientCa: pem("ca.pem") },
    );
    const names = { caCertificate: certificate, serverName: "cluster.local" };
    const who = { ...CLIENT, username: undefined, password: undefined };
    const pin = { modules: { search: ">=2.10.9" } };
    await expect(create({ ...names, ...who, ...pin })).rejects.toThrow(
      /rejected the credentials of the client certificate/,
    );
    cluster.control.addUser({ email: "ops@x", role: "db_member", certificateSubject: "client" });
    const { outs } = await create({ ...names, ...who, ...pin });
    expect(outs).toMatchObject({ status: "current" });
    expect(cluster.acceptedUpgrades).toHaveLength(1);
  });
});

describe("a cluster on plain http", () => {
  it("gets requests only if the argument permits it", async () => {
    const { cluster, origins, create } = await served(
      { databases: [{ ...CACHE, modules: ["search", "ReJSON"] }] },
      { tls: false },
    );
    expect(origins[0]).toMatch(/^http:/);
    await expect(create({})).rejects.toThrow(/endpoints must begin with https:\/\/.*`allowPlainHttp` to true/);
    expect(cluster.journal.entries).toEqual([]);
    const { outs } = await create({ allowPlainHttp: true, username: USER, password: PASSWORD });
    expect(outs).toMatchObject({ status: "current" });
  });

  it.each([
    ["Go", "Client sent an HTTP request to an HTTPS server."],
    ["nginx", "<html><head><title>400 The plain HTTP request was sent to HTTPS port</title></head></html>"],
    ["Apache", "Reason: You're speaking plain HTTP to an SSL-enabled server port."],
  ])("is reported as requiring https if the server responds like %s", async (_, body) => {
    const server = createServer((_, response) => response.writeHead(400).end(body)).listen(0, "127.0.0.1");
    onTestFinished(() => void server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const { create } = await served({});
    const endpoints = [`http://127.0.0.1:${port}`];
    await expect(create({ endpoints, allowPlainHttp: true, username: USER, password: PASSWORD })).rejects.toThrow(
      /^http:\/\/\S+ accepts only requests with TLS: HTTP 400.*Start the address in `endpoints` with https:\/\/\. \[not-the-vendor\]/,
    );
  });

  it("is reported as plain http if https was used", async () => {
    const { origins, create } = await served({}, { tls: false });
    const endpoints = origins.map((origin) => origin.replace("http:", "https:"));
    await expect(create({ endpoints })).rejects.toThrow(
      /is not the REST API of a Redis Enterprise cluster: .* found a server without TLS/,
    );
  });
});

const json = { "content-type": "application/json" };

function answer(status: number, body: string, headers: Record<string, string> = json): ReturnType<typeof readResponse> {
  const response: WireResponse = { status, headers, body: Buffer.from(body) };
  return readResponse(response);
}

describe("an error of the server", () => {
  const text = "Action 5a42 does not exist";
  it.each([
    ["as recorded", { description: text, error_code: "action_not_found" }],
    ["as in most documentation", { error_code: "action_not_found", message: text }],
    ["as in tasks", { error_code: "action_not_found", error_message: text }],
    ["as in some clients", { error: text, error_code: "action_not_found" }],
  ])("is read %s", (_, body) => {
    expect(answer(404, JSON.stringify(body))).toEqual({
      kind: "missing",
      code: "action_not_found",
      text: `${text} (action_not_found)`,
    });
  });

  it("may have only a text, only a code, a number as a code, or nothing", () => {
    expect(answer(406, '{"description":"no"}')).toMatchObject({ kind: "refused", code: "", text: "no (HTTP 406)" });
    expect(answer(400, '{"error_code":"busy"}')).toMatchObject({
      kind: "refused",
      code: "busy",
      text: "HTTP 400 (busy)",
    });
    expect(answer(400, '{"error_code":7,"description":"no"}')).toMatchObject({ code: "7", text: "no (7, HTTP 400)" });
    expect(answer(401, "", {})).toEqual({ kind: "unauthorized", code: "", text: "HTTP 401 without a body" });
    expect(answer(404, "", {})).toMatchObject({ kind: "missing", code: "" });
    expect(answer(405, "", {})).toMatchObject({ kind: "refused", busy: false });
  });

  it("never prints control characters", () => {
    const body = JSON.stringify({ description: "\u001b[31mred\u0000\nline", error_code: "x" });
    expect(answer(400, body)).toMatchObject({ text: "[31mred | line (x, HTTP 400)" });
  });
});

describe("the status", () => {
  it.each([
    [400, "refused"],
    [401, "unauthorized"],
    [403, "forbidden"],
    [404, "missing"],
    [406, "refused"],
    [409, "refused"],
    [429, "unavailable"],
    [500, "unavailable"],
    [502, "unavailable"],
    [503, "unavailable"],
    [505, "refused"],
  ])("%i means %s", (status, kind) => {
    expect(answer(status, '{"error_code":"x","description":"y"}').kind).toBe(kind);
  });

  it("409 means a busy database, as does the code with any status", () => {
    expect(answer(409, "", {})).toMatchObject({ kind: "refused", busy: true });
    expect(answer(400, '{"error_code":"busy","description":"wait"}')).toMatchObject({ busy: true });
    expect(answer(400, '{"error_code":"other","description":"busy"}')).toMatchObject({ busy: false });
  });

  it("503 is recognized as the vendor's by its envoy header or its text", () => {
    expect(answer(503, "no healthy upstream", { server: "envoy" })).toMatchObject({
      kind: "unavailable",
      responded: true,
    });
    expect(answer(503, '{"description":"down"}')).toMatchObject({ kind: "unavailable", responded: true });
    expect(answer(503, "<h1>503</h1>", { "content-type": "text/html" })).toMatchObject({
      kind: "unavailable",
      responded: false,
    });
  });
});

describe("a code of the server", () => {
  it.each([
    [403, "redis_upgrade_policy_mismatch", "refused"],
    [403, "upgrade_bdb_failed", "refused"],
    [404, "missing_module", "refused"],
    [500, "module_downgrade_unsupported", "refused"],
    [503, "redis_incompatible_version", "refused"],
    [401, "unsupported_module_capabilities", "refused"],
    [400, "db_not_exist", "missing"],
    [500, "action_not_found", "missing"],
    [403, "password_expired", "unauthorized"],
    [500, "busy", "refused"],
  ])("takes precedence over the status: %i %s means %s", (status, code, kind) => {
    expect(answer(status, JSON.stringify({ error_code: code, description: "Because" }))).toMatchObject({
      kind,
      text: `Because (${code})`,
    });
  });

  it("that is unknown leaves the decision to the status, and both are reported", () => {
    const body = JSON.stringify({ error_code: "fire", description: "It burns" });
    expect(answer(403, body)).toMatchObject({ kind: "forbidden", text: "It burns (fire, HTTP 403)" });
    expect(answer(500, body)).toMatchObject({ kind: "unavailable", text: "It burns (fire, HTTP 500)" });
    expect(answer(403, JSON.stringify({ error_code: "constructor", description: "x" })).kind).toBe("forbidden");
  });
});

describe("another response", () => {
  it.each([
    [200, "<h1>Hello</h1>", "text/html"],
    [200, "", "text/plain"],
    [404, "<html>nginx</html>", "text/html"],
    [403, "  <!doctype html>", "text/plain"],
    [307, "", "text/plain"],
    [204, "", "text/plain"],
    [404, "404 page not found", "text/plain"],
  ])("%i %j is of another server", (status, body, type) => {
    expect(answer(status, body, { "content-type": type }).kind).toBe("foreign");
  });
});
