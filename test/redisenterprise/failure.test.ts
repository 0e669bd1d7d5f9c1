import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { PASSWORD } from "./rig";
import { rigFor, SIDES } from "./sides";

describe.each(SIDES)("an upgrade that fails at the vendor (%s)", (_, side) => {
  it("ends with its state machine, state and error, and with what can be done", async () => {
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
    "is one as well under the word %s, in the other vocabulary",
    async (failure) => {
      const world = rigFor(side, "behind", { switches: { actionWords: "action" } });
      world.cluster.control.fail({ failure, error: "no room" });
      const { reasons } = await partial(world.lifecycle.create(side.inputs(world)));
      expect(reasons[0]).toContain(`SMUpgradeBDB ${failure} in state init at 0%: no room.`);
    },
  );

  it("is told again by every run, which calls nothing while the database is held", async () => {
    const world = rigFor(side, "behind", { switches: { afterFailure: "accepted" } });
    world.cluster.control.fail();
    const first = await partial(world.lifecycle.create(side.inputs(world)));
    expect(await world.lifecycle.diff(first.id, first.properties, side.inputs(world))).toMatchObject({ changes: true });
    expect(world.said().at(-1)).toMatch(/^upgrade .* failed: SMUpgradeBDB failed in state init/);
    const second = await partial(world.lifecycle.update(first.id, first.properties, side.inputs(world)));
    expect(second.reasons[0]).toContain("active-change-pending");
    await partial(world.lifecycle.create(side.inputs(world)));
    expect(world.writes()).toBe(1);
  });

  it("and that an operator has go on is joined by the next run", async () => {
    const world = rigFor(side, "behind");
    world.cluster.control.fail({ state: "prepare" });
    const first = await partial(world.lifecycle.create(side.inputs(world)));
    world.cluster.control.retry(1);
    const { outs } = await world.lifecycle.update(first.id, first.properties, side.inputs(world));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(world.writes()).toBe(1);
  });

  it("and that an operator has reset is started again by the next run", async () => {
    const world = rigFor(side, "behind");
    world.cluster.control.fail();
    const first = await partial(world.lifecycle.create(side.inputs(world)));
    world.cluster.control.reset(1);
    const { outs } = await world.lifecycle.update(first.id, first.properties, side.inputs(world));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(2);
  });

  it("while nobody looked is told by the next run", async () => {
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

describe.each(SIDES)("another change of the database (%s)", (_, side) => {
  it("is waited for by its name, then the upgrade starts", async () => {
    const world = rigFor(side, "behind");
    world.cluster.control.busy(1, { ms: 60_000 });
    const { outs } = await world.lifecycle.create(side.inputs(world));
    const passing = world.lines.map((line) => line.message);
    expect(passing.some((text) => text.startsWith("waiting for SMUpdateBDB of database 1 (cache)"))).toBe(true);
    expect(outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });

  it("does not matter to a database at its pin", async () => {
    const world = rigFor(side, "there");
    world.cluster.control.busy(1);
    expect((await world.lifecycle.create(side.inputs(world))).outs).toMatchObject({ status: "current" });
  });

  it("that never ends ends the run at its limit, with nothing called", async () => {
    const world = rigFor(side, "behind");
    world.cluster.control.busy(1);
    await expect(world.lifecycle.create(side.inputs(world, { __timeouts: { create: "5m" } }))).rejects.toThrow(
      /time limit.*nothing was sent.*\[deadline\]/,
    );
    expect(world.writes()).toBe(0);
  });

  it.each(["409", "400"] as const)(
    "that comes between the looks and the call (%s) is waited for as well",
    async (busy) => {
      const world = rigFor(side, "behind", { switches: { busy } });
      let late = true;
      world.cluster.onCall(({ request }) => {
        if (request.method !== "POST" || !late) return;
        late = false;
        world.cluster.control.busy(1, { ms: 30_000 });
      });
      expect((await world.lifecycle.create(side.inputs(world))).outs).toMatchObject({ status: "current" });
      expect(world.writes()).toBe(2);
      expect(world.cluster.acceptedUpgrades).toHaveLength(1);
    },
  );

  it("that makes the server queue the call is waited for with it", async () => {
    const world = rigFor(side, "behind", { switches: { busy: "queue" } });
    let late = true;
    world.cluster.onCall(({ request }) => {
      if (request.method !== "POST" || !late) return;
      late = false;
      world.cluster.control.busy(1, { ms: 30_000 });
    });
    expect((await world.lifecycle.create(side.inputs(world))).outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });

  it("that failed and holds the database is named, and nothing is called", async () => {
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
  ])("that fails after the upgrade, before %s, does not hide what runs", async (_when, path) => {
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

  it("without any state machine to see is waited for by the database's status", async () => {
    const world = rigFor(side, "behind");
    world.cluster.control.setDatabase(1, { status: "recovery" });
    world.clock.after(20_000, () => world.cluster.control.setDatabase(1, { status: "active" }));
    expect((await world.lifecycle.create(side.inputs(world))).outs).toMatchObject({ status: "current" });
    const passing = world.lines.map((line) => line.message);
    expect(passing.some((text) => text.includes("a change of database 1 (cache) (status recovery)"))).toBe(true);
  });
});

describe.each(SIDES)("a refusal of the call (%s)", (_, side) => {
  it("is final with the vendor's code, whatever its shape", async () => {
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

  it("never shows what it quotes of our credentials", async () => {
    const world = rigFor(side, "behind");
    const pair = Buffer.from(`admin@cluster.local:${PASSWORD}`).toString("base64");
    const body = JSON.stringify({ description: `bad header Basic ${pair}, password ${PASSWORD}`, error_code: "x" });
    const fault = { kind: "replace", status: 400, headers: { "content-type": "application/json" }, body } as const;
    world.cluster.faults.add({ match: { method: "POST" }, fault });
    const error = await world.lifecycle.create(side.inputs(world)).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain("bad header Basic [secret], password [secret] (x, HTTP 400)");
    expect(String(error)).not.toContain(pair);
  });

  it("because the database went away is told as such", async () => {
    const world = rigFor(side, "behind");
    world.cluster.onCall(({ request }) => {
      if (request.method === "POST") world.cluster.control.removeDatabase(1);
    });
    await expect(world.lifecycle.create(side.inputs(world))).rejects.toThrow(
      /\(db_not_exist\)\..*check databaseId.*\[refused\]/,
    );
  });
});
