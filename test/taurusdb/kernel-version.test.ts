import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { D, kernelRig, later, message, UPGRADE } from "./kernel-rig";

const OLD = "2.0.69.250900";
const NEW = "2.0.78.260600";
const MINUTE = 60_000;
const POST = { method: "POST", path: new RegExp(`${UPGRADE}$`) };

describe("a KernelVersion resource", () => {
  it("adopts instances that are up to date, without a write", async () => {
    const { lifecycle, inputs, writes, cloud, ids } = kernelRig({ instances: 3, kernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    expect(id).toBe(ids[0]);
    expect(outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(outs["lastUpgrade"]).toBeUndefined();
    expect(writes()).toBe(0);
    expect(cloud.journal.entries.map(({ path }) => path.replace(/^.*\//, ""))).toEqual(["projects", "instances"]);
  });

  it("upgrades outdated instances with one request, without the others", async () => {
    const { lifecycle, inputs, writes, cloud, ids, messages } = kernelRig({ instances: 3 });
    cloud.control.setKernel(NEW, ids[1]);
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({
      status: "current",
      currentVersion: NEW,
      members: Object.fromEntries(ids.map((name) => [name, NEW])),
      lastUpgrade: { kind: "kernel upgrade of 2 instances", from: OLD, to: NEW, state: "succeeded" },
    });
    expect(writes()).toBe(1);
    expect(cloud.acceptedUpgrades.map(({ instances }) => instances)).toEqual([[ids[0], ids[2]]]);
    expect(messages()).toContain(`requested the kernel upgrade of 2 instances: ${ids[0]}, ${ids[2]}`);
  });

  it("shows its progress, and no remaining time below a second", async () => {
    const { lifecycle, inputs, lines } = kernelRig({ instances: 2 });
    await lifecycle.create(inputs());
    const passing = lines.filter(({ ephemeral }) => ephemeral).map(({ message }) => message);
    expect(passing.some((line) => line.startsWith(`pre-checking 2 instances at ${OLD}`))).toBe(true);
    expect(passing.some((line) => /about .* (s|min) left/.test(line))).toBe(true);
    expect(passing.filter((line) => / ms left/.test(line))).toEqual([]);
  });

  it("sends no request if the state is up to date", async () => {
    const { lifecycle, inputs, cloud } = kernelRig({ kernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    cloud.journal.clear();
    expect((await lifecycle.check(inputs(), inputs())).failures).toEqual([]);
    expect(await lifecycle.diff(id, outs, inputs())).toEqual({ changes: false, replaces: [] });
    expect(cloud.journal.entries).toEqual([]);
  });

  it("with a raised target is updated with one request", async () => {
    const { lifecycle, inputs, writes, cloud } = kernelRig({ kernel: OLD });
    const { id, outs } = await lifecycle.create(inputs({ version: "2.0.69" }));
    expect(writes()).toBe(0);
    const raised = inputs({ version: ">=2.0.75" });
    expect(await lifecycle.diff(id, outs, raised)).toEqual({ changes: true, replaces: [] });
    expect((await lifecycle.update(id, outs, raised)).outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(writes()).toBe(1);
    expect(cloud.acceptedUpgrades).toHaveLength(1);
  });

  it("is replaced for other instances, not for an additional one", async () => {
    const { lifecycle, inputs, ids } = kernelRig({ instances: 3, kernel: NEW });
    const { id, outs } = await lifecycle.create(inputs({ instanceIds: ids.slice(0, 1) }));
    expect(await lifecycle.diff(id, outs, inputs({ instanceIds: ids.slice(0, 2) }))).toMatchObject({ replaces: [] });
    expect(await lifecycle.diff(id, outs, inputs({ instanceIds: ids.slice(1) }))).toMatchObject({
      replaces: ["instanceIds"],
    });
  });

  it.each([
    ["latest", NEW],
    [">=2.0.70", NEW],
    ["2.0.78", NEW],
    [NEW, NEW],
  ])("with target %s is satisfied by %s", async (version, at) => {
    const { lifecycle, inputs } = kernelRig();
    expect((await lifecycle.create(inputs({ version }))).outs).toMatchObject({ status: "current", currentVersion: at });
  });

  it("is deleted without a request or a change of the database", async () => {
    const { lifecycle, inputs, cloud } = kernelRig({ kernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    cloud.journal.clear();
    await lifecycle.delete(id, outs);
    expect(cloud.journal.entries).toEqual([]);
  });
});

describe("an observed version that differs from the target", () => {
  it("and is outdated is shown by refresh and preview, and upgraded by the next run", async () => {
    const { lifecycle, inputs, cloud, ids, writes } = kernelRig({ instances: 2, kernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    cloud.control.setKernel(OLD, ids[1]);
    const read = await lifecycle.read(id, outs);
    expect(read.inputs).toMatchObject({ version: OLD });
    expect(read.props).toMatchObject({ status: "behind", currentVersion: OLD, members: { [ids[0] ?? ""]: NEW } });
    const drifted = read.props ?? {};
    expect(await lifecycle.diff(id, drifted, inputs())).toMatchObject({ changes: true });
    expect((await lifecycle.update(id, drifted, inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it.each([
    ["report", "newer", 1],
    ["accept", "newer", 0],
  ])("and is newer is handled with onNewer %s", async (onNewer, status, warnings) => {
    const { lifecycle, inputs, lines, writes } = kernelRig({ kernel: NEW });
    const { outs } = await lifecycle.create(inputs({ version: "2.0.75", onNewer }));
    expect(outs).toMatchObject({ status, currentVersion: NEW });
    expect(lines.filter(({ severity }) => severity === "WARNING")).toHaveLength(warnings);
    expect(writes()).toBe(0);
  });

  it("and is newer fails the run with onNewer fail, before a request for another instance", async () => {
    const { lifecycle, inputs, cloud, ids, writes } = kernelRig({ instances: 2 });
    cloud.control.setKernel("2.0.79.1", ids[0]);
    const args = inputs({ version: "2.0.78", onNewer: "fail" });
    expect(await message(lifecycle.create(args))).toMatch(/newer than the target version .*2\.0\.79\.1.*\[newer\]/);
    expect(writes()).toBe(0);
  });
});

describe("an upgrade that continues after its run", () => {
  it("is recorded at the time limit and joined by the next run: one request in total", async () => {
    const { lifecycle, inputs, writes, cloud } = kernelRig({ instances: 2 });
    const first = await partial(lifecycle.create(inputs({ __timeouts: { create: "10m" } })));
    expect(first.reasons[0]).toMatch(
      /time limit.*2 TaurusDB instances at cn-north-4: the kernel upgrade of 2 instances to \S+ is still running\. .*`pulumi up` again/,
    );
    expect(first.properties).toMatchObject({
      status: "upgrading",
      currentVersion: OLD,
      lastUpgrade: { state: "running" },
    });
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { state: "succeeded" } });
    expect(writes()).toBe(1);
    expect(cloud.acceptedUpgrades).toHaveLength(1);
  });

  it("is recorded at ^C before the job is visible, and not requested again", async () => {
    const rig = kernelRig();
    rig.cloud.control.setTimings({ startMs: 4 * MINUTE, visibleMs: 4 * MINUTE });
    void later(rig, 40_000, rig.cancel);
    const first = await partial(rig.lifecycle.create(rig.inputs()));
    expect(first.reasons[0]).toMatch(/^Interrupted/);
    expect(rig.writes()).toBe(1);
    const { outs } = await rig.lifecycle.update(first.id, first.properties, rig.inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(rig.writes()).toBe(1);
  });

  it("is joined by a run without a record of it, as after the plugin was killed", async () => {
    const { lifecycle, inputs, writes } = kernelRig();
    await partial(lifecycle.create(inputs({ __timeouts: { create: "10m" } })));
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { joined: true, state: "succeeded" } });
    expect(writes()).toBe(1);
  });

  it("is not waited for with wait: false, and read by the next run", async () => {
    const { lifecycle, inputs, writes, clock } = kernelRig();
    const { id, outs } = await lifecycle.create(inputs({ wait: false }));
    expect(outs).toMatchObject({ status: "upgrading", lastUpgrade: { state: "running" } });
    await clock.sleep(30 * MINUTE);
    expect(await lifecycle.diff(id, outs, inputs({ wait: false }))).toMatchObject({ changes: true });
    expect((await lifecycle.update(id, outs, inputs({ wait: false }))).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });
});

describe("a lost response to the upgrade request", () => {
  it("after the request was accepted leads to a search, and the request is not sent again", async () => {
    const { lifecycle, inputs, cloud, writes, messages } = kernelRig();
    cloud.faults.add({ match: POST, fault: { kind: "loseReply" } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(messages().some((line) => line.includes("response to the upgrade request was lost"))).toBe(true);
    expect(writes()).toBe(1);
  });

  it("before the request was accepted is reported after the settle time, and the next run sends the request", async () => {
    const { lifecycle, inputs, cloud, writes } = kernelRig();
    cloud.faults.add({ match: POST, fault: { kind: "reset" } });
    const first = await partial(lifecycle.create(inputs()));
    expect(first.reasons[0]).toMatch(
      /no upgrade appeared: the response to the upgrade request was lost \(.*\[unconfirmed\]/,
    );
    expect(writes()).toBe(1);
    expect((await lifecycle.update(first.id, first.properties, inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.acceptedUpgrades).toHaveLength(1);
  });

  it("is also a success response that cannot be parsed", async () => {
    const { lifecycle, inputs, cloud } = kernelRig();
    cloud.faults.add({ match: POST, fault: { kind: "truncate", bytes: 3 } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.acceptedUpgrades).toHaveLength(1);
  });
});

describe("each result has its own message", () => {
  it("failed, with the vendor's reason", async () => {
    const { lifecycle, inputs, cloud, writes, ids } = kernelRig();
    cloud.control.fail({ reason: "The replication delay is too long." });
    const first = await partial(lifecycle.create(inputs()));
    expect(first.reasons[0]).toMatch(/upgrade .* failed: The replication delay is too long\..*\[upgrade-failed\]/);
    expect(first.properties).toMatchObject({
      status: "failed",
      currentVersion: OLD,
      lastUpgrade: { state: "failed" },
      problems: { [ids[0] ?? ""]: expect.stringContaining("The replication delay is too long.") },
    });
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(outs["problems"]).toEqual({});
    expect(writes()).toBe(2);
  });

  it("accepted, but never started", async () => {
    const { lifecycle, inputs, cloud, clock } = kernelRig();
    cloud.control.vanish();
    const began = clock.now();
    const first = await partial(lifecycle.create(inputs()));
    expect(first.reasons[0]).toMatch(/the request was accepted, but no upgrade has started.*\[not-upgraded\]/);
    expect(clock.now() - began).toBeGreaterThan(5 * MINUTE);
    expect(clock.now() - began).toBeLessThan(7 * MINUTE);
    expect((await lifecycle.update(first.id, first.properties, inputs())).outs).toMatchObject({ status: "current" });
  });

  it("succeeded, but still outdated", async () => {
    const { lifecycle, inputs, cloud } = kernelRig();
    cloud.control.fallBehind();
    const first = await partial(lifecycle.create(inputs()));
    expect(first.reasons[0]).toMatch(
      /is reported as completed; kernels up to 2\.0\.51\.240311.*Apply Upgrade.*\[not-upgraded\]/,
    );
  });

  it("canceled in the console", async () => {
    const rig = kernelRig();
    void later(rig, 3 * MINUTE, () => rig.cloud.control.cancelJob());
    const first = await partial(rig.lifecycle.create(rig.inputs()));
    expect(first.reasons[0]).toMatch(/it was canceled/);
  });

  it("waiting for approval", async () => {
    const { lifecycle, inputs, cloud } = kernelRig();
    cloud.control.awaitApproval();
    const first = await partial(lifecycle.create(inputs()));
    expect(first.reasons[0]).toMatch(
      /waits for approval \(Unauthorized\).*Approve the job in the Huawei Cloud console/,
    );
    cloud.control.approve();
    expect((await lifecycle.update(first.id, first.properties, inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.acceptedUpgrades).toHaveLength(1);
  });

  it("in an undocumented state: waited for", async () => {
    const rig = kernelRig();
    void later(rig, 3 * MINUTE, () => rig.cloud.control.showStatus("Reticulating"));
    void later(rig, 9 * MINUTE, () => rig.cloud.control.showStatus(null));
    expect((await rig.lifecycle.create(rig.inputs())).outs).toMatchObject({ status: "current" });
    expect(rig.lines.some(({ message: line }) => line.includes("upgrading (Reticulating)"))).toBe(true);
  });

  it("frozen: no upgrade is requested", async () => {
    const { lifecycle, inputs, cloud, writes } = kernelRig();
    cloud.control.setStatus("FROZEN");
    expect(await message(lifecycle.create(inputs()))).toMatch(/is in state FROZEN.*Restore it to ACTIVE.*\[blocked\]/);
    expect(writes()).toBe(0);
  });

  it("not found: reported with project and region", async () => {
    const { lifecycle, inputs, cloud, ids } = kernelRig({ instances: 2, kernel: NEW });
    cloud.control.removeInstance(ids[1] ?? "");
    expect(await message(lifecycle.create(inputs()))).toMatch(
      new RegExp(`${ids[1]}: The instance does not exist in project ${D.projectId} at cn-north-4.*\\[vanished\\]`),
    );
  });
});

describe("kernels that are upgraded in rounds", () => {
  it("are requested again while their version changes, and then need the console", async () => {
    const { lifecycle, inputs, cloud, writes } = kernelRig({ kernel: "2.0.48.231200" });
    const first = await partial(lifecycle.create(inputs({ version: "2.0.78" })));
    expect(first.properties).toMatchObject({ currentVersion: "2.0.51.240305" });
    expect(first.reasons[0]).toMatch(/Apply Upgrade/);
    expect(writes()).toBe(2);
    const second = await partial(lifecycle.update(first.id, first.properties, inputs()));
    expect(writes()).toBe(3);
    cloud.control.applyUpgrade();
    expect((await lifecycle.update(second.id, second.properties, inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(3);
  });
});

describe("a disturbed service", () => {
  it("that is busy is waited for, and then gets the request", async () => {
    const { lifecycle, inputs, cloud, writes } = kernelRig();
    cloud.control.setStatus("BACKING UP", { ms: 10 * MINUTE });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it("that rejects the request as busy gets it again, because nothing was accepted", async () => {
    const { lifecycle, inputs, cloud } = kernelRig();
    cloud.control.gateway.disturb("DBS.200019", { route: "batchUpgrade", times: 3 });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.acceptedUpgrades).toHaveLength(1);
  });

  it.each(["DBS.280001", "DBS.200010", "DBS.108000"] as const)(
    "that returns %s for the progress of a task has no effect",
    async (code) => {
      const { lifecycle, inputs, cloud } = kernelRig();
      cloud.control.gateway.disturb(code, { route: "taskDetail", times: 1_000 });
      expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
      expect(cloud.journal.count("GET", /task-center-detail$/)).toBeGreaterThan(1);
    },
  );

  it("that throttles for minutes is waited for", async () => {
    const { lifecycle, inputs, cloud, clock } = kernelRig();
    cloud.control.gateway.throttle(10, { windowMs: MINUTE });
    void clock.sleep(20 * MINUTE).then(() => cloud.control.gateway.calm());
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    const refused = cloud.journal.entries.filter(({ status }) => status === 429).length;
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(15);
  });

  it("whose token expires during an upgrade gets a new login", async () => {
    const rig = kernelRig();
    const user = { userName: D.user, password: D.password, domainName: D.account };
    void later(rig, 8 * MINUTE, () => rig.cloud.control.iam.expireTokens());
    const args = rig.inputs({ accessKey: undefined, secretKey: undefined, ...user });
    expect((await rig.lifecycle.create(args)).outs).toMatchObject({ status: "current" });
    expect(rig.writes()).toBe(1);
  });

  it("that is unreachable for half a minute is waited for", async () => {
    const rig = kernelRig();
    void later(rig, 5 * MINUTE, () => rig.cloud.control.gateway.setUp("gaussdb.cn-north-4", false));
    void later(rig, 5.5 * MINUTE, () => rig.cloud.control.gateway.setUp("gaussdb.cn-north-4", true));
    expect((await rig.lifecycle.create(rig.inputs())).outs).toMatchObject({ status: "current" });
  });

  it("that is unreachable for longer than the limit ends the run, and the next run resumes", async () => {
    const rig = kernelRig();
    void later(rig, 5 * MINUTE, () => rig.cloud.control.gateway.setUp("gaussdb.cn-north-4", false));
    const first = await partial(rig.lifecycle.create(rig.inputs({ unreachableTimeout: "5m" })));
    expect(first.reasons[0]).toMatch(/could not be read for .*\[unreachable\]/);
    expect(first.properties).toMatchObject({ status: "upgrading" });
    rig.cloud.control.gateway.setUp("gaussdb.cn-north-4", true);
    expect((await rig.lifecycle.update(first.id, first.properties, rig.inputs())).outs).toMatchObject({
      status: "current",
    });
    expect(rig.writes()).toBe(1);
  });

  it("that rejects the credentials ends the run", async () => {
    const { lifecycle, inputs, writes } = kernelRig();
    const text = await message(lifecycle.create(inputs({ secretKey: "WRONG-SECRET" })));
    expect(text).toMatch(/\[unauthorized\]/);
    expect(text).not.toContain("WRONG-SECRET");
    expect(writes()).toBe(0);
  });
});

const SOURCES = ["2.0.54.240600", "2.0.57.240900", "2.0.60.241200", "2.0.66.250600", "2.0.69.250900"];

/** `count` instances, alternating between the source versions. */
function fleet(count: number, sources: readonly string[] = SOURCES) {
  const rig = kernelRig({ instances: count });
  for (const [at, id] of rig.ids.entries()) rig.cloud.control.setKernel(sources[at % sources.length] ?? "", id);
  return rig;
}

describe("many instances in one resource", { timeout: 120_000 }, () => {
  it("are upgraded with one request for each source version", async () => {
    const { lifecycle, inputs, writes, cloud, clock } = fleet(500);
    const began = clock.now();
    const { outs } = await lifecycle.create(inputs({ preCheck: false }));
    expect(outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(writes()).toBe(5);
    expect(cloud.acceptedUpgrades.map(({ instances }) => instances.length)).toEqual([100, 100, 100, 100, 100]);
    expect((clock.now() - began) / 60_000).toBeLessThan(25);
    const reads = cloud.journal.entries.filter(({ method }) => method === "GET").length;
    expect(reads).toBeLessThanOrEqual(900);
  });

  it("are split into several requests if one version exceeds the maximum of a request", async () => {
    const { lifecycle, inputs, cloud } = fleet(250, ["2.0.69.250900"]);
    await lifecycle.create(inputs({ preCheck: false }));
    expect(cloud.acceptedUpgrades.map(({ instances }) => instances.length)).toEqual([100, 100, 50]);
  });

  it("are reported individually if 7 of 120 fail, 3 never start and 2 are deleted, and only the others are requested again", async () => {
    const { lifecycle, inputs, cloud, ids, clock } = fleet(120, ["2.0.69.250900"]);
    const failing = ids.slice(0, 7);
    const silent = ids.slice(7, 10);
    const deleted = ids.slice(10, 12);
    for (const instance of failing) cloud.control.fail({ instance, reason: "The disk is full." });
    for (const instance of silent) cloud.control.vanish({ instance });
    void clock.sleep(8 * 60_000).then(() => {
      for (const id of deleted) cloud.control.removeInstance(id);
    });

    const first = await partial(lifecycle.create(inputs({ preCheck: false })));
    const problems = first.properties["problems"] as Record<string, string>;
    expect(Object.keys(problems).sort()).toEqual([...failing, ...silent, ...deleted].sort());
    for (const id of failing) expect(problems[id]).toContain("The disk is full.");
    for (const id of silent) expect(problems[id]).toContain("no upgrade has started");
    for (const id of deleted) expect(problems[id]).toContain("The instance does not exist");
    expect(first.reasons[0]).toMatch(
      /^120 TaurusDB instances at cn-north-4: 12 of 120 instances were not upgraded successfully\./,
    );
    expect(first.reasons[0]).toContain("and 4 more: the upgrade failed: The disk is full.");
    const members = first.properties["members"] as Record<string, string>;
    expect(Object.values(members).filter((version) => version === NEW)).toHaveLength(108);
    expect(Object.keys(members)).toHaveLength(118);

    const left = inputs({ preCheck: false, instanceIds: ids.filter((id) => !deleted.includes(id)) });
    const { outs } = await lifecycle.update(first.id, first.properties, left);
    expect(outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(outs["problems"]).toEqual({});
    expect(cloud.acceptedUpgrades.map(({ instances }) => instances.length)).toEqual([100, 20, 10]);
    expect(cloud.acceptedUpgrades[2]?.instances.toSorted()).toEqual([...failing, ...silent].sort());
  });

  it("are upgraded although the vendor rejects one of them", async () => {
    // The service offers the upgrade of the instance, but rejects the request.
    const { lifecycle, inputs, cloud, ids } = kernelRig(
      { instances: 9 },
      { rewrite: (body) => body.replace('"upgrade_flag":false', '"upgrade_flag":true') },
    );
    const bad = ids[4] ?? "";
    cloud.control.instance(bad).preparation = "toBeConfirmed";
    const first = await partial(lifecycle.create(inputs({ preCheck: false })));
    expect(Object.keys(first.properties["problems"] ?? {})).toEqual([bad]);
    expect(first.reasons[0]).toMatch(/DBS\.200086.*\[refused\]/);
    expect(cloud.acceptedUpgrades.flatMap(({ instances }) => instances).toSorted()).toEqual(
      ids.filter((id) => id !== bad).sort(),
    );
  });

  it("are upgraded by the next run after a stop between two requests, without repeated requests", async () => {
    const { lifecycle, inputs, cloud, cancel, clock } = fleet(201, ["2.0.69.250900"]);
    cloud.faults.add({ match: POST, skip: 1, fault: { kind: "delay", ms: 20_000 } });
    void clock.sleep(27_000).then(cancel);
    const first = await partial(lifecycle.create(inputs({ preCheck: false })));
    expect(first.reasons[0]).toMatch(/^Interrupted/);
    const before = cloud.acceptedUpgrades.length;
    expect(before).toBeLessThan(3);
    await lifecycle.update(first.id, first.properties, inputs({ preCheck: false }));
    const upgraded = cloud.acceptedUpgrades.flatMap(({ instances }) => instances);
    expect(upgraded).toHaveLength(201);
    expect(new Set(upgraded).size).toBe(201);
  });

  it("are upgraded although the response to one of several requests is lost", async () => {
    const { lifecycle, inputs, cloud } = fleet(201, ["2.0.69.250900"]);
    cloud.faults.add({ match: POST, skip: 1, fault: { kind: "loseReply" } });
    expect((await lifecycle.create(inputs({ preCheck: false }))).outs).toMatchObject({ status: "current" });
    expect(cloud.acceptedUpgrades.flatMap(({ instances }) => instances)).toHaveLength(201);
  });
});

describe("many resources of one project", { timeout: 120_000 }, () => {
  it("share their reads: the number of requests depends on pages, not on resources", async () => {
    const { lifecycle, inputs, cloud, ids, writes } = fleet(60, ["2.0.69.250900"]);
    const pins = ids.map((id) => inputs({ instanceIds: [id], preCheck: false }));
    const made = await Promise.all(pins.map((args) => lifecycle.create(args)));
    expect(made.every(({ outs }) => outs["status"] === "current")).toBe(true);
    expect(writes()).toBe(60);
    const pages = cloud.journal.find("GET", /\/instances$/).length;
    // 18 minutes of upgrade, with reads at least 5 seconds apart.
    expect(pages).toBeLessThan(250);
  });
});

describe("the pre-check", () => {
  it("is requested once for each instance, before the upgrade request", async () => {
    const { lifecycle, inputs, cloud } = fleet(10, SOURCES.slice(0, 2));
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.journal.count("POST", /pre-check$/)).toBe(2);
    expect(cloud.acceptedUpgrades).toHaveLength(2);
  });

  it("excludes only the instance that fails it, with the vendor's reason", async () => {
    const { lifecycle, inputs, cloud, ids } = fleet(5, ["2.0.69.250900"]);
    const bad = ids[2] ?? "";
    cloud.control.setConditions({ binlogExpireSeconds: 60 }, bad);
    const first = await partial(lifecycle.create(inputs()));
    expect(first.properties["problems"]).toEqual({
      [bad]: expect.stringMatching(
        /^The pre-check failed: Upgrade feature compatibility check \(.*`preCheck` to `false`\.$/,
      ),
    });
    expect(cloud.acceptedUpgrades.flatMap(({ instances }) => instances)).toHaveLength(4);
  });

  it("of an instance that is upgraded meanwhile is rejected, and leads to another read", async () => {
    const { lifecycle, inputs, cloud, clock, ids } = fleet(2, ["2.0.69.250900"]);
    void clock.sleep(16_000).then(() => cloud.control.setKernel("2.0.78.260600", ids[0]));
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.journal.find("POST", /pre-check-result$/).some(({ status }) => status === 400)).toBe(true);
    expect(cloud.acceptedUpgrades.map(({ instances }) => instances)).toEqual([[ids[1]]]);
  });

  it("is skipped in regions without it", async () => {
    const { lifecycle, inputs, cloud } = fleet(2, ["2.0.69.250900"]);
    cloud.control.setFeatures([]);
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.journal.count("POST", /pre-check$/)).toBe(1);
  });

  it("is not treated as completed while the previous result is still returned", async () => {
    const { lifecycle, inputs, cloud, clock, writes } = kernelRig({ switches: { preCheckUnfinished: "previous" } });
    const broken = { binlogOff: true };
    cloud.control.setConditions(broken);
    await expect(lifecycle.create(inputs())).rejects.toThrow(/The pre-check failed: .*compatibility/);
    cloud.control.setConditions({ binlogOff: false });
    await clock.sleep(60_000);
    const short = inputs({ __timeouts: { create: "2m" } });
    const first = await partial(lifecycle.create(short));
    expect(first.reasons[0]).toMatch(/kernel upgrade of .* is still running/);
    cloud.control.failJob("Enough.");
    cloud.control.setConditions(broken);
    await clock.sleep(60_000);
    await expect(lifecycle.create(inputs())).rejects.toThrow(/The pre-check failed: .*compatibility/);
    expect(writes()).toBe(1);
  });

  it("of an instance that has become busy does not delay the others", async () => {
    const { lifecycle, inputs, cloud, clock, ids } = kernelRig({
      instances: 3,
      switches: { preCheckWhileBusy: "refuse" },
    });
    const [busy = "", ...others] = ids;
    for (const id of others) cloud.control.setKernel("2.0.66.250600", id);
    const began = clock.now();
    let backedUp = false;
    cloud.onCall(({ request }) => {
      if (backedUp || !/pre-check$/.test(request.target)) return;
      backedUp = true;
      cloud.control.setStatus("BACKING UP", { instance: busy, ms: 10 * 60_000 });
    });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    const [first, second] = cloud.acceptedUpgrades;
    expect(first?.instances).toEqual(others);
    expect((first?.at ?? 0) - began).toBeLessThan(3 * 60_000);
    expect(second?.instances).toEqual([busy]);
    expect(cloud.journal.find("POST", /pre-check$/).filter(({ status }) => status === 409)).toHaveLength(1);
  });

  it("that an instance fails prevents its upgrade request, also next to a busy instance", async () => {
    const { lifecycle, inputs, cloud, ids } = kernelRig({ instances: 2, switches: { preCheckWhileBusy: "refuse" } });
    const [busy = "", broken = ""] = ids;
    cloud.control.setKernel("2.0.66.250600", broken);
    cloud.control.setConditions({ binlogOff: true }, broken);
    let backedUp = false;
    cloud.onCall(({ request }) => {
      if (backedUp || !/pre-check$/.test(request.target)) return;
      backedUp = true;
      cloud.control.setStatus("BACKING UP", { instance: busy, ms: 60_000 });
    });
    const { reasons } = await partial(lifecycle.create(inputs()));
    expect(reasons[0]).toMatch(/1 of 2 instances was not upgraded successfully.*The pre-check failed: /);
    expect(cloud.acceptedUpgrades.map(({ instances }) => instances)).toEqual([[busy]]);
  });

  it("is not requested with preCheck: false", async () => {
    const { lifecycle, inputs, cloud } = fleet(2, ["2.0.69.250900"]);
    await lifecycle.create(inputs({ preCheck: false }));
    expect(cloud.journal.count("POST", /pre-check$/)).toBe(0);
  });
});
