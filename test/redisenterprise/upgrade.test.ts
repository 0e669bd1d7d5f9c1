import { describe, expect, it } from "vitest";
import type { SwitchChange } from "../simulators/redisenterprise";
import { partial } from "../support/partial";
import { CACHE, rig } from "./rig";
import { rigFor, SIDES } from "./sides";

describe.each(SIDES)("an outdated database (%s)", (_, side) => {
  it("is upgraded with one request, and waited for", async () => {
    const world = rigFor(side, "behind");
    const { id, outs } = await world.lifecycle.create(side.inputs(world));
    expect(world.writes()).toBe(1);
    expect(world.cluster.journal.count("POST", side.path)).toBe(1);
    expect(world.cluster.acceptedUpgrades).toHaveLength(1);
    expect(id).toBe("10.78.0.2:9443/bdb-1");
    const task = world.cluster.acceptedUpgrades[0]?.actionUid;
    expect(outs).toMatchObject({
      status: "current",
      [side.property]: side.pin,
      members: side.members,
      lastUpgrade: { task, kind: "SMUpgradeBDB", from: side.from, to: side.to, state: "succeeded" },
      __provider: "text",
    });
    expect(world.messages()).toEqual([
      `upgrade ${task} started`,
      expect.stringMatching(new RegExp(`^upgraded ${side.from} → ${side.to}(\\.2)? in \\d+ s$`)),
    ]);
  });

  it("reports the states of its state machine", async () => {
    const world = rigFor(side, "behind");
    await world.lifecycle.create(side.inputs(world));
    const messages = world.lines.filter((line) => line.ephemeral).map((line) => line.message);
    expect(messages.some((text) => /^0% SMUpgradeBDB: pending · \d+ s$/.test(text))).toBe(true);
    expect(messages.some((text) => /^83% SMUpgradeBDB: wait_for_version · \d+ s$/.test(text))).toBe(true);
  });

  it("is observed soon after its upgrade has ended, and not before the database shows the new version", async () => {
    const world = rigFor(side, "behind");
    await world.lifecycle.create(side.inputs(world));
    const { machine, status } = world.cluster.database(1);
    expect(status).toBe("active");
    expect(world.clock.since(machine?.heartbeat ?? 0)).toBeLessThan(2_000);
  });

  it("is not treated as upgraded because of the status active immediately after the request", async () => {
    const world = rigFor(side, "behind", { timings: { pendingMs: 120_000 } });
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(outs).toMatchObject({ status: "current", members: side.members });
    expect(world.writes()).toBe(1);
  });

  it("is not reported as upgraded before it is active again, regardless of its action", async () => {
    const world = rigFor(side, "behind");
    let completed = false;
    world.cluster.onCall(({ request }) => {
      if (
        completed ||
        !request.target.startsWith("/v1/actions/") ||
        world.cluster.database(1).machine?.status !== "completed"
      )
        return;
      completed = true;
      world.cluster.control.setDatabase(1, { status: "active-change-pending" });
      world.clock.after(25_000, () => world.cluster.control.setDatabase(1, { status: "active" }));
    });
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.clock.since(world.cluster.database(1).machine?.heartbeat ?? 0)).toBeGreaterThan(25_000);
    const messages = world.lines.map(({ message }) => message);
    expect(messages.some((text) => text.startsWith("completed, the database is still active-change-pending"))).toBe(
      true,
    );
  });

  it("loses no keys", async () => {
    const world = rigFor(side, "behind");
    await world.lifecycle.create(side.inputs(world));
    expect(world.cluster.lostKeys).toBe(0);
    expect(world.cluster.database(1).failovers).toBe(1);
  });

  it("keeps its roles with keepRoles", async () => {
    const world = rigFor(side, "behind");
    await world.lifecycle.check({}, side.inputs(world, { preserveRoles: true }));
    await world.lifecycle.create(side.inputs(world, { preserveRoles: true }));
    expect(world.messages()[0]).toContain("with two failovers of each shard, which keep the roles");
    expect(world.cluster.database(1).failovers).toBe(2);
  });

  it("is not waited for with wait: false, and read by the next run", async () => {
    const world = rigFor(side, "behind");
    const args = side.inputs(world, { wait: false });
    const { id, outs } = await world.lifecycle.create(args);
    expect(outs).toMatchObject({ status: "upgrading", lastUpgrade: { state: "running" } });
    const again = await world.lifecycle.update(id, outs, args);
    expect(again.outs).toMatchObject({ status: "upgrading" });
    world.cluster.control.finish(1);
    expect(await world.lifecycle.diff(id, again.outs, args)).toMatchObject({ changes: true });
    expect((await world.lifecycle.update(id, again.outs, args)).outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });

  it("is also verified with wait: false if the cluster reports a later action instead", async () => {
    const world = rigFor(side, "behind");
    const args = side.inputs(world, { wait: false });
    const { id, outs } = await world.lifecycle.create(args);
    world.cluster.control.finish(1);
    world.cluster.control.busy(1, { ms: 100 });
    await world.clock.sleep(60_000);
    const again = await world.lifecycle.update(id, outs, args);
    expect(again.outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(world.writes()).toBe(1);
    side.put(world.cluster, "behind");
    await world.lifecycle.update(id, outs, args);
    expect(world.messages().join()).toMatch(
      /no longer reports upgrade .*, and the target version has not been reached/,
    );
    expect(world.writes()).toBe(2);
  });
});

describe.each(SIDES)("a database that is up to date (%s)", (_, side) => {
  it("is adopted without a write", async () => {
    const world = rigFor(side, "there");
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(world.writes()).toBe(0);
    expect(outs).toMatchObject({ status: "current", members: side.members });
    expect(outs).not.toHaveProperty("lastUpgrade");
  });

  it("is adopted with a minimum without a write, with one read of each kind", async () => {
    const world = rigFor(side, "there");
    const { outs } = await world.lifecycle.create(side.inputs(world, side.floor));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(0);
    const requests = world.cluster.journal.entries.map(({ target }) => target);
    expect(requests).toContain("/v1/modules");
    expect(new Set(requests).size).toBe(requests.length);
  });

  it("causes no request while its arguments are unchanged", async () => {
    const world = rigFor(side, "there");
    const args = side.inputs(world);
    const { id, outs } = await world.lifecycle.create(args);
    world.cluster.journal.clear();
    expect(await world.lifecycle.check(args, args)).toEqual({ inputs: args, failures: [] });
    expect(await world.lifecycle.diff(id, outs, args)).toEqual({ changes: false, replaces: [] });
    expect(world.cluster.journal.entries).toEqual([]);
  });

  it("is upgraded if the target is raised", async () => {
    const world = rigFor(side, "there");
    const { id, outs } = await world.lifecycle.create(side.inputs(world));
    const raised = side.inputs(world, side.higher);
    expect(await world.lifecycle.diff(id, outs, raised)).toEqual({ changes: true, replaces: [] });
    const updated = await world.lifecycle.update(id, outs, raised);
    expect(updated.outs).toMatchObject({ status: "current", ...side.higher });
    expect(world.writes()).toBe(1);
  });

  it("is not changed if the resource is deleted", async () => {
    const world = rigFor(side, "there");
    const { id, outs } = await world.lifecycle.create(side.inputs(world));
    world.cluster.journal.clear();
    await world.lifecycle.delete(id, outs);
    expect(world.cluster.journal.entries).toEqual([]);
    expect(world.messages()).toEqual(["no longer managed; the database was not changed"]);
  });

  it("never has its object, which contains its password, in the state", async () => {
    const world = rigFor(side, "behind");
    const { id, outs } = await world.lifecycle.create(side.inputs(world));
    const read = await world.lifecycle.read(id, outs);
    const secret = world.cluster.database(1).adminPassword;
    expect(secret).not.toBe("");
    expect(JSON.stringify([outs, read, world.lines])).not.toContain(secret);
  });
});

describe.each(SIDES)("a database ahead of its target (%s)", (_, side) => {
  it("is reported once, and no request is sent", async () => {
    const world = rigFor(side, "ahead");
    const { id, outs } = await world.lifecycle.create(side.inputs(world));
    expect(outs).toMatchObject({ status: "newer" });
    expect(world.messages().join()).toMatch(/: the current version, .*, is newer than the target version\. /);
    expect(await world.lifecycle.diff(id, outs, side.inputs(world))).toMatchObject({ changes: false });
    expect(world.writes()).toBe(0);
  });

  it("is accepted without a message with onNewer accept", async () => {
    const world = rigFor(side, "ahead");
    const { outs } = await world.lifecycle.create(side.inputs(world, { onNewer: "accept" }));
    expect(outs).toMatchObject({ status: "newer" });
    expect(world.messages()).toEqual([]);
    expect(world.writes()).toBe(0);
  });

  it("is an error with onNewer fail, even in a preview", async () => {
    const world = rigFor(side, "ahead");
    const args = side.inputs(world, { onNewer: "fail" });
    const { failures } = await world.lifecycle.check({}, args);
    expect(failures).toEqual([
      { property: side.property, reason: expect.stringContaining("newer than the target version") },
    ]);
    await expect(world.lifecycle.create(args)).rejects.toThrow(/never downgraded/);
    expect(world.writes()).toBe(0);
  });
});

describe("identity", () => {
  it("is the same if one endpoint and the database are unchanged, and another one otherwise", async () => {
    const [, side] = SIDES[0] ?? [];
    if (side === undefined) throw new Error("there are two sides");
    const world = rigFor(side, "there");
    const args = side.inputs(world);
    const { id, outs } = await world.lifecycle.create(args);
    const diff = async (change: Record<string, unknown>) =>
      (await world.lifecycle.diff(id, outs, { ...args, ...change })).replaces;
    expect(await diff({ endpoints: ["https://10.78.0.4:9443", "https://10.78.0.9:9443"] })).toEqual([]);
    const identified = ["endpoints", "databaseId", "databaseName"];
    expect(await diff({ endpoints: ["https://10.78.0.9:9443"] })).toEqual(identified);
    expect(await diff({ databaseId: 2 })).toEqual(identified);
  });

  it("may be the name of the database", async () => {
    const [, side] = SIDES[0] ?? [];
    if (side === undefined) throw new Error("there are two sides");
    const world = rigFor(side, "there");
    const { id, outs } = await world.lifecycle.create(side.inputs(world, { databaseName: "cache" }));
    expect(id).toBe("10.78.0.2:9443/cache");
    expect(outs).toMatchObject({ status: "current", databaseName: "cache" });
  });

  it("by its name is read again by a run that resumes, if the first read does not contain the database", async () => {
    const [, side] = SIDES[0] ?? [];
    if (side === undefined) throw new Error("there are two sides");
    const world = rigFor(side, "behind");
    const args = side.inputs(world, { databaseName: "cache" });
    const { id, outs } = await world.lifecycle.create({ ...args, wait: false });
    expect(outs).toMatchObject({ status: "upgrading" });
    const body = JSON.stringify([{ uid: 7, name: "another" }]);
    const fault = { kind: "replace", status: 200, headers: { "content-type": "application/json" }, body } as const;
    world.cluster.faults.add({ match: { method: "GET", path: "/v1/bdbs" }, times: 2, fault });
    const next = await world.lifecycle.update(id, outs, args);
    expect(next.outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(world.cluster.acceptedUpgrades).toHaveLength(1);
  });

  it("by its name is read together with its activity, even if the user may not list that", async () => {
    for (const forbidden of [false, true]) {
      const [, side] = SIDES[0] ?? [];
      if (side === undefined) throw new Error("there are two sides");
      const world = rigFor(side, "behind");
      const list = { method: "GET", path: "/v1/actions" };
      if (forbidden)
        world.cluster.faults.add({ match: list, times: 100, fault: { kind: "replace", status: 403, body: "{}" } });
      const { outs } = await world.lifecycle.create(side.inputs(world, { databaseName: "cache" }));
      expect(outs).toMatchObject({ status: "current" });
      expect(world.cluster.acceptedUpgrades).toHaveLength(1);
      // The second read, which precedes a request, is for this database only.
      expect(world.cluster.journal.count("GET", /^\/v1\/actions\/bdb\/1$/)).toBeGreaterThan(forbidden ? 1 : 0);
    }
  });
});

describe("both resources of one database in one operation", () => {
  it("wait for each other, and both are upgraded", async () => {
    const [, modules] = SIDES[0] ?? [];
    const [, redis] = SIDES[1] ?? [];
    if (modules === undefined || redis === undefined) throw new Error("there are two sides");
    const world = rigFor(redis, "behind");
    const both = await Promise.all([
      world.lifecycle.create(world.redis({ redisVersion: "7.4" })),
      world.lifecycle.create(
        world.modules({ modules: { search: ">=2.8.26", ReJSON: { version: ">=2.6", args: "A 1" } } }),
      ),
    ]);
    expect(both.map(({ outs }) => outs["status"])).toEqual(["current", "current"]);
    expect(world.cluster.database(1)).toMatchObject({
      redisVersion: "7.4",
      modules: [{ version: "2.10.17" }, { version: "2.8.10", args: "A 1" }],
    });
    expect(world.cluster.acceptedUpgrades).toHaveLength(2);
  });
});

/** Server behavior that no source settles: the client has to be correct with every variant. */
const READINGS: SwitchChange[] = [
  { modulesUpgradeAnswer: "module" },
  { modulesUpgradeAnswer: "example" },
  { answersActionUid: false },
  { answersActionUid: false, actionUidOnDatabase: false },
  { modulesUpgradeAnswer: "module", answersActionUid: false, actionUidOnDatabase: false, finishedActions: "forgotten" },
  { statusAfterCall: "active-change-pending" },
  { noChange: "noAction" },
  { noChange: "refused" },
  { missingConsent: "refused" },
  { argsOmitted: "kept" },
  { moduleKeys: "table" },
  { moduleNames: "exact" },
  { moduleNames: "anyCase" },
  { unknownKeys: "refused" },
  { moduleArgs: "either" },
  { finishedActions: "forgotten" },
  { v2StateMachines: false },
  { actionWords: "action" },
  { supportedVersions: "documented" },
  { errorText: "message" },
  { emptyErrors: [400, 401, 403, 404, 409] },
  { redirectStatus: 301 },
  { tokenSchemes: ["Bearer"] },
  { authorizeBy: "body" },
  { deprecatedTwin: true },
];

describe.each(SIDES)("an upgrade (%s)", (_, side) => {
  it.each(READINGS)("completes with one request if the server is %j", async (switches) => {
    const world = rigFor(side, "behind", { switches });
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(outs).toMatchObject({
      status: "current",
      members: side.members,
      lastUpgrade: { to: side.to, state: "succeeded" },
    });
    expect(world.writes()).toBe(1);
    expect(world.cluster.database(1).modules).toMatchObject([
      { name: "search", version: "2.10.17", args: "WORKERS 6" },
      { name: "ReJSON", version: "2.8.10", args: "" },
    ]);
  });

  it.each(READINGS)("is joined after an interruption if the server is %j", async (switches) => {
    const world = rigFor(side, "behind", { switches });
    await expect(world.lifecycle.create(side.inputs(world, { __timeouts: { create: "4s" } }))).rejects.toThrow();
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });

  it.each([
    { actionWords: "action" },
    { answersActionUid: false, actionUidOnDatabase: false },
    { modulesUpgradeAnswer: "module", answersActionUid: false },
    { finishedActions: "forgotten" },
  ] satisfies SwitchChange[])("that fails is reported if the server is %j", async (switches) => {
    const world = rigFor(side, "behind", { switches });
    world.cluster.control.fail({ error: "boom" });
    await expect(world.lifecycle.create(side.inputs(world))).rejects.toMatchObject({
      reasons: [expect.stringMatching(/failed in state init at 0%: boom.*\[upgrade-failed\]/)],
    });
    expect(world.writes()).toBe(1);
  });

  it("that has ended and is no longer listed is recognized by the observed version", async () => {
    const switches = { answersActionUid: false, actionUidOnDatabase: false, finishedActions: "forgotten" } as const;
    const world = rigFor(side, "behind", { switches, timings: "instant" });
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "bdb:1", to: side.to, state: "succeeded" } });
    expect(world.writes()).toBe(1);
  });
});

describe("module uids that a server of Redis Enterprise 8", () => {
  it("ignores although it responds with 200 are reported as an upgrade without effect", async () => {
    const world = rig({ switches: { bundledUids: "ignored" } });
    const { reasons, properties } = await partial(world.lifecycle.create(world.modules()));
    expect(reasons[0]).toMatch(
      /reported as successful, but search 2\.10\.8, ReJSON 2\.8\.4 still runs.*\[not-upgraded\]/,
    );
    expect(properties).toMatchObject({ status: "behind", members: { search: "2.10.8", ReJSON: "2.8.4" } });
    expect(world.writes()).toBe(1);
  });

  it("ignores without an action are reported as an upgrade that the cluster does not report, and the request is sent once", async () => {
    const world = rig({ switches: { bundledUids: "ignored", noChange: "noAction" } });
    const { reasons } = await partial(world.lifecycle.create(world.modules()));
    expect(reasons[0]).toMatch(/no longer reports upgrade bdb:1 .*\[vanished\]/);
    expect(world.writes()).toBe(1);
  });

  it("rejects are reported with its reason", async () => {
    const world = rig({ switches: { bundledUids: "refused" } });
    await expect(world.lifecycle.create(world.modules())).rejects.toThrow(
      /was refused: The version of the bundled module search cannot be chosen.*\[refused\]/,
    );
  });

  it("have no effect on an upgrade of Redis, which names none", async () => {
    for (const bundledUids of ["ignored", "refused"] as const) {
      const world = rig({ switches: { bundledUids } });
      expect((await world.lifecycle.create(world.redis())).outs).toMatchObject({ status: "current" });
    }
  });
});

/** The error page of a web server, not of Redis Enterprise. */
const NOT_FOUND_PAGE = {
  kind: "replace",
  status: 404,
  headers: { "content-type": "text/html" },
  body: "<h1>404</h1>",
} as const;

describe("servers before 7.4.2", () => {
  it.each(["before", "after"])("may respond to an unknown endpoint with a web page (%s the request)", async (when) => {
    const world = rig({
      softwareVersion: "7.2.4-92",
      databases: [{ ...CACHE, redisVersion: "7.2", modules: [{ name: "search", version: "2.8.1" }] }],
    });
    const match = { method: "GET", path: "/v1/actions/bdb/1" };
    world.cluster.faults.add({
      match,
      skip: when === "before" ? 0 : 2,
      times: Number.POSITIVE_INFINITY,
      fault: NOT_FOUND_PAGE,
    });
    const { outs } = await world.lifecycle.create(world.modules({ modules: { search: ">=2.8.5" } }));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(world.writes()).toBe(1);
  });

  it("are waited for while a proxy responds that the database does not exist", async () => {
    const world = rig({
      softwareVersion: "7.2.4-92",
      databases: [{ ...CACHE, redisVersion: "7.2", modules: ["search"] }],
    });
    world.cluster.faults.add({ match: { method: "GET", path: "/v1/bdbs/1" }, times: 3, fault: NOT_FOUND_PAGE });
    const { outs } = await world.lifecycle.create(world.redis({ redisVersion: "7.2" }));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.cluster.faults.pending).toBe(0);
  });

  it("have one list of all actions, which contains those of the database", async () => {
    const world = rig({
      softwareVersion: "7.2.4-92",
      databases: [
        { ...CACHE, redisVersion: "7.2", modules: [{ name: "search", version: "2.8.1" }] },
        { ...CACHE, redisVersion: "7.2", modules: [] },
      ],
      switches: { answersActionUid: false },
    });
    world.cluster.control.busy(2);
    const { outs } = await world.lifecycle.create(world.modules({ modules: { search: ">=2.8.5" } }));
    const task = world.cluster.acceptedUpgrades[0]?.actionUid;
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task, state: "succeeded" } });
    expect(world.cluster.journal.count("GET", "/v1/actions")).toBeGreaterThan(0);
  });
});

const SOON = { __timeouts: { create: "4s" } };

describe.each(SIDES)("an upgrade that continues after its run (%s)", (_, side) => {
  it("is recorded at the time limit and joined by the next run: one request in total", async () => {
    const world = rigFor(side, "behind");
    const first = await partial(world.lifecycle.create(side.inputs(world, SOON)));
    const task = world.cluster.acceptedUpgrades[0]?.actionUid;
    expect(first.id).toBe("10.78.0.2:9443/bdb-1");
    expect(first.reasons[0]).toMatch(
      new RegExp(`time limit.*: upgrade ${task} .* is still running.*Run .pulumi up. again`),
    );
    expect(first.properties).toMatchObject({
      status: "upgrading",
      lastUpgrade: { task, from: side.from, to: side.to, state: "running" },
      __provider: "text",
    });
    const args = side.inputs(world);
    expect(await world.lifecycle.diff(first.id, first.properties, args)).toEqual({ changes: true, replaces: [] });
    const { outs } = await world.lifecycle.update(first.id, first.properties, args);
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task, to: side.to, state: "succeeded" } });
    expect(outs["lastUpgrade"]).not.toHaveProperty("joined");
    expect(world.writes()).toBe(1);
    expect(world.cluster.acceptedUpgrades).toHaveLength(1);
  });

  it("is found by a run without a record of it, as after the plugin was killed", async () => {
    const world = rigFor(side, "behind");
    await partial(world.lifecycle.create(side.inputs(world, SOON)));
    const task = world.cluster.acceptedUpgrades[0]?.actionUid;
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task, joined: true } });
    const [joining, summary] = world.messages().slice(-2);
    expect(joining).toMatch(`joins running upgrade ${task} (SMUpgradeBDB to a version that`);
    expect(summary).toMatch(/^upgraded .*, seen running for \d+ s$/);
    expect(world.writes()).toBe(1);
  });

  it("that has succeeded meanwhile is not requested again", async () => {
    const world = rigFor(side, "behind");
    const first = await partial(world.lifecycle.create(side.inputs(world, SOON)));
    world.cluster.control.finish(1);
    const { outs } = await world.lifecycle.update(first.id, first.properties, side.inputs(world));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(world.writes()).toBe(1);
  });

  it("and whose target was raised meanwhile is waited for, and then the next one is requested", async () => {
    const world = rigFor(side, "behind");
    const first = await partial(world.lifecycle.create(side.inputs(world, SOON)));
    const { outs } = await world.lifecycle.update(first.id, first.properties, side.inputs(world, side.higher));
    expect(outs).toMatchObject({ status: "current", ...side.higher });
    expect(world.cluster.acceptedUpgrades).toHaveLength(2);
    expect(world.cluster.journal.find("POST").map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe.each(SIDES)("a lost response (%s)", (_, side) => {
  const upgradeCall = { method: "POST", path: side.path };

  it("of an accepted request leads to a search, and the request is not sent again", async () => {
    const world = rigFor(side, "behind");
    world.cluster.faults.add({ match: upgradeCall, fault: { kind: "loseReply" } });
    const { outs } = await world.lifecycle.create(side.inputs(world));
    const task = world.cluster.acceptedUpgrades[0]?.actionUid;
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task, to: side.to, state: "succeeded" } });
    expect(outs["lastUpgrade"]).not.toHaveProperty("joined");
    expect(world.messages()[0]).toContain("response to the upgrade request was lost");
    expect(world.writes()).toBe(1);
  });

  it("of a lost request is reported as unconfirmed, and the next run sends the request", async () => {
    const world = rigFor(side, "behind");
    world.cluster.faults.add({ match: upgradeCall, fault: { kind: "reset" } });
    const first = await partial(world.lifecycle.create(side.inputs(world)));
    expect(first.reasons[0]).toMatch(/no upgrade appeared within .* not sent again.*\[unconfirmed\]/);
    expect(first.properties).toMatchObject({ status: "behind", lastUpgrade: { state: "failed" } });
    expect(world.writes()).toBe(1);
    expect(world.cluster.acceptedUpgrades).toHaveLength(0);
    await world.lifecycle.update(first.id, first.properties, side.inputs(world));
    expect(world.cluster.acceptedUpgrades).toHaveLength(1);
  });

  it.each([
    ["an envoy without upstream", 503, "text/plain", "no healthy upstream"],
    ["a proxy's error page", 504, "text/html", "<h1>504</h1>"],
    ["an error of the server itself", 500, "application/json", '{"error_code":"internal","description":"oops"}'],
    ["a web page with status 200", 200, "text/html", "<h1>Hello</h1>"],
  ])("in the form of %s leads to a search as well", async (_name, status, type, body) => {
    const world = rigFor(side, "behind");
    const fault = { kind: "replace", status, headers: { "content-type": type }, body } as const;
    world.cluster.faults.add({ match: upgradeCall, fault });
    expect((await partial(world.lifecycle.create(side.inputs(world)))).reasons[0]).toMatch(/\[unconfirmed\]/);
    expect(world.cluster.journal.count("POST", side.path)).toBe(1);
  });

  it("does not exist if the connection was refused: the request is sent", async () => {
    const world = rigFor(side, "behind");
    world.cluster.faults.add({ match: upgradeCall, times: 2, fault: { kind: "refuse" } });
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.cluster.acceptedUpgrades).toHaveLength(1);
  });
});

describe.each(SIDES)("a period without responses (%s)", (_, side) => {
  it("of all nodes for half a minute during an upgrade is waited for", async () => {
    const world = rigFor(side, "behind");
    world.clock.after(4_000, () => [1, 2, 3].forEach((node) => void world.cluster.control.stopNode(node)));
    world.clock.after(34_000, () => [1, 2, 3].forEach((node) => void world.cluster.control.startNode(node)));
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });

  it("beyond the limit ends the run with a record, and the next run joins", async () => {
    const world = rigFor(side, "behind");
    world.clock.after(4_000, () => [1, 2, 3].forEach((node) => void world.cluster.control.stopNode(node)));
    const args = side.inputs(world, { unreachableTimeout: "2m" });
    const first = await partial(world.lifecycle.create(args));
    expect(first.reasons[0]).toMatch(/could not be read for 2 min.*ECONNREFUSED.*\[unreachable\]/);
    expect(first.properties).toMatchObject({ status: "upgrading", lastUpgrade: { state: "running" } });
    for (const node of [1, 2, 3]) world.cluster.control.startNode(node);
    const { outs } = await world.lifecycle.update(first.id, first.properties, args);
    expect(outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });

  it("of some nodes has no effect", async () => {
    const world = rigFor(side, "there");
    world.cluster.control.stopNode(1);
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(outs).toMatchObject({ status: "current" });
  });

  it("from the beginning ends the run after a minute", async () => {
    const world = rigFor(side, "behind");
    const began = world.clock.now();
    const call = world.lifecycle.create(side.inputs(world, { endpoints: ["https://10.9.9.9:9443"] }));
    await expect(call).rejects.toThrow(/could not be read for 1 min/);
    expect(world.clock.since(began)).toBeLessThan(80_000);
  });
});

describe.each(SIDES)("the master (%s)", (_, side) => {
  it("that fails during the wait is replaced by another one, to which the others redirect", async () => {
    const world = rigFor(side, "behind");
    world.clock.after(3_000, () => world.cluster.control.stopNode(1));
    world.clock.after(60_000, () => world.cluster.control.startNode(1));
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.cluster.master).toBe(2);
    expect(world.writes()).toBe(1);
  });

  it("that changes between the reads and the request gets the request through a redirect, once", async () => {
    const world = rigFor(side, "behind");
    let late = true;
    world.cluster.onCall(({ request }) => {
      if (request.method !== "POST" || !late) return;
      late = false;
      world.cluster.control.changeMaster(3);
    });
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.cluster.acceptedUpgrades).toHaveLength(1);
    const calls = world.cluster.journal.find("POST", side.path).map(({ host, status }) => `${host} ${status}`);
    expect(calls).toEqual(["node1 307", "node3 200"]);
    const [first, second] = world.received.filter(({ method }) => method === "POST");
    expect(second).toEqual({ ...first, node: "node3" });
  });

  it("whose response is lost after the redirect leads to a search, and the request is not sent again", async () => {
    const world = rigFor(side, "behind");
    world.cluster.onCall(({ host: node, request }) => {
      if (request.method === "POST" && node === "node1") world.cluster.control.changeMaster(2);
    });
    world.cluster.faults.add({ match: { method: "POST", host: "node2" }, fault: { kind: "loseReply" } });
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    const calls = world.cluster.journal.find("POST", side.path).map(({ host, fault }) => `${host} ${fault ?? "ok"}`);
    expect(calls).toEqual(["node1 ok", "node2 loseReply"]);
    expect(world.cluster.acceptedUpgrades).toHaveLength(1);
  });
});
