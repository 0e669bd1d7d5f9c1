import { describe, expect, it } from "vitest";
import type { SwitchChange } from "../simulators/redisenterprise";
import { partial } from "../support/partial";
import { CACHE, rig } from "./rig";
import { rigFor, SIDES } from "./sides";

/** Everything that no source settles: a client has to be right under every reading. */
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
  it.each(READINGS)("comes to its end with one call when the server is %j", async (switches) => {
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

  it.each(READINGS)("is joined after an interruption when the server is %j", async (switches) => {
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
  ] satisfies SwitchChange[])("that fails is told when the server is %j", async (switches) => {
    const world = rigFor(side, "behind", { switches });
    world.cluster.control.fail({ error: "boom" });
    await expect(world.lifecycle.create(side.inputs(world))).rejects.toMatchObject({
      reasons: [expect.stringMatching(/failed in state init at 0%: boom.*\[upgrade-failed\]/)],
    });
    expect(world.writes()).toBe(1);
  });

  it("that is over by the next call, and forgotten, is seen by what runs", async () => {
    const switches = { answersActionUid: false, actionUidOnDatabase: false, finishedActions: "forgotten" } as const;
    const world = rigFor(side, "behind", { switches, timings: "instant" });
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "bdb:1", to: side.to, state: "succeeded" } });
    expect(world.writes()).toBe(1);
  });
});

describe("module uids that a server of Redis Enterprise 8", () => {
  it("ignores, though it answers 200, are told as an upgrade that was none", async () => {
    const world = rig({ switches: { bundledUids: "ignored" } });
    const { reasons, properties } = await partial(world.lifecycle.create(world.modules()));
    expect(reasons[0]).toMatch(
      /reported as successful, but search 2\.10\.8, ReJSON 2\.8\.4 still runs.*\[not-upgraded\]/,
    );
    expect(properties).toMatchObject({ status: "behind", members: { search: "2.10.8", ReJSON: "2.8.4" } });
    expect(world.writes()).toBe(1);
  });

  it("ignores without any action are told as that as well, and the call is sent once", async () => {
    const world = rig({ switches: { bundledUids: "ignored", noChange: "noAction" } });
    const { reasons } = await partial(world.lifecycle.create(world.modules()));
    expect(reasons[0]).toMatch(/upgrade bdb:1 .*\[not-upgraded\]/);
    expect(world.writes()).toBe(1);
  });

  it("refuses are told with its words", async () => {
    const world = rig({ switches: { bundledUids: "refused" } });
    await expect(world.lifecycle.create(world.modules())).rejects.toThrow(
      /was refused: The version of the bundled module search cannot be chosen.*\[refused\]/,
    );
  });

  it("does not matter to an upgrade of Redis, which names none", async () => {
    for (const bundledUids of ["ignored", "refused"] as const) {
      const world = rig({ switches: { bundledUids } });
      expect((await world.lifecycle.create(world.redis())).outs).toMatchObject({ status: "current" });
    }
  });
});

/** As a web server says it, not Redis Enterprise. */
const NOT_FOUND_PAGE = {
  kind: "replace",
  status: 404,
  headers: { "content-type": "text/html" },
  body: "<h1>404</h1>",
} as const;

describe("servers before 7.4.2", () => {
  it.each(["before", "after"])(
    "may answer a call that they do not have with a web page (%s the call)",
    async (when) => {
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
    },
  );

  it("are waited for while a proxy says of the database that it is not there", async () => {
    const world = rig({
      softwareVersion: "7.2.4-92",
      databases: [{ ...CACHE, redisVersion: "7.2", modules: ["search"] }],
    });
    world.cluster.faults.add({ match: { method: "GET", path: "/v1/bdbs/1" }, times: 3, fault: NOT_FOUND_PAGE });
    const { outs } = await world.lifecycle.create(world.redis({ redisVersion: "7.2" }));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.cluster.faults.pending).toBe(0);
  });

  it("have one list of all actions, in which those of the database are found", async () => {
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
