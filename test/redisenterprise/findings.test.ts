import { describe, expect, it } from "vitest";
import type { ClusterOptions } from "../simulators/redisenterprise";
import { CACHE, type Rig, rig } from "./rig";

type Args = Record<string, unknown>;

/** Fails the preview with the property, fails apply, and no request is sent. */
async function refused(world: Rig, args: Args, property: string, text: RegExp): Promise<void> {
  const { failures } = await world.lifecycle.check({}, args);
  expect(failures).toEqual([{ property, reason: expect.stringMatching(text) }]);
  await expect(world.lifecycle.create(args)).rejects.toThrow(text);
  await expect(world.lifecycle.create(args)).rejects.toThrow(/\[blocked\]/);
  expect(world.cluster.journal.count("POST")).toBe(0);
}

/** A warning in the preview, an error of apply, and no request is sent. */
async function warned(world: Rig, args: Args, text: RegExp): Promise<void> {
  expect((await world.lifecycle.check({}, args)).failures).toEqual([]);
  expect(world.lines.find(({ severity }) => severity === "WARNING")?.message).toMatch(text);
  await expect(world.lifecycle.create(args)).rejects.toThrow(text);
  expect(world.cluster.journal.count("POST")).toBe(0);
}

describe("modules that can never reach their targets", () => {
  const cases: [string, ClusterOptions, Args, RegExp][] = [
    [
      "one that the cluster does not have",
      {},
      { redisgraph: "2.10" },
      /This cluster has no module redisgraph\. Database 1 \(cache\) has search, ReJSON; the cluster ships bf, ReJSON, search, timeseries\./,
    ],
    [
      "one that the database does not have",
      { softwareVersion: "7.22.2-10" },
      { timeseries: "1.12.4" },
      /Database 1 \(cache\) does not have the module timeseries, and modules can only be added when a database is created\. Specify only modules that it has: search, ReJSON\./,
    ],
    [
      "one that the database does not have, and that no upgrade adds",
      { modules: [{ name: "own", version: "1.0.0" }] },
      { own: "1" },
      /does not have the module own, .* Specify only modules that it has/,
    ],
    [
      "a version for an older Redis",
      { databases: [{ ...CACHE, modules: [{ name: "bf", version: "2.6.1" }] }] },
      { bf: "2.6.18" },
      /bf 2\.6\.18 needs Redis 7\.2; database 1 \(cache\) runs Redis 7\.4\.2\. Choose a version that is compatible with the current Redis\./,
    ],
    [
      "a version for an older major version of Redis on a cluster that ships Redis 8",
      {
        softwareVersion: "8.0.10-1",
        modules: [{ name: "own", version: "1.1.0", minRedisVersion: "6.0" }],
        databases: [{ ...CACHE, modules: [{ name: "own", version: "1.0.0" }] }],
      },
      { own: "1.1.0" },
      /own 1\.1\.0 needs Redis 6\.0 or later, below 7; .* runs Redis 7\.4\.2\. Choose a version that is compatible/,
    ],
    [
      "a version that the cluster does not ship",
      {},
      { search: "2.10.99" },
      /does not ship search 2\.10\.99; it ships 2\.6\.29, 2\.8\.26, 2\.10\.17, 7\.99\.91\./,
    ],
    [
      "a minimum above all versions that it ships",
      {},
      { search: ">=9" },
      /does not ship search >=9; it ships 2\.6\.29, /,
    ],
    [
      "one that needs newer software",
      {
        softwareVersion: "7.22.2-10",
        modules: [{ name: "search", version: "2.11.0", compatibleRedisVersion: "7.4", minRedisPackVersion: "7.23.0" }],
      },
      { search: "2.11" },
      /search 2\.11\.0 needs Redis Enterprise 7\.23\.0; the nodes run 7\.22\.2-10\./,
    ],
    [
      "one that cannot be a replica of another database",
      {
        databases: [{ ...CACHE, replicaSync: "paused" }],
        modules: [
          {
            name: "search",
            version: "2.11.0",
            compatibleRedisVersion: "7.4",
            capabilities: ["failover_migrate", "persistence_aof"],
          },
        ],
      },
      { search: "2.11" },
      /search 2\.11\.0 lacks capabilities that database 1 \(cache\) uses: replica_of\./,
    ],
    [
      "one that lacks what the database uses",
      { modules: [{ name: "search", version: "2.11.0", compatibleRedisVersion: "7.4", capabilities: ["clustering"] }] },
      { search: "2.11" },
      /search 2\.11\.0 lacks capabilities that database 1 \(cache\) uses: failover_migrate, persistence_aof\./,
    ],
  ];

  it.each(cases)("%s", async (_, options, modules, text) => {
    const world = rig(options);
    await refused(world, world.modules({ modules }), "modules", text);
  });

  it("prevent the upgrade of the others as well", async () => {
    const world = rig();
    await refused(world, world.modules({ modules: { search: "2.10.17", nope: "1" } }), "modules", /no module nope/);
    expect(world.messages()[0]).toMatch(/^search 2\.10\.8 → 2\.10\.17, nope → 1, /);
  });

  it("are reported together", async () => {
    const world = rig();
    const { failures } = await world.lifecycle.check({}, world.modules({ modules: { nope: "1", search: "9" } }));
    expect(failures?.map(({ reason }) => reason)).toEqual([
      expect.stringContaining("no module nope"),
      expect.stringContaining("does not ship search 9"),
    ]);
  });

  it("have no effect on a module that is ahead of its target, because nothing is downgraded", async () => {
    const world = rig();
    const { outs } = await world.lifecycle.create(world.modules({ modules: { search: "2.8.26" } }));
    expect(outs).toMatchObject({ status: "newer" });
    expect(world.writes()).toBe(0);
  });
});

describe("modules that require another Redis version", () => {
  const cases: [string, ClusterOptions, Args, RegExp][] = [
    [
      "a version for a later one",
      {},
      { search: "7.99.91" },
      /search 7\.99\.91 needs Redis 8\.0; database 1 \(cache\) runs Redis 7\.4\.2\. Upgrade the database first, with a redisenterprise\.DatabaseVersion and `redisVersion` "8\.0" that this resource depends on/,
    ],
    [
      "one that declares no Redis version, but a higher minimum",
      { modules: [{ name: "search", version: "2.11.0", minRedisVersion: "7.9" }] },
      { search: "2.11" },
      /search 2\.11\.0 needs Redis 7\.9 or later, below 8; .*DatabaseVersion that this resource depends on/,
    ],
    [
      "one that Redis 8 adds",
      {},
      { timeseries: ">=8" },
      /does not have the module timeseries, .* It has search, ReJSON\. An upgrade to Redis 8 adds timeseries: do that first/,
    ],
  ];
  it.each(cases)("%s: a warning in the preview, an error of apply", async (_, options, modules, text) => {
    const world = rig(options);
    await warned(world, world.modules({ modules }), text);
  });

  it("are upgraded after it, in one program", async () => {
    const world = rig();
    const pins = world.modules({ modules: { search: ">=7.99", bf: "8.0.1" } });
    expect((await world.lifecycle.check({}, world.redis())).failures).toEqual([]);
    expect((await world.lifecycle.check({}, pins)).failures).toEqual([]);
    await world.lifecycle.create(world.redis());
    const { outs } = await world.lifecycle.create(pins);
    expect(outs).toMatchObject({ status: "current", members: { search: "7.99.91", bf: "8.0.1" } });
    expect(world.writes()).toBe(1);
  });
});

describe("databases that are not found", () => {
  const databases = [CACHE, { ...CACHE, name: "twin" }, { ...CACHE, name: "twin" }];

  it.each([
    ["modules", (world: Rig, args: Args) => world.modules(args)],
    ["Redis", (world: Rig, args: Args) => world.redis(args)],
  ] as const)("are reported with the existing ones (%s)", async (_, inputs) => {
    const there =
      /no database (7|named "Cache") that this user may see\. Visible databases: 1 \(cache\), 2 \(twin\), 3 \(twin\)\./;
    for (const which of [{ databaseId: 7 }, { databaseName: "Cache" }]) {
      const world = rig({ databases });
      await refused(world, inputs(world, which), Object.keys(which)[0] ?? "", there);
      expect(world.messages()).toEqual([
        expect.stringMatching(/^nothing → .*, not possible as written · blocked: database not there$/),
      ]);
    }
  });

  it("because several have the name are reported with their uids", async () => {
    const world = rig({ databases });
    await refused(
      world,
      world.modules({ databaseName: "twin" }),
      "databaseName",
      /Several databases are named "twin": 2, 3\. Set `databaseId` to the uid/,
    );
  });

  it("because they are no Redis databases are reported as such", async () => {
    const world = rig({ databases: [{ name: "old", type: "memcached", modules: [] }] });
    await refused(world, world.redis(), "databaseId", /Database 1 \(old\) is a memcached database/);
  });

  it("are removed from the state by a refresh", async () => {
    const world = rig({ databases });
    const state = { ...world.modules({ databaseId: 7 }), status: "current", members: { search: "2.10.17" } };
    expect(await world.lifecycle.read("id", state)).toEqual({});
  });
});

describe("Redis versions that can never be reached", () => {
  it("because not all nodes can run them", async () => {
    const world = rig();
    await refused(
      world,
      world.redis({ redisVersion: "8.6" }),
      "redisVersion",
      /Not every node can run Redis 8\.6; all of them can run 8\.0, 7\.4, 7\.2, 6\.2\./,
    );
  });

  it("are also determined from the documented format of nodes", async () => {
    const world = rig({ switches: { supportedVersions: "documented" } });
    await refused(world, world.redis({ redisVersion: "9" }), "redisVersion", /can run 8\.0, 7\.4, 7\.2, 6\.2\./);
  });

  it("because of the cluster's policy", async () => {
    const world = rig({ policy: { redisUpgradePolicy: "major" } });
    for (const node of world.cluster.state.nodes) {
      node.supported = node.supported.map((one) => ({ ...one, major: one.redisVersion !== "8.0" }));
    }
    await refused(
      world,
      world.redis(),
      "redisVersion",
      /policy allows only major versions of Redis, and 8\.0 is not one/,
    );
  });

  it("because of data on flash", async () => {
    const world = rig({ databases: [{ ...CACHE, bigstore: true }] });
    await refused(world, world.redis(), "redisVersion", /Redis 8\.0 does not support databases with data on flash/);
  });

  it("because no build of a module runs on them", async () => {
    const world = rig({ databases: [{ ...CACHE, modules: [{ name: "rg", version: "1.2.7" }] }] });
    await refused(world, world.redis(), "redisVersion", /ships no build of rg for Redis 8\.0 that is at least as new/);
  });

  it("because their builds lack a feature that the database uses", async () => {
    const world = rig({
      databases: [{ ...CACHE, modules: [{ name: "rg", version: "1.2.13" }], replicaSync: "enabled" }],
      modules: [
        {
          name: "rg",
          version: "8.0.0",
          compatibleRedisVersion: "8.0",
          capabilities: ["failover_migrate", "persistence_aof"],
        },
      ],
    });
    const lacking = /rg 8\.0\.0 lacks capabilities that database 1 \(cache\) uses: replica_of\./;
    await refused(world, world.redis(), "redisVersion", lacking);
  });

  it.each([
    ["bundled", "redisVersion", /ships no build of own for Redis 7\.2 that is at least as new/],
    ["keep", "modules", /own 1\.0\.0 cannot run on Redis 7\.2/],
  ])("because a module declares another major version and the cluster ships Redis 8 (%s)", async (...row) => {
    const [modules, property, text] = row;
    const own = { name: "own", version: "1.0.0" };
    const world = rig({
      softwareVersion: "8.0.10-1",
      modules: [{ ...own, minRedisVersion: "6.0" }],
      databases: [{ ...CACHE, redisVersion: "6.2", modules: [own] }],
    });
    await refused(world, world.redis({ redisVersion: "7.2", modules }), property, text);
  });

  it("because of modules that are kept and cannot run on them", async () => {
    const world = rig({ databases: [{ ...CACHE, modules: ["search"] }] });
    await refused(
      world,
      world.redis({ modules: "keep" }),
      "modules",
      /search 2\.10\.17 cannot run on Redis 8\.0\. Set `modules` to `bundled`/,
    );
  });
});

describe("states of the cluster", () => {
  it.each([
    ["modules", (world: Rig) => world.modules({ modules: { search: ">=2.10.9" } })],
    ["Redis", (world: Rig) => world.redis()],
  ] as const)("with nodes of different versions prevent the upgrade (%s)", async (_, inputs) => {
    const world = rig({ softwareVersion: "8.0.10-1" });
    world.cluster.control.upgradeNode(3, "8.0.20-5");
    await warned(
      world,
      inputs(world),
      /nodes run different versions of Redis Enterprise: 8\.0\.20-5, 8\.0\.10-1\. Finish/,
    );
  });

  it("during its own upgrade prevent the upgrade as well", async () => {
    const world = rig();
    const cluster = { name: "cluster.local", created_time: "2025-12-02T00:00:00Z", upgrade_in_progress: true };
    const fault = {
      kind: "replace",
      status: 200,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(cluster),
    } as const;
    world.cluster.faults.add({ match: { path: "/v1/cluster" }, times: Number.POSITIVE_INFINITY, fault });
    await warned(world, world.modules(), /The cluster is being upgraded\./);
  });
});

describe("conditions that could not be read", () => {
  const body = JSON.stringify({ error_code: "internal_error", description: "internal error" });
  const replaced = (status: number) =>
    ({ kind: "replace", status, headers: { "content-type": "application/json" }, body }) as const;
  const ACTIVE = { ...CACHE, crdtGuid: "552bbccb-99f3-4142-bd17-93d245f0bc79", otherClusters: ["other.local"] };
  const TASKS = "/v1/crdb_tasks";

  it.each([
    ["/v1/cluster/policy", 500, "The upgrade policy of the cluster", CACHE],
    [TASKS, 403, "The list of tasks of Active-Active databases", { ...ACTIVE, modules: [] }],
  ])("are a warning in the preview: %s, HTTP %s", async (path, status, subject, database) => {
    const world = rig({ databases: [database] });
    world.cluster.faults.add({ match: { path }, times: Number.POSITIVE_INFINITY, fault: replaced(status) });
    expect((await world.lifecycle.check({}, world.redis())).failures).toEqual([]);
    const warnings = world.lines.filter(({ severity }) => severity === "WARNING").map(({ message }) => message);
    expect(warnings).toEqual([expect.stringContaining(`${subject} could not be read and was not checked: `)]);
  });

  it.each([
    ["/v1/nodes", ACTIVE],
    ["/v1/modules", CACHE],
    ["/v1/actions", CACHE],
  ])("are unreachable, not missing, if a proxy temporarily has no %s", async (path, database) => {
    const world = rig({ databases: [database] });
    const { cluster, lifecycle } = world;
    const target = path === "/v1/actions" ? /^\/v1\/actions/ : path;
    const nothing = { kind: "replace", status: 404, headers: { server: "envoy" }, body: "" } as const;
    cluster.faults.add({ match: { path: target }, times: 6, fault: nothing });
    expect((await lifecycle.check({}, world.redis())).failures).toEqual([]);
    expect(world.messages()).toEqual([expect.stringMatching(/^cannot plan: .*GET \S+ returned "not found"/)]);
    const { outs } = await lifecycle.create(world.redis());
    expect(outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });

  it("are waited for before a request if only they show a queued upgrade", async () => {
    const world = rig({ databases: [ACTIVE] });
    const { cluster, lifecycle } = world;
    cluster.faults.add({ match: { path: TASKS }, times: 6, fault: replaced(500) });
    await lifecycle.check({}, world.redis());
    expect(world.lines.map(({ message }) => message).join("\n")).toMatch(
      /cannot plan: .*tasks of Active-Active databases could not be read/,
    );
    const { outs } = await lifecycle.create(world.redis());
    expect(outs).toMatchObject({ status: "current" });
    const entries = cluster.journal.entries.map(({ method, target, status }) => `${method} ${target} ${status}`);
    const sent = entries.findIndex((entry) => entry.startsWith("POST") && /crdbs|upgrade/.test(entry));
    expect(entries.slice(0, sent).filter((entry) => entry.startsWith(`GET ${TASKS} 200`)).length).toBeGreaterThan(1);
    expect(entries.slice(0, sent).filter((entry) => entry.startsWith(`GET ${TASKS} 500`))).toHaveLength(6);
  });
});

const UNPROTECTED = { ...CACHE, replication: false, persistence: "disabled" } as const;
const TYPES: [string, (world: Rig, args?: Args) => Args][] = [
  ["modules", (world, args) => world.modules(args)],
  ["Redis", (world, args) => world.redis(args)],
];

describe.each(TYPES)("a database with neither replication nor persistence (%s)", (_, inputs) => {
  it.each(["accepted", "refused"] as const)(
    "is not upgraded without consent, which the preview reports, even if the server would accept it (%s)",
    async (missingConsent) => {
      const world = rig({ databases: [UNPROTECTED], switches: { missingConsent } });
      const { failures } = await world.lifecycle.check({}, inputs(world));
      expect(failures).toEqual([
        {
          property: "mayDiscardData",
          reason: expect.stringMatching(
            /neither replication nor persistence: .* deletes all data\. .*`mayDiscardData` to true/,
          ),
        },
      ]);
      for (const mayDiscardData of [undefined, false]) {
        await expect(world.lifecycle.create(inputs(world, { mayDiscardData }))).rejects.toThrow(
          /mayDiscardData: Database 1 \(cache\) has neither .*\[blocked\]/,
        );
      }
      expect(world.cluster.journal.count("POST")).toBe(0);
      expect(world.cluster.lostKeys).toBe(0);
    },
  );

  it.each(["accepted", "refused"] as const)(
    "is upgraded with consent, and loses its data (%s)",
    async (missingConsent) => {
      const world = rig({ databases: [UNPROTECTED], switches: { missingConsent } });
      const args = inputs(world, { mayDiscardData: true });
      expect((await world.lifecycle.check({}, args)).failures).toEqual([]);
      expect(world.messages()[0]).toContain(
        "with downtime and the loss of all its data: the database is neither replicated nor persistent",
      );
      const { outs } = await world.lifecycle.create(args);
      expect(outs).toMatchObject({ status: "current" });
      expect(world.cluster.lostKeys).toBe(1000);
    },
  );

  it("needs no consent if it is up to date", async () => {
    const there = { ...UNPROTECTED, redisVersion: "8.0", modules: ["search", "ReJSON"] };
    const world = rig({ databases: [there] });
    const pin = "redisVersion" in inputs(world) ? {} : { modules: { search: ">=7", ReJSON: ">=7" } };
    const { outs } = await world.lifecycle.create(inputs(world, pin));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(0);
  });

  it("that was protected in the preview and no longer is, is not upgraded by apply", async () => {
    const world = rig();
    expect((await world.lifecycle.check({}, inputs(world))).failures).toEqual([]);
    world.cluster.control.setDatabase(1, { replication: false, persistence: "disabled" });
    await expect(world.lifecycle.create(inputs(world))).rejects.toThrow(/mayDiscardData/);
    expect(world.writes()).toBe(0);
  });
});

describe.each(TYPES)("a database without replication, but with persistence (%s)", (_, inputs) => {
  it("is upgraded with a warning about the downtime in the plan", async () => {
    const world = rig({ databases: [{ ...CACHE, replication: false }] });
    expect((await world.lifecycle.check({}, inputs(world))).failures).toEqual([]);
    expect(world.messages()).toEqual([expect.stringContaining("with downtime: the database is not replicated")]);
    const { outs } = await world.lifecycle.create(inputs(world));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.cluster.lostKeys).toBe(0);
  });
});

describe.each(TYPES)("a server that does not report the protection of a database (%s)", (_, inputs) => {
  it("has its database treated as unprotected", async () => {
    const world = rig({ databases: [CACHE] });
    const plain = {
      uid: 1,
      name: "cache",
      status: "active",
      redis_version: "7.4",
      module_list: [
        { module_name: "search", module_id: "x", semantic_version: "2.10.8", module_args: "" },
        { module_name: "ReJSON", module_id: "y", semantic_version: "2.8.4", module_args: null },
      ],
    };
    const fault = {
      kind: "replace",
      status: 200,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(plain),
    } as const;
    world.cluster.faults.add({ match: { path: "/v1/bdbs/1" }, times: 99, fault });
    const { failures } = await world.lifecycle.check({}, inputs(world));
    expect(failures?.map(({ property }) => property)).toEqual(["mayDiscardData"]);
  });
});
