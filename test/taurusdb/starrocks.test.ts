import { describe, expect, it } from "vitest";
import { formatParts, parseConstraint, parseVersion, type Standing, type Version } from "../../provider/core/version";
import { type Known, standingOf, targetsOf } from "../../provider/taurusdb/starrocks/instance";
import { partial } from "../support/partial";
import { instanceId, MINUTE, NEW, OLD, PROJECT, rig } from "./rig";

describe("an outdated StarRocks instance", () => {
  it("is upgraded with one request with its own id, and waited for", async () => {
    const { lifecycle, inputs, writes, cloud, messages, starRocks } = rig();
    const { id, outs } = await lifecycle.create(inputs());
    expect(id).toBe(starRocks);
    const task = cloud.jobs[0]?.id;
    expect(outs).toMatchObject({
      status: "current",
      version: NEW,
      currentVersion: NEW,
      members: { [starRocks]: NEW },
      lastUpgrade: { task, kind: "StarRocks kernel upgrade", from: OLD, to: NEW, state: "succeeded" },
      __provider: "text",
    });
    expect(messages()).toEqual([
      `upgrade ${task} started`,
      expect.stringMatching(/^upgraded 3\.1\.6\.0 → 3\.1\.15\.80 in 10 min \d+ s$/),
    ]);
    expect(cloud.journal.find("POST").map(({ path }) => path)).toEqual([
      `${PROJECT}/instances/${starRocks}/starrocks/db-upgrade`,
    ]);
    expect(writes()).toBe(1);
  });

  it("reports its progress in percent", async () => {
    const { lifecycle, inputs, ephemeral } = rig();
    await lifecycle.create(inputs());
    expect(ephemeral().some((line) => /^\d+% StarRocks kernel upgrade/.test(line))).toBe(true);
    expect(ephemeral().some((line) => /cannot be read yet/.test(line))).toBe(true);
  });

  it("is observed soon after its upgrade has ended", async () => {
    const { lifecycle, inputs, cloud, clock } = rig();
    await lifecycle.create(inputs());
    expect(clock.since(cloud.jobs[0]?.endedAt ?? 0)).toBeLessThan(16_000);
  });

  it("is waited for after its job until the new version is observed and no operation is running", async () => {
    const { lifecycle, inputs, writes } = rig({ timings: { versionLagMs: MINUTE } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(writes()).toBe(1);
  });

  it("is waited for if the new version is observed before the end of its job", async () => {
    const { lifecycle, inputs, cloud } = rig({ timings: { versionLagMs: -2 * MINUTE } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(cloud.jobs[0]?.status).toBe("Completed");
  });

  it.each([
    ["latest", {}],
    ["a minimum", { version: ">=3.1.10" }],
    ["a prefix", { version: "3.1.15" }],
    ["an exact version", {}],
  ])("is upgraded to %s", async (_, args) => {
    const pin = { version: "latest", ...args };
    const { lifecycle, inputs, writes } = rig();
    expect((await lifecycle.create(inputs(pin))).outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(writes()).toBe(1);
  });

  it("skips the vendor's validation only with skipValidation", async () => {
    const { lifecycle, inputs, cloud, starRocks } = rig();
    cloud.control.setSyncTasks(2, starRocks);
    for (const code of ["DBS.280406", "DBS.200086"] as const) {
      cloud.control.setSwitches({ starRocksValidationCode: code });
      const error = String(await lifecycle.create(inputs()).catch((thrown: unknown) => thrown));
      expect(error).toContain(code);
      expect(error).toMatch(/Check the status of the instance and its synchronization tasks.*\[refused\]/);
      expect(error).not.toContain("skipValidation");
    }
    expect(cloud.acceptedUpgrades).toHaveLength(0);
    expect((await lifecycle.create(inputs({ skipValidation: true }))).outs).toMatchObject({ status: "current" });
  });

  it("is upgraded if the server requires the headers that are documented as mandatory", async () => {
    const { lifecycle, inputs } = rig({ switches: { starRocksHeaders: "enforced" } });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
  });
});

describe("a StarRocks instance that is up to date", () => {
  it.each([NEW, "3.1.15", "3.1", ">=3.1.6", "latest"])("is adopted without a write: %s", async (version) => {
    const { lifecycle, inputs, cloud } = rig({ starRocksKernel: NEW });
    expect((await lifecycle.create(inputs({ version }))).outs).toMatchObject({
      status: "current",
      currentVersion: NEW,
    });
    expect(cloud.writes()).toEqual([]);
  });

  it("may have an exact version below the newest", async () => {
    const { lifecycle, inputs, cloud } = rig();
    expect((await lifecycle.create(inputs({ version: OLD }))).outs).toMatchObject({ status: "current" });
    expect(cloud.writes()).toEqual([]);
  });

  it("causes no request while its arguments are unchanged", async () => {
    const { lifecycle, inputs, cloud } = rig({ starRocksKernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    cloud.journal.clear();
    expect(await lifecycle.check(inputs(), inputs())).toEqual({ inputs: inputs(), failures: [] });
    expect(await lifecycle.diff(id, outs, inputs())).toEqual({ changes: false, replaces: [] });
    expect(cloud.journal.entries).toEqual([]);
  });

  it("is upgraded if the target is raised", async () => {
    const { lifecycle, inputs, cloud, writes } = rig({ starRocksKernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    cloud.control.offerStarRocks("3.1.20.0");
    const raised = inputs({ version: "3.1.20.0" });
    expect(await lifecycle.diff(id, outs, raised)).toMatchObject({ changes: true, replaces: [] });
    const updated = await lifecycle.update(id, outs, raised);
    expect(updated.outs).toMatchObject({ status: "current", version: "3.1.20.0", currentVersion: "3.1.20.0" });
    expect(writes()).toBe(1);
  });

  it("is not changed by a delete, which sends no request", async () => {
    const { lifecycle, inputs, cloud, messages } = rig({ starRocksKernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    cloud.journal.clear();
    await lifecycle.delete(id, outs);
    expect(cloud.journal.entries).toEqual([]);
    expect(messages()).toContain("no longer managed; the database was not changed");
  });

  it("is replaced if the id changes", async () => {
    const { lifecycle, inputs, cloud } = rig({ starRocksKernel: NEW, starRocks: 2 });
    const { id, outs } = await lifecycle.create(inputs());
    const other = inputs({ starRocksInstanceId: cloud.starRocks[1]?.id });
    expect(await lifecycle.diff(id, outs, other)).toEqual({ changes: true, replaces: ["starRocksInstanceId"] });
  });
});

describe("a StarRocks instance ahead of its target", () => {
  const newer = { starRocksKernel: "3.1.20.0" };

  it("is reported, and no request is sent", async () => {
    const { lifecycle, inputs, cloud, messages } = rig(newer);
    const { id, outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "newer", currentVersion: "3.1.20.0" });
    expect(messages().join()).toContain("newer than the target version");
    expect(await lifecycle.diff(id, outs, inputs())).toMatchObject({ changes: false });
    expect(cloud.writes()).toEqual([]);
  });

  it("is accepted without a message with onNewer accept", async () => {
    const { lifecycle, inputs, messages } = rig(newer);
    expect((await lifecycle.create(inputs({ onNewer: "accept" }))).outs).toMatchObject({ status: "newer" });
    expect(messages()).toEqual([]);
  });

  it("is an error with onNewer fail, even in a preview", async () => {
    const { lifecycle, inputs, cloud } = rig(newer);
    const args = inputs({ onNewer: "fail" });
    const { failures } = await lifecycle.check({}, args);
    expect(failures).toEqual([
      { property: "version", reason: expect.stringContaining("newer than the target version") },
    ]);
    await expect(lifecycle.create(args)).rejects.toThrow(/never downgraded/);
    expect(cloud.writes()).toEqual([]);
  });
});

describe("a target that cannot be reached", () => {
  it.each(["3.1.10.0", "3.1.10"])(
    "because the newest version is beyond %s fails the check, and no request is sent",
    async (version) => {
      const { lifecycle, inputs, cloud } = rig();
      const { failures } = await lifecycle.check({}, inputs({ version }));
      expect(failures).toEqual([
        {
          property: "version",
          reason: expect.stringMatching(
            new RegExp(`${version} cannot be reached.*newest.*${NEW} is newer.*>=${version}`),
          ),
        },
      ]);
      await expect(lifecycle.create(inputs({ version }))).rejects.toThrow(/cannot be reached.*\[blocked\]/);
      expect(cloud.writes()).toEqual([]);
    },
  );

  it("because the upgrade may lead to another minor version is not requested either", async () => {
    const { lifecycle, inputs, cloud } = rig();
    cloud.control.offerStarRocks("3.2.0.1");
    await expect(lifecycle.create(inputs())).rejects.toThrow(/cannot be reached.*3\.2\.0\.1 is newer/);
    expect(cloud.writes()).toEqual([]);
  });

  it.each(["3.1.99.0", ">=3.2", "3.3"])(
    "because %s is not offered yet is reported with the offered versions",
    async (version) => {
      const { lifecycle, inputs, cloud, messages } = rig();
      expect(await lifecycle.check({}, inputs({ version }))).toMatchObject({ failures: [] });
      expect(messages().join()).toContain(`${version} is not offered yet`);
      await expect(lifecycle.create(inputs({ version }))).rejects.toThrow(
        new RegExp(`not offered yet.*the region lists ${NEW}.*\\[blocked\\]`),
      );
      expect(cloud.writes()).toEqual([]);
    },
  );

  it("because the service offers no upgrade of the instance is reported, regardless of the region's list", async () => {
    const { lifecycle, inputs, cloud, starRocks } = rig();
    const held = cloud.starRocks[0];
    if (held === undefined) throw new Error("no StarRocks instance");
    held.offered = OLD;
    await expect(lifecycle.create(inputs())).rejects.toThrow(
      /offers nothing newer than the current version \(3\.1\.6\.0\)/,
    );
    expect(cloud.starRocks.map(({ id }) => id)).toEqual([starRocks]);
    expect(cloud.writes()).toEqual([]);
  });
});

describe("an instance that does not exist", () => {
  it.each([
    [
      "StarRocks",
      { starRocksInstanceId: `${"0".repeat(32)}in17` },
      /TaurusDB instance .* has no StarRocks instance 0{32}in17/,
    ],
    [
      "TaurusDB",
      { instanceId: `${"0".repeat(32)}in07` },
      /TaurusDB instance 0{32}in07 does not exist in project .* in cn-north-4/,
    ],
  ])("is reported in one sentence: %s", async (_, args, text) => {
    const { lifecycle, inputs } = rig();
    await expect(lifecycle.create(inputs(args))).rejects.toThrow(text);
  });

  it("is reported in the same way for every code", async () => {
    for (const missingStarRocks of ["DBS.200045", "DBS.05000044"] as const) {
      const { lifecycle, inputs } = rig({ switches: { missingStarRocks } });
      const args = inputs({ starRocksInstanceId: `${"0".repeat(32)}in17` });
      await expect(lifecycle.create(args)).rejects.toThrow(/has no StarRocks instance/);
    }
  });

  it("ends the wait if it was deleted meanwhile", async () => {
    const { lifecycle, inputs, cloud, clock } = rig();
    clock.after(3 * MINUTE, () => cloud.control.removeInstance(instanceId));
    const { reasons } = await partial(lifecycle.create(inputs()));
    expect(reasons[0]).toMatch(/TaurusDB instance .* does not exist .*\[blocked\]/);
  });
});

function versionOf(text: string): Version {
  const version = parseVersion(text);
  if (version === undefined) throw new Error(text);
  return version;
}

const known = (shown: string, newerOffered: boolean | undefined, listed: readonly string[]): Known => ({
  shown: versionOf(shown),
  newerOffered,
  listed: listed.map(versionOf),
});

const ONE = ["3.1.15.80"];
const TWO = ["3.1.15.80", "3.2.0.1"];
const UP: Record<string, Standing | "unclear"> = { h: "current", b: "behind", n: "newer", u: "unclear" };

describe("the relation of an instance to its target", () => {
  it.each([
    // Four parts: the version is compared.
    ["3.1.6.0", true, ONE, "3.1.15.80", "b"],
    ["3.1.15.80", false, ONE, "3.1.15.80", "h"],
    ["3.1.20.0", false, ONE, "3.1.15.80", "n"],
    ["3.1.6.0", true, ONE, "3.1", "h"],
    ["3.1.6.0", true, [], ">=3.1.5", "h"],
    // Two parts that suffice.
    ["3.1", true, ONE, "3.1", "h"],
    ["3.1", true, ONE, ">=3.1", "h"],
    ["3.0", true, ONE, "3.1.15.80", "b"],
    ["3.2", false, TWO, "3.1.15.80", "n"],
    ["3.2", true, TWO, ">=3.1.15.80", "h"],
    // Two parts, no newer version offered: the newest of its minor version.
    ["3.1", false, ONE, "3.1.15.80", "h"],
    ["3.1", false, TWO, "3.1.15.80", "h"],
    ["3.1", false, ONE, "3.1.6.0", "n"],
    ["3.1", false, ONE, ">=3.1.6.0", "h"],
    ["3.1", false, ONE, "3.1.20.0", "b"],
    ["3.1", false, ["3.2.0.1"], "3.1.15.80", "u"],
    ["3.1", false, [], "3.1.15.80", "u"],
    // Two parts, a newer version offered: below the newest of all.
    ["3.1", true, ONE, "3.1.15.80", "b"],
    ["3.1", true, ONE, ">=3.1.15.80", "b"],
    ["3.1", true, ONE, "3.1.20.0", "b"],
    ["3.1", true, ONE, "3.1.6.0", "u"],
    ["3.1", true, ONE, ">=3.1.6.0", "u"],
    ["3.1", true, ONE, "3.1.15", "u"],
    ["3.1", true, TWO, "3.1.15.80", "u"],
    ["3.1", true, TWO, "3.1.20.0", "b"],
    ["3.1", true, [], "3.1.15.80", "u"],
    // Two parts, and unknown whether a version is offered.
    ["3.1", undefined, ONE, "3.1.15.80", "u"],
    ["3.1", undefined, ONE, "3.1.20.0", "b"],
    // Latest: the offer decides, and the list only if the offer is unknown.
    ["3.1.6.0", false, ONE, "latest", "h"],
    ["3.1.6.0", true, ONE, "latest", "b"],
    ["3.1", true, ONE, "latest", "b"],
    ["3.1", false, [], "latest", "h"],
    ["3.1.6.0", undefined, ONE, "latest", "b"],
    ["3.1.15.80", undefined, ONE, "latest", "h"],
    ["3.1", undefined, ONE, "latest", "u"],
    ["3.1.6.0", undefined, [], "latest", "u"],
  ] as const)("%s, newer offered: %s, listed: %j, pin %s: %s", (shown, newer, listed, pin, stand) => {
    const constraint = parseConstraint(pin);
    if (constraint === undefined) throw new Error(pin);
    expect(standingOf(known(shown, newer, listed), constraint)).toBe(UP[stand]);
  });
});

describe("the possible versions after an upgrade", () => {
  it.each([
    ["3.1.6.0", true, ONE, ["3.1.15.80"]],
    ["3.1.6.0", true, TWO, ["3.2.0.1", "3.1.15.80"]],
    ["3.1.15.80", true, TWO, ["3.2.0.1"]],
    ["3.1", true, TWO, ["3.2.0.1", "3.1.15.80"]],
    ["3.1.6.0", false, TWO, []],
    ["3.1.6.0", undefined, ONE, ["3.1.15.80"]],
    ["3.1.20.0", true, ONE, []],
    ["3.1.6.0", true, [], []],
  ] as const)("from %s, newer offered: %s, listed: %j: %j", (shown, newer, listed, targets) => {
    expect(targetsOf(known(shown, newer, listed)).map(formatParts)).toEqual(targets);
  });
});

describe("a service that shows only two parts of the version", () => {
  const short = { switches: { starRocksVersionParts: 2 } } as const;

  it.each([NEW, ">=3.1.15.80", "latest"])("upgrades to %s, and shows the known part", async (version) => {
    const { lifecycle, inputs, writes, starRocks } = rig(short);
    const { outs } = await lifecycle.create(inputs({ version }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "3.1", members: { [starRocks]: "3.1" } });
    expect(writes()).toBe(1);
  });

  it.each([NEW, "latest", "3.1"])("adopts an instance at %s without a write", async (version) => {
    const { lifecycle, inputs, cloud } = rig({ ...short, starRocksKernel: NEW });
    expect((await lifecycle.create(inputs({ version }))).outs).toMatchObject({ status: "current" });
    expect(cloud.writes()).toEqual([]);
  });

  it("does not report success until the job has led to the version", async () => {
    const { lifecycle, inputs, cloud, writes } = rig(short);
    cloud.control.fallBehind();
    const { reasons } = await partial(lifecycle.create(inputs()));
    expect(reasons[0]).toMatch(/reported as successful, but 3\.1 still runs/);
    expect(writes()).toBe(1);
  });

  it("has an unknown result if the version cannot be determined, and shows that in a preview", async () => {
    const { lifecycle, inputs, cloud } = rig(short);
    const { failures } = await lifecycle.check({}, inputs({ version: "3.1.6.0" }));
    expect(failures).toEqual([
      {
        property: "version",
        reason: expect.stringMatching(/It is unknown whether it runs .*reports only 3\.1 as its version/),
      },
    ]);
    await expect(lifecycle.create(inputs({ version: "3.1.6.0" }))).rejects.toThrow(
      /It is unknown whether.*\[blocked\]/,
    );
    expect(cloud.writes()).toEqual([]);
  });

  it("does not report drift if the version cannot be determined", async () => {
    const { lifecycle, inputs, cloud } = rig({ ...short, starRocksKernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    cloud.control.offerStarRocks("3.1.20.0");
    expect(await lifecycle.read(id, outs)).toMatchObject({ inputs: { version: NEW } });
  });
});

describe("a service with inexact types", () => {
  const texts = (body: string) =>
    body
      .replace(/:(true|false)([,}])/g, ':"$1"$2')
      .replace(/:(\d+)([,}])/g, ':"$1"$2')
      .replace(/"process":""/g, '"process":null')
      .replace(/"fail_reason":"",?/g, "")
      .replace(/,}/g, "}");
  const numbers = (body: string) => body.replace(/:true([,}])/g, ":1$1").replace(/:false([,}])/g, ":0$1");

  it.each([
    ["strings for numbers and booleans, null and undefined for strings", texts],
    ["numbers for booleans", numbers],
  ])("is supported: %s", async (_, rewrite) => {
    const { lifecycle, inputs, writes } = rig({}, { rewrite });
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current", currentVersion: NEW });
    expect(writes()).toBe(1);
    const later = rig({}, { rewrite });
    const deferred = await later.lifecycle.create(later.inputs({ schedule: "maintenance-window" }));
    expect(deferred.outs).toMatchObject({ status: "deferred" });
  });
});

describe("a region that lists no kernels", () => {
  function without(version: string) {
    const world = rig();
    const body = JSON.stringify({ error_code: "APIGW.0101", error_msg: "The API does not exist" });
    const fault = { kind: "replace", status: 404, headers: { "content-type": "application/json" }, body } as const;
    world.cloud.faults.add({ match: { path: /\/htap\/datastores\// }, times: Infinity, fault });
    return { ...world, args: world.inputs({ version }) };
  }

  it.each([">=3.1.10", "latest"])("still upgrades to %s", async (version) => {
    const { lifecycle, args } = without(version);
    expect((await lifecycle.create(args)).outs).toMatchObject({ status: "current", currentVersion: NEW });
  });

  it("cannot upgrade to an exact version", async () => {
    const { lifecycle, args, cloud } = without(NEW);
    await expect(lifecycle.create(args)).rejects.toThrow(/goes to the newest kernel, and the region does not list/);
    expect(cloud.writes()).toEqual([]);
  });
});
