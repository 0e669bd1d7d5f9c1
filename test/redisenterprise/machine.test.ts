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

/** A state machine as the server would show it. */
function machine(fields: Record<string, unknown>): Action {
  return action.parse({ action_uid: "a1", name: "SMUpgradeBDB", object_name: "bdb:1", status: "active", ...fields });
}

describe("the words for where an action stands", () => {
  it.each([
    ["running", ["pending", "active", "queued", "starting", "running", "cancelling", "started", "who knows"]],
    ["completed", ["completed", "finished", "Completed"]],
    ["failed", ["failed", "cancelled", "aborted", "FAILED"]],
  ] as const)("%s: %j", (stage, words) => {
    for (const status of words) expect(stageOf({ status })).toBe(stage);
  });

  it("of progress may be a number, a text, or missing", () => {
    expect([14.29, "100", 250, -1, undefined, "?"].map((progress) => percentOf(machine({ progress })))).toEqual([
      14,
      100,
      100,
      0,
      undefined,
      undefined,
    ]);
  });

  it("of its state come first", () => {
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

  it("may tell nothing at all", () => {
    expect(describeFailure(machine({ status: "failed" }), 1).message).toBe("SMUpgradeBDB failed.");
  });
});

describe("the newest of several state machines", () => {
  it("is the one that runs, before one that waits, before the last that ended", () => {
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

describe("what a database is busy with", () => {
  const at = (status: string, action_uid?: string) =>
    databaseFrom({ uid: 1, name: "cache", status, ...(action_uid === undefined ? {} : { action_uid }) });
  const targetOf = (id: string) => `target of ${id}`;
  const failed = machine({ status: "failed", error: "boom" });
  const update = (fields: Record<string, unknown>) => machine({ name: "SMUpdateBDB", ...fields });

  it.each([
    ["nothing", at("active"), [], undefined],
    ["nothing after a success", at("active"), [machine({ status: "completed" })], undefined],
    ["nothing after a failure that was reset", at("active"), [failed], undefined],
    [
      "nothing but the name of an action that has ended",
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
      "an upgrade that waits behind a change",
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
      "something that shows no state machine",
      at("active-change-pending"),
      [],
      { kind: "busy", name: "a change of database 1 (cache) (status active-change-pending)" },
    ],
    [
      "an action that is not listed",
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
  ] as const)("%s", (_, database, machines, expected) => {
    const activity = activityOf(database, machines, targetOf);
    if (expected === undefined) expect(activity).toBeUndefined();
    else expect(activity).toMatchObject(expected);
  });

  it.each([
    [
      "an upgrade of the whole Active-Active database, before that of the participant",
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
    ["a task that tells nothing", [{}], [], { kind: "busy", name: expect.stringContaining("unknown operation") }],
    [
      "an upgrade of the participant, beside another task",
      [{}],
      [machine({})],
      { kind: "running", task: { id: "a1" } },
    ],
  ])("%s", (_, tasks, machines, expected) => {
    const unfinished = tasks.map((fields) => ({ id: "t1", status: "started", ...fields }));
    expect(activityOf(at("active"), machines, targetOf, unfinished)).toMatchObject(expected);
  });
});

/** A cluster that has forgotten the action of its database, which is at rest. */
const nodes = {
  read: async (target: string) => {
    if (target === "/v1/bdbs/1") return { uid: 1, status: "active" };
    return target === "/v1/actions/bdb/1" ? [] : undefined;
  },
} as unknown as Nodes;

describe("an upgrade that the cluster does not know any more", () => {
  it.each([
    ["an hour forward", 3_600_000],
    ["an hour back", -3_600_000],
  ])("is over after a while of rest, however the wall clock is put (%s)", async (_, step) => {
    let elapsed = 0;
    let wall = 10_000_000;
    const clock: Clock = { now: () => wall, elapsed: () => elapsed, sleep: async () => undefined };
    const watcher = new Watcher(nodes, clock);
    const look = () => watcher.inspect({ id: "a1", kind: "SMUpgradeBDB", to: "7.4" }, 1);
    expect(await look()).toMatchObject({ kind: "running" });
    wall += step;
    elapsed += 1_000;
    expect(await look()).toMatchObject({ kind: "running" });
    elapsed += 5_000;
    expect(await look()).toEqual({ kind: "succeeded" });
  });
});
