import { describe, expect, it } from "vitest";
import { CACHE, Trial } from "./trial";

type Row = Readonly<Record<string, unknown>>;

describe("a cluster as recorded", () => {
  it("reports the version of its nodes, but none of its own", async () => {
    const trial = new Trial();
    expect(JSON.stringify(await trial.data("GET", "/v1/cluster"))).not.toContain("100.0.21");
    const [node] = await trial.data<Row[]>("GET", "/v1/nodes");
    expect(node).toMatchObject({ uid: 1, status: "active", software_version: "100.0.21-16135" });
    expect(node?.["supported_database_versions"]).toEqual([
      { db_type: "redis", major: true, redis_version: "6.2", version: "6.2.13" },
      { db_type: "redis", major: true, redis_version: "7.2", version: "7.2.7" },
      { db_type: "redis", major: true, redis_version: "7.4", version: "7.4.2" },
      { db_type: "redis", major: true, redis_version: "8.0", version: "8.0.0" },
      { db_type: "memcached", version: "1.4.17" },
    ]);
    trial.cluster.control.setSwitches({ supportedVersions: "documented" });
    const documented = await trial.data<Row>("GET", "/v1/nodes/2");
    expect(documented["supported_database_versions"]).toContainEqual({ db_type: "redis", version: "7.4.2" });
    expect((await trial.get("/v1/nodes/9")).status).toBe(404);
    expect(await trial.data("GET", "/v1/bootstrap")).toMatchObject({
      local_node_info: { software_version: "100.0.21-16135" },
    });
  });

  it("lists sixteen modules with their recorded uids", async () => {
    const trial = new Trial();
    const modules = await trial.data<Row[]>("GET", "/v1/modules");
    expect(modules).toHaveLength(16);
    const uid = "b212cb64b206074750414b81d9fb1135";
    const search = await trial.data<Row>("GET", `/v1/modules/${uid}`);
    expect(modules).toContainEqual(search);
    expect(search).toMatchObject({
      uid,
      module_name: "search",
      display_name: "RediSearch 2",
      semantic_version: "2.10.17",
      version: 21017,
      compatible_redis_version: "7.4",
      is_bundled: true,
    });
    expect(search).not.toHaveProperty("min_redis_pack_version");
    expect((await trial.get("/v1/modules/1")).status).toBe(404);
    expect(await trial.data("GET", "/v1/cluster/module-capabilities")).toHaveProperty("all_capabilities");
    expect(await trial.data("GET", "/v1/cluster/policy")).toMatchObject({ default_provisioned_redis_version: "8.0" });
  });

  it("returns a database with the recorded fields, and the four fields of each module", async () => {
    const trial = new Trial({ databases: [{ ...CACHE, persistence: "disabled", replication: false }] });
    const database = await trial.database();
    expect(database).toMatchObject({
      uid: 1,
      status: "active",
      redis_version: "7.4",
      version: "7.4.2",
      background_op: [{ status: "idle" }],
      data_persistence: "disabled",
      replica_sync: "disabled",
      crdt_modules: "[]",
      shard_list: [1],
    });
    expect(database).not.toHaveProperty("action_uid");
    expect(database).not.toHaveProperty("persistence");
    expect(database.module_list[0]).toEqual({
      module_args: "WORKERS 6",
      module_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      module_name: "search",
      semantic_version: "2.10.8",
    });
    expect(JSON.stringify(database)).toContain("secret-of-database-1");
    trial.cluster.control.setSettings({ maskCredentials: true });
    expect(JSON.stringify(await trial.database())).not.toContain("secret");
  });

  it("returns only the requested fields, and lists databases", async () => {
    const trial = new Trial({ databases: [CACHE, { name: "other" }] });
    expect(await trial.data("GET", "/v1/bdbs?fields=uid,name")).toEqual([
      { uid: 1, name: "database-1" },
      { uid: 2, name: "other" },
    ]);
    expect(await trial.data("GET", "/v1/bdbs/1?fields=search&extended=true")).toEqual({ search: {} });
    expect(await trial.get("/v1/bdbs/7")).toMatchObject({ status: 404, code: "db_not_exist" });
    expect(await trial.data("GET", "/v1/shards")).toContainEqual(
      expect.objectContaining({ uid: "1", bdb_uid: "1", node_uid: "1", role: "master" }),
    );
  });
});

describe("a cluster of another build", () => {
  const versions = async (softwareVersion: string) => {
    const trial = new Trial({ softwareVersion, databases: [{ modules: ["search"] }] });
    const modules = await trial.data<Row[]>("GET", "/v1/modules");
    const policy = await trial.data<Row>("GET", "/v1/cluster/policy");
    return {
      redis: policy["default_provisioned_redis_version"],
      names: new Set(modules.map((module) => module["module_name"])).size,
      modules: modules.length,
      loaded: (await trial.database()).module_list[0]?.semantic_version,
      keys: Object.keys(modules[0] ?? {}),
      v2: (await trial.get("/v2/actions")).status,
      ofDatabase: (await trial.get("/v1/actions/bdb/1")).status,
    };
  };

  it("has the Redis versions, modules and requests of the build", async () => {
    expect(await versions("7.4.6-22")).toMatchObject({ redis: "7.2", modules: 8, v2: 404, ofDatabase: 200 });
    expect(await versions("7.2.4-52")).toMatchObject({ redis: "7.2", ofDatabase: 404 });
    expect(await versions("7.8.6-13")).toMatchObject({ redis: "7.4", modules: 12, v2: 404, loaded: "2.10.12" });
    expect(await versions("7.22.2-10")).toMatchObject({ redis: "7.4", modules: 12, v2: 200 });
    expect(await versions("8.2.0-25")).toMatchObject({ redis: "8.6", modules: 28, names: 4, loaded: "8.6.4" });
  });

  it("has the module fields of the build", async () => {
    const old = (await versions("7.4.6-22")).keys;
    expect(old).toEqual(expect.arrayContaining(["min_redis_pack_version", "platforms"]));
    expect(old).not.toContain("compatible_redis_version");
    expect((await versions("7.22.2-10")).keys).toContain("compatible_redis_version");
    expect((await versions("8.0.20-19")).keys).not.toContain("platforms");
  });
});

const HOUR = 3_600_000;

it("a database reports its last backup and its last export, and no fields before the first one", async () => {
  const trial = new Trial({ databases: [CACHE] });
  const { control } = trial.cluster;
  const fields = async () => {
    const view = await trial.data<Record<string, unknown>>("GET", "/v1/bdbs/1");
    return Object.fromEntries(Object.entries(view).filter(([name]) => /backup_|export_/.test(name)));
  };
  expect(await fields()).toEqual({});
  const text = (at: number) => new Date(at).toISOString().replace(/\.\d+Z$/, "Z");
  const first = trial.clock.now();
  control.addBackup(1);
  expect(await fields()).toEqual({
    backup_status: "succeeded",
    backup_progress: 100,
    last_backup_time: text(first),
  });
  control.addBackup(1, { status: "failed" });
  control.addBackup(1, { what: "export", startedAt: first, endsAt: first + HOUR });
  trial.clock.advance(HOUR / 2);
  expect(await fields()).toEqual({
    backup_status: "failed",
    backup_progress: 100,
    backup_failure_reason: "no-permission",
    last_backup_time: text(first),
    export_status: "exporting",
    export_progress: 50,
  });
  trial.clock.advance(HOUR / 2);
  expect(await fields()).toMatchObject({ export_status: "succeeded", last_export_time: text(first + HOUR) });
});
