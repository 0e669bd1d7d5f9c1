import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { kernelRig, UPGRADE } from "./kernel-rig";

const SOURCES = ["2.0.54.240600", "2.0.57.240900", "2.0.60.241200", "2.0.66.250600", "2.0.69.250900"];
const NEW = "2.0.78.260600";
const POST = { method: "POST", path: new RegExp(`${UPGRADE}$`) };

/** `count` instances, in turn at the source versions. */
function fleet(count: number, sources: readonly string[] = SOURCES) {
  const rig = kernelRig({ instances: count });
  for (const [at, id] of rig.ids.entries()) rig.cloud.control.setKernel(sources[at % sources.length] ?? "", id);
  return rig;
}

describe("many instances in one pin", { timeout: 120_000 }, () => {
  it("500 of 5 source versions: one call for each version", async () => {
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

  it("more of one version than a call takes are sent in chunks", async () => {
    const { lifecycle, inputs, cloud } = fleet(250, ["2.0.69.250900"]);
    await lifecycle.create(inputs({ preCheck: false }));
    expect(cloud.acceptedUpgrades.map(({ instances }) => instances.length)).toEqual([100, 100, 50]);
  });

  it("7 of 120 fail, 3 never start, 2 are deleted meanwhile: told one by one, and only the rest is sent again", async () => {
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

  it("one that the vendor refuses does not keep the others back", async () => {
    // The service offers the upgrade to the instance that it refuses to upgrade.
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

  it("stopped between two calls: only what was not asked for is sent by the next run", async () => {
    const { lifecycle, inputs, cloud, cancel, clock } = fleet(201, ["2.0.69.250900"]);
    cloud.faults.add({ match: POST, skip: 1, fault: { kind: "delay", ms: 20_000 } });
    void clock.sleep(27_000).then(cancel);
    const first = await partial(lifecycle.create(inputs({ preCheck: false })));
    expect(first.reasons[0]).toMatch(/^Interrupted/);
    const before = cloud.acceptedUpgrades.length;
    expect(before).toBeLessThan(3);
    await lifecycle.update(first.id, first.properties, inputs({ preCheck: false }));
    const asked = cloud.acceptedUpgrades.flatMap(({ instances }) => instances);
    expect(asked).toHaveLength(201);
    expect(new Set(asked).size).toBe(201);
  });

  it("a call whose answer is lost among others", async () => {
    const { lifecycle, inputs, cloud } = fleet(201, ["2.0.69.250900"]);
    cloud.faults.add({ match: POST, skip: 1, fault: { kind: "loseReply" } });
    expect((await lifecycle.create(inputs({ preCheck: false }))).outs).toMatchObject({ status: "current" });
    expect(cloud.acceptedUpgrades.flatMap(({ instances }) => instances)).toHaveLength(201);
  });
});

describe("many pins of one project", { timeout: 120_000 }, () => {
  it("share their reading: requests grow with pages, not with resources", async () => {
    const { lifecycle, inputs, cloud, ids, writes } = fleet(60, ["2.0.69.250900"]);
    const pins = ids.map((id) => inputs({ instanceIds: [id], preCheck: false }));
    const made = await Promise.all(pins.map((args) => lifecycle.create(args)));
    expect(made.every(({ outs }) => outs["status"] === "current")).toBe(true);
    expect(writes()).toBe(60);
    const pages = cloud.journal.find("GET", /\/instances$/).length;
    // 18 minutes of upgrade at a look in 5 seconds or more.
    expect(pages).toBeLessThan(250);
  });
});

describe("the pre-check", () => {
  it("is made once for each instance, before the call", async () => {
    const { lifecycle, inputs, cloud } = fleet(10, SOURCES.slice(0, 2));
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.journal.count("POST", /pre-check$/)).toBe(2);
    expect(cloud.acceptedUpgrades).toHaveLength(2);
  });

  it("holds back the instance that fails it, with the vendor's words, and no other", async () => {
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

  it("of an instance that is upgraded meanwhile is refused, and leads to another look", async () => {
    const { lifecycle, inputs, cloud, clock, ids } = fleet(2, ["2.0.69.250900"]);
    void clock.sleep(16_000).then(() => cloud.control.setKernel("2.0.78.260600", ids[0]));
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.journal.find("POST", /pre-check-result$/).some(({ status }) => status === 400)).toBe(true);
    expect(cloud.acceptedUpgrades.map(({ instances }) => instances)).toEqual([[ids[1]]]);
  });

  it("is left out where the region does not have it", async () => {
    const { lifecycle, inputs, cloud } = fleet(2, ["2.0.69.250900"]);
    cloud.control.setFeatures([]);
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.journal.count("POST", /pre-check$/)).toBe(1);
  });

  it("is not taken for done while the result of the one before still stands", async () => {
    const { lifecycle, inputs, cloud, clock, writes } = kernelRig({ switches: { preCheckUnfinished: "previous" } });
    const broken = { binlogOff: true };
    cloud.control.setConditions(broken);
    await expect(lifecycle.create(inputs())).rejects.toThrow(/The pre-check failed: .*compatibility/);
    cloud.control.setConditions({ binlogOff: false });
    await clock.sleep(60_000);
    const short = inputs({ __timeouts: { create: "2m" } });
    const first = await partial(lifecycle.create(short));
    expect(first.reasons[0]).toMatch(/still running upgrade/);
    cloud.control.failJob("Enough.");
    cloud.control.setConditions(broken);
    await clock.sleep(60_000);
    await expect(lifecycle.create(inputs())).rejects.toThrow(/The pre-check failed: .*compatibility/);
    expect(writes()).toBe(1);
  });

  it("of an instance that is busy by then holds up no other", async () => {
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

  it("that an instance does not pass keeps it from being asked for, also beside a busy one", async () => {
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

  it("is not made with preCheck: false", async () => {
    const { lifecycle, inputs, cloud } = fleet(2, ["2.0.69.250900"]);
    await lifecycle.create(inputs({ preCheck: false }));
    expect(cloud.journal.count("POST", /pre-check$/)).toBe(0);
  });
});
