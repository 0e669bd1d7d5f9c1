import { describe, expect, it, onTestFinished } from "vitest";
import { UpgradeError } from "../../provider/core/errors";
import { isSame } from "../../provider/core/estate";
import { ObshellCluster, type SimHost, type SimSystem, startOceanBase, taurusdb } from "../simulators";
import { VirtualClock } from "../support/virtual-clock";
import { cloud, oceanbase, redisEnterprise } from "./discovering";
import { onNetwork, type RunOptions, rig } from "./rig";
import {
  agentsOf,
  ENVIRONMENT as env,
  failMaintenance,
  nodesOf,
  obshell,
  REGION,
  redis,
  SECRETS,
  taurus,
} from "./worlds";

describe("discover oceanbase", () => {
  it("lists the database and the agents, with possible targets and their requirements", async () => {
    const { discover, writes } = oceanbase();
    expect(await discover()).toEqual({
      code: 0,
      err: "",
      out: `\
NAME              TYPE                      ID              CURRENT                     AVAILABLE                   PROTECTION  NEEDS
obcluster         oceanbase.ClusterVersion  10.77.0.2:2886  4.2.1.8-108000022024072217  4.3.5.2-102000042025031214  3 zones
obcluster-agents  oceanbase.AgentVersion    10.77.0.2:2886  4.3.3.0-102025103117        none                        3 agents    1

2 databases

needs
  1  No newer packages are uploaded. Upload those of the target version (obshell), or add their
     files to \`packages\`.
`,
    });
    expect(writes).toEqual([]);
  });

  it("reports a failed task that blocks the cluster, with its remedy", async () => {
    const { discover } = oceanbase(failMaintenance);
    const { out, code } = await discover();
    expect(out).toMatch(/failed and keeps the lock\./);
    expect(code).toBe(0);
  });

  it("reports findings", async () => {
    const { discover } = oceanbase(({ control }) => control.stopAgent(1));
    const { out, err, code } = await discover();
    expect(out).toContain("An agent is not running: 10.77.0.3:2886. Run `obshell agent start` on each of these hosts.");
    expect(err).toMatch(/^incomplete: An endpoint did not respond: http:\/\/10\.77\.0\.3:2886: /);
    expect(code).toBe(2);
  });

  it("advises to name all agents", async () => {
    const { run } = rig((clock) => [obshell(clock)], { env });
    const { out } = await run("discover", "oceanbase", "--endpoint", "http://10.77.0.2:2886");
    expect(out).toContain(
      "Only 1 of 3 agents are listed in `endpoints`: 10.77.0.2:2886, 10.77.0.3:2886, 10.77.0.4:2886.",
    );
  });

  it("writes a minimum version for a partially upgraded cluster", async () => {
    const { discover } = oceanbase(({ control }) => control.setBuildVersion("4.3.5.2-102000042025031214", 0));
    expect((await discover("--write", "ts")).out).toContain('version: ">=4.2.1.8"');
  });
});

describe("discover redis-enterprise", () => {
  it("lists the Redis of each database, and its modules", async () => {
    const { discover, writes } = redisEnterprise();
    expect(await discover()).toEqual({
      code: 0,
      err: "",
      out: `\
NAME      TYPE                             ID     CURRENT        AVAILABLE       PROTECTION
cache     redisenterprise.DatabaseVersion  bdb:1  7.4.2          8.0             replicated, persistence aof
cache     redisenterprise.ModuleVersions   bdb:1  search 2.10.8  search 2.10.17  replicated, persistence aof
sessions  redisenterprise.DatabaseVersion  bdb:2  7.2.7          8.0, 7.4        replicated, persistence aof

3 databases
`,
    });
    expect(writes).toEqual([]);
  });

  it("distinguishes databases with the same name by their uid", async () => {
    const { discover } = redisEnterprise(({ control }) => {
      control.addDatabase({ name: "cache", redisVersion: "7.4" });
    });
    const { out } = await discover("--write", "ts");
    expect(out).toContain("databaseId: 1,");
    expect(out).toContain('new redisenterprise.DatabaseVersion("cache-2"');
  });

  it("reports that an upgrade would delete the data of a database", async () => {
    const { discover } = redisEnterprise(({ control }) => {
      control.addDatabase({ name: "scratch", redisVersion: "7.2", replication: false, persistence: "disabled" });
    });
    const { out } = await discover();
    expect(out).toMatch(/scratch .* not replicated, no persistence +data would be lost +1\n/);
    expect(out).toMatch(/ 1 {2}Database 3 \(scratch\) has neither replication nor persistence/);
  });
});

describe("discover taurusdb", () => {
  it("lists the instances of the region's project, and StarRocks instances", async () => {
    const { discover, writes } = cloud();
    const { code, out, err } = await discover();
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const [headings, ...rows] = out.split("\n");
    expect(headings).toMatch(/^NAME +TYPE +ID +CURRENT +AVAILABLE +PROTECTION +WINDOW$/);
    expect(rows[0]).toMatch(
      /^db1 +taurusdb\.KernelVersion +6754902da1f447269c6979b0590102a5in07 +2\.0\.69\.250900 +2\.0\.78\.260600 +2 nodes +18:00-22:00 UTC$/,
    );
    expect(rows[1]).toMatch(/^sr1 +taurusdb\.StarRocksVersion +\w+in17 +3\.1\.6\.0 +3\.1\.15\.80 +18:00-22:00 UTC$/);
    expect(rows.slice(0, 6).at(-1)).toBe("4 databases");
    expect(writes).toEqual([]);
  });

  it("writes one resource for the instances of each kernel", async () => {
    const { discover } = cloud(3, ({ control, instances }) => control.setKernel("2.0.75.260300", instances[2]?.id));
    const { out } = await discover("--write", "fleet");
    expect(out).toContain("taurusdb:\n    kind: taurusdb.KernelVersion");
    expect(out).toMatch(/taurusdb-2:\n {4}kind: taurusdb\.KernelVersion\n[\s\S]*version: 2\.0\.75\.260300/);
  });

  it("lists only instances with a tag, and does not write the tag into the program", async () => {
    const { discover, requests } = cloud(3, ({ instances }) => {
      for (const instance of instances.slice(1)) Object.assign(instance, { tags: [{ key: "env", value: "prod" }] });
    });
    const { out } = await discover("--tag", "env=prod", "--write", "ts");
    expect(out.match(/"\w{32}in07"/g)).toHaveLength(2);
    expect(out).not.toMatch(/tag/);
    expect(requests.filter((request) => /database-version$/.test(request))).toHaveLength(2);
    expect((await discover("--tag", "env=prod", "--tag", "team=shop")).out).toMatch(/\n0 databases\n/);
    expect(await discover("--tag", "team=shop", "--write", "ts")).toEqual({
      code: 1,
      out: "",
      err: "pulumi-dbversion discover: No databases that a program could manage were found.\n",
    });
    expect((await discover("--tag", "env")).err).toMatch(/--tag must be a key and a value/);
  });

  it("reads 500 instances in two projects, with progress, and bounded requests", async () => {
    const second = "b".repeat(32);
    const { run, requests, progress, writes } = rig(
      (clock) => {
        const system = taurus(clock, 500);
        const { accounts, instances } = system.state;
        accounts[0]?.projects.push({ id: second, name: "cn-north-4_shop", region: "cn-north-4" });
        for (const instance of instances.slice(250)) Object.assign(instance, { projectId: second });
        return [system];
      },
      { env },
    );
    const projects = [taurusdb.DEFAULTS.projectId, second].flatMap((id) => ["--project-id", id]);
    const { code, out } = await run("discover", "taurusdb", ...REGION, ...projects, "--json");
    expect(code).toBe(0);
    const { databases } = JSON.parse(out);
    expect(databases).toHaveLength(501);
    const counted = (pattern: RegExp) => requests.filter((request) => pattern.test(request)).length;
    expect({
      lists: counted(/instances\?/),
      details: counted(/instances\/details\?/),
      offers: counted(/database-version$/),
      starRocks: counted(/\/htap$/),
      tasks: counted(/immediate-jobs|scheduled-jobs/),
    }).toEqual({ lists: 6, details: 26, offers: 500, starRocks: 500, tasks: 16 });
    expect(requests.length).toBeLessThan(1_060);
    expect(progress).toContain(`50% 125 of 250 instances · TaurusDB in cn-north-4, project ${second}`);
    expect(writes).toEqual([]);
  });

  it("shows one project if the other cannot be read", async () => {
    const { run } = rig((clock) => [taurus(clock)], { env });
    const projects = [taurusdb.DEFAULTS.projectId, "c".repeat(32)].flatMap((id) => ["--project-id", id]);
    const { code, out, err } = await run("discover", "taurusdb", ...REGION, ...projects);
    expect(code).toBe(2);
    expect(out).toContain("4 databases");
    expect(err).toMatch(/^incomplete: TaurusDB in cn-north-4, project c{32} could not be read: .*\[\w+\]\n$/);
  });

  it("waits if the gateway throttles requests", async () => {
    const { discover, progress } = cloud(3, ({ control }) => control.gateway.throttle(12));
    expect((await discover()).code).toBe(0);
    expect(progress.some((line) => line.includes("is throttling requests"))).toBe(true);
  });
});

it("ends with 130 at ^C, and sends no more requests", async () => {
  const interrupt = new AbortController();
  let calls = 0;
  const { run, requests } = rig(
    (clock) => {
      const system = taurus(clock, 200);
      system.onCall(() => {
        calls += 1;
        if (calls === 40) interrupt.abort(new UpgradeError("interrupted", "Interrupted."));
      });
      return [system];
    },
    { env, signal: interrupt.signal },
  );
  const { code, out, err } = await run("discover", "taurusdb", ...REGION);
  expect({ code, out, err }).toEqual({
    code: 130,
    out: "",
    err: "pulumi-dbversion discover: Interrupted. [interrupted]\n",
  });
  // The requests in progress.
  expect(requests.length).toBeLessThan(50);
});

describe("credentials", () => {
  const wrong = {
    ...env,
    OCEANBASE_PASSWORD: "wr0ng-p@ss",
    REDIS_ENTERPRISE_PASSWORD: "wr0ng-p@ss",
    HW_SECRET_KEY: "wr0ng-p@ss",
  };

  it.each([
    ["oceanbase", () => oceanbase(undefined, wrong)],
    ["redis-enterprise", () => redisEnterprise(undefined, wrong)],
    ["taurusdb", () => cloud(3, undefined, wrong)],
  ])("that %s rejects end the command with 1, and are not shown", async (_, make) => {
    const { discover, writes } = make();
    const { code, out, err } = await discover();
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(/could not be read: .*\[unauthorized\]\n$/);
    expect(err).not.toContain("wr0ng");
    expect(writes).toEqual([]);
  });

  it.each([
    ["the environment", { env: { OCEANBASE_PASSWORD: "wr0ng-p@ss" } }, "environment `OCEANBASE_PASSWORD`"],
    [
      "the stack's configuration",
      {
        env: { OCEANBASE_PASSWORD: SECRETS.oceanbase },
        programs: {
          "pulumi config --json --show-secrets --stack dev": JSON.stringify({
            "oceanbase:password": { value: "wr0ng-p@ss", secret: true },
          }),
        },
      },
      "config `oceanbase:password`",
    ],
    ["an input", { answers: { "OceanBase: password": "wr0ng-p@ss" } }, "the prompt"],
  ])("that are rejected are reported with their source: %s", async (_, options: RunOptions, place) => {
    for (const command of ["discover", "doctor"]) {
      const clusters: ObshellCluster[] = [];
      const made = options.programs === undefined ? [] : ["--stack", "dev"];
      const { run } = rig((clock) => {
        clusters.push(obshell(clock));
        return clusters;
      }, options);
      const [cluster] = clusters;
      const args = cluster === undefined ? [] : agentsOf(cluster);
      const { out, err } =
        command === "doctor" ? await doctorOnNetwork(options, made) : await run(command, "oceanbase", ...args, ...made);
      const text = (out + err).replaceAll(/\s+/g, " ");
      expect(text).toMatch(/rejected the credentials \(`password` from [^)]+\): .*\[unauthorized\]/);
      expect(text).toContain(`(\`password\` from ${place})`);
      expect(text).not.toContain("wr0ng");
    }
  });

  it("are taken from the stack's configuration", async () => {
    let args: readonly string[] = [];
    const value = JSON.stringify({ "oceanbase:password": { value: SECRETS.oceanbase, secret: true } });
    const { run } = rig(
      (clock) => {
        const cluster = obshell(clock);
        args = agentsOf(cluster);
        return [cluster];
      },
      { programs: { "pulumi config --json --show-secrets --stack dev": value } },
    );
    const { code, out } = await run("discover", "oceanbase", ...args, "--stack", "dev", "--json");
    expect(code).toBe(0);
    expect(out).not.toContain(SECRETS.oceanbase);
  });

  it("of the environment are written into a program with their types: addresses as a list, a flag as a boolean", async () => {
    const [, addresses = ""] = nodesOf(redis(new VirtualClock()));
    const endpoints = addresses.split(",");
    const variables = { ...env, REDIS_ENTERPRISE_URL: addresses, REDIS_ENTERPRISE_INSECURE: "true" };
    const { run } = rig((clock) => [redis(clock)], { env: variables });
    const program = (await run("discover", "redis-enterprise", "--write", "ts")).out;
    expect(program).toContain(`endpoints: [${endpoints.map((one) => `"${one}"`).join(", ")}],`);
    expect(program).toContain("allowUntrustedCertificate: true,");
    const file = (await run("discover", "redis-enterprise", "--write", "fleet")).out;
    expect(file).toContain(`endpoints:\n      - ${endpoints[0]}\n`);
    expect(file).toContain("allowUntrustedCertificate: true\n");
  });

  it("are requested at a terminal", async () => {
    let args: readonly string[] = [];
    const { run } = rig(
      (clock) => {
        const cluster = redis(clock);
        args = nodesOf(cluster);
        return [cluster];
      },
      {
        answers: {
          "Redis Enterprise: username": env.REDIS_ENTERPRISE_USER,
          "Redis Enterprise: password": env.REDIS_ENTERPRISE_PASSWORD,
        },
      },
    );
    expect((await run("discover", "redis-enterprise", ...args)).code).toBe(0);
  });

  it("that are missing are reported with their possible sources", async () => {
    const { run, requests } = rig((clock) => [taurus(clock)]);
    const { code, err } = await run("discover", "taurusdb", ...REGION);
    expect(code).toBe(2);
    expect(err).toMatch(/accessKey is missing \(.*HW_ACCESS_KEY.*\); it is required together with `secretKey`/);
    expect(requests).toEqual([]);
  });

  it("are in no output", async () => {
    const outputs: string[] = [];
    for (const form of [[], ["--json"], ["--write", "ts"], ["--write", "fleet"]]) {
      for (const { discover } of [oceanbase(), redisEnterprise(), cloud()]) {
        const { out, err } = await discover(...form);
        outputs.push(out, err);
      }
    }
    const all = outputs.join("\n");
    expect(all.length).toBeGreaterThan(5_000);
    for (const secret of [...Object.values(SECRETS), taurusdb.DEFAULTS.accessKey]) expect(all).not.toContain(secret);
  });

  it.each([
    ["oceanbase", SECRETS.oceanbase, (body: string) => oceanbase((system) => spoil(system, body))],
    ["redis-enterprise", SECRETS.redis, (body: string) => redisEnterprise((system) => spoil(system, body))],
    ["taurusdb", SECRETS.huaweicloud, (body: string) => cloud(3, (system) => spoil(system, body))],
  ])("that %s repeats in its rejections are redacted", async (_, secret, make) => {
    const text = `token ${secret} is of no use`;
    const answers = { error_code: "x", error_msg: text, description: text, error: { code: 1, message: text } };
    const body = JSON.stringify({ successful: false, status: 403, ...answers });
    const { code, out, err } = await make(body).discover();
    expect(code).toBe(1);
    expect(err).toContain("is of no use");
    expect(out + err).not.toContain(secret);
  });
});

/** `doctor` checks the network before a cluster. */
async function doctorOnNetwork(options: RunOptions, more: readonly string[]) {
  const running = await startOceanBase();
  onTestFinished(() => running.close());
  return onNetwork(options)("doctor", "oceanbase", "--endpoint", running.connection.endpoints.join(","), ...more);
}

/** Rejects every read that needs credentials, with this body. */
function spoil({ faults }: Pick<ObshellCluster, "faults">, body: string): void {
  const headers = { "content-type": "application/json" };
  const fault = { kind: "replace", status: 403, headers, body } as const;
  faults.add({ match: { path: /ob\/info$|cluster$|instances$/ }, times: Number.POSITIVE_INFINITY, fault });
}

/** The same system with a second address of one host. */
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
  it.each([false, true])("reads everything once, with a task that blocks the cluster: %s", async (held) => {
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
    ["written in two notations", `${AGENTS.join(",")},HTTP://10.77.0.2:2886/`],
  ])("reads an agent once that is %s", async (_, endpoint) => {
    const { discover, reads } = cluster();
    expect(await discover(endpoint)).toMatchObject({ code: 0, err: "", names: BOTH });
    expect(reads().get("GET /api/v1/ob/info")).toHaveLength(3);
  });

  it("counts an agent with two addresses once", async () => {
    const { discover } = cluster();
    const [first, second, third] = AGENTS;
    expect((await discover([first, second, `http://${ALIAS}`].join(","))).advice).toContain("agents-not-named");
    expect((await discover([`http://${ALIAS}`, second, third].join(","))).advice).not.toContain("agents-not-named");
  });

  it("counts an agent without a response by its name", async () => {
    const { discover } = cluster(({ control }) => control.stopAgent(2));
    const [first, second, third] = AGENTS;
    const stopped = await discover([first, second, third].join(","));
    expect({ code: stopped.code, advice: stopped.advice }).toMatchObject({ code: 2 });
    expect(stopped.advice).not.toContain("agents-not-named");
    expect(stopped.err).toMatch(/^incomplete: An endpoint did not respond: http:\/\/10\.77\.0\.4:2886: /);
    expect((await discover([first, second].join(","))).advice).toContain("agents-not-named");
  });
});

describe("a system with two addresses is listed once", () => {
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

  it("two clusters with the same name, id and internal addresses are listed separately", async () => {
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

  it("servers with the same address and different keys are listed separately", () => {
    const identity = (key: string) => ({ name: "obcluster", keys: { "127.0.0.1:2886": key } });
    expect([isSame(identity("a"), identity("a")), isSame(identity("a"), identity("b"))]).toEqual([true, false]);
    expect(isSame(identity("a"), { name: "obcluster", keys: { "127.0.0.2:2886": "b" } })).toBe(true);
    expect(isSame(identity("a"), { name: "other", keys: {} })).toBe(false);
  });
});

it("an invalid connection is reported with the options of the command", async () => {
  const { run } = rig((clock) => [redis(clock)], { env });
  const { code, err } = await run("discover", "redis-enterprise", "--endpoint", "http://10.0.0.1:9443");
  expect(code).toBe(2);
  expect(err).toContain("set `--allow-plain-http` to true");
});

it("a failed read is reported with the options of the command", async () => {
  const { run } = rig((clock) => [obshell(clock)], { env });
  const project = ["--project-id", taurusdb.DEFAULTS.projectId];
  const { code, err } = await run("discover", "taurusdb", "--endpoint", "http://10.77.0.2:2886", ...project);
  expect(code).toBe(1);
  expect(err).toContain("Check `--endpoint` and `--region`; `--endpoint` is an address such as");
});

it("a missing credential is reported without an argument, because no option sets it", async () => {
  const { run } = rig((clock) => [taurus(clock)], { env: {} });
  const { err } = await run("discover", "taurusdb", ...REGION);
  expect(err).toContain("accessKey is missing (config `huaweicloud:accessKey`, environment `HW_ACCESS_KEY`");
});
