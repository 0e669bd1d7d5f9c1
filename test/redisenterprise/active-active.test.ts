import { describe, expect, it } from "vitest";
import { argumentsOf } from "../../provider/frontend/resource/properties";
import { crdbTaskId, newTaskId } from "../../provider/redisenterprise/active-active";
import type { ClusterOptions } from "../simulators/redisenterprise";
import { partial } from "../support/partial";
import { CACHE, type Rig, rig } from "./rig";

type Args = Record<string, unknown>;
const GUID = "552bbccb-99f3-4142-bd17-93d245f0bc79";
const CRDB_UPGRADE = `/v1/crdbs/${GUID}/upgrade`;
const posts = (world: Rig) => world.received.filter(({ method }) => method === "POST");
const OTHER = "cluster-b.local";
const NEW = "8.0.18-10";
const OLD = "8.0.16-33";
const at = (redisVersion: string, modules: typeof CACHE.modules | string[]) => ({
  ...CACHE,
  redisVersion,
  modules,
  crdtGuid: GUID,
  otherClusters: [OTHER],
});
const SIDES: [string, (world: Rig, args?: Args) => Args, string][] = [
  ["modules", (world, args) => world.modules({ modules: { search: "2.10.20" }, ...args }), "modules"],
  ["Redis", (world, args) => world.redis({ redisVersion: "7.4", ...args }), "redisVersion"],
];
const newCluster = (softwareVersion: string) =>
  rig({
    softwareVersion,
    databases: [
      at("7.2", [
        { name: "search", version: "2.8.1", args: "WORKERS 6" },
        { name: "ReJSON", version: "2.6.1", args: "" },
      ]),
    ],
  });

describe.each(SIDES)("a participant of an Active-Active database (%s)", (_, inputs, property) => {
  it("is rejected on clusters without the CRDB endpoint, which is named", async () => {
    const world = newCluster(OLD);
    const args = inputs(world, property === "modules" ? { modules: { search: ">=2.8.5" } } : {});
    const { failures } = await world.lifecycle.check({}, args);
    expect(failures).toEqual([
      {
        property,
        reason: expect.stringMatching(
          /Database 1 \(cache\) is a participant of an Active-Active database, and this cluster \(8\.0\.16-33\) has no call .*crdb-cli crdb update --crdb-guid \S+ --featureset-version true.*8\.0\.18 or later, where POST \/v1\/crdbs\/\{guid\}\/upgrade/,
        ),
      },
    ]);
    await expect(world.lifecycle.create(args)).rejects.toThrow(/\[blocked\]/);
    expect(posts(world)).toEqual([]);
  });

  it("that is up to date is adopted on any cluster", async () => {
    const world = rig({ softwareVersion: OLD, databases: [at("7.4", ["search"])] });
    const { outs } = await world.lifecycle.create(
      inputs(world, property === "modules" ? { modules: { search: "2.10" } } : {}),
    );
    expect(outs).toMatchObject({ status: "current" });
  });

  it("needs a separate permission", async () => {
    const world = newCluster(NEW);
    world.cluster.control.addUser({ email: "viewer@x", password: "view-only", role: "cluster_viewer" });
    const args = inputs(world, { username: "viewer@x", password: "view-only" });
    if (property === "modules") Object.assign(args, { modules: { search: ">=2.8.5", ReJSON: ">=2.6.5" } });
    await expect(world.lifecycle.create(args)).rejects.toThrow(
      /requires the permission upgrade_crdb, which the roles admin/,
    );
  });
});

describe("the CRDB request", () => {
  it("upgrades Redis on all participants, and its task is waited for", async () => {
    const world = newCluster(NEW);
    const { outs } = await world.lifecycle.create(world.redis({ redisVersion: "7.4", keepCrdtProtocolVersion: true }));
    const [{ target, body } = { target: "", body: "" }] = posts(world);
    expect(target).toBe(CRDB_UPGRADE);
    expect(JSON.parse(body)).toEqual({
      redis_version: "7.4",
      keep_crdt_protocol_version: true,
    });
    expect(world.cluster.database(1).modules[0]).toMatchObject({ name: "search", args: "WORKERS 6" });
    const [task] = world.cluster.state.crdbTasks;
    expect(outs).toMatchObject({
      status: "current",
      currentVersion: "7.4.2",
      lastUpgrade: { task: `crdb_tasks/${task?.id}`, kind: "CRDB upgrade", state: "succeeded" },
    });
    expect(world.lines.some(({ message }) => message.startsWith(`CRDB task ${task?.id}: started`))).toBe(true);
    expect(world.cluster.database(1).crdtProtocolVersion).toBe(1);
  });

  it.each([
    ["8.0", ["search"], 1],
    ["8.0", [], 0],
    ["7.4", ["search"], 0],
  ] as const)("to Redis %s, with modules %j, is planned with %s warnings about their commands", async (...row) => {
    const [redisVersion, modules, warnings] = row;
    const world = rig({ softwareVersion: NEW, databases: [at("7.2", [...modules])] });
    await world.lifecycle.check({}, world.redis({ redisVersion }));
    expect(world.messages()).toHaveLength(1 + warnings);
    if (warnings > 0)
      expect(world.messages()[1]).toMatch(/^Do not send module commands to database 1 \(cache\) until every/);
  });

  it("requires a permission to read its task, which is named", async () => {
    const world = newCluster(NEW);
    const body = JSON.stringify({ error_code: "insufficient_permissions", description: "no" });
    const fault = { kind: "replace", status: 403, headers: { "content-type": "application/json" }, body } as const;
    world.cluster.faults.add({ match: { path: /^\/v1\/crdb_tasks\/./ }, times: Number.POSITIVE_INFINITY, fault });
    const { reasons } = await partial(world.lifecycle.create(world.redis({ redisVersion: "7.4" })));
    expect(reasons[0]).toContain("requires the permission view_crdb_task, which every built-in role holds");
  });

  it("names every module if modules are kept, because it has no other option", async () => {
    const own = { name: "own", version: "1.0.0", minRedisVersion: "7.1" };
    const world = rig({
      softwareVersion: NEW,
      databases: [at("7.2", [{ name: "own", version: "1.0.0", args: "" }])],
      modules: [own],
    });
    await world.lifecycle.create(world.redis({ redisVersion: "7.4", modules: "keep" }));
    const { uid } = world.cluster.database(1).modules[0] ?? { uid: "" };
    expect(JSON.parse(posts(world)[0]?.body ?? "").modules).toEqual([
      { current_module: uid, new_module: uid, new_module_args: "" },
    ]);
  });

  it("upgrades modules, and changes neither unnamed modules nor Redis", async () => {
    const world = rig({
      softwareVersion: NEW,
      databases: [at("7.2", [{ name: "search", version: "2.8.1", args: "WORKERS 6" }, "ReJSON"] as string[])],
    });
    const json = world.cluster.database(1).modules[1];
    world.cluster.control.addModule({ name: "ReJSON", version: "2.6.99", compatibleRedisVersion: "7.2" });
    const { outs } = await world.lifecycle.create(world.modules({ modules: { search: ">=2.8.5" } }));
    expect(outs).toMatchObject({ status: "current" });
    const { redisVersion, modules } = world.cluster.database(1);
    expect(redisVersion).toBe("7.2");
    expect(modules).toMatchObject([{ name: "search", args: "WORKERS 6" }, json]);
    expect(posts(world).map(({ target }) => target)).toEqual([CRDB_UPGRADE]);
  });

  it("is not sent if an unnamed module could not be kept", async () => {
    const world = newCluster(NEW);
    const args = world.modules({ modules: { search: ">=2.8.5" } });
    expect((await world.lifecycle.check({}, args)).failures).toEqual([]);
    expect(world.lines.at(-1)?.message).toMatch(
      /would also change ReJSON 2\.6\.1, because the cluster no longer ships the current builds/,
    );
    await expect(world.lifecycle.create(args)).rejects.toThrow(/Set a version for these modules too.*\[blocked\]/);
    expect(posts(world)).toEqual([]);
  });

  it("that fails is reported with the clusters' own reasons", async () => {
    const world = newCluster(NEW);
    world.cluster.control.fail({ error: "boom" });
    const { reasons } = await partial(world.lifecycle.create(world.redis({ redisVersion: "7.4" })));
    expect(reasons[0]).toMatch(/CRDB task \S+ failed: cluster\.local: boom \(internal_error\)\..*\[upgrade-failed\]/);
  });

  it("is recorded, and found by the upgrade of the participant", async () => {
    const world = newCluster(NEW);
    const args = world.redis({ redisVersion: "7.4" });
    const first = await partial(world.lifecycle.create({ ...args, __timeouts: { create: "6s" } }));
    expect(first.properties).toMatchObject({ status: "upgrading" });
    const { outs } = await world.lifecycle.update(first.id, first.properties, args);
    expect(outs).toMatchObject({ status: "current" });
    expect(posts(world)).toHaveLength(1);
  });
});

const MINUTE = 60_000;

const TYPES: [string, (world: Rig, args?: Args) => Args][] = [
  ["modules", (world, args) => world.modules({ modules: { search: ">=2.8.5", ReJSON: ">=2.6.5" }, ...args })],
  ["Redis", (world, args) => world.redis({ redisVersion: "7.4", ...args })],
];

/** An outdated participant, with another one whose part of an upgrade takes two minutes. */
function active(options: ClusterOptions = {}): Rig {
  const modules = [
    { name: "search", version: "2.8.1", args: "WORKERS 6" },
    { name: "ReJSON", version: "2.6.1", args: "" },
  ];
  const world = rig({
    softwareVersion: "8.0.18-10",
    databases: [{ ...CACHE, redisVersion: "7.2", modules, crdtGuid: GUID, otherClusters: [OTHER] }],
    ...options,
  });
  world.cluster.control.setParticipant(OTHER, { lastsMs: 2 * MINUTE });
  return world;
}

const taskOf = (world: Rig) => crdbTaskId(world.cluster.state.crdbTasks.at(-1)?.id ?? "");
const readsOf = (world: Rig, target: string) => world.received.filter((one) => one.target === target).length;
const arrived = (world: Rig) => world.cluster.database(1).machine?.status === "completed";
const seconds = (text: string) => ({ __timeouts: { create: text } });

describe("the id of a CRDB task", () => {
  it("is a new UUID for every request", () => {
    let seed = 1;
    const random = () => {
      seed = (seed * 16_807) % 2_147_483_647;
      return seed / 2_147_483_647;
    };
    const ids = Array.from({ length: 100 }, () => newTaskId(random));
    for (const id of ids) expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(new Set(ids).size).toBe(100);
  });

  it("is sent with the request, with the time that the result is kept", async () => {
    const world = active();
    const headers: Record<string, string | undefined>[] = [];
    world.cluster.onCall(({ request }) => {
      if (request.method === "POST") headers.push(request.headers);
    });
    const { outs } = await world.lifecycle.create(world.redis({ redisVersion: "7.4" }));
    expect(headers).toMatchObject([{ "x-result-ttl": "86400" }]);
    expect(outs).toMatchObject({
      lastUpgrade: { task: `crdb_tasks/${headers[0]?.["x-task-id"]}`, state: "succeeded" },
    });
  });
});

describe.each(TYPES)("an upgrade of all participants (%s)", (_, inputs) => {
  it("ends with the last participant", async () => {
    const world = active();
    const began = world.clock.now();
    const { outs } = await world.lifecycle.create(inputs(world));
    expect(world.clock.since(began)).toBeGreaterThan(2 * MINUTE);
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: taskOf(world), state: "succeeded" } });
    expect(posts(world)).toHaveLength(1);
  });

  it("that fails on another cluster has failed, and is not requested again while this one is up to date", async () => {
    const world = active();
    world.cluster.control.setParticipant(OTHER, { error: "no memory" });
    const { id, properties, reasons } = await partial(world.lifecycle.create(inputs(world)));
    expect(reasons[0]).toMatch(
      /CRDB task \S+ failed: cluster-b\.local: no memory \(internal_error\)\. Some participants may .*\[upgrade-failed\]/,
    );
    expect(properties).toMatchObject({ status: "failed", lastUpgrade: { state: "failed" } });
    const { outs } = await world.lifecycle.update(id, properties, inputs(world));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "failed" } });
    expect(posts(world)).toHaveLength(1);
  });

  it.each([
    ["while this participant is being upgraded", "6s", false],
    ["after this participant, but not the other", "60s", true],
  ])("is recorded, and joined by the next run %s", async (_when, limit, done) => {
    for (const crdbTaskList of [true, false]) {
      const world = active({ switches: { crdbTaskList } });
      const first = await partial(world.lifecycle.create(inputs(world, seconds(limit))));
      expect(first.properties).toMatchObject({ status: "upgrading", lastUpgrade: { task: taskOf(world) } });
      expect(arrived(world)).toBe(done);
      const { outs } = await world.lifecycle.update(first.id, first.properties, inputs(world));
      expect(world.cluster.now()).toBeGreaterThanOrEqual(world.cluster.state.crdbTasks[0]?.others[0]?.endsAt ?? 0);
      expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: taskOf(world), state: "succeeded" } });
      expect(outs["lastUpgrade"]).not.toHaveProperty("joined");
      expect(posts(world)).toHaveLength(1);
    }
  });

  it("that was recorded is still in progress for a refresh that finds this participant up to date", async () => {
    const world = active();
    const first = await partial(world.lifecycle.create(inputs(world, seconds("60s"))));
    expect(arrived(world)).toBe(true);
    const { props, inputs: read } = await world.lifecycle.read(first.id, first.properties);
    expect(props).toMatchObject({ status: "upgrading" });
    expect(read).toMatchObject({ ...argumentsOf(inputs(world)) });
    expect(await world.lifecycle.diff(first.id, props ?? {}, inputs(world))).toMatchObject({ changes: true });
    const { outs } = await world.lifecycle.update(first.id, props ?? {}, inputs(world));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: taskOf(world), state: "succeeded" } });
    expect((await world.lifecycle.read(first.id, outs)).props).toMatchObject({ status: "current" });
    expect(posts(world)).toHaveLength(1);
  });

  it.each([
    ["while this participant is being upgraded", "6s", 0],
    ["after this participant", "60s", 0],
    ["after all participants", "6s", 60 * MINUTE],
  ])(
    "that was recorded and fails on another cluster is reported by the run that begins %s",
    async (_when, limit, later) => {
      const world = active();
      world.cluster.control.setParticipant(OTHER, { error: "no memory" });
      const first = await partial(world.lifecycle.create(inputs(world, seconds(limit))));
      await world.clock.sleep(later);
      const second = await partial(world.lifecycle.update(first.id, first.properties, inputs(world)));
      expect(second.reasons[0]).toMatch(/cluster-b\.local: no memory .*\[upgrade-failed\]/);
      expect(second.properties).toMatchObject({
        status: "failed",
        lastUpgrade: { task: taskOf(world), state: "failed" },
      });
      expect(posts(world)).toHaveLength(1);
    },
  );

  it("whose result is no longer kept is reported as unknown, once", async () => {
    const world = active();
    const first = await partial(world.lifecycle.create(inputs(world, seconds("6s"))));
    await world.clock.sleep(2 * 24 * 60 * MINUTE);
    const { outs } = await world.lifecycle.update(first.id, first.properties, inputs(world));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "gone" } });
    expect(world.messages().at(-1)).toMatch(
      /the vendor no longer reports upgrade crdb_tasks\/\S+ .*\. Its result on the other/,
    );
    expect(posts(world)).toHaveLength(1);
  });

  it("is not waited for with wait: false, nor by the next run", async () => {
    const world = active();
    const args = inputs(world, { wait: false });
    const { id, outs } = await world.lifecycle.create(args);
    await world.clock.sleep(MINUTE);
    const again = await world.lifecycle.update(id, outs, args);
    expect(again.outs).toMatchObject({ status: "upgrading", lastUpgrade: { task: taskOf(world), state: "running" } });
    await world.clock.sleep(2 * MINUTE);
    const last = await world.lifecycle.update(id, again.outs, args);
    expect(last.outs).toMatchObject({ status: "current", lastUpgrade: { task: taskOf(world), state: "succeeded" } });
    expect(posts(world)).toHaveLength(1);
  });

  it("that is queued without a record is joined if the cluster lists it", async () => {
    const world = active({ timings: { crdbQueueMs: 5 * MINUTE } });
    await partial(world.lifecycle.create(inputs(world, seconds("6s"))));
    await world.lifecycle.check({}, inputs(world));
    expect(world.messages().at(-1)).toMatch(/^joins running upgrade crdb_tasks\/\S+ \(CRDB upgrade to a version that/);
    const { outs } = await world.lifecycle.create(inputs(world));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: taskOf(world), joined: true } });
    expect(posts(world)).toHaveLength(1);
  });

  it("whose task is temporarily unknown is resumed", async () => {
    const world = active();
    world.clock.after(10_000, () => {
      const path = `/v1/${taskOf(world)}`;
      const fault = { kind: "replace", status: 404, headers: {}, body: "" } as const;
      world.cluster.faults.add({ match: { method: "GET", path }, times: 2, fault });
    });
    const { outs } = await world.lifecycle.create(inputs(world));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(world.cluster.faults.pending).toBe(0);
  });
});

describe.each(TYPES)("a CRDB task that the cluster does not find once in the next run (%s)", (_, inputs) => {
  /** The same happens while the cluster elects its master. */
  function electing({ cluster }: Rig): void {
    const fault = { kind: "replace", status: 404, headers: {}, body: "" } as const;
    cluster.faults.add({ match: { method: "GET", path: /^\/v1\/crdb_tasks\/./ }, times: 1, fault });
  }

  it.each([
    ["accepted", undefined, "running"],
    ["lost", { kind: "hang", processed: true } as const, "unknown"],
  ])("is not requested again: its request was %s", async (_how, fault, state) => {
    const world = active({ timings: { crdbQueueMs: 5 * MINUTE }, switches: { crdbTaskList: false } });
    if (fault !== undefined) world.cluster.faults.add({ match: { method: "POST", path: CRDB_UPGRADE }, fault });
    const args = inputs(world);
    const first = await partial(world.lifecycle.create({ ...args, __timeouts: { create: "10s" } }));
    expect(first.properties).toMatchObject({ lastUpgrade: { state } });
    electing(world);
    const { outs } = await world.lifecycle.update(first.id, first.properties, args);
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(posts(world)).toHaveLength(1);
  });

  it("is waited for on the other participants", async () => {
    const world = active({});
    world.cluster.control.setParticipant("cluster-b.local", { lastsMs: 10 * MINUTE });
    const args = inputs(world);
    const first = await partial(world.lifecycle.create({ ...args, __timeouts: { create: "3m" } }));
    electing(world);
    const began = world.clock.now();
    const { outs } = await world.lifecycle.update(first.id, first.properties, args);
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(world.clock.now() - began).toBeGreaterThan(5 * MINUTE);
  });
});

describe.each(TYPES)("a CRDB request whose response is lost (%s)", (_, inputs) => {
  const lost = (world: Rig) =>
    world.cluster.faults.add({ match: { method: "POST", path: CRDB_UPGRADE }, fault: { kind: "loseReply" } });

  it("is found by the id of its task, even if it is queued for long", async () => {
    for (const crdbTaskList of [true, false]) {
      const world = active({ timings: { crdbQueueMs: 5 * MINUTE }, switches: { crdbTaskList } });
      lost(world);
      const { outs } = await world.lifecycle.create(inputs(world));
      expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: taskOf(world), state: "succeeded" } });
      expect(outs["lastUpgrade"]).not.toHaveProperty("joined");
      expect(posts(world)).toHaveLength(1);
    }
  });

  it.each([
    ["queued", 0],
    ["over", 60 * MINUTE],
  ])("is found by the next run if this one was stopped before its search (%s)", async (_state, later) => {
    const world = active({ timings: { crdbQueueMs: 5 * MINUTE }, switches: { crdbTaskList: false } });
    lost(world);
    let sent = false;
    world.cluster.onCall(({ request }) => {
      // No request gets a response after the upgrade request, until the run has ended.
      if (request.method !== "POST" || sent) return;
      sent = true;
      world.cluster.faults.add({
        match: { method: "GET" },
        times: Number.POSITIVE_INFINITY,
        fault: { kind: "refuse" },
      });
    });
    const first = await partial(world.lifecycle.create(inputs(world, seconds("20s"))));
    expect(first.properties["lastUpgrade"]).toMatchObject({ task: taskOf(world), state: "unknown" });
    world.cluster.faults.clear();
    await world.clock.sleep(later);
    const { outs } = await world.lifecycle.update(first.id, first.properties, inputs(world));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: taskOf(world), state: "succeeded" } });
    expect(posts(world)).toHaveLength(1);
  });

  it("with the request is reported as unconfirmed, and sent by the next run with another id", async () => {
    const world = active();
    world.cluster.faults.add({ match: { method: "POST", path: CRDB_UPGRADE }, fault: { kind: "reset" } });
    const first = await partial(world.lifecycle.create(inputs(world)));
    expect(first.reasons[0]).toMatch(/not sent again.*\[unconfirmed\]/);
    expect(first.properties).toMatchObject({ status: "behind", lastUpgrade: { state: "failed" } });
    expect(world.cluster.state.crdbTasks).toEqual([]);
    const { outs } = await world.lifecycle.update(first.id, first.properties, inputs(world));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.cluster.state.crdbTasks).toHaveLength(1);
  });

  it("is found by the observed version if the server assigns other ids", async () => {
    for (const crdbTaskList of [true, false]) {
      const world = active({ switches: { crdbTaskNamed: false, crdbTaskList } });
      lost(world);
      const { outs } = await world.lifecycle.create(inputs(world));
      expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
      expect(posts(world)).toHaveLength(1);
    }
  });
});

describe("reads of CRDB tasks", () => {
  it("are not sent for databases that are not Active-Active or are up to date", async () => {
    const plain = rig({ softwareVersion: "8.0.18-10", databases: [{ ...CACHE, modules: ["search"] }] });
    await plain.lifecycle.create(plain.redis({ redisVersion: "8.0" }));
    const there = active();
    await there.lifecycle.create(there.redis({ redisVersion: "7.2" }));
    for (const world of [plain, there]) {
      expect(world.received.filter(({ target }) => target.includes("crdb"))).toEqual([]);
    }
    const behind = active();
    await behind.lifecycle.check({}, behind.redis({ redisVersion: "7.4" }));
    expect(readsOf(behind, "/v1/crdb_tasks")).toBe(1);
  });
});
