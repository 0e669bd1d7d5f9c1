import { describe, expect, it } from "vitest";
import { CACHE, type Rig, rig } from "./rig";

type Args = Record<string, unknown>;
const UNPROTECTED = { ...CACHE, replication: false, persistence: "disabled" } as const;
const TYPES: [string, (world: Rig, args?: Args) => Args][] = [
  ["modules", (world, args) => world.modules(args)],
  ["Redis", (world, args) => world.redis(args)],
];

describe.each(TYPES)("a database with neither replication nor persistence (%s)", (_, inputs) => {
  it.each(["accepted", "refused"] as const)(
    "is not touched without consent, at preview already, even if the server would do it (%s)",
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
      expect(world.said()[0]).toContain(
        "with downtime and the loss of all its data: the database is neither replicated nor persistent",
      );
      const { outs } = await world.lifecycle.create(args);
      expect(outs).toMatchObject({ status: "current" });
      expect(world.cluster.lostKeys).toBe(1000);
    },
  );

  it("needs no consent at its pin", async () => {
    const there = { ...UNPROTECTED, redisVersion: "8.0", modules: ["search", "ReJSON"] };
    const world = rig({ databases: [there] });
    const pin = "redisVersion" in inputs(world) ? {} : { modules: { search: ">=7", ReJSON: ">=7" } };
    const { outs } = await world.lifecycle.create(inputs(world, pin));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(0);
  });

  it("that was protected at preview and is not any more is not touched at apply", async () => {
    const world = rig();
    expect((await world.lifecycle.check({}, inputs(world))).failures).toEqual([]);
    world.cluster.control.setDatabase(1, { replication: false, persistence: "disabled" });
    await expect(world.lifecycle.create(inputs(world))).rejects.toThrow(/mayDiscardData/);
    expect(world.writes()).toBe(0);
  });
});

describe.each(TYPES)("a database without replication, but with persistence (%s)", (_, inputs) => {
  it("is upgraded with a warning of the downtime in the plan", async () => {
    const world = rig({ databases: [{ ...CACHE, replication: false }] });
    expect((await world.lifecycle.check({}, inputs(world))).failures).toEqual([]);
    expect(world.said()).toEqual([expect.stringContaining("with downtime: the database is not replicated")]);
    const { outs } = await world.lifecycle.create(inputs(world));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.cluster.lostKeys).toBe(0);
  });
});

describe.each(TYPES)("a server that does not tell what protects a database (%s)", (_, inputs) => {
  it("has it taken for unprotected", async () => {
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
