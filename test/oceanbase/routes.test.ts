import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeRpm } from "../support/rpm-package";
import { payloadOf } from "./payload/pack";
import { rig } from "./rig";

const TARGET = { version: "4.3.5.3", release: "103000012025040100.el7" };
const BETWEEN = { version: "4.2.5.1", release: "101000092024120918.el7" };
const LIST = "./home/admin/oceanbase/etc/oceanbase_upgrade_dep.yml";

/** 4.2.5.1 is a barrier for who comes from 4.2.1.8. */
const WAYS = `
- version: 4.2.1.8
  can_be_upgraded_to: [4.2.5.0]
- version: 4.2.5.0
  can_be_upgraded_to: [4.2.5.1]
- version: 4.2.5.1
  can_be_upgraded_to:
    - 4.3.5.3
  require_from_binary:
    value: True
    when_come_from: [4.2.1.8]
- version: 4.3.5.3
`;

const BARRIER_IN_ANY_BUILD = `
- version: 4.2.1.8
  can_be_upgraded_to: [4.2.5.1]
- version: 4.2.5.1
  can_be_upgraded_to: [4.3.5.3]
  require_from_binary: True
- version: 4.3.5.3
`;

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "routes-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A file; what is the same is written once. */
async function file(bytes: Buffer): Promise<string> {
  const path = join(dir, `${createHash("sha256").update(bytes).digest("hex")}.rpm`);
  await writeFile(path, bytes);
  return path;
}

/** The packages of a version, as files. */
async function packagesOf(of: typeof TARGET, ways?: string | Buffer): Promise<string[]> {
  const payload =
    ways === undefined || Buffer.isBuffer(ways) ? ways : payloadOf({ "./bin/observer": "x", [LIST]: ways });
  const main = makeRpm({ ...of, ...(payload === undefined ? {} : { payload }) });
  return [await file(main), await file(makeRpm({ ...of, name: "oceanbase-ce-libs" }))];
}

const uploads = ({ cluster }: ReturnType<typeof rig>) => cluster.journal.count("POST", /package$/);

describe("a version between whose newest packages do not belong together", () => {
  it("is found before the call: obshell takes the newest of each", async () => {
    const { lifecycle, inputs, cluster } = rig();
    const packages = [...(await packagesOf(BETWEEN)), ...(await packagesOf(TARGET, BARRIER_IN_ANY_BUILD))];
    cluster.control.addPackage({ name: "oceanbase-ce", ...BETWEEN, release: "102000002025010100.el7" });
    const withoutMain = packages.slice(1);
    await expect(lifecycle.create(inputs({ ...TARGET, packages: withoutMain }))).rejects.toThrow(
      /of different builds: oceanbase-ce-4\.2\.5\.1-102\S+, oceanbase-ce-libs-4\.2\.5\.1-101\S+\. .*\[blocked\]/,
    );
    expect(cluster.writes()).toEqual([]);
  });
});

describe("a version that others lie before", () => {
  it("is shown with its route at preview, and what is missing on the way by its files", async () => {
    const world = rig();
    const packages = await packagesOf(TARGET, WAYS);
    const { failures } = await world.lifecycle.check({}, world.inputs({ ...TARGET, packages }));
    expect(failures).toEqual([]);
    expect(world.said()).toEqual([
      "4.2.1.8 → 4.2.5.1 (package required) → 4.3.5.3, rolling over 3 zones, after uploading 2 packages · blocked: package missing on the way",
      "Upgrading to 4.3.5.3 requires 4.2.5.1 first; these packages are not uploaded: " +
        "oceanbase-ce-4.2.5.1-<build>.el7.x86_64.rpm, oceanbase-ce-libs-4.2.5.1-<build>.el7.x86_64.rpm. " +
        "Add their files to `packages`, or upload them with POST /api/v1/upgrade/package.",
    ]);
    expect(world.cluster.writes()).toEqual([]);
  });

  it("is not begun while one of them is missing: nothing is uploaded either", async () => {
    const world = rig();
    const packages = await packagesOf(TARGET, WAYS);
    await expect(world.lifecycle.create(world.inputs({ ...TARGET, packages }))).rejects.toThrow(
      /requires 4\.2\.5\.1 first; these packages are not uploaded: oceanbase-ce-4\.2\.5\.1-/,
    );
    expect(world.cluster.writes()).toEqual([]);
  });

  it("is reached over them, with all packages at hand", async () => {
    const world = rig();
    const packages = [...(await packagesOf(TARGET, WAYS)), ...(await packagesOf(BETWEEN, WAYS))];
    const { outs } = await world.lifecycle.create(world.inputs({ ...TARGET, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.3" });
    expect([uploads(world), world.writes()]).toEqual([4, 1]);
    expect(world.said().slice(-2)).toEqual([
      "upgrade 11 started",
      expect.stringMatching(/^upgraded 4\.2\.1\.8-\d+ → 4\.3\.5\.3-\d+ in .*, 50 stages$/),
    ]);
    expect(world.cluster.dags[0]?.target?.route).toEqual(["4.2.5.1", "4.3.5.3-103000012025040100"]);
    expect(world.cluster.dags[0]?.nodes).toHaveLength(50);
  });

  it("takes packages that are there already, of the target's distribution only", async () => {
    const world = rig();
    world.cluster.control.addObPackages(BETWEEN.version, "101000092024120918.el8");
    const packages = await packagesOf(TARGET, WAYS);
    await world.lifecycle.check({}, world.inputs({ ...TARGET, packages }));
    expect(world.said()[1]).toMatch(/oceanbase-ce-4\.2\.5\.1-<build>\.el7\.x86_64\.rpm/);
    world.cluster.control.addObPackages(BETWEEN.version, BETWEEN.release);
    const { outs } = await world.lifecycle.create(world.inputs({ ...TARGET, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.3" });
  });

  it("needs them for every architecture", async () => {
    const world = rig({ architecture: ["x86_64", "aarch64", "x86_64"] });
    world.cluster.control.addObPackages(TARGET.version, TARGET.release);
    world.cluster.control.addPackage({ name: "oceanbase-ce", ...BETWEEN });
    await world.lifecycle.check({}, world.inputs({ ...TARGET, packages: await packagesOf(TARGET, WAYS) }));
    expect(world.said()[1]).toContain(
      "not uploaded: oceanbase-ce-4.2.5.1-<build>.el7.aarch64.rpm, " +
        "oceanbase-ce-libs-4.2.5.1-<build>.el7.aarch64.rpm, oceanbase-ce-libs-4.2.5.1-<build>.el7.x86_64.rpm.",
    );
  });

  it("is one step for a cluster that is past them", async () => {
    const world = rig({ buildVersion: "4.2.5.1-101000092024120918" });
    await world.lifecycle.check({}, world.inputs({ ...TARGET, packages: await packagesOf(TARGET, WAYS) }));
    expect(world.said()).toEqual(["4.2.5.1 → 4.3.5.3, rolling over 3 zones, after uploading 2 packages"]);
  });
});

describe("what the list in a package forbids", () => {
  it("a deprecated target can never succeed: the check fails", async () => {
    const world = rig();
    const packages = await packagesOf(TARGET, `${WAYS}  deprecated: True\n`);
    const { failures } = await world.lifecycle.check({}, world.inputs({ ...TARGET, packages }));
    expect(failures).toEqual([
      { property: "version", reason: expect.stringMatching(/^4\.3\.5\.3 is deprecated by its own package/) },
    ]);
  });

  it.each([
    [
      "a start that it does not know",
      "4.2.3.1-1",
      /package of 4\.3\.5\.3 does not list the current version 4\.2\.3\.1/,
    ],
    ["a start that nothing leads on from", "4.2.5.2-1", /has no upgrade path from the current version 4\.2\.5\.2/],
  ])("%s is a warning, and an error when the upgrade is to start", async (_, buildVersion, why) => {
    const world = rig({ buildVersion });
    const packages = await packagesOf(TARGET, `${WAYS}- version: 4.2.5.2\n`);
    const args = world.inputs({ ...TARGET, packages });
    expect((await world.lifecycle.check({}, args)).failures).toEqual([]);
    expect(world.said()[1]).toMatch(why);
    await expect(world.lifecycle.create(args)).rejects.toThrow(why);
    expect(world.cluster.writes()).toEqual([]);
  });

  it("a version between of which some builds are deprecated: obshell would not find its package", async () => {
    const world = rig();
    world.cluster.control.addObPackages(BETWEEN.version, BETWEEN.release);
    const packages = await packagesOf(TARGET, `${WAYS}- version: 4.2.5.1-5\n  deprecated: True\n`);
    await expect(world.lifecycle.create(world.inputs({ ...TARGET, packages }))).rejects.toThrow(
      /requires 4\.2\.5\.1 first, but obshell cannot find its package, .*deprecated \(5\)\. Upgrade to 4\.2\.5\.1 first/,
    );
  });

  it("a current version that is a barrier is installed once more by agents before 4.4.1.0", async () => {
    const ways =
      "- version: 4.2.1.8\n  can_be_upgraded_to: [4.3.5.3]\n  require_from_binary: True\n- version: 4.3.5.3\n";
    const packages = await packagesOf(TARGET, ways);
    for (const [agentVersion, route] of [
      ["4.4.0.0-1", "4.2.1.8 → 4.2.1.8 (package required) → 4.3.5.3"],
      ["4.4.1.0-1", "4.2.1.8 → 4.3.5.3"],
    ] as const) {
      const world = rig({ agentVersion });
      await world.lifecycle.check({}, world.inputs({ ...TARGET, packages }));
      const blocked = route.startsWith("4.2.1.8 → 4.2.1.8") ? " · blocked: package missing on the way" : "";
      expect(world.said()[0]).toBe(`${route}, rolling over 3 zones, after uploading 2 packages${blocked}`);
    }
  });
});

describe("a list that cannot be read", () => {
  it.each([
    ["it is no YAML", "- version: [4.2.1.8\n"],
    ["it is not in the package", payloadOf({ "./bin/observer": "x" })],
    ["the payload is packed in another way", Buffer.from("BZh9, or anything")],
  ])("is never a failure: %s", async (_, ways) => {
    const world = rig();
    const packages = await packagesOf(TARGET, ways);
    await world.lifecycle.check({}, world.inputs({ ...TARGET, packages }));
    expect(world.said()).toEqual([
      "4.2.1.8 → 4.3.5.3 (upgrade path unknown), rolling over 3 zones, after uploading 2 packages",
    ]);
  });

  it("leaves the upgrade to the server, which knows", async () => {
    const world = rig();
    const packages = await packagesOf(TARGET, Buffer.from("BZh9, or anything else"));
    const { outs } = await world.lifecycle.create(world.inputs({ ...TARGET, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.3" });
  });

  it("in the time of a look is read to its end before anything is uploaded", async () => {
    const world = rig({}, 0, [5_000, 3_000]);
    const observer = Buffer.alloc(3_000_000, "observer");
    const packages = await packagesOf(TARGET, payloadOf({ "./bin/observer": observer, [LIST]: WAYS }));
    const args = world.inputs({ ...TARGET, packages });
    await world.lifecycle.check({}, args);
    expect(world.said()[0]).toContain("(upgrade path unknown)");
    await expect(world.lifecycle.create(args)).rejects.toThrow(/requires 4\.2\.5\.1 first/);
    expect(world.lines.map((line) => line.message).join()).toContain("reading the upgrade path");
    expect(world.cluster.writes()).toEqual([]);
  });
});

describe("the list of a package that is not at hand", () => {
  it("is taken from the server, where that gives it", async () => {
    const world = rig();
    const listed = (name: string, yaml = "") => ({
      name,
      version: TARGET.version,
      release_distribution: TARGET.release,
      architecture: "x86_64",
      upgrade_dep_yaml: yaml,
    });
    const data = { contents: [listed("oceanbase-ce", WAYS), listed("oceanbase-ce-libs")] };
    const body = JSON.stringify({ successful: true, status: 200, data });
    world.cluster.faults.add({
      match: { path: "/api/v1/upgrade/package/info" },
      times: 9,
      fault: { kind: "replace", status: 200, body },
    });
    await world.lifecycle.check({}, world.inputs(TARGET));
    expect(world.said()[0]).toBe(
      "4.2.1.8 → 4.2.5.1 (package required) → 4.3.5.3, rolling over 3 zones · blocked: package missing on the way",
    );
    expect(world.said()[1]).toMatch(/not uploaded: oceanbase-ce-4\.2\.5\.1/);
  });

  it("is taken from the answer to an upload, where that gives it, before the call is sent", async () => {
    const world = rig({ agentVersion: "4.2.5.0-112024111111" });
    const packages = await packagesOf(TARGET, Buffer.from("unreadable here, not there"));
    const data = { Name: "oceanbase-ce", Version: TARGET.version, ReleaseDistribution: TARGET.release };
    const reply = { successful: true, status: 200, data: { ...data, Architecture: "x86_64", UpgradeDepYaml: WAYS } };
    world.cluster.faults.add({
      match: { method: "POST", path: "/api/v1/upgrade/package" },
      fault: { kind: "replace", status: 200, body: JSON.stringify(reply) },
    });
    // These agents list nothing: the first call shows that the packages are missing. The upload never came to pass.
    await expect(world.lifecycle.create(world.inputs({ ...TARGET, packages }))).rejects.toThrow(/record not found/);
    expect(world.said().join("\n")).toMatch(
      /Cannot verify that the packages are uploaded, .*oceanbase-ce-4\.2\.5\.1-<build>/,
    );
    expect(world.writes()).toBe(2);
  });

  it("does not matter where only the build changes", async () => {
    const world = rig({ buildVersion: "4.3.5.3-103000012025040000" });
    await world.lifecycle.check({}, world.inputs({ ...TARGET, packages: await packagesOf(TARGET, "- nonsense") }));
    expect(world.said()[0]).toMatch(/^4\.3\.5\.3-103000012025040000 → 4\.3\.5\.3-103000012025040100\.el7, rolling/);
  });
});
