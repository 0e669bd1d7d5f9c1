import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { rigFor, SIDES } from "./sides";

const SOON = { __timeouts: { create: "4s" } };

describe.each(SIDES)("an upgrade that outlives its run (%s)", (_, side) => {
  it("is handed over at the time limit and joined by the next run: one call in all", async () => {
    const world = rigFor(side, "behind");
    const first = await partial(world.lifecycle.create(side.inputs(world, SOON)));
    const task = world.cluster.acceptedUpgrades[0]?.actionUid;
    expect(first.id).toBe("10.78.0.2:9443/bdb-1");
    expect(first.reasons[0]).toMatch(new RegExp(`time limit.*still running upgrade ${task}.*Run .pulumi up. again`));
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

  it("is found by a run that knows nothing of it, as after the plugin was killed", async () => {
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

  it("that has ended in the meantime is not started again", async () => {
    const world = rigFor(side, "behind");
    const first = await partial(world.lifecycle.create(side.inputs(world, SOON)));
    world.cluster.control.finish(1);
    const { outs } = await world.lifecycle.update(first.id, first.properties, side.inputs(world));
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(world.writes()).toBe(1);
  });

  it("and whose pin was raised in the meantime is waited for, then followed by the next", async () => {
    const world = rigFor(side, "behind");
    const first = await partial(world.lifecycle.create(side.inputs(world, SOON)));
    const { outs } = await world.lifecycle.update(first.id, first.properties, side.inputs(world, side.higher));
    expect(outs).toMatchObject({ status: "current", ...side.higher });
    expect(world.cluster.acceptedUpgrades).toHaveLength(2);
    expect(world.cluster.journal.find("POST").map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe.each(SIDES)("a reply that is lost (%s)", (_, side) => {
  const upgradeCall = { method: "POST", path: side.path };

  it("after the call took effect is looked for, not sent again", async () => {
    const world = rigFor(side, "behind");
    world.cluster.faults.add({ match: upgradeCall, fault: { kind: "loseReply" } });
    const { outs } = await world.lifecycle.create(side.inputs(world));
    const task = world.cluster.acceptedUpgrades[0]?.actionUid;
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task, to: side.to, state: "succeeded" } });
    expect(outs["lastUpgrade"]).not.toHaveProperty("joined");
    expect(world.messages()[0]).toContain("response to the upgrade request was lost");
    expect(world.writes()).toBe(1);
  });

  it("and the call with it is told as unconfirmed, and sent by the next run", async () => {
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
    ["a web page that says 200", 200, "text/html", "<h1>Hello</h1>"],
  ])("in the place of which %s answers is looked for as well", async (_name, status, type, body) => {
    const world = rigFor(side, "behind");
    const fault = { kind: "replace", status, headers: { "content-type": type }, body } as const;
    world.cluster.faults.add({ match: upgradeCall, fault });
    expect((await partial(world.lifecycle.create(side.inputs(world)))).reasons[0]).toMatch(/\[unconfirmed\]/);
    expect(world.cluster.journal.count("POST", side.path)).toBe(1);
  });

  it("never left us when the connection was refused: then it is sent", async () => {
    const world = rigFor(side, "behind");
    world.cluster.faults.add({ match: upgradeCall, times: 2, fault: { kind: "refuse" } });
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.cluster.acceptedUpgrades).toHaveLength(1);
  });
});

describe.each(SIDES)("silence (%s)", (_, side) => {
  it("of all nodes for half a minute in the middle is waited out", async () => {
    const world = rigFor(side, "behind");
    world.clock.after(4_000, () => [1, 2, 3].forEach((node) => void world.cluster.control.stopNode(node)));
    world.clock.after(34_000, () => [1, 2, 3].forEach((node) => void world.cluster.control.startNode(node)));
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });

  it("beyond the budget ends the run as a hand-over, and the next run joins", async () => {
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

  it("of some nodes does not matter", async () => {
    const world = rigFor(side, "there");
    world.cluster.control.stopNode(1);
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(outs).toMatchObject({ status: "current" });
  });

  it("from the start, of a cluster never heard of, is believed after a minute", async () => {
    const world = rigFor(side, "behind");
    const began = world.clock.now();
    const call = world.lifecycle.create(side.inputs(world, { endpoints: ["https://10.9.9.9:9443"] }));
    await expect(call).rejects.toThrow(/could not be read for 1 min/);
    expect(world.clock.since(began)).toBeLessThan(80_000);
  });
});

describe.each(SIDES)("the master (%s)", (_, side) => {
  it("that dies in the middle of the wait is replaced by another one, whom the others redirect to", async () => {
    const world = rigFor(side, "behind");
    world.clock.after(3_000, () => world.cluster.control.stopNode(1));
    world.clock.after(60_000, () => world.cluster.control.startNode(1));
    const { outs } = await world.lifecycle.create(side.inputs(world));
    expect(outs).toMatchObject({ status: "current" });
    expect(world.cluster.master).toBe(2);
    expect(world.writes()).toBe(1);
  });

  it("that changes between the looks and the call gets the call by a redirect, once", async () => {
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

  it("whose reply is lost after the redirect is looked for, not sent again", async () => {
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
