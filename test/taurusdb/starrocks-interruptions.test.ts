import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { MINUTE, NEW, OLD, projectId, type Rig, rig } from "./rig";

const UPGRADE = /\/starrocks\/db-upgrade$/;

/** The first run of a pin, ended by its time limit while the upgrade runs. */
function cutShort({ lifecycle, inputs }: Rig, after = "3m", args: Record<string, unknown> = {}) {
  return partial(lifecycle.create(inputs({ ...args, __timeouts: { create: after } })));
}

describe("an upgrade that outlives its run", () => {
  it("is handed over at the time limit and joined by the next run: one call in all", async () => {
    const world = rig();
    const first = await cutShort(world);
    const task = world.cloud.jobs[0]?.id;
    expect(first.id).toBe(world.starRocks);
    expect(first.reasons[0]).toMatch(/time limit.*still running upgrade .*Run `pulumi up` again/);
    expect(first.properties).toMatchObject({
      status: "upgrading",
      currentVersion: OLD,
      lastUpgrade: { task, from: OLD, to: NEW, state: "running" },
    });
    expect(await world.lifecycle.diff(first.id, first.properties, world.inputs())).toMatchObject({ changes: true });
    const { outs } = await world.lifecycle.update(first.id, first.properties, world.inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task, state: "succeeded" } });
    expect(world.writes()).toBe(1);
  });

  it("is handed over before its job can be asked for, and joined", async () => {
    const world = rig();
    const first = await cutShort(world, "13s");
    const { outs } = await world.lifecycle.update(first.id, first.properties, world.inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });

  it("is found by a run that knows nothing of it, as after the plugin was killed", async () => {
    const world = rig();
    await cutShort(world);
    const { outs } = await world.lifecycle.create(world.inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: world.cloud.jobs[0]?.id, joined: true } });
    expect(world.messages().some((line) => line.startsWith("joins running upgrade"))).toBe(true);
    expect(world.writes()).toBe(1);
  });

  it("is found while it is accepted and has not begun", async () => {
    const world = rig();
    await cutShort(world, "20s");
    const { outs } = await world.lifecycle.create(world.inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { joined: true } });
    expect(world.writes()).toBe(1);
  });

  it("is found while it is accepted and its job is in a state that no document has", async () => {
    const world = rig();
    await cutShort(world, "20s");
    const id = world.cloud.jobs[0]?.id ?? "";
    world.cloud.control.showStatus("Ripening", id);
    void world.clock.sleep(MINUTE).then(() => world.cloud.control.showStatus(null, id));
    const { outs } = await world.lifecycle.create(world.inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: id, joined: true } });
    expect(world.writes()).toBe(1);
  });

  it.each(["X", "UpgradeHtap"])("is never started twice, whatever it is called: %s", async (starRocksJobName) => {
    const world = rig({ switches: { starRocksJobName, starRocksJobInstance: "taurusdb" } });
    await cutShort(world, "20s");
    const { outs } = await world.lifecycle.create(world.inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(world.cloud.acceptedUpgrades).toHaveLength(1);
  });

  it("is waited for where neither its operation nor its job has a name that tells", async () => {
    const rewrite = (body: string) => body.replaceAll('"UPGRADE_DB_VERSION"', '"OP_77"');
    const world = rig({ switches: { starRocksJobName: "X" } }, { rewrite });
    const first = await cutShort(world);
    expect((await world.lifecycle.create(world.inputs())).outs).toMatchObject({ status: "current" });
    expect(world.passing().some((line) => line.includes("waiting for its operation X"))).toBe(true);
    const { outs } = await world.lifecycle.update(first.id, first.properties, world.inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(world.writes()).toBe(1);
  });

  it("that has ended in the meantime is not started again", async () => {
    const world = rig();
    const first = await cutShort(world);
    await world.clock.sleep(30 * MINUTE);
    const { outs } = await world.lifecycle.update(first.id, first.properties, world.inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(world.writes()).toBe(1);
  });

  it("that has failed in the meantime is told of, and started again", async () => {
    const world = rig();
    const first = await cutShort(world);
    world.cloud.control.failJob("BE is down.");
    const { outs } = await world.lifecycle.update(first.id, first.properties, world.inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(world.messages().some((line) => /earlier upgrade .* has ended: .*BE is down/.test(line))).toBe(true);
    expect(world.writes()).toBe(2);
  });

  it("that the service has forgotten after a month is decided again, by what runs then", async () => {
    const world = rig();
    const first = await cutShort(world);
    await world.clock.sleep(31 * 24 * 60 * MINUTE);
    world.cloud.control.setKernel(OLD, world.starRocks);
    const since = world.clock.now();
    const { outs } = await world.lifecycle.update(first.id, first.properties, world.inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(world.cloud.jobs.at(-1)?.createdAt ?? 0).toBeGreaterThanOrEqual(since + MINUTE / 2);
    expect(world.cloud.acceptedUpgrades).toHaveLength(2);
  });

  it("is not waited for with wait: false, and looked at again by the next run", async () => {
    const { lifecycle, inputs, clock, writes } = rig();
    const args = inputs({ wait: false });
    const { id, outs } = await lifecycle.create(args);
    expect(outs).toMatchObject({ status: "upgrading", lastUpgrade: { state: "running" } });
    await clock.sleep(20 * MINUTE);
    expect(await lifecycle.diff(id, outs, args)).toMatchObject({ changes: true });
    expect((await lifecycle.update(id, outs, args)).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });
});

describe("a reply that is lost", () => {
  it("after the call took effect is looked for, not sent again", async () => {
    const { lifecycle, inputs, cloud, messages, writes } = rig();
    cloud.faults.add({ match: { method: "POST", path: UPGRADE }, fault: { kind: "loseReply" } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(messages()[0]).toContain("response to the upgrade request was lost");
    expect(writes()).toBe(1);
  });

  it.each(["DBS.108000", "APIGW.0201"] as const)("as a server's error %s is looked for as well", async (code) => {
    const { lifecycle, inputs, cloud, writes } = rig();
    cloud.control.gateway.disturb(code, { route: "starRocksUpgrade", processed: true });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it.each([
    ["a proxy's page", { status: 504, headers: { "content-type": "text/html" }, body: "<h1>504</h1>" }],
    [
      "a success that cannot be read",
      { status: 200, headers: { "content-type": "application/json" }, body: '{"a":1}' },
    ],
    [
      "a page in the place of the answer",
      { status: 200, headers: { "content-type": "text/html" }, body: "<h1>Hi</h1>" },
    ],
  ])("as %s is looked for as well", async (_, answer) => {
    const { lifecycle, inputs, cloud, clock, writes } = rig();
    cloud.faults.add({ match: { method: "POST", path: UPGRADE }, fault: { kind: "replace", ...answer } });
    const began = clock.now();
    const { reasons, properties } = await partial(lifecycle.create(inputs()));
    expect(reasons[0]).toMatch(/no upgrade appeared within 5 min.*\[unconfirmed\]/);
    expect(properties).toMatchObject({ status: "behind", lastUpgrade: { state: "failed" } });
    expect(clock.since(began)).toBeGreaterThan(4 * MINUTE);
    expect(writes()).toBe(1);
  });

  it("never left us when the connection was refused: then it is sent", async () => {
    const { lifecycle, inputs, cloud } = rig();
    cloud.faults.add({ match: { method: "POST", path: UPGRADE }, times: 2, fault: { kind: "refuse" } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.acceptedUpgrades).toHaveLength(1);
  });
});

describe("silence", () => {
  it("for half a minute in the middle is waited out", async () => {
    const { lifecycle, inputs, cloud, clock, writes } = rig();
    clock.after(3 * MINUTE, () => cloud.control.gateway.setUp("gaussdb.cn-north-4", false));
    clock.after(3.5 * MINUTE, () => cloud.control.gateway.setUp("gaussdb.cn-north-4", true));
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it("beyond the budget ends the run as a hand-over, and the next run joins", async () => {
    const { lifecycle, inputs, cloud, clock, writes } = rig();
    clock.after(3 * MINUTE, () => cloud.control.gateway.setUp("gaussdb.cn-north-4", false));
    const args = inputs({ unreachableTimeout: "2m" });
    const first = await partial(lifecycle.create(args));
    expect(first.reasons[0]).toMatch(/could not be read for 2 min.*ECONNREFUSED.*\[unreachable\]/);
    expect(first.properties).toMatchObject({ status: "upgrading", lastUpgrade: { state: "running" } });
    cloud.control.gateway.setUp("gaussdb.cn-north-4", true);
    expect((await lifecycle.update(first.id, first.properties, args)).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it("from the start is believed after a minute", async () => {
    const { lifecycle, inputs, clock } = rig();
    const began = clock.now();
    const call = lifecycle.create(inputs({ endpoint: "https://nowhere.example.com", projectId }));
    await expect(call).rejects.toThrow(/could not be read for 1 min.*nowhere\.example\.com.*ENOTFOUND/);
    expect(clock.since(began)).toBeLessThan(80_000);
  });

  it("as errors of the server is waited out", async () => {
    const { lifecycle, inputs, cloud } = rig();
    cloud.control.gateway.disturb("DBS.108000", { skip: 8, times: 5 });
    cloud.control.gateway.disturb("APIGW.0201", { skip: 20, times: 5 });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
  });
});

describe("something else at the address", () => {
  it.each([
    [
      "HTML",
      { status: 200, headers: { "content-type": "text/html" }, body: "<html>Welcome</html>" },
      /found HTTP 200, text\/html: “Welcome”/,
    ],
    [
      "a 404 page",
      { status: 404, headers: { "content-type": "text/html" }, body: "<h1>404</h1>" },
      /found HTTP 404, text\/html/,
    ],
    [
      "other JSON",
      { status: 200, headers: { "content-type": "application/json" }, body: '{"hello":"world"}' },
      /instances|datastores/,
    ],
  ])("is told in one sentence: %s", async (name, answer, text) => {
    const { lifecycle, inputs, cloud } = rig();
    cloud.faults.add({
      match: { path: /\/starrocks\/[^/]+$/ },
      times: Infinity,
      fault: { kind: "replace", ...answer },
    });
    cloud.faults.add({ match: { path: /\/htap\// }, times: Infinity, fault: { kind: "replace", ...answer } });
    const call = lifecycle.create(inputs({ projectId: "054e292c9880d4992f02c0196d3ea468" }));
    await expect(call, name).rejects.toThrow(text);
  });

  it("of the same vendor, such as another service, is told by what it does not serve", async () => {
    const { lifecycle, inputs } = rig();
    const endpoint = "https://iam.cn-north-4.myhuaweicloud.com";
    await expect(lifecycle.create(inputs({ endpoint }))).rejects.toThrow(
      /iam\.cn-north-4\S+ does not serve GET \/v3\/\{project_id\}\/instances\/.*APIGW\.0101.*Check `endpoint`.*\[blocked\]/,
    );
  });

  it("behind a proxy that is down at first is waited for", async () => {
    const { lifecycle, inputs, cloud } = rig({ starRocksKernel: NEW });
    const page = { status: 503, headers: { "content-type": "text/html" }, body: "<h1>503</h1>" };
    cloud.faults.add({ match: { host: "gaussdb.cn-north-4" }, times: 12, fault: { kind: "replace", ...page } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
  });

  it("in the middle of an upgrade is a passing fault", async () => {
    const { lifecycle, inputs, cloud } = rig();
    const page = { status: 200, headers: { "content-type": "text/html" }, body: "<html>Maintenance</html>" };
    cloud.faults.add({ match: { path: /\/jobs$/ }, skip: 5, times: 5, fault: { kind: "replace", ...page } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
  });
});
