import * as https from "node:https";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printed } from "../printed";
import { ManualClock, selfSigned } from "../shell";
import { RedisEnterpriseCluster, serveRedisEnterprise } from "./";
import { EventQueue } from "./queue";
import { CACHE, newTrial, Trial } from "./trial";

describe("a node that is not the master", () => {
  it("redirects with 307 to the master's address without checking credentials, with path and query", async () => {
    const trial = newTrial();
    const reply = await trial.get("/v1/bdbs?fields=uid", { node: 2, as: null });
    expect(reply).toMatchObject({ status: 307, text: "" });
    expect(reply.headers["location"]).toBe(`https://${trial.cluster.endpoints[0]}/v1/bdbs?fields=uid`);
    expect((await trial.call("POST", "/v1/bdbs/1/upgrade", {}, { node: 3 })).status).toBe(307);
    expect(trial.cluster.writes()).toHaveLength(0);
    trial.cluster.control.setSwitches({ redirectStatus: 302 });
    expect((await trial.get("/v1/bdbs", { node: 2 })).status).toBe(302);
  });

  it("handles requests itself with handle_redirects, and always reports its own state", async () => {
    const trial = newTrial();
    expect((await trial.get("/v1/bootstrap", { node: 2 })).status).toBe(200);
    trial.cluster.control.setSettings({ handleRedirects: true });
    expect((await trial.get("/v1/bdbs", { node: 2 })).status).toBe(200);
    expect((await trial.call("POST", "/v1/bdbs/1/upgrade", {}, { node: 3 })).status).toBe(200);
    expect(trial.cluster.writes()).toHaveLength(1);
  });
});

describe("the master", () => {
  it("can change immediately, and the previous master redirects", async () => {
    const trial = newTrial();
    trial.cluster.control.changeMaster(2);
    expect((await trial.get("/v1/bdbs")).headers["location"]).toContain(trial.cluster.endpoints[1]);
    expect(await trial.get("/v1/nodes/status", { node: 2 })).toMatchObject({
      json: { "1": { role: "slave" }, "2": { role: "master", software_version: "100.0.21-16135" } },
    });
  });

  it("is elected again when its node is down, and until then nodes return 503", async () => {
    const trial = newTrial();
    trial.cluster.control.stopNode(1);
    await expect(trial.get("/v1/bdbs")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect((await trial.get("/v1/bdbs", { node: 2 })).status).toBe(503);
    trial.clock.advance(3000);
    expect(trial.cluster.master).toBe(2);
    expect((await trial.get("/v1/bdbs", { node: 2 })).status).toBe(200);
    trial.cluster.control.startNode(1);
    expect((await trial.get("/v1/bdbs")).status).toBe(307);
  });

  it("does not exist without a quorum", async () => {
    const trial = newTrial();
    trial.cluster.control.stopNode(2);
    trial.cluster.control.stopNode(3);
    trial.clock.advance(60_000);
    expect((await trial.get("/v1/bdbs")).status).toBe(503);
    trial.cluster.control.startNode(2);
    trial.clock.advance(3000);
    expect((await trial.get("/v1/bdbs")).status).toBe(200);
  });
});

describe("a request", () => {
  it("must have an existing path and method", async () => {
    const trial = newTrial();
    for (const path of ["/v1/bdbs/1/modules", "/v1/bdbs/1/actions", "/v1/bdbs/x", "/v3/bdbs", "/v1/bdbs/", "/"]) {
      expect(await trial.get(path)).toMatchObject({ status: 404, text: "" });
    }
    expect((await trial.get("/v1/bdbs/1/upgrade")).status).toBe(405);
    expect((await trial.call("POST", "/v1/bdbs/1/actions/upgrade", {})).status).toBe(404);
    expect((await trial.call("DELETE", "/v1/actions/x")).status).toBe(405);
  });

  it("must have headers that the server supports", async () => {
    const trial = newTrial();
    expect((await trial.get("/v1/bdbs", { headers: { accept: "text/html" } })).status).toBe(400);
    expect((await trial.get("/v1/bdbs", { headers: { accept: "*/*" } })).status).toBe(200);
    const headers = { "content-type": "text/plain" };
    expect((await trial.call("POST", "/v1/bdbs/1/upgrade", {}, { headers })).status).toBe(400);
    for (const type of ["", "text/plain"]) {
      const reply = await trial.call("POST", "/v1/users/authorize", undefined, { headers: { "content-type": type } });
      expect(reply.status).toBe(400);
    }
    expect((await trial.get("/v1/bdbs", { headers: { "x-api-version": "7" } })).status).toBe(505);
  });

  it("is answered by the proxy with the recorded headers", async () => {
    const { headers } = await newTrial().get("/v1/bdbs");
    expect(headers).toMatchObject({ server: "envoy", "content-type": "application/json" });
    expect(Number(headers["cluster-state-id"])).toBeGreaterThan(0);
  });
});

describe("a served cluster", () => {
  type Options = https.RequestOptions & { readonly body?: string };

  function request(
    url: string,
    { body, ...options }: Options,
  ): Promise<{ status: number; location: string; text: string }> {
    return new Promise((resolve, reject) => {
      const call = https.request(url, { agent: false, ...options }, (response) => {
        let text = "";
        response.on("data", (chunk: Buffer) => {
          text += chunk.toString();
        });
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, location: response.headers.location ?? "", text }),
        );
      });
      call.on("error", reject).end(body);
    });
  }

  const auth = "admin@cluster.local:p@ss:w0rd";

  it("has a certificate for its name, but not for the addresses it redirects to", async () => {
    const cluster = new RedisEnterpriseCluster({ clock: new ManualClock(), databases: [CACHE] });
    const served = await serveRedisEnterprise(cluster);
    const [first = "", second = ""] = served.origins;
    const trusting = { ca: served.certificate, servername: "cluster.local", auth };
    try {
      expect((await request(`${first}/v1/cluster`, trusting)).status).toBe(200);
      expect(await request(`${second}/v1/cluster`, trusting)).toMatchObject({
        status: 307,
        location: `${first}/v1/cluster`,
      });
      await expect(request(`${first}/v1/cluster`, { auth })).rejects.toMatchObject({
        code: "DEPTH_ZERO_SELF_SIGNED_CERT",
      });
      await expect(request(`${first}/v1/cluster`, { auth, ca: served.certificate })).rejects.toMatchObject({
        code: "ERR_TLS_CERT_ALTNAME_INVALID",
      });
      expect(cluster.export().certificate?.cert).toBe(served.certificate);
    } finally {
      await served.close();
    }
  });

  it("accepts a client certificate instead of a password, if its subject is allowed", async () => {
    const { key, cert } = selfSigned(["ops.cluster.local"], { commonName: "ops" });
    const foreign = selfSigned([], { commonName: "ops" });
    const cluster = new RedisEnterpriseCluster({
      clock: new ManualClock(),
      settings: { certificateAuthentication: true, certificateValidation: "san_cn", certificateSubjects: ["ops"] },
    });
    cluster.control.addUser({ email: "ops", certificateSubject: "ops" });
    const served = await serveRedisEnterprise(cluster, { clientCa: cert });
    const url = `${served.origins[0]}/v1/cluster`;
    const trusting = { ca: served.certificate, servername: "cluster.local" };
    try {
      expect((await request(url, { ...trusting, key, cert })).status).toBe(200);
      expect((await request(url, { ...trusting, ...foreign })).status).toBe(401);
      expect((await request(url, trusting)).status).toBe(401);
      expect((await request(url, { ...trusting, auth })).status).toBe(200);
      cluster.control.setSettings({ certificateSubjects: ["other"] });
      expect((await request(url, { ...trusting, key, cert })).status).toBe(401);
      cluster.control.setSettings({ certificateValidation: "full_subject", certificateSubjects: ["CN=ops"] });
      expect((await request(url, { ...trusting, key, cert })).status).toBe(200);
    } finally {
      await served.close();
    }
  });

  it("does not answer plain HTTP on its TLS port", async () => {
    const served = await serveRedisEnterprise(new RedisEnterpriseCluster({ clock: new ManualClock(), nodes: 1 }));
    try {
      await expect(fetch(`${served.origins[0]?.replace("https", "http")}/v1/cluster`)).rejects.toThrow("fetch failed");
    } finally {
      await served.close();
    }
  });

  it("closes the port of a node that is down, and serves plain HTTP if configured", async () => {
    const cluster = new RedisEnterpriseCluster({ clock: new ManualClock(), nodes: 2 });
    const served = await serveRedisEnterprise(cluster, { tls: false, tickMs: 5 });
    const [first = "", second = ""] = served.origins;
    try {
      const redirected = await fetch(`${second}/v1/cluster`, { redirect: "manual" });
      expect(redirected.headers.get("location")).toBe(`${first}/v1/cluster`);
      cluster.control.stopNode(2);
      await expect
        .poll(() => fetch(`${second}/v1/cluster`).catch((error) => error.cause.code), { interval: 5 })
        .toBe("ECONNREFUSED");
    } finally {
      await served.close();
    }
  });
});

const UPGRADE = "/v1/bdbs/1/modules/upgrade";

const search = (trial: Trial, uid = 1) => trial.upgradeModules([trial.item("search", "2.10.17", uid)], {}, uid);

describe("simulated time", () => {
  it("leads to the same final state of upgrades however often the simulator is called", async () => {
    const run = async (steps: readonly number[]): Promise<string> => {
      const trial = newTrial({ databases: [CACHE, { ...CACHE, shards: 3 }], switches: { busy: "queue" } });
      trial.cluster.control.fail({ database: 2, state: "prepare" });
      trial.cluster.control.busy(1, { ms: 2000 });
      await search(trial);
      await trial.upgrade({ redis_version: "8.0", parallel_shards_upgrade: 1 }, 2);
      const start = trial.clock.now();
      trial.cluster.control.stopNode(1);
      for (const step of steps) {
        trial.clock.advance(step);
        trial.cluster.tick();
      }
      trial.clock.set(start + 100_000);
      trial.cluster.control.startNode(1);
      trial.clock.advance(100_000);
      return JSON.stringify(trial.cluster.export());
    };
    const once = await run([]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 30 }), async (steps) => {
        expect(await run(steps)).toBe(once);
      }),
      { numRuns: 30 },
    );
  });

  it("does not advance when all timings are instant", async () => {
    const trial = newTrial({ timings: "instant" });
    expect((await search(trial)).json).toMatchObject({
      status: "active",
      module_list: [{ semantic_version: "2.10.8" }, {}],
    });
    expect(await trial.versions()).toMatchObject({ search: "2.10.17" });
    expect((await trial.database()).status).toBe("active");
  });

  it("can be advanced for one database, hung or not", async () => {
    const trial = newTrial();
    trial.cluster.control.hang({ state: "wait_for_version" });
    await search(trial);
    trial.clock.advance(3_600_000);
    expect(trial.machine()).toMatchObject({ status: "active", hung: true });
    trial.cluster.control.finish(1);
    expect(trial.machine()).toMatchObject({ status: "completed" });
    expect(() => trial.cluster.control.unhang(1)).toThrow("is running");
  });

  it("continues an upgrade after a hang", async () => {
    const trial = newTrial();
    trial.cluster.control.hang();
    await search(trial);
    trial.clock.advance(60_000);
    expect(trial.machine()?.at).toBe(0);
    trial.cluster.control.unhang(1);
    trial.settle();
    expect(await trial.versions()).toMatchObject({ search: "2.10.17" });
  });
});

describe("the event queue", () => {
  it("returns events by time, and in order at the same time", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (times) => {
        const queue = new EventQueue();
        const events = times.map((at, seq) => ({ at, seq, database: 1 }));
        for (const event of events) queue.push(event);
        const taken = events.map(() => queue.pop());
        expect(taken).toEqual([...events].sort((a, b) => a.at - b.at || a.seq - b.seq));
        expect([queue.peek(), queue.pop()]).toEqual([undefined, undefined]);
      }),
    );
  });
});

describe("a cluster", () => {
  it("runs thousands of upgrades at the same time", async () => {
    const trial = new Trial();
    const count = 3000;
    const statuses = new Set<number>();
    for (let uid = 1; uid <= count; uid += 1) trial.cluster.control.addDatabase(CACHE);
    for (let uid = 1; uid <= count; uid += 1) {
      trial.clock.advance(1);
      statuses.add((await search(trial, uid)).status);
    }
    expect([...statuses]).toEqual([200]);
    trial.clock.advance(60_000);
    const { databases } = trial.cluster.state;
    expect(databases.filter(({ modules }) => modules[0]?.version === "2.10.17")).toHaveLength(count);
    expect(trial.cluster.nextEventAt()).toBeUndefined();
  });

  it("lists other modules after its upgrade, and upgrades databases with auto_upgrade", async () => {
    const trial = new Trial({ softwareVersion: "8.0.10-64", databases: [{ ...CACHE, autoUpgrade: true }, CACHE] });
    trial.cluster.control.addModule({ name: "own", version: "1.0.0" });
    trial.cluster.control.upgradeCluster("8.2.0-25");
    trial.settle();
    expect(await trial.database(1)).toMatchObject({ redis_version: "8.6", status: "active" });
    expect(await trial.database(2)).toMatchObject({ redis_version: "7.4" });
    expect(trial.cluster.acceptedUpgrades).toMatchObject([{ database: 1, call: "auto_upgrade" }]);
    const modules = await trial.data<{ module_name: string; semantic_version: string }[]>("GET", "/v1/modules");
    expect(modules).toContainEqual(expect.objectContaining({ module_name: "own" }));
    expect(modules).not.toContainEqual(expect.objectContaining({ module_name: "search", semantic_version: "2.10.19" }));
  });

  it("does not upgrade an auto_upgrade database that cannot be upgraded or is busy", async () => {
    const stuck = { redisVersion: "7.4", modules: [{ name: "rg", version: "1.2.5" }], autoUpgrade: true };
    const trial = new Trial({ databases: [stuck, { ...CACHE, autoUpgrade: true }] });
    trial.cluster.control.busy(2);
    trial.cluster.control.upgradeCluster("100.0.22-1");
    expect(trial.cluster.acceptedUpgrades).toEqual([]);
  });

  it("can be set to other versions", async () => {
    const trial = newTrial();
    trial.cluster.control.setModule(1, { name: "bf", version: "2.8.7" });
    trial.cluster.control.setModule(1, { name: "search", version: "2.10.20" });
    trial.cluster.control.setRedis(1, "8.0");
    expect(await trial.database()).toMatchObject({ redis_version: "8.0", version: "8.0.0" });
    expect(await trial.versions()).toEqual({ search: "2.10.20", ReJSON: "2.8.4", bf: "2.8.7" });
    expect(() => trial.cluster.control.setModule(1, "rg")).toThrow("no module rg for Redis 8.0");
    expect(() => trial.cluster.control.setModule(9, "bf")).toThrow("no database 9");
  });
});

describe("the journal", () => {
  it("lists writes, including those with a lost response, and contains no secrets", async () => {
    const trial = newTrial();
    trial.cluster.faults.add({ match: { method: "POST", path: UPGRADE }, fault: { kind: "loseReply" } });
    await expect(search(trial)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect((await search(trial)).status).toBe(409);
    await trial.call("POST", "/v1/users/authorize");
    expect(trial.cluster.writes().map((entry) => [entry.status, entry.fault])).toEqual([
      [200, "loseReply"],
      [409, undefined],
    ]);
    expect(trial.cluster.acceptedUpgrades).toHaveLength(1);
    expect(JSON.stringify(trial.cluster.journal.entries)).not.toContain("p@ss");
  });

  it("is written after hooks that may change the cluster", async () => {
    const trial = newTrial();
    trial.cluster.onCall(({ host }) => trial.cluster.control.setDatabase(1, { name: host }));
    expect((await trial.database()).name).toBe("node1");
  });
});

describe("the exported state", () => {
  it("of an upgrade in progress can be resumed in another cluster", async () => {
    const first = newTrial();
    await search(first);
    first.clock.advance(3000);
    const state = JSON.parse(JSON.stringify(first.cluster.export()));
    const clock = new ManualClock(first.clock.now());
    const second = new RedisEnterpriseCluster({ clock, state });
    clock.advance(60_000);
    expect(second.database(1).modules[0]?.version).toBe("2.10.17");
    expect(first.machine()?.status).toBe("active");
    first.clock.advance(60_000);
    expect(second.export()).toEqual(first.cluster.export());
  });

  it("is the same for the same seed", async () => {
    const uid = async (seed: number) => (await search(newTrial({ seed }))).json["action_uid"];
    expect(await uid(1)).toBe(await uid(1));
    expect(await uid(1)).not.toBe(await uid(2));
  });
});

describe("npm run simulate", () => {
  it("prints its usage and rejects unknown modules", async () => {
    expect(await printed("redis-enterprise", "--help")).toEqual({
      code: 0,
      text: expect.stringContaining("--database"),
    });
    const text = expect.stringContaining("no module nope for Redis 7.4");
    expect(await printed("redis-enterprise", "--database", "cache=7.4:nope")).toEqual({ code: 2, text });
  });
});

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
