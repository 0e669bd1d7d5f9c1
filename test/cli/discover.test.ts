import { describe, expect, it } from "vitest";
import { UpgradeError } from "../../provider/core/errors";
import { taurusdb } from "../simulators";
import { cloud, oceanbase, redisEnterprise } from "./discovering";
import { rig } from "./rig";
import { ENVIRONMENT as env, failMaintenance, obshell, REGION, taurus } from "./worlds";

describe("discover oceanbase", () => {
  it("lists the database and the agents, with what can be upgraded to and what is needed", async () => {
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

  it("tells a failed task that holds the cluster, with the way on", async () => {
    const { discover } = oceanbase(failMaintenance);
    const { out, code } = await discover();
    expect(out).toMatch(/failed and keeps the lock\./);
    expect(code).toBe(0);
  });

  it("tells what is against an upgrade", async () => {
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

  it("manages a half-upgraded cluster by a minimum version", async () => {
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

  it("names databases of one name by their uid", async () => {
    const { discover } = redisEnterprise(({ control }) => {
      control.addDatabase({ name: "cache", redisVersion: "7.4" });
    });
    const { out } = await discover("--write", "ts");
    expect(out).toContain("databaseId: 1,");
    expect(out).toContain('new redisenterprise.DatabaseVersion("cache-2"');
  });

  it("tells that an upgrade would empty a database", async () => {
    const { discover } = redisEnterprise(({ control }) => {
      control.addDatabase({ name: "scratch", redisVersion: "7.2", replication: false, persistence: "disabled" });
    });
    const { out } = await discover();
    expect(out).toMatch(/scratch .* not replicated, no persistence +1\n/);
    expect(out).toMatch(/ 1 {2}Database 3 \(scratch\) has neither replication nor persistence/);
  });
});

describe("discover taurusdb", () => {
  it("lists the instances of the region's project, and StarRocks beside them", async () => {
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

  it("has a resource for the instances of each kernel", async () => {
    const { discover } = cloud(3, ({ control, instances }) => control.setKernel("2.0.75.260300", instances[2]?.id));
    const { out } = await discover("--write", "fleet");
    expect(out).toContain("taurusdb:\n    kind: taurusdb.KernelVersion");
    expect(out).toMatch(/taurusdb-2:\n {4}kind: taurusdb\.KernelVersion\n[\s\S]*version: 2\.0\.75\.260300/);
  });

  it("takes only instances with a tag, and writes none of it into the program", async () => {
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
    expect((await discover("--tag", "env")).err).toMatch(/tag\.0 must be a key and a value/);
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
    }).toEqual({ lists: 6, details: 26, offers: 500, starRocks: 500, tasks: 13 });
    expect(requests.length).toBeLessThan(1_060);
    expect(progress).toContain(`50% 125 of 250 instances · TaurusDB in cn-north-4, project ${second}`);
    expect(writes).toEqual([]);
  });

  it("shows one project although the other cannot be read", async () => {
    const { run } = rig((clock) => [taurus(clock)], { env });
    const projects = [taurusdb.DEFAULTS.projectId, "c".repeat(32)].flatMap((id) => ["--project-id", id]);
    const { code, out, err } = await run("discover", "taurusdb", ...REGION, ...projects);
    expect(code).toBe(2);
    expect(out).toContain("4 databases");
    expect(err).toMatch(/^incomplete: TaurusDB in cn-north-4, project c{32} could not be read: .*\[\w+\]\n$/);
  });

  it("waits where the gateway allows no more requests", async () => {
    const { discover, progress } = cloud(3, ({ control }) => control.gateway.throttle(12));
    expect((await discover()).code).toBe(0);
    expect(progress.some((line) => line.includes("is throttling requests"))).toBe(true);
  });
});

it("ends with 130 at ^C, and asks nothing more", async () => {
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
  // Those that were under way.
  expect(requests.length).toBeLessThan(50);
});
