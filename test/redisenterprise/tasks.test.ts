import { describe, expect, it } from "vitest";
import type { Clock } from "../../provider/core/runtime";
import { databaseFrom } from "../../provider/redisenterprise/database/database";
import type { Nodes } from "../../provider/redisenterprise/rest/nodes";
import { type Action, action } from "../../provider/redisenterprise/rest/schema";
import {
  activityOf,
  describeFailure,
  describeStep,
  newestMachine,
  percentOf,
  stageOf,
} from "../../provider/redisenterprise/tasks/activity";
import { Watcher } from "../../provider/redisenterprise/tasks/watcher";
import { partial } from "../support/partial";
import { PASSWORD } from "./rig";
import { rigFor, SIDES } from "./sides";

/** A state machine in the server's format. */
function machine(fields: Record<string, unknown>): Action {
  return action.parse({ action_uid: "a1", name: "SMUpgradeBDB", object_name: "bdb:1", status: "active", ...fields });
}

describe("the progress of an action", () => {
  it.each([
    ["running", ["pending", "active", "queued", "starting", "running", "cancelling", "started", "who knows"]],
    ["completed", ["completed", "finished", "Completed"]],
    ["failed", ["failed", "cancelled", "aborted", "FAILED"]],
  ] as const)("%s: %j", (stage, words) => {
    for (const status of words) expect(stageOf({ status })).toBe(stage);
  });

  it("may be a number, a string, or missing", () => {
    expect([14.29, "100", 250, -1, undefined, "?"].map((progress) => percentOf(machine({ progress })))).toEqual([
      14,
      100,
      100,
      0,
      undefined,
      undefined,
    ]);
  });

  it("begins with its state", () => {
    expect(describeStep(machine({ state: "restart" }))).toBe("SMUpgradeBDB: restart");
    expect(describeStep(machine({ status: "pending" }))).toBe("SMUpgradeBDB: pending");
  });
});

describe("a failure", () => {
  it.each([
    ["a state machine", { error: "boom" }],
    ["a v2 action", { additional_info: { error: "boom" } }],
    ["a task", { error_message: "boom", error_code: "internal_error" }],
  ])("is read from %s", (_, where) => {
    const failed = machine({ status: "failed", state: "restart", progress: 50, ...where });
    expect(describeFailure(failed, 7)).toEqual({
      message: "SMUpgradeBDB failed in state restart at 50%: boom.",
      remedy: expect.stringContaining("`rlutil retry_bdb bdb=7`"),
    });
  });

  it("may have no reason", () => {
    expect(describeFailure(machine({ status: "failed" }), 1).message).toBe("SMUpgradeBDB failed.");
  });
});

describe("the relevant one of several state machines", () => {
  it("is the running one, then a waiting one, then the last one that ended", () => {
    const ended = machine({ action_uid: "ended", status: "completed", heartbeat: 9 });
    const older = machine({ action_uid: "older", status: "failed", heartbeat: 3 });
    const waiting = machine({ action_uid: "waiting", status: "pending", heartbeat: 9 });
    const runs = machine({ action_uid: "runs", heartbeat: 1 });
    const newest = (...machines: Action[]) => newestMachine(machines)?.action_uid;
    expect(newest(ended, older, waiting, runs)).toBe("runs");
    expect(newest(ended, older, waiting)).toBe("waiting");
    expect(newest(older, ended)).toBe("ended");
    expect(newest()).toBeUndefined();
  });
});

describe("the activity of a database", () => {
  const at = (status: string, action_uid?: string) =>
    databaseFrom({ uid: 1, name: "cache", status, ...(action_uid === undefined ? {} : { action_uid }) });
  const targetOf = (id: string) => `target of ${id}`;
  const failed = machine({ status: "failed", error: "boom" });
  const update = (fields: Record<string, unknown>) => machine({ name: "SMUpdateBDB", ...fields });

  it.each([
    ["nothing", at("active"), [], undefined],
    ["none after a success", at("active"), [machine({ status: "completed" })], undefined],
    ["none after a failure that was reset", at("active"), [failed], undefined],
    [
      "none if only the name of a completed action is left",
      at("active", "a1"),
      [machine({ status: "completed" })],
      undefined,
    ],
    [
      "an upgrade",
      at("active-change-pending"),
      [machine({ state: "restart" })],
      { kind: "running", task: { id: "a1", kind: "SMUpgradeBDB", to: "target of a1" } },
    ],
    [
      "an upgrade that waits for a change",
      at("active-change-pending"),
      [update({ action_uid: "u1" }), machine({ status: "pending" })],
      { kind: "running", task: { id: "a1", kind: "SMUpgradeBDB", to: "target of a1" } },
    ],
    ["a change", at("active"), [update({})], { kind: "busy", name: "SMUpdateBDB of database 1 (cache)" }],
    [
      "a failed upgrade",
      at("active-change-pending"),
      [failed],
      { kind: "failed", task: { id: "a1" }, failure: { message: "SMUpgradeBDB failed: boom." } },
    ],
    [
      "a failed change",
      at("active-change-pending"),
      [update({ status: "failed", error: "boom" })],
      {
        kind: "blocked",
        finding: { message: "SMUpdateBDB of database 1 (cache) (boom) failed and holds the database." },
      },
    ],
    [
      "a status without a state machine",
      at("active-change-pending"),
      [],
      { kind: "busy", name: "a change of database 1 (cache) (status active-change-pending)" },
    ],
    [
      "an unlisted action",
      at("active", "zz"),
      [],
      { kind: "busy", name: "a change of database 1 (cache) (status active, action zz)" },
    ],
    [
      "its creation, which failed",
      at("creation-failed"),
      [],
      { kind: "blocked", finding: { message: "The creation of database 1 (cache) failed and holds the database." } },
    ],
    [
      "its creation, which failed, with a failed state machine",
      at("creation-failed"),
      [machine({ name: "SMCreateBDB", status: "failed" })],
      { kind: "blocked", finding: { remedy: "Delete the database and create it again." } },
    ],
    [
      "an import that failed",
      at("import-pending"),
      [machine({ name: "SMImportBDB", status: "failed" })],
      { kind: "blocked", finding: { remedy: expect.stringContaining("The database stays in import-pending") } },
    ],
    [
      "an import",
      at("import-pending"),
      [],
      { kind: "busy", name: "a change of database 1 (cache) (status import-pending)" },
    ],
    ["its creation", at("pending"), [], { kind: "busy", name: "a change of database 1 (cache) (status pending)" }],
    [
      "its deletion, with or without a state machine",
      at("delete-pending"),
      [machine({ name: "SMDeleteBDB" })],
      {
        kind: "blocked",
        finding: {
          code: "database-being-deleted",
          message: "Database 1 (cache) is being deleted (status delete-pending).",
        },
      },
    ],
    [
      "a recovery that was not started",
      at("recovery"),
      [failed],
      {
        kind: "blocked",
        finding: { code: "database-in-recovery", remedy: expect.stringContaining("`rladmin recover db db:1`") },
      },
    ],
    [
      "a recovery",
      at("recovery"),
      [machine({ name: "SMRecoverBDB" })],
      { kind: "busy", name: "SMRecoverBDB of database 1 (cache)" },
    ],
  ] as const)("%s", (_, database, machines, expected) => {
    const activity = activityOf(database, machines, targetOf);
    if (expected === undefined) expect(activity).toBeUndefined();
    else expect(activity).toMatchObject(expected);
  });

  it.each([
    [
      "an upgrade of all participants, which takes precedence over that of one participant",
      [{ operation: "upgrade_crdb" }],
      [machine({ state: "restart" })],
      { kind: "running", task: { id: "crdb_tasks/t1", kind: "CRDB upgrade", to: "target of crdb_tasks/t1" } },
    ],
    [
      "another task of it",
      [{ operation: "update_crdb" }],
      [],
      { kind: "busy", name: "CRDB task t1 (update_crdb) of database 1 (cache)" },
    ],
    ["an empty task", [{}], [], { kind: "busy", name: expect.stringContaining("unknown operation") }],
    [
      "an upgrade of the participant, next to another task",
      [{}],
      [machine({})],
      { kind: "running", task: { id: "a1" } },
    ],
  ])("%s", (_, tasks, machines, expected) => {
    const unfinished = tasks.map((fields) => ({ id: "t1", status: "started", ...fields }));
    expect(activityOf(at("active"), machines, targetOf, unfinished)).toMatchObject(expected);
  });
});

/** A cluster that no longer has the action of its database, which has no activity. */
const nodes = {
  read: async (target: string) => {
    if (target === "/v1/bdbs/1") return { uid: 1, status: "active" };
    return target === "/v1/actions/bdb/1" ? [] : undefined;
  },
} as unknown as Nodes;

describe("an upgrade that the cluster no longer reports", () => {
  it.each([
    ["an hour forward", 3_600_000],
    ["an hour back", -3_600_000],
  ])(
    "has the state gone after some seconds without an operation, with any change of the wall clock (%s)",
    async (_, step) => {
      let elapsed = 0;
      let wall = 10_000_000;
      const clock: Clock = { now: () => wall, elapsed: () => elapsed, sleep: async () => undefined };
      const watcher = new Watcher(nodes, clock);
      const inspect = () => watcher.inspect({ id: "a1", kind: "SMUpgradeBDB", to: "7.4" }, 1);
      expect(await inspect()).toMatchObject({ kind: "running" });
      wall += step;
      elapsed += 1_000;
      expect(await inspect()).toMatchObject({ kind: "running" });
      elapsed += 5_000;
      expect(await inspect()).toEqual({ kind: "gone" });
    },
  );
});

describe.each(SIDES)("an upgrade that fails at the vendor (%s)", (_, side) => {
  it("is reported with its state machine, state, error and remedy", async () => {
    const world = rigFor(side, "behind");
    world.cluster.control.fail({ state: "wait_for_version", error: "shard 2 did not start" });
    const { reasons, properties } = await partial(world.lifecycle.create(side.inputs(world)));
    const task = world.cluster.acceptedUpgrades[0]?.actionUid;
    expect(reasons[0]).toContain(`upgrade ${task} (SMUpgradeBDB to ${side.to}) failed: `);
    expect(reasons[0]).toContain("SMUpgradeBDB failed in state wait_for_version at 83%: shard 2 did not start.");
    expect(reasons[0]).toContain("stays in active-change-pending, and nothing was sent again");
    expect(reasons[0]).toContain("`rlutil retry_bdb bdb=1`");
    expect(properties).toMatchObject({ status: "failed", lastUpgrade: { task, state: "failed" } });
    expect(world.writes()).toBe(1);
  });

  it.each(["aborted", "cancelled"] as const)(
    "is also recognized by the state %s of the other vocabulary",
    async (failure) => {
      const world = rigFor(side, "behind", { switches: { actionWords: "action" } });
      world.cluster.control.fail({ failure, error: "no room" });
      const { reasons } = await partial(world.lifecycle.create(side.inputs(world)));
      expect(reasons[0]).toContain(`SMUpgradeBDB ${failure} in state init at 0%: no room.`);
    },
  );

  it("is reported by every run, without a request while it blocks the database", async () => {
    const world = rigFor(side, "behind", { switches: { afterFailure: "accepted" } });
    world.cluster.control.fail();
    const first = await partial(world.lifecycle.create(side.inputs(world)));
    expect(await world.lifecycle.diff(first.id, first.properties, side.inputs(world))).toMatchObject({ changes: true });
    expect(world.messages().at(-1)).toMatch(/^upgrade .* failed: SMUpgradeBDB failed in state init/);
    const second = await partial(world.lifecycle.update(first.id, first.properties, side.inputs(world)));
    expect(second.reasons[0]).toContain("active-change-pending");
    await partial(world.lifecycle.create(side.inputs(world)));
    expect(world.writes()).toBe(1);
  });

  it("and that an operator resumes is joined by the next run", async () => {
    const world = rigFor(side, "behind");
    world.cluster.control.fail({ state: "prepare" });
    const first = await partial(world.lifecycle.create(side.inputs(world)));
    world.cluster.control.retry(1);
    const { outs } = await world.lifecycle.update(first.id, first.properties, side.inputs(world));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(world.writes()).toBe(1);
  });

  it("and that an operator resets is requested again by the next run", async () => {
    const world = rigFor(side, "behind");
    world.cluster.control.fail();
    const first = await partial(world.lifecycle.create(side.inputs(world)));
    world.cluster.control.reset(1);
    const { outs } = await world.lifecycle.update(first.id, first.properties, side.inputs(world));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(2);
  });

  it("between two runs is reported by the next run", async () => {
    const world = rigFor(side, "behind");
    world.cluster.control.fail({ state: "wait_for_version" });
    const first = await partial(world.lifecycle.create(side.inputs(world, { __timeouts: { create: "6s" } })));
    await world.clock.sleep(60_000);
    const second = await partial(world.lifecycle.update(first.id, first.properties, side.inputs(world)));
    expect(second.reasons[0]).toMatch(/failed: SMUpgradeBDB failed in state wait_for_version.*\[upgrade-failed\]/);
    expect(second.properties).toMatchObject({ status: "failed", lastUpgrade: { state: "failed" } });
    expect(world.writes()).toBe(1);
  });
});

/** Keeps the database busy for half a minute after the upgrade request arrives. */
function busyAtCall({ cluster }: ReturnType<typeof rigFor>): void {
  let late = true;
  cluster.onCall(({ request }) => {
    if (request.method !== "POST" || !late) return;
    late = false;
    cluster.control.busy(1, { ms: 30_000 });
  });
}

describe.each(SIDES)("another change of the database (%s)", (_, side) => {
  it("is waited for, with its name, and then the upgrade is requested", async () => {
    const world = rigFor(side, "behind");
    world.cluster.control.busy(1, { ms: 60_000 });
    const { outs } = await world.lifecycle.create(side.inputs(world));
    const messages = world.lines.map((line) => line.message);
    expect(messages.some((text) => text.startsWith("waiting for SMUpdateBDB of database 1 (cache)"))).toBe(true);
    expect(outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });

  it("has no effect on a database that is up to date", async () => {
    const world = rigFor(side, "there");
    world.cluster.control.busy(1);
    expect((await world.lifecycle.create(side.inputs(world))).outs).toMatchObject({ status: "current" });
  });

  it("that never ends ends the run at its time limit, without a request", async () => {
    const world = rigFor(side, "behind");
    world.cluster.control.busy(1);
    await expect(world.lifecycle.create(side.inputs(world, { __timeouts: { create: "5m" } }))).rejects.toThrow(
      /time limit.*nothing was sent.*\[deadline\]/,
    );
    expect(world.writes()).toBe(0);
  });

  it.each(["409", "400"] as const)(
    "that starts between the reads and the request (%s) is waited for as well",
    async (busy) => {
      const world = rigFor(side, "behind", { switches: { busy } });
      busyAtCall(world);
      expect((await world.lifecycle.create(side.inputs(world))).outs).toMatchObject({ status: "current" });
      expect(world.writes()).toBe(2);
      expect(world.cluster.acceptedUpgrades).toHaveLength(1);
    },
  );

  it("that makes the server queue the upgrade is waited for together with it", async () => {
    const world = rigFor(side, "behind", { switches: { busy: "queue" } });
    busyAtCall(world);
    expect((await world.lifecycle.create(side.inputs(world))).outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });

  it("that failed and blocks the database is named, and no request is sent", async () => {
    const world = rigFor(side, "behind");
    world.cluster.control.fail({ error: "no memory" });
    world.cluster.control.busy(1, { ms: 1_000 });
    await world.clock.sleep(10_000);
    await world.lifecycle.check({}, side.inputs(world));
    expect(world.lines.at(-1)).toMatchObject({ severity: "WARNING", message: expect.stringContaining("no memory") });
    await expect(world.lifecycle.create(side.inputs(world))).rejects.toThrow(
      /SMUpdateBDB of database 1 \(cache\) \(no memory\) failed and .*rlutil retry_bdb.*\[blocked\]/,
    );
    expect(world.writes()).toBe(0);
  });

  it.each([
    ["its action is read", "/v1/actions/"],
    ["the database is read after its action", "/v1/bdbs/1"],
  ])("that fails after the upgrade, before %s, does not hide the new version", async (_when, path) => {
    const world = rigFor(side, "behind");
    let done = false;
    let failed = false;
    world.cluster.onCall(({ request: { target } }) => {
      const over = world.cluster.database(1).machine?.status === "completed";
      if (!failed && over && target.startsWith(path) && (done || path !== "/v1/bdbs/1")) {
        failed = true;
        world.cluster.control.fail({ error: "no memory" });
        world.cluster.control.busy(1, { ms: 1 });
        world.cluster.control.finish(1);
      }
      done ||= over && target.startsWith("/v1/actions/");
    });
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(failed).toBe(true);
    expect(outs).toMatchObject({ status: "current", members: side.members, lastUpgrade: { state: "succeeded" } });
    expect(world.cluster.database(1)).toMatchObject({ status: "active-change-pending" });
    expect(world.writes()).toBe(1);
  });

  it("without a visible state machine is waited for by the database's status", async () => {
    const world = rigFor(side, "behind");
    world.cluster.control.setDatabase(1, { status: "import-pending" });
    world.clock.after(20_000, () => world.cluster.control.setDatabase(1, { status: "active" }));
    expect((await world.lifecycle.create(side.inputs(world))).outs).toMatchObject({ status: "current" });
    const messages = world.lines.map((line) => line.message);
    expect(messages.some((text) => text.includes("a change of database 1 (cache) (status import-pending)"))).toBe(true);
  });

  it.each([
    [
      "recovery",
      /must be recovered before it can be upgraded \(status recovery\).*`rladmin recover db db:1` .*\[blocked\]/,
    ],
    ["delete-pending", /is being deleted \(status delete-pending\).*\[blocked\]/],
    ["creation-failed", /The creation of database 1 \(cache\) failed .*Delete the database.*\[blocked\]/],
  ] as const)("that does not end by itself is not waited for (status %s)", async (status, text) => {
    const world = rigFor(side, "behind");
    world.cluster.control.setDatabase(1, { status });
    const began = world.clock.now();
    await world.lifecycle.check({}, side.inputs(world));
    expect(world.lines.at(-1)).toMatchObject({ severity: "WARNING" });
    await expect(world.lifecycle.create(side.inputs(world))).rejects.toThrow(text);
    expect(world.clock.since(began)).toBeLessThan(60_000);
    expect(world.writes()).toBe(0);
  });

  it.each(["kept", "forgotten"] as const)(
    "that begins after the upgrade and does not end by itself is not waited for (action %s)",
    async (finishedActions) => {
      const world = rigFor(side, "behind", { switches: { finishedActions } });
      let ended = false;
      world.cluster.onCall(() => {
        if (ended || world.cluster.database(1).machine?.status !== "completed") return;
        ended = true;
        world.cluster.control.setDatabase(1, { status: "recovery" });
      });
      const began = world.clock.now();
      const { reasons, properties } = await partial(world.lifecycle.create(side.inputs(world)));
      expect(reasons[0]).toMatch(/but does not work\..*must be recovered.*\[upgrade-failed\]$/);
      expect(properties).toMatchObject({ members: side.members });
      expect(world.clock.since(began)).toBeLessThan(600_000);
      const { outs } = await world.lifecycle.update("id", properties, side.inputs(world));
      expect(outs).toMatchObject({ status: "current" });
      expect(world.lines.at(-1)).toMatchObject({ message: expect.stringContaining("but does not work") });
      expect(world.writes()).toBe(1);
    },
  );
});

describe.each(SIDES)("a rejection of the upgrade request (%s)", (_, side) => {
  it("is final with the vendor's code in any format", async () => {
    for (const errorText of ["description", "message"] as const) {
      const world = rigFor(side, "behind", { switches: { errorText, unknownKeys: "refused" } });
      const body = JSON.stringify({ [errorText]: "The data center burns", error_code: "fire" });
      const fault = { kind: "replace", status: 406, headers: { "content-type": "application/json" }, body } as const;
      world.cluster.faults.add({ match: { method: "POST" }, times: 9, fault });
      await expect(world.lifecycle.create(side.inputs(world))).rejects.toThrow(
        /POST \S+upgrade at https:\/\/10\.78\.0\.2:9443 was refused: The data center burns \(fire, HTTP 406\)\..*\[refused\]/,
      );
      expect(world.cluster.journal.count("POST", side.path)).toBe(1);
    }
  });

  it("has a remedy if the upgrade has no module for its target", async () => {
    const world = rigFor(side, "behind");
    const description =
      "Unable to find a version of the module rg that is supported by target redis version of BDB 8.4";
    const body = JSON.stringify({ description, error_code: "upgrade_bdb_failed" });
    const fault = { kind: "replace", status: 400, headers: { "content-type": "application/json" }, body } as const;
    world.cluster.faults.add({ match: { method: "POST" }, fault });
    await expect(world.lifecycle.create(side.inputs(world))).rejects.toThrow(
      /BDB 8\.4 \(upgrade_bdb_failed\)\. Fix the cause .* install such a build in the cluster.*\[refused\]/,
    );
  });

  it("is reported without the credentials that it quotes", async () => {
    const world = rigFor(side, "behind");
    const pair = Buffer.from(`admin@cluster.local:${PASSWORD}`).toString("base64");
    const body = JSON.stringify({ description: `bad header Basic ${pair}, password ${PASSWORD}`, error_code: "x" });
    const fault = { kind: "replace", status: 400, headers: { "content-type": "application/json" }, body } as const;
    world.cluster.faults.add({ match: { method: "POST" }, fault });
    const error = await world.lifecycle.create(side.inputs(world)).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain("bad header Basic [secret], password [secret] (x, HTTP 400)");
    expect(String(error)).not.toContain(pair);
  });

  it("because the database was deleted is reported as such", async () => {
    const world = rigFor(side, "behind");
    world.cluster.onCall(({ request }) => {
      if (request.method === "POST") world.cluster.control.removeDatabase(1);
    });
    await expect(world.lifecycle.create(side.inputs(world))).rejects.toThrow(
      /\(db_not_exist\)\..*check databaseId.*\[refused\]/,
    );
  });
});
