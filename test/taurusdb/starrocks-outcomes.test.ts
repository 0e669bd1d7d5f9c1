import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { MINUTE, NEW, OLD, projectId, type Rig, rig } from "./rig";

const SECOND = 1_000;

describe("an unsuccessful upgrade", () => {
  it("that failed is reported with the vendor's reason, and requested again by the next run", async () => {
    const { lifecycle, inputs, cloud, starRocks, writes } = rig();
    cloud.control.fail({ instance: starRocks, reason: "BE is down." });
    const first = await partial(lifecycle.create(inputs()));
    expect(first.reasons[0]).toMatch(/failed: UpgradeStarRocksKernelVersion: BE is down\..*\[upgrade-failed\]/);
    expect(first.properties).toMatchObject({ status: "failed", currentVersion: OLD, lastUpgrade: { state: "failed" } });
    expect((await lifecycle.update(first.id, first.properties, inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(2);
  });

  it("whose instance is abnormal after the job has completed is a failure", async () => {
    const { lifecycle, inputs, cloud, clock, messages, writes } = rig();
    cloud.control.damage();
    const began = clock.now();
    const first = await partial(lifecycle.create(inputs()));
    expect(first.reasons[0]).toMatch(
      /failed: \w+: the job is completed, but sr1 is abnormal, for 5 min( \d+ s)? now\. .*Huawei Cloud support.*\[upgrade-failed\]/,
    );
    expect(first.properties).toMatchObject({ status: "failed", currentVersion: NEW });
    expect(clock.since(began)).toBeLessThan(20 * MINUTE);
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(messages().at(-1)).toMatch(/does not work.*sr1 is abnormal/);
    expect(writes()).toBe(1);
  });

  it("whose nodes still run the old version after the job has completed is a failure", async () => {
    const rewrite = (body: string) =>
      body.includes(`"data_store_version":"${NEW}"`)
        ? body.replace(/("type":"star-rocks","version":")3\.1\.15\.80"/, `$1${OLD}"`)
        : body;
    const { lifecycle, inputs } = rig({}, { rewrite });
    const { reasons } = await partial(lifecycle.create(inputs()));
    expect(reasons[0]).toMatch(/the job is completed, but sr1_fe_0 still runs 3\.1\.6\.0, not 3\.1\.15\.80, for /);
  });

  it("whose job failed is reported without a statement about its effects", async () => {
    const { lifecycle, inputs, cloud } = rig();
    cloud.control.fail();
    const { reasons } = await partial(lifecycle.create(inputs()));
    expect(reasons[0]).not.toContain("Nothing was upgraded");
    expect(reasons[0]).toContain("it starts from the current version");
  });

  it("that was canceled is reported as canceled", async () => {
    const { lifecycle, inputs, cloud, clock } = rig();
    clock.after(3 * MINUTE, () => cloud.control.cancelJob());
    const first = await partial(lifecycle.create(inputs()));
    expect(first.reasons[0]).toMatch(/failed: .*it was canceled\./);
  });

  it("that completed without the new version is not reported as a success", async () => {
    const { lifecycle, inputs, cloud, writes } = rig();
    cloud.control.fallBehind();
    const { reasons } = await partial(lifecycle.create(inputs()));
    expect(reasons[0]).toMatch(/reported as successful, but 3\.1\.6\.0 still runs.*\[not-upgraded\]/);
    expect(writes()).toBe(1);
  });

  it("whose job never appears is reported", async () => {
    const { lifecycle, inputs, cloud, writes } = rig();
    cloud.control.vanish();
    const { reasons } = await partial(lifecycle.create(inputs()));
    expect(reasons[0]).toMatch(/the vendor no longer reports.*\[vanished\]/);
    expect(writes()).toBe(1);
  });
});

describe("a slow upgrade", () => {
  it("that waits for approval ends the run, and the next run waits for it after the approval", async () => {
    const { lifecycle, inputs, cloud, writes } = rig();
    cloud.control.awaitApproval();
    const first = await partial(lifecycle.create(inputs()));
    expect(first.reasons[0]).toMatch(
      /does not continue\. Its upgrade [0-9a-f-]+ waits for approval \(Unauthorized\)\. Approve the job in the Huawei Cloud console\. \[blocked\]$/,
    );
    expect(first.properties).toMatchObject({ status: "upgrading", lastUpgrade: { state: "running" } });
    const again = await partial(lifecycle.update(first.id, first.properties, inputs()));
    expect(again.reasons[0]).toMatch(/waits for approval.*\[blocked\]$/);
    cloud.control.approve();
    expect((await lifecycle.update(again.id, again.properties, inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it("that waits for approval is found by a run without a record of it, and by a preview", async () => {
    const { lifecycle, inputs, cloud, writes, messages } = rig();
    cloud.control.awaitApproval();
    await partial(lifecycle.create(inputs()));
    expect((await lifecycle.check({}, inputs())).failures).toEqual([]);
    expect(messages().join(" ")).toContain("waits for approval (Unauthorized)");
    await expect(lifecycle.create(inputs())).rejects.toThrow(/waits for approval \(Unauthorized\).*\[blocked\]/);
    cloud.control.approve();
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it("whose instance is busy after the job is waited for", async () => {
    const { lifecycle, inputs, cloud, clock, ephemeral } = rig();
    cloud.control.setTimings({ settleMs: 8 * MINUTE });
    const began = clock.now();
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(clock.since(began)).toBeGreaterThan(18 * MINUTE);
    expect(ephemeral().some((line) => line.includes("the job is completed, UPGRADE_DB_VERSION still runs"))).toBe(true);
  });

  it("whose instance is abnormal for some minutes after the job is waited for", async () => {
    const { lifecycle, inputs, cloud, clock, starRocks } = rig();
    cloud.control.damage();
    clock.after(14 * MINUTE, () => cloud.control.setStatus("ACTIVE", { instance: starRocks }));
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(clock.now() - Date.UTC(2026, 0, 1)).toBeGreaterThan(14 * MINUTE);
  });

  it("in an undocumented state is waited for and reported", async () => {
    const { lifecycle, inputs, cloud, clock, ephemeral } = rig();
    clock.after(2 * MINUTE, () => cloud.control.showStatus("Pondering"));
    clock.after(8 * MINUTE, () => cloud.control.showStatus(null));
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(ephemeral().some((line) => line.includes('is in the undocumented state "Pondering"'))).toBe(true);
  });

  it("that hangs ends the run at the default limit of an hour, with its record", async () => {
    const { lifecycle, inputs, cloud, clock, writes } = rig();
    cloud.control.hang();
    const began = clock.now();
    const first = await partial(lifecycle.create(inputs()));
    expect(first.reasons[0]).toMatch(/time limit/);
    expect(clock.since(began)).toBe(60 * MINUTE);
    cloud.control.unhang();
    expect((await lifecycle.update(first.id, first.properties, inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });
});

describe("a rejected upgrade request", () => {
  it("of a busy instance is sent again when it is available, because nothing was accepted", async () => {
    const { lifecycle, inputs, cloud, starRocks, ephemeral } = rig();
    cloud.control.setStatus("MODIFYING", { instance: starRocks, ms: 5 * MINUTE });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(ephemeral().some((line) => /not started yet: .*DBS\.05000084, HTTP 409/.test(line))).toBe(true);
    expect(cloud.acceptedUpgrades).toHaveLength(1);
  });

  it.each(["DBS.200019", "DBS.201202", "DBS.201015", "DBS.212033", "DBS.201205"] as const)(
    "with %s means that the instance is busy",
    async (code) => {
      const { lifecycle, inputs, cloud } = rig();
      cloud.control.gateway.disturb(code, { route: "starRocksUpgrade", times: 12 });
      expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    },
  );

  it("of a region without this API is reported with the arguments to check", async () => {
    const { lifecycle, inputs, cloud } = rig();
    cloud.control.gateway.disturb("APIGW.0101", { route: "starRocksUpgrade" });
    await expect(lifecycle.create(inputs())).rejects.toThrow(
      /APIGW\.0101, HTTP 404.* Check `endpoint` and `region`: .*StarRocks is not in every region\. \[refused\]/,
    );
  });

  it("with DBS.201014 means busy at 409, and is final at 400", async () => {
    const busy = rig();
    busy.cloud.control.gateway.disturb("DBS.201014", { route: "starRocksUpgrade", times: 12, status: 409 });
    expect((await busy.lifecycle.create(busy.inputs())).outs).toMatchObject({ status: "current" });
    const final = rig();
    final.cloud.control.gateway.disturb("DBS.201014", { route: "starRocksUpgrade", times: 12 });
    await expect(final.lifecycle.create(final.inputs())).rejects.toThrow(/DBS\.201014, HTTP 400.*\[refused\]/);
    expect(final.writes()).toBe(1);
  });

  it("of an instance that is up to date is a success only if that is observed", async () => {
    const { lifecycle, inputs, cloud, starRocks } = rig();
    cloud.onCall(({ request }) => {
      if (request.method === "POST") cloud.control.setKernel(NEW, starRocks);
    });
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(cloud.acceptedUpgrades).toHaveLength(0);
  });

  it.each([400, 409])("of an instance at the latest version satisfies latest, at HTTP %i", async (status) => {
    const { lifecycle, inputs, cloud } = rig();
    cloud.control.gateway.disturb("DBS.05000008", { route: "starRocksUpgrade", times: 100, status });
    const { outs } = await lifecycle.create(inputs({ version: "latest" }));
    expect(outs).toMatchObject({ status: "current", currentVersion: OLD });
  });

  it("of an instance at the latest version below an exact target is an error with the listed versions", async () => {
    const { lifecycle, inputs, cloud, writes } = rig();
    cloud.control.gateway.disturb("DBS.05000008", { route: "starRocksUpgrade", times: 100 });
    await expect(lifecycle.create(inputs())).rejects.toThrow(/not offered yet.*lists 3\.1\.15\.80/);
    expect(writes()).toBe(1);
  });

  it("for a missing permission is reported with the IAM action", async () => {
    const { lifecycle, inputs, cloud, writes } = rig();
    cloud.control.iam.deny(["gaussdbformysql:instance:upgrade"]);
    await expect(lifecycle.create(inputs())).rejects.toThrow(
      /was forbidden: .*DBS\.200010, HTTP 403.*gaussdbformysql:instance:upgrade.*\[unauthorized\]/,
    );
    expect(writes()).toBe(1);
  });

  it.each([
    ["FROZEN", /is abnormal, and the service upgrades only normal ones.*\[blocked\]/],
    ["BUILD", /time limit/],
  ])("is not sent to an instance that is %s", async (status, text) => {
    const { lifecycle, inputs, cloud, starRocks } = rig();
    cloud.control.setStatus(status, { instance: starRocks });
    await expect(lifecycle.create(inputs({ __timeouts: { create: "5m" } }))).rejects.toThrow(text);
    expect(cloud.writes()).toEqual([]);
  });
});

describe("an upgrade by another client", () => {
  it("is joined", async () => {
    const { lifecycle, inputs, cloud, starRocks, writes } = rig();
    const other = rig({ state: cloud.export() });
    expect(other.starRocks).toBe(starRocks);
    await partial(other.lifecycle.create(other.inputs({ __timeouts: { create: "2m" } })));
    expect((await other.lifecycle.create(other.inputs({ version: "latest" }))).outs).toMatchObject({
      status: "current",
      lastUpgrade: { joined: true },
    });
    expect([writes(), other.writes()]).toEqual([0, 1]);
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
  });
});

/** A service that does not show an accepted upgrade for this time, and then starts it. */
function late(visibleMs: number) {
  return rig({ timings: { visibleMs, startMs: visibleMs + MINUTE } });
}

describe("a job that is not visible yet", () => {
  it.each([45 * SECOND, 4 * MINUTE])("until %i ms is waited for by the run that started it", async (visibleMs) => {
    const { lifecycle, inputs, writes } = late(visibleMs);
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it.each([true, false])("is not requested again by the run after an interrupted one (wait: %s)", async (wait) => {
    const world = late(4 * MINUTE);
    const first = await partial(world.lifecycle.create(world.inputs({ __timeouts: { create: "20s" } })));
    const args = world.inputs({ wait });
    const { outs } = await world.lifecycle.update(first.id, first.properties, args);
    expect(outs).toMatchObject({ status: wait ? "current" : "upgrading" });
    expect(world.writes()).toBe(1);
  });

  it("and never appears is reported once it should be visible, and then requested again", async () => {
    const { lifecycle, inputs, cloud, clock, writes } = rig();
    cloud.control.vanish();
    const args = inputs({ wait: false, unreachableTimeout: "1m" });
    const { id, outs } = await lifecycle.create(args);
    const again = await lifecycle.update(id, outs, args);
    expect(again.outs).toMatchObject({ status: "upgrading" });
    expect(writes()).toBe(1);
    await clock.sleep(5 * MINUTE);
    const began = clock.now();
    const { outs: later } = await lifecycle.update(id, again.outs, args);
    expect(later).toMatchObject({ status: "upgrading" });
    expect(clock.since(began)).toBeLessThan(MINUTE);
    expect(writes()).toBe(2);
  });
});

const UPGRADE = /\/starrocks\/db-upgrade$/;

/** The first run of a resource, ended by its time limit during the upgrade. */
function cutShort({ lifecycle, inputs }: Rig, after = "3m", args: Record<string, unknown> = {}) {
  return partial(lifecycle.create(inputs({ ...args, __timeouts: { create: after } })));
}

describe("an upgrade that continues after its run", () => {
  it("is recorded at the time limit and joined by the next run: one request in total", async () => {
    const world = rig();
    const first = await cutShort(world);
    const task = world.cloud.jobs[0]?.id;
    expect(first.id).toBe(world.starRocks);
    expect(first.reasons[0]).toMatch(/time limit.*: upgrade .* is still running.*Run `pulumi up` again/);
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

  it("is recorded before its job is visible, and joined", async () => {
    const world = rig();
    const first = await cutShort(world, "13s");
    const { outs } = await world.lifecycle.update(first.id, first.properties, world.inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(world.writes()).toBe(1);
  });

  it("is found by a run without a record of it, as after the plugin was killed", async () => {
    const world = rig();
    await cutShort(world);
    const { outs } = await world.lifecycle.create(world.inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: world.cloud.jobs[0]?.id, joined: true } });
    expect(world.messages().some((line) => line.startsWith("joins running upgrade"))).toBe(true);
    expect(world.writes()).toBe(1);
  });

  it("is found if it was accepted and has not begun", async () => {
    const world = rig();
    await cutShort(world, "20s");
    const { outs } = await world.lifecycle.create(world.inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { joined: true } });
    expect(world.writes()).toBe(1);
  });

  it("is found if it was accepted and its job is in an undocumented state", async () => {
    const world = rig();
    await cutShort(world, "20s");
    const id = world.cloud.jobs[0]?.id ?? "";
    world.cloud.control.showStatus("Ripening", id);
    void world.clock.sleep(MINUTE).then(() => world.cloud.control.showStatus(null, id));
    const { outs } = await world.lifecycle.create(world.inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: id, joined: true } });
    expect(world.writes()).toBe(1);
  });

  it.each(["X", "UpgradeHtap"])("is never started twice, with any job name: %s", async (starRocksJobName) => {
    const world = rig({ switches: { starRocksJobName, starRocksJobInstance: "taurusdb" } });
    await cutShort(world, "20s");
    const { outs } = await world.lifecycle.create(world.inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(world.cloud.acceptedUpgrades).toHaveLength(1);
  });

  it("is waited for if neither its operation nor its job has a known name", async () => {
    const rewrite = (body: string) => body.replaceAll('"UPGRADE_DB_VERSION"', '"OP_77"');
    const world = rig({ switches: { starRocksJobName: "X" } }, { rewrite });
    const first = await cutShort(world);
    expect((await world.lifecycle.create(world.inputs())).outs).toMatchObject({ status: "current" });
    expect(world.ephemeral().some((line) => line.includes("waiting for its operation X"))).toBe(true);
    const { outs } = await world.lifecycle.update(first.id, first.properties, world.inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(world.writes()).toBe(1);
  });

  it("that has succeeded meanwhile is not requested again", async () => {
    const world = rig();
    const first = await cutShort(world);
    await world.clock.sleep(30 * MINUTE);
    const { outs } = await world.lifecycle.update(first.id, first.properties, world.inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(world.writes()).toBe(1);
  });

  it("that has failed meanwhile is reported and requested again", async () => {
    const world = rig();
    const first = await cutShort(world);
    world.cloud.control.failJob("BE is down.");
    const { outs } = await world.lifecycle.update(first.id, first.properties, world.inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(world.messages().some((line) => /earlier upgrade .* has ended: .*BE is down/.test(line))).toBe(true);
    expect(world.writes()).toBe(2);
  });

  it("that the service no longer lists after a month is decided by the observed version", async () => {
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

  it("is not waited for with wait: false, and read by the next run", async () => {
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

describe("a lost response", () => {
  it("of an accepted request leads to a search, and the request is not sent again", async () => {
    const { lifecycle, inputs, cloud, messages, writes } = rig();
    cloud.faults.add({ match: { method: "POST", path: UPGRADE }, fault: { kind: "loseReply" } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(messages()[0]).toContain("response to the upgrade request was lost");
    expect(writes()).toBe(1);
  });

  it.each(["DBS.108000", "APIGW.0201"] as const)(
    "in the form of the server error %s leads to a search as well",
    async (code) => {
      const { lifecycle, inputs, cloud, writes } = rig();
      cloud.control.gateway.disturb(code, { route: "starRocksUpgrade", processed: true });
      expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
      expect(writes()).toBe(1);
    },
  );

  it.each([
    ["a proxy's page", { status: 504, headers: { "content-type": "text/html" }, body: "<h1>504</h1>" }],
    [
      "a success that cannot be parsed",
      { status: 200, headers: { "content-type": "application/json" }, body: '{"a":1}' },
    ],
    [
      "a web page instead of the response",
      { status: 200, headers: { "content-type": "text/html" }, body: "<h1>Hi</h1>" },
    ],
  ])("in the form of %s leads to a search as well", async (_, answer) => {
    const { lifecycle, inputs, cloud, clock, writes } = rig();
    cloud.faults.add({ match: { method: "POST", path: UPGRADE }, fault: { kind: "replace", ...answer } });
    const began = clock.now();
    const { reasons, properties } = await partial(lifecycle.create(inputs()));
    expect(reasons[0]).toMatch(/no upgrade appeared within 5 min.*\[unconfirmed\]/);
    expect(properties).toMatchObject({ status: "behind", lastUpgrade: { state: "failed" } });
    expect(clock.since(began)).toBeGreaterThan(4 * MINUTE);
    expect(writes()).toBe(1);
  });

  it("does not exist if the connection was refused: the request is sent", async () => {
    const { lifecycle, inputs, cloud } = rig();
    cloud.faults.add({ match: { method: "POST", path: UPGRADE }, times: 2, fault: { kind: "refuse" } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.acceptedUpgrades).toHaveLength(1);
  });
});

describe("a period without responses", () => {
  it("of half a minute during an upgrade is waited for", async () => {
    const { lifecycle, inputs, cloud, clock, writes } = rig();
    clock.after(3 * MINUTE, () => cloud.control.gateway.setUp("gaussdb.cn-north-4", false));
    clock.after(3.5 * MINUTE, () => cloud.control.gateway.setUp("gaussdb.cn-north-4", true));
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it("beyond the limit ends the run with a record, and the next run joins", async () => {
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

  it("from the beginning ends the run after a minute", async () => {
    const { lifecycle, inputs, clock } = rig();
    const began = clock.now();
    const call = lifecycle.create(inputs({ endpoint: "https://nowhere.example.com", projectId }));
    await expect(call).rejects.toThrow(/could not be read for 1 min.*nowhere\.example\.com.*ENOTFOUND/);
    expect(clock.since(began)).toBeLessThan(80_000);
  });

  it("with errors of the server is waited for", async () => {
    const { lifecycle, inputs, cloud } = rig();
    cloud.control.gateway.disturb("DBS.108000", { skip: 8, times: 5 });
    cloud.control.gateway.disturb("APIGW.0201", { skip: 20, times: 5 });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
  });
});

describe("another server at the address", () => {
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
  ])("is reported in one sentence: %s", async (name, answer, text) => {
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

  it("of the same vendor, such as another service, is recognized by its missing endpoints", async () => {
    const { lifecycle, inputs } = rig();
    const endpoint = "https://iam.cn-north-4.myhuaweicloud.com";
    await expect(lifecycle.create(inputs({ endpoint }))).rejects.toThrow(
      /iam\.cn-north-4\S+ does not serve GET \/v3\/\{project_id\}\/instances\/.*APIGW\.0101.*Check `endpoint`.*\[blocked\]/,
    );
  });

  it("behind a proxy that is unavailable at first is waited for", async () => {
    const { lifecycle, inputs, cloud } = rig({ starRocksKernel: NEW });
    const page = { status: 503, headers: { "content-type": "text/html" }, body: "<h1>503</h1>" };
    cloud.faults.add({ match: { host: "gaussdb.cn-north-4" }, times: 12, fault: { kind: "replace", ...page } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
  });

  it("during an upgrade is a temporary failure", async () => {
    const { lifecycle, inputs, cloud } = rig();
    const page = { status: 200, headers: { "content-type": "text/html" }, body: "<html>Maintenance</html>" };
    cloud.faults.add({ match: { path: /\/jobs$/ }, skip: 5, times: 5, fault: { kind: "replace", ...page } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
  });
});
