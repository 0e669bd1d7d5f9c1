import { describe, expect, it } from "vitest";
import { isSame } from "../../provider/core/estate";
import { ObshellCluster, type SimHost, type SimSystem, taurusdb } from "../simulators";
import { rig } from "./rig";
import { ENVIRONMENT as env, nodesOf, obshell, REGION, redis, SECRETS, taurus } from "./worlds";

/** The same system, of which one host has a second address. */
function alsoAt(system: SimSystem, host: SimHost | undefined, address: string): SimSystem {
  if (host === undefined) throw new Error("there is no such host");
  const other: SimHost = {
    name: host.name,
    address,
    isUp: () => host.isUp(),
    bootId: () => host.bootId(),
    isWrite: (request) => host.isWrite(request),
    handle: (request) => host.handle(request),
    place: () => undefined,
  };
  return {
    hosts: [...system.hosts, other],
    journal: system.journal,
    faults: system.faults,
    now: () => system.now(),
    tick: () => system.tick(),
  };
}

const ALIAS = "db1.example.com:2886";
const AGENTS = ["http://10.77.0.2:2886", "http://10.77.0.3:2886", "http://10.77.0.4:2886"] as const;

/** A cluster of three agents, one of which has two addresses. */
function cluster(change: (cluster: ObshellCluster) => void = () => undefined) {
  const made = rig(
    (clock) => {
      const system = obshell(clock);
      change(system);
      return [alsoAt(system, system.hosts[0], ALIAS)];
    },
    { env },
  );
  const discover = async (...endpoints: readonly string[]) => {
    const { out, err, code } = await made.run(
      "discover",
      "oceanbase",
      ...endpoints.flatMap((one) => ["--endpoint", one]),
      "--json",
    );
    const { databases } = JSON.parse(out) as { databases: { name: string; advice?: { code: string }[] }[] };
    return {
      code,
      err,
      names: databases.map(({ name }) => name),
      advice: databases.flatMap(({ advice = [] }) => advice.map(({ code }) => code)),
    };
  };
  const reads = () => Map.groupBy(made.requests, (request) => request);
  return { ...made, discover, reads };
}

const BOTH = ["obcluster", "obcluster-agents"];

describe("an inventory of OceanBase", () => {
  it.each([false, true])("reads everything once, also where a task holds the cluster: %s", async (held) => {
    const { discover, reads } = cluster(({ control }) => {
      if (!held) return;
      const dag = control.startMaintenance("Scale out");
      Object.assign(dag, { state: "FAILED", hung: false });
    });
    await discover(AGENTS.join(","));
    const counts = Object.fromEntries(
      [...reads()].map(([request, all]) => [request.replace(/^GET \/api\/v1\//, ""), all.length]),
    );
    const { secret, info, "ob/info": proofs, ...shared } = counts;
    expect({ secret, info, proofs }).toEqual({ secret: 3, info: 3, proofs: 3 });
    expect(Object.keys(shared).sort()).toEqual([
      "agents/status",
      "obcluster/info",
      ...(held ? [expect.stringMatching(/^task\/dag\/\d+\?show_details=true$/)] : []),
      "task/dag/ob/unfinish?show_details=false",
      "upgrade/package/info",
    ]);
    expect(new Set(Object.values(shared))).toEqual(new Set([1]));
  });

  it.each([
    ["written twice", `${AGENTS.join(",")},${AGENTS[0]}`],
    ["written in two ways", `${AGENTS.join(",")},HTTP://10.77.0.2:2886/`],
  ])("reads an agent once that is %s", async (_, endpoint) => {
    const { discover, reads } = cluster();
    expect(await discover(endpoint)).toMatchObject({ code: 0, err: "", names: BOTH });
    expect(reads().get("GET /api/v1/ob/info")).toHaveLength(3);
  });

  it("counts an agent once that has two addresses", async () => {
    const { discover } = cluster();
    const [first, second, third] = AGENTS;
    expect((await discover([first, second, `http://${ALIAS}`].join(","))).advice).toContain("agents-not-named");
    expect((await discover([`http://${ALIAS}`, second, third].join(","))).advice).not.toContain("agents-not-named");
  });

  it("counts an agent that does not answer as named", async () => {
    const { discover } = cluster(({ control }) => control.stopAgent(2));
    const [first, second, third] = AGENTS;
    const stopped = await discover([first, second, third].join(","));
    expect({ code: stopped.code, advice: stopped.advice }).toMatchObject({ code: 2 });
    expect(stopped.advice).not.toContain("agents-not-named");
    expect(stopped.err).toMatch(/^incomplete: An endpoint did not respond: http:\/\/10\.77\.0\.4:2886: /);
    expect((await discover([first, second].join(","))).advice).toContain("agents-not-named");
  });
});

describe("what is reached in two ways is listed once", () => {
  it("a cluster by two of its agents", async () => {
    const { discover } = cluster();
    expect(await discover(AGENTS[0], AGENTS[1])).toMatchObject({
      code: 0,
      names: BOTH,
      err: "OceanBase cluster at 10.77.0.3:2886 is the same as OceanBase cluster at 10.77.0.2:2886 and is listed once.\n",
    });
  });

  it("a cluster by two addresses of one agent", async () => {
    const { discover } = cluster();
    expect((await discover(AGENTS[0], `http://${ALIAS}`)).names).toEqual(BOTH);
  });

  it("an address that is given twice is read once", async () => {
    const { discover, reads } = cluster();
    expect(await discover(AGENTS[0], AGENTS[0])).toMatchObject({ err: "", names: BOTH });
    expect(reads().get("GET /api/v1/ob/info")).toHaveLength(1);
  });

  it("two clusters of one name, id and inner addresses stay two", async () => {
    const { run } = rig(
      (clock) => {
        const [one, other] = [obshell(clock), new ObshellCluster({ clock, rootPassword: SECRETS.oceanbase })];
        other.control.replaceKey(0);
        return [one, alsoAt(other, other.hosts[0], ALIAS)];
      },
      { env },
    );
    const { out } = await run("discover", "oceanbase", "--endpoint", AGENTS[0], "--endpoint", `http://${ALIAS}`);
    expect(out).toContain("\n4 databases\n");
  });

  it("a Redis Enterprise cluster by its master alone, and by all nodes", async () => {
    let nodes: readonly string[] = [];
    const { run } = rig(
      (clock) => {
        const system = redis(clock);
        nodes = (nodesOf(system)[1] ?? "").split(",");
        return [system];
      },
      { env },
    );
    const { out, err } = await run(
      "discover",
      "redis-enterprise",
      ...["--endpoint", nodes[0] ?? "", "--endpoint", [...nodes].reverse().join(",")],
    );
    expect(nodes.length).toBeGreaterThan(1);
    expect(out).toContain("\n3 databases\n");
    expect(err).toMatch(/ is the same as .* and is listed once\.\n$/);
  });

  it("a project that is named twice", async () => {
    const { run } = rig((clock) => [taurus(clock)], { env });
    const { projectId } = taurusdb.DEFAULTS;
    const { out } = await run("discover", "taurusdb", ...REGION, "--project-id", projectId, "--project-id", projectId);
    expect(out).toContain("\n4 databases\n");
  });

  it("but not servers of one address with different keys", () => {
    const identity = (key: string) => ({ name: "obcluster", keys: { "127.0.0.1:2886": key } });
    expect([isSame(identity("a"), identity("a")), isSame(identity("a"), identity("b"))]).toEqual([true, false]);
    expect(isSame(identity("a"), { name: "obcluster", keys: { "127.0.0.2:2886": "b" } })).toBe(true);
    expect(isSame(identity("a"), { name: "other", keys: {} })).toBe(false);
  });
});
