import { describe, expect, it } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { moduleVersions } from "../../provider/redisenterprise/modules/module-versions";
import { hostOf, nextHop } from "../../provider/redisenterprise/rest/exchange";
import { createTransport } from "../simulators";
import { RedisEnterpriseCluster } from "../simulators/redisenterprise";
import { simulatedTransport } from "../support/simulated-transport";
import { CACHE, rig } from "./rig";

const THERE = { ...CACHE, modules: ["search", "ReJSON"] };
const NODES = (...numbers: number[]) => numbers.map((number) => `https://10.78.0.${number + 1}:9443`);

describe("where a redirect leads", () => {
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
  ])("%s is not", (location, refusal) => {
    expect(hop(location)).toEqual({ refusal: expect.stringContaining(refusal) });
  });

  it("may be https where plain http was asked", () => {
    expect(hop("https://10.0.0.2:9443/v1/bdbs/1", "http://10.0.0.1:8080")).toEqual({ origin: "https://10.0.0.2:9443" });
    expect(hop("http://10.0.0.2:8080/v1/bdbs/1", "http://10.0.0.1:8080")).toEqual({ origin: "http://10.0.0.2:8080" });
  });

  it("is compared with hosts as URLs write them", () => {
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
      // Only the first request goes there; from then on the master is asked.
      expect(world.cluster.journal.entries.filter(({ host }) => host === "node2").map(({ status }) => status)).toEqual([
        redirectStatus,
      ]);
    },
  );

  it("and redirects to a node that nobody named is refused with one sentence, and no credentials are sent there", async () => {
    const world = rig();
    await expect(world.lifecycle.create(world.modules({ endpoints: NODES(2) }))).rejects.toThrow(
      /^https:\/\/10\.78\.0\.3:9443 redirects to https:\/\/10\.78\.0\.2:9443, which is not known as a node of this cluster; it was not followed, and no credentials were sent there\. List all nodes/,
    );
    expect(world.received.filter(({ node }) => node !== "node2")).toEqual([]);
  });

  it("is followed once the master has listed its nodes", async () => {
    const world = rig({ timings: { shardMs: 60_000 } });
    world.clock.after(30_000, () => world.cluster.control.changeMaster(3));
    const { outs } = await world.lifecycle.create(world.modules({ endpoints: NODES(1) }));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.cluster.journal.count("GET")).toBeGreaterThan(10);
    expect(world.received.some(({ node }) => node === "node3")).toBe(true);
  });

  it("does not matter when another endpoint is the master", async () => {
    const world = rig({ databases: [THERE] });
    world.cluster.control.changeMaster(3);
    const { outs } = await world.lifecycle.create(world.modules({ endpoints: NODES(1, 3) }));
    expect(outs).toMatchObject({ status: "current" });
  });

  it("passes calls on by itself where the cluster handles redirects", async () => {
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

  it("never takes credentials to plain http", async () => {
    const world = rig({ databases: [THERE] });
    const location = "http://10.78.0.3:8080/v1/cluster";
    world.cluster.faults.add({ match: {}, times: 99, fault: { kind: "replace", status: 307, headers: { location } } });
    await expect(world.lifecycle.create(world.modules())).rejects.toThrow(
      /redirects to plain http at http:\/\/10\.78\.0\.3:8080/,
    );
  });
});

/** Two clusters, and a lifecycle that can reach both. */
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
  it("of different clusters are refused with both names before the other is used", async () => {
    const { world, other, lifecycle } = twoClusters();
    const endpoints = [...NODES(1), "https://10.88.0.9:9443"];
    world.clock.after(6_000, () => [1, 2, 3].forEach((node) => void world.cluster.control.stopNode(node)));
    await expect(lifecycle.create({ ...world.modules(), endpoints })).rejects.toMatchObject({
      reasons: [expect.stringMatching(BOTH_NAMES)],
    });
    expect(other.acceptedUpgrades).toEqual([]);
  });

  it("of different clusters are told apart although the master of one is known from a redirect", async () => {
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

  it("that name the same node twice count once, and one that is down is passed over", async () => {
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

  it("of something else are told by what was expected and what was found", async () => {
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

  it("that talk nonsense in the middle of a wait are waited for", async () => {
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
