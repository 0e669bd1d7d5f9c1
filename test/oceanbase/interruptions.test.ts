import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { OLD_BUILD, rig, TARGET_BUILD, UPGRADE } from "./rig";

describe("an upgrade that outlives its run", () => {
  it("is left running at the time limit and joined by the next run, with one request in total", async () => {
    const { lifecycle, inputs, writes, cluster } = rig();
    const first = await partial(lifecycle.create(inputs({ __timeouts: { create: "40s" } })));
    expect(first.id).toBe("10.77.0.2:2886");
    expect(first.reasons[0]).toMatch(/time limit.*still running upgrade 11.*Run `pulumi up` again/);
    expect(first.properties).toMatchObject({
      status: "upgrading",
      currentVersion: "4.2.1.8",
      lastUpgrade: { task: "11", from: OLD_BUILD, to: TARGET_BUILD, state: "running" },
      __provider: "text",
    });
    expect(await lifecycle.diff(first.id, first.properties, inputs())).toMatchObject({ changes: true, replaces: [] });
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11", state: "succeeded" } });

    expect(writes()).toBe(1);
    expect(cluster.acceptedUpgrades).toHaveLength(1);
  });

  it("is found by a run without its state, as after the plugin was killed", async () => {
    const { lifecycle, inputs, writes, messages } = rig();
    await partial(lifecycle.create(inputs({ __timeouts: { create: "40s" } })));
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11" } });
    expect(messages()).toContain(`joins running upgrade 11 (OB rolling upgrade to ${TARGET_BUILD})`);
    expect(writes()).toBe(1);
  });

  it("is shown by preview", async () => {
    const { lifecycle, inputs, messages } = rig();
    const first = await partial(lifecycle.create(inputs({ __timeouts: { create: "40s" } })));
    await lifecycle.diff(first.id, first.properties, inputs());
    expect(messages()).toContain(`joins running upgrade 11 (OB rolling upgrade to ${TARGET_BUILD})`);
  });

  it("is not shown as joined while it is being rolled back", async () => {
    const { lifecycle, inputs, cluster, messages } = rig();
    cluster.control.fail({ stage: 5 });
    const first = await partial(lifecycle.create(inputs()));
    cluster.control.operate("ROLLBACK");
    await lifecycle.diff(first.id, first.properties, inputs());
    expect(messages().at(-1)).toBe(
      `waits for upgrade 11 (OB rolling upgrade to ${TARGET_BUILD}), which is being rolled back; the run will then fail`,
    );
    const second = await partial(lifecycle.update(first.id, first.properties, inputs()));
    expect(second.reasons[0]).toContain("[rolled-back]");
  });

  it("is not requested again if it has ended in the meantime", async () => {
    const { lifecycle, inputs, writes, cluster } = rig();
    const first = await partial(lifecycle.create(inputs({ __timeouts: { create: "40s" } })));
    cluster.control.finish();
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11", state: "succeeded" } });
    expect(writes()).toBe(1);
  });

  it("is requested again after an operator rolled it back, and the run reports it", async () => {
    const { lifecycle, inputs, cluster, messages } = rig();
    cluster.control.hang({ stage: 3 });
    const first = await partial(lifecycle.create(inputs({ __timeouts: { create: "40s" } })));
    cluster.control.operate("CANCEL");
    cluster.control.finish();
    cluster.control.operate("ROLLBACK");
    cluster.control.finish();
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(messages().some((line) => line.includes("earlier upgrade 11"))).toBe(true);
    expect(outs).toMatchObject({ status: "current" });
    expect(cluster.acceptedUpgrades).toHaveLength(2);
  });

  it("is not waited for with wait: false, and is read by the next run", async () => {
    const { lifecycle, inputs, writes, cluster, clock } = rig();
    const { id, outs } = await lifecycle.create(inputs({ wait: false }));
    expect(outs).toMatchObject({ status: "upgrading", lastUpgrade: { task: "11", state: "running" } });
    cluster.control.finish();
    await clock.sleep(1_000);
    expect(await lifecycle.diff(id, outs, inputs({ wait: false }))).toMatchObject({ changes: true });
    const next = await lifecycle.update(id, outs, inputs({ wait: false }));
    expect(next.outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });
});

describe("a lost response", () => {
  it("to a request that took effect leads to reads, not to a second request", async () => {
    const { lifecycle, inputs, writes, cluster, messages } = rig();
    cluster.faults.add({ match: { method: "POST", path: UPGRADE }, fault: { kind: "loseReply" } });
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11" } });
    expect(messages()[0]).toContain("response to the upgrade request was lost");
    expect(writes()).toBe(1);
  });

  it("whose task is not found before the upgrade ends leaves the requested version in the state", async () => {
    const { lifecycle, inputs, cluster, messages } = rig();
    cluster.faults.add({ match: { method: "POST", path: UPGRADE }, fault: { kind: "loseReply" } });
    cluster.onCall(({ request }) => {
      if (request.target !== UPGRADE) return;
      cluster.faults.add({ match: { method: "GET" }, times: Number.POSITIVE_INFINITY, fault: { kind: "reset" } });
    });
    const first = await partial(lifecycle.create(inputs({ __timeouts: { create: "20s" } })));
    const requested = { from: OLD_BUILD, to: TARGET_BUILD };
    expect(first.properties).toMatchObject({ lastUpgrade: { task: "unknown", ...requested, state: "unknown" } });
    cluster.faults.clear();
    cluster.control.finish();
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { ...requested, state: "succeeded" } });
    expect(messages().at(-1)).toMatch(new RegExp(`^upgraded ${OLD_BUILD} → ${TARGET_BUILD}`));
  });

  it("to a request that did not take effect ends the run without a second request", async () => {
    const { lifecycle, inputs, writes, cluster } = rig();
    cluster.faults.add({ match: { method: "POST", path: UPGRADE }, fault: { kind: "reset" } });
    const first = await partial(lifecycle.create(inputs()));
    expect(first.reasons[0]).toMatch(/no upgrade appeared within .* not sent again.*\[unconfirmed\]/);
    expect(first.properties).toMatchObject({ status: "behind", lastUpgrade: { state: "failed" } });
    expect(writes()).toBe(1);
    expect(cluster.acceptedUpgrades).toHaveLength(0);
    await lifecycle.update(first.id, first.properties, inputs());
    expect(writes()).toBe(2);
    expect(cluster.acceptedUpgrades).toHaveLength(1);
  });

  it("may be hidden by a proxy's error page, and is searched for as well", async () => {
    const { lifecycle, inputs, cluster } = rig();
    const page = {
      kind: "replace",
      status: 504,
      headers: { "content-type": "text/html" },
      body: "<h1>504</h1>",
    } as const;
    cluster.faults.add({ match: { method: "POST", path: UPGRADE }, fault: page });
    expect((await partial(lifecycle.create(inputs()))).reasons[0]).toMatch(/\[unconfirmed\]/);
  });

  it("is ruled out if the connection was refused, and the request is sent", async () => {
    const { lifecycle, inputs, cluster } = rig();
    cluster.faults.add({ match: { method: "POST", path: UPGRADE }, times: 2, fault: { kind: "refuse" } });
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(cluster.acceptedUpgrades).toHaveLength(1);
  });
});

describe("an unreachable system", () => {
  it("is waited for if all agents are unreachable for half a minute during the upgrade", async () => {
    const { lifecycle, inputs, writes, cluster, clock } = rig();
    clock.after(50_000, () => {
      for (const index of [0, 1, 2]) cluster.control.restartAgent(index, { gapMs: 30_000 });
    });
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it("ends the run when the budget is exceeded, and the next run joins the upgrade", async () => {
    const { lifecycle, inputs, writes, cluster, clock } = rig();
    clock.after(50_000, () => {
      for (const index of [0, 1, 2]) cluster.control.stopAgent(index);
    });
    const args = inputs({ unreachableTimeout: "2m" });
    const first = await partial(lifecycle.create(args));
    expect(first.reasons[0]).toMatch(/could not be read for 2 min.*ECONNREFUSED.*\[unreachable\]/);
    expect(first.properties).toMatchObject({ status: "upgrading", lastUpgrade: { state: "running" } });
    for (const index of [0, 1, 2]) cluster.control.startAgent(index);
    const { outs } = await lifecycle.update(first.id, first.properties, args);
    expect(outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it("does not include one of which only some agents are unreachable", async () => {
    const { lifecycle, inputs, cluster } = rig({ buildVersion: TARGET_BUILD });
    cluster.control.stopAgent(0);
    cluster.control.stopAgent(1);
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current" });
  });

  it("that never responded ends the run after a minute", async () => {
    const { lifecycle, inputs, clock } = rig();
    const began = clock.now();
    const call = lifecycle.create(inputs({ endpoints: ["http://10.9.9.9:2886"] }));
    await expect(call).rejects.toThrow(/could not be read for 1 min/);
    expect(clock.since(began)).toBeLessThan(80_000);
  });

  it("is not drift if only the database is down: nothing is requested until it responds", async () => {
    const { lifecycle, inputs, cluster, writes } = rig({ buildVersion: TARGET_BUILD });
    cluster.control.loseDatabase("gone", { ms: 300_000 });
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(0);
  });
});

describe("a server that is not ready", () => {
  it("and panics at the request in its first second is read, and then the request is repeated", async () => {
    const { lifecycle, inputs, cluster } = rig();
    for (const index of [0, 1, 2]) cluster.control.startAgent(index);
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(cluster.acceptedUpgrades).toHaveLength(1);
  });

  const refusal = (message: string) => {
    const body = JSON.stringify({ successful: false, status: 500, error: { code: 1002, message } });
    return { match: { method: "POST", path: UPGRADE }, fault: { kind: "replace", status: 500, body } } as const;
  };

  it("and reports it without an error code receives the request once it is ready", async () => {
    const { lifecycle, inputs, cluster, writes } = rig({ agentVersion: "4.2.5.0-102024112610" });
    cluster.faults.add(refusal("Unexpected error: observer process not exist"));
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect([writes(), cluster.acceptedUpgrades.length]).toEqual([2, 1]);
  });

  it.each([
    ["Known error: not support rolling upgrade when zone num is lower than 3", 1, "Set `mode` to `stopService`"],
    [
      "Unexpected error: Found agent 10.77.0.3:2886 not running",
      Infinity,
      "Start the agent with `obshell agent start`",
    ],
    ["Unexpected error: target version is deprecated", 1, "Choose a later version"],
  ])(
    "and never becomes ready, or refuses finally, ends the run with the remedy: %s",
    async (message, times, remedy) => {
      const { lifecycle, inputs, cluster } = rig({ agentVersion: "4.3.0.0-102025043011" });
      cluster.faults.add({ ...refusal(message), times });
      await expect(lifecycle.create(inputs())).rejects.toThrow(new RegExp(`${remedy}.*\\[refused\\]`));
      expect(cluster.acceptedUpgrades).toEqual([]);
    },
  );

  it("and has a new key is reached again after its key was read", async () => {
    const { lifecycle, inputs, cluster, clock } = rig({ agentVersion: "4.4.2.0-102026041610" });
    clock.after(30_000, () => {
      for (const index of [0, 1, 2]) cluster.control.replaceKey(index);
    });
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current" });
  });

  it("whose clock is ahead receives a header that is valid there", async () => {
    const { lifecycle, inputs, cluster } = rig({ buildVersion: TARGET_BUILD }, -3_600_000);
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(cluster.journal.entries.every((entry) => entry.status === 200)).toBe(true);
  });
});
