import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Version } from "../../provider/core/version";
import { parseConstraint } from "../../provider/core/version";
import type { UploadedPackage } from "../../provider/oceanbase/agent/schema";
import {
  chooseTarget,
  incompleteAbove,
  missingPackages,
  OBSHELL,
  OCEANBASE,
  packageVersion,
} from "../../provider/oceanbase/packages/packages";
import { makeRpm, type RpmOptions } from "../support/rpm-package";
import { payloadOf } from "./payload/pack";
import { AGENT_URN, AGENTS, rig, TARGET, UPGRADE, URN } from "./rig";
import { fileOf } from "./upload-rig";

const NEWER = { version: "4.3.5.3", release: "103000012025040100.el7" };
const LIST = "./home/admin/oceanbase/etc/oceanbase_upgrade_dep.yml";

let dir = "";

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "packages-"));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

/** A package of the newer version, as a file. */
async function file(name: string, options: RpmOptions = {}): Promise<string> {
  const path = join(dir, `${name}.rpm`);
  await writeFile(path, makeRpm({ ...NEWER, ...options }));
  return path;
}

/** Uploads that reached the cluster. */
const uploads = ({ cluster }: Pick<ReturnType<typeof rig>, "cluster">) => cluster.journal.count("POST", /package$/);

/** Both packages of a version, as files. The first one contains the list of upgrade paths. */
async function filesOf(target: typeof NEWER, upgradePaths?: string): Promise<string[]> {
  const payload =
    upgradePaths === undefined ? {} : { payload: payloadOf({ "./bin/observer": "x", [LIST]: upgradePaths }) };
  const main = makeRpm({ ...target, name: "oceanbase-ce", ...payload });
  return [await fileOf(main, "main.rpm"), await fileOf(makeRpm({ ...target, name: "oceanbase-ce-libs" }), "libs.rpm")];
}

const BINARIES = ["/home/admin/oceanbase/bin/observer", "/home/admin/oceanbase/bin/obshell"];

const EL7 = "102000042025031214.el7";

function uploaded(version: string, release = EL7, name = "oceanbase-ce", architecture = "x86_64"): UploadedPackage {
  return { name, version, release_distribution: release, architecture };
}

const DATABASE = { editions: OCEANBASE, architectures: ["x86_64"] };
const LIBS = "oceanbase-ce-libs";

/** Both packages of a version of the community edition. */
function whole(version: string, release = EL7, architecture = "x86_64"): UploadedPackage[] {
  return ["oceanbase-ce", LIBS].map((name) => uploaded(version, release, name, architecture));
}

function choose(version: string, packages: UploadedPackage[] | undefined, release?: string, highest?: Version) {
  const constraint = parseConstraint(version);
  if (constraint === undefined) throw new Error(`${version} is no constraint`);
  return chooseTarget({ version, release, constraint }, packages, DATABASE, highest);
}

describe("the target of an upgrade", () => {
  it("is the configured one if it is exact and has a release, regardless of what is uploaded", () => {
    const target = { version: "4.3.5.2", release: EL7 };
    expect(choose("4.3.5.2", undefined, EL7)).toEqual(target);
    expect(choose("4.3.5.2", [], EL7)).toEqual(target);
  });

  it("is the only release of an exact version", () => {
    expect(choose("4.3.5.2", [uploaded("4.3.5.1"), uploaded("4.3.5.2"), uploaded("4.3.5.3")])).toEqual({
      version: "4.3.5.2",
      release: EL7,
    });
  });

  it.each([
    ["4.3.5", "4.3.5.10"],
    [">=4.3.5.2", "4.10.0.0"],
    [">=4.3.6", "4.10.0.0"],
  ])("is the newest that satisfies %s: %s", (version, expected) => {
    const packages = ["4.3.5.2", "4.3.5.10", "4.3.5.9", "4.10.0.0", "4.4.0.0"].map((one) => uploaded(one));
    expect(choose(version, packages)).toEqual({ version: expected, release: EL7 });
  });

  it("counts a package once, regardless of how many architectures and parts are uploaded", () => {
    const packages = [
      uploaded("4.3.5.2"),
      uploaded("4.3.5.2", EL7, "oceanbase-ce", "aarch64"),
      uploaded("4.3.5.2", EL7, "oceanbase-ce-libs"),
    ];
    expect(choose("4.3.5.2", packages)).toEqual({ version: "4.3.5.2", release: EL7 });
  });

  it.each(["oceanbase", "oceanbase-standalone"])("may be of another edition: %s", (name) => {
    expect(choose("4.3.5.2", [uploaded("4.3.5.2", EL7, name)])).toEqual({ version: "4.3.5.2", release: EL7 });
  });

  it("of the agents is taken from their own packages", () => {
    const constraint = parseConstraint("4.3.5");
    if (constraint === undefined) throw new Error("no constraint");
    const packages = [uploaded("4.3.5.9"), uploaded("4.3.5.2", "102.el7", "obshell")];
    const target = { version: "4.3.5.2", release: "102.el7" };
    const agents = { editions: OBSHELL, architectures: ["x86_64", "aarch64"] };
    expect(chooseTarget({ version: "4.3.5", constraint }, packages, agents)).toEqual(target);
    expect(missingPackages(target, packages, agents)).toEqual(["obshell-4.3.5.2-102.el7.aarch64.rpm"]);
  });

  it("is never taken from other packages", () => {
    const packages = [uploaded("4.3.5.2", EL7, "obshell"), uploaded("4.3.5.2", EL7, "oceanbase-ce-libs")];
    expect(choose("4.3.5.2", packages)).toMatchObject({ code: "no-package" });
  });

  it("is unknown without a package list, and the finding names the argument to set", () => {
    expect(choose("4.3.5.2", undefined)).toEqual({
      code: "release-unknown",
      message:
        "The agents cannot list their packages (obshell before 4.3.0.0), so the release of 4.3.5.2 cannot be looked up.",
      remedy: 'Set `release` as well, such as "102000042025031214.el7", with an exact `version`.',
    });
  });

  it("is missing if no uploaded version satisfies the constraint, and the uploaded ones are listed", () => {
    const finding = choose("4.3.5.2", [uploaded("4.3.5.1"), uploaded("4.4.0.0"), uploaded("4.5.0.0", EL7, "obshell")]);
    expect(finding).toMatchObject({
      code: "no-package",
      message: `No uploaded package satisfies version 4.3.5.2; uploaded: 4.4.0.0-${EL7}, 4.3.5.1-${EL7}.`,
    });
    expect(choose("4.3.5.2", [])).toMatchObject({ message: expect.stringMatching(/uploaded: none\.$/) });
  });

  it("is not guessed if there are several releases", () => {
    const finding = choose("4.3.5.2", [uploaded("4.3.5.2", "100.el7"), uploaded("4.3.5.2", "200.el8")]);
    expect(finding).toEqual({
      code: "release-ambiguous",
      message: "Version 4.3.5.2 is uploaded in several releases: 200.el8, 100.el7.",
      remedy: 'Set `release` to one of them, such as "200.el8".',
    });
  });
});

describe("a target that has to be chosen", () => {
  const el8 = EL7.replace("el7", "el8");
  const both = { editions: OCEANBASE, architectures: ["aarch64", "x86_64"] };

  it.each<[string, string, UploadedPackage[]]>([
    ["without its libraries", ">=4.3.5", [uploaded("4.3.5.3"), ...whole("4.3.5.2")]],
    ["without its libraries, for a prefix", "4.3.5", [uploaded("4.3.5.3"), ...whole("4.3.5.2")]],
    ["of which only the libraries are uploaded", ">=4.3.5", [uploaded("4.3.5.3", EL7, LIBS), ...whole("4.3.5.2")]],
    [
      "with the libraries of another distribution",
      ">=4.3.5",
      [uploaded("4.3.5.3"), uploaded("4.3.5.3", el8, LIBS), ...whole("4.3.5.2")],
    ],
    ["of a distribution without its libraries", "4.3.5.2", [uploaded("4.3.5.2", el8), ...whole("4.3.5.2")]],
    ["in a later build without its libraries", "4.3.5.2", [uploaded("4.3.5.2", `9${EL7}`), ...whole("4.3.5.2")]],
  ])("is not one %s (%s)", (_, version, packages) => {
    expect(choose(version, packages)).toEqual({ version: "4.3.5.2", release: EL7 });
    expect(choose(version, [...packages].reverse())).toEqual({ version: "4.3.5.2", release: EL7 });
  });

  it("is not one that lacks an architecture of the cluster", () => {
    const constraint = parseConstraint(">=4.3.5");
    if (constraint === undefined) throw new Error("no constraint");
    const older = [...whole("4.3.5.2"), ...whole("4.3.5.2", EL7, "aarch64")];
    const requested = { version: ">=4.3.5", constraint };
    const target = { version: "4.3.5.2", release: EL7 };
    expect(chooseTarget(requested, [...whole("4.3.5.3"), ...older], both)).toEqual(target);
    expect(incompleteAbove(target, requested, [...whole("4.3.5.3"), ...older], both)).toEqual([
      {
        target: { version: "4.3.5.3", release: EL7 },
        missing: [`oceanbase-ce-4.3.5.3-${EL7}.aarch64.rpm`, `oceanbase-ce-libs-4.3.5.3-${EL7}.aarch64.rpm`],
      },
    ]);
  });

  it("is the newest one if none is complete, so that its missing packages can be named", () => {
    const target = { version: "4.3.5.3", release: EL7 };
    expect(choose(">=4.3.5", [uploaded("4.3.5.3"), uploaded("4.3.5.2")])).toEqual(target);
  });

  it("is never below a member that already satisfies the constraint, because it would be downgraded", () => {
    const packages = [...whole("4.3.5.2"), uploaded("4.3.5.4")];
    expect(choose(">=4.3.5", packages, undefined, { parts: [4n, 3n, 5n, 3n] })).toMatchObject({ version: "4.3.5.4" });
    expect(choose(">=4.3.5", whole("4.3.5.2"), undefined, { parts: [4n, 3n, 5n, 3n] })).toMatchObject({
      code: "no-package",
      message: expect.stringContaining("(4.3.5.3 or later, which is running already); uploaded: 4.3.5.2"),
    });
  });
});

describe("the packages that are missing", () => {
  const target = { version: "4.3.5.2", release: EL7 };

  it.each<[string, UploadedPackage[], string[], string[]]>([
    [
      "none of the community edition",
      [],
      ["x86_64"],
      [`oceanbase-ce-4.3.5.2-${EL7}.x86_64.rpm`, `oceanbase-ce-libs-4.3.5.2-${EL7}.x86_64.rpm`],
    ],
    ["its libraries", [uploaded("4.3.5.2")], ["x86_64"], [`oceanbase-ce-libs-4.3.5.2-${EL7}.x86_64.rpm`]],
    ["nothing", [uploaded("4.3.5.2"), uploaded("4.3.5.2", EL7, "oceanbase-ce-libs")], ["x86_64"], []],
    [
      "those of one architecture",
      [uploaded("4.3.5.2"), uploaded("4.3.5.2", EL7, "oceanbase-ce-libs")],
      ["aarch64", "x86_64"],
      [`oceanbase-ce-4.3.5.2-${EL7}.aarch64.rpm`, `oceanbase-ce-libs-4.3.5.2-${EL7}.aarch64.rpm`],
    ],
    [
      "those of another release",
      [uploaded("4.3.5.2", "100.el7"), uploaded("4.3.5.2", EL7, "oceanbase-ce-libs")],
      ["x86_64"],
      [`oceanbase-ce-4.3.5.2-${EL7}.x86_64.rpm`],
    ],
    ["nothing of the business edition", [uploaded("4.3.5.2", EL7, "oceanbase")], ["x86_64"], []],
    ["nothing of the standalone edition", [uploaded("4.3.5.2", EL7, "oceanbase-standalone")], ["x86_64"], []],
    ["unknown without architectures", [], [], []],
    [
      "those of the uploaded architectures, if the architectures are unknown",
      [uploaded("4.3.5.2"), uploaded("4.3.5.2", EL7, LIBS, "aarch64")],
      [],
      [`oceanbase-ce-4.3.5.2-${EL7}.aarch64.rpm`, `oceanbase-ce-libs-4.3.5.2-${EL7}.x86_64.rpm`],
    ],
  ])("are %s", (_, packages, architectures, expected) => {
    expect(missingPackages(target, packages, { editions: OCEANBASE, architectures })).toEqual(expected);
  });
});

describe("packageVersion", () => {
  it.each([
    ["4.3.5.2", EL7, { parts: [4n, 3n, 5n, 2n], build: 102000042025031214n }],
    ["4.3.5.2", "7", { parts: [4n, 3n, 5n, 2n], build: 7n }],
    ["4.3.5.2", "el7.7", undefined],
  ])("of %s and %s", (version, release, expected) => {
    expect(packageVersion({ version, release })).toEqual(expected);
  });
});

describe("packages given as files", () => {
  it("are shown by preview, and nothing is sent", async () => {
    const world = rig();
    const { failures } = await world.lifecycle.check({}, world.inputs({ ...NEWER, packages: await filesOf(NEWER) }));
    expect(failures).toEqual([]);
    expect(world.messages()).toEqual([
      "4.2.1.8 → 4.3.5.3 (upgrade path unknown), rolling over 3 zones, after uploading 2 packages",
    ]);
    expect(world.cluster.writes()).toEqual([]);
  });

  it("are uploaded once each before the upgrade is requested", async () => {
    const world = rig();
    const { outs } = await world.lifecycle.create(world.inputs({ ...NEWER, packages: await filesOf(NEWER) }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.3" });
    expect(uploads(world)).toBe(2);
    expect(world.writes()).toBe(1);
    expect(world.messages().filter((line) => line.startsWith("uploaded "))).toHaveLength(2);
  });

  it("are not uploaded if the servers have them", async () => {
    const world = rig();
    world.cluster.control.addObPackages(NEWER.version, NEWER.release);
    await world.lifecycle.create(world.inputs({ ...NEWER, packages: await filesOf(NEWER) }));
    expect(uploads(world)).toBe(0);
    expect(world.writes()).toBe(1);
  });

  it("are not uploaded if the cluster is up to date", async () => {
    const world = rig({ buildVersion: "4.3.5.3-103000012025040100" });
    await world.lifecycle.create(world.inputs({ ...NEWER, packages: await filesOf(NEWER) }));
    expect(world.cluster.writes()).toEqual([]);
  });

  it("are not even read if the cluster is up to date", async () => {
    const world = rig({ buildVersion: "4.3.5.3-103000012025040100" });
    const args = world.inputs({ ...NEWER, packages: [join(dir, "nowhere-to-be-found.rpm")] });
    expect((await world.lifecycle.check({}, args)).failures).toEqual([]);
    expect((await world.lifecycle.create(args)).outs).toMatchObject({ status: "current" });
  });

  it("determine the target of a minimum, together with the uploaded ones", async () => {
    const world = rig();
    const args = world.inputs({ version: ">=4.3.5", release: undefined, packages: await filesOf(NEWER) });
    expect((await world.lifecycle.create(args)).outs).toMatchObject({ currentVersion: "4.3.5.3" });
  });

  it("are uploaded later if the agents are unreachable before the upload", async () => {
    const world = rig();
    const list = "/api/v1/upgrade/package/info";
    world.cluster.faults.add({ match: { path: list }, skip: 2, times: 18, fault: { kind: "reset" } });
    const { outs } = await world.lifecycle.create(world.inputs({ ...NEWER, packages: await filesOf(NEWER) }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.3" });
    expect([uploads(world), world.writes()]).toEqual([2, 1]);
    const text = world.lines.map((line) => line.message).join("\n");
    expect(text).toMatch(/not started yet: The uploaded packages could not be listed: /);
  });

  it("are not uploaded if no agent ever returns its package list, and the run fails", async () => {
    const world = rig();
    const list = "/api/v1/upgrade/package/info";
    world.cluster.faults.add({ match: { path: list }, times: 10_000, fault: { kind: "reset" } });
    await expect(world.lifecycle.create(world.inputs({ ...NEWER, packages: await filesOf(NEWER) }))).rejects.toThrow(
      /could not be read for 20 min.*: the agents did not return their list of packages.*\[unreachable\]$/,
    );
    expect(world.cluster.writes()).toEqual([]);
  });

  it("block the upgrade before anything is sent if one is still missing", async () => {
    const world = rig();
    const packages = [await file("c", { name: "oceanbase-ce" })];
    await expect(world.lifecycle.create(world.inputs({ ...NEWER, packages }))).rejects.toThrow(
      /not uploaded: oceanbase-ce-libs-4\.3\.5\.3/,
    );
    expect(world.cluster.writes()).toEqual([]);
  });

  it.each([
    [
      "a file that is not an RPM",
      async () => {
        const path = join(dir, "text.rpm");
        await writeFile(path, "hello");
        return path;
      },
      /text\.rpm/,
    ],
    [
      "a truncated RPM",
      async () => {
        const path = join(dir, "short.rpm");
        await writeFile(path, makeRpm({ ...NEWER, payload: Buffer.alloc(4_096) }).subarray(0, -1_000));
        return path;
      },
      /short\.rpm/,
    ],
    ["a file that does not exist", async () => join(dir, "nowhere.rpm"), /nowhere\.rpm/],
    [
      "a package for another architecture",
      () => file("arm", { architecture: "aarch64" }),
      /aarch64, but the cluster runs on x86_64/,
    ],
    ["a package of another product", () => file("proxy", { name: "obproxy-ce" }), /proxy\.rpm is named obproxy-ce/],
    [
      "a package that obshell no longer supports",
      () => file("old", { name: "obshell", version: "4.1.0.0" }),
      /old\.rpm is of version 4\.1\.0\.0, but obshell accepts only 4\.2\.0\.0 and later/,
    ],
    [
      "a package without obshell",
      () => file("agent", { name: "obshell", files: ["/home/admin/oceanbase/bin/other"] }),
      /agent\.rpm lacks files that obshell requires: \/home\/admin\/oceanbase\/bin\/obshell/,
    ],
    [
      "a database without its upgrade scripts",
      () => file("bare", { name: "oceanbase-ce", release: "103000012025040199.el7", files: BINARIES }),
      /bare\.rpm lacks files that obshell requires: \/home\/admin\/oceanbase\/etc\/upgrade_checker\.py, .*oceanbase_upgrade_dep\.yml/,
    ],
    [
      "libraries without their directory",
      () => file("bare-libs", { name: LIBS, files: ["/home/admin/oceanbase/etc/a"] }),
      /bare-libs\.rpm lacks files that obshell requires: \/home\/admin\/oceanbase\/lib/,
    ],
    ["a release without distribution", () => file("nodist", { release: "103000012025040100" }), /nodist\.rpm/],
  ])("are rejected by check and, before anything is sent, by the run: %s", async (_, make, text) => {
    const world = rig();
    const args = world.inputs({ ...NEWER, packages: [...(await filesOf(NEWER)), await make()] });
    const { failures } = await world.lifecycle.check({}, args);
    expect(failures).toEqual([{ property: "packages", reason: expect.stringMatching(text) }]);
    await expect(world.lifecycle.create(args)).rejects.toThrow(text);
    expect(world.cluster.writes()).toEqual([]);
  });
});

const NO_APPROVALS = { formatVersion: 1, approvals: {} };

it("an approved upgrade that uploads packages has the same plan after the upload", async () => {
  const { cluster, lifecycle, inputs, writes } = rig();
  cluster.state.packages.splice(0);
  const files = await filesOf(TARGET);
  const checked = await lifecycle.check({}, inputs({ packages: files, approval: NO_APPROVALS }));
  // As the provider wrote it.
  const plan = checked.inputs["__plan"] as Record<string, object>;
  const approved = Object.entries(plan).map(([unit, proposal]) => [
    unit,
    { ...proposal, approvedAt: "2025-12-31T00:00:00Z", approvedBy: "Anna" },
  ]);
  const approval = { ...NO_APPROVALS, approvals: { [URN]: Object.fromEntries(approved) } };
  const { outs } = await lifecycle.create(inputs({ packages: files, approval }));
  expect(outs).toMatchObject({ status: "current" });
  expect(cluster.state.packages.length).toBeGreaterThan(0);
  expect(writes()).toBe(1);
});

it("nothing is uploaded for an upgrade that is not approved", async () => {
  const { cluster, lifecycle, inputs, writes } = rig();
  cluster.state.packages.splice(0);
  const { outs } = await lifecycle.create(inputs({ packages: await filesOf(TARGET), approval: NO_APPROVALS }));
  expect(outs).toMatchObject({ status: "held", heldBy: { code: "approval" } });
  expect([cluster.state.packages.length, writes()]).toEqual([0, 0]);
});

/** Agents that list no packages and cannot read `require_from_binary: True`, and the first that can read it. */
const OLD = ["4.2.3.0-102024041900", "4.2.5.0-112024111111"];
const FIRST_READER = "4.2.6.0-102025041012";
const list = (rule: string) =>
  `- version: 4.2.1.8\n  can_be_upgraded_to: [4.3.5.3]\n  require_from_binary: ${rule}\n- version: 4.3.5.3\n`;

describe.each(OLD)("agents of %s, which cannot list packages", (agentVersion) => {
  it.each([
    ["database", {}, NEWER, /oceanbase-ce-4\.3\.5\.3-103000012025040100\.el7\.<architecture>\.rpm, oceanbase-ce-libs-/],
    ["agents", { __urn: AGENT_URN }, AGENTS, /obshell-4\.5\.0\.0-102026050817\.el7\.<architecture>\.rpm/],
  ])("%s: preview warns, and the refusal of the upgrade request has the remedy", async (_, urn, target, files) => {
    const { lifecycle, inputs, messages } = rig({ agentVersion });
    await lifecycle.check({}, { ...inputs(target), ...urn });
    expect(messages().join("\n")).toMatch(
      /Cannot verify that the packages? (is|are) uploaded, because agents before 4\.3\.0\.0/,
    );
    expect(messages().join("\n")).toMatch(files);
    await expect(lifecycle.create({ ...inputs(target), ...urn })).rejects.toThrow(
      /record not found.*\(100[12]\)\. Add its file to `packages`, or upload it with POST \/api\/v1\/upgrade\/package\. \[refused\]/,
    );
  });

  it("cause no warning for packages given as files, which are uploaded when the agents report them missing", async () => {
    const { lifecycle, inputs, messages, cluster, writes } = rig({ agentVersion });
    const args = inputs({ ...NEWER, packages: await filesOf(NEWER) });
    await lifecycle.check({}, args);
    const [plan, ...notes] = messages();
    expect(plan).toBe(
      "4.2.1.8 → 4.3.5.3 (upgrade path unknown), rolling over 3 zones, after uploading those of 2 packages that the agents lack",
    );
    expect(notes.join()).not.toContain("Cannot verify");
    expect((await lifecycle.create(args)).outs).toMatchObject({ status: "current", currentVersion: "4.3.5.3" });
    expect([uploads({ cluster }), writes(), cluster.acceptedUpgrades.length]).toEqual([2, 2, 1]);
  });

  it("receive only the packages that they report missing", async () => {
    const { lifecycle, inputs, cluster } = rig({ agentVersion });
    cluster.control.addPackage({ ...NEWER, name: "oceanbase-ce" });
    await lifecycle.create(inputs({ ...NEWER, packages: await filesOf(NEWER) }));
    expect(cluster.state.packages.filter(({ version }) => version === NEWER.version).map(({ name }) => name)).toEqual([
      "oceanbase-ce",
      "oceanbase-ce-libs",
    ]);
  });

  it("do not receive packages that they have", async () => {
    const { lifecycle, inputs, cluster, writes } = rig({ agentVersion });
    const packages = await filesOf(TARGET);
    expect((await lifecycle.create(inputs({ packages }))).outs).toMatchObject({ status: "current" });
    expect([uploads({ cluster }), writes()]).toEqual([0, 1]);
  });

  it("do not receive packages again in later runs if the upgrade request was refused for another reason", async () => {
    const { lifecycle, inputs, cluster } = rig({ agentVersion });
    const args = inputs({ ...NEWER, packages: await filesOf(NEWER) });
    const error = { code: 1002, message: "Unexpected error: database is busy with something else" };
    const body = JSON.stringify({ successful: false, status: 500, data: null, error });
    const refuse = (skip: number) =>
      cluster.faults.add({
        match: { method: "POST", path: UPGRADE },
        skip,
        fault: { kind: "replace", status: 500, body },
      });
    refuse(1);
    await expect(lifecycle.create(args)).rejects.toThrow(/something else/);
    refuse(0);
    await expect(lifecycle.create(args)).rejects.toThrow(/something else/);
    expect((await lifecycle.create(args)).outs).toMatchObject({ status: "current" });
    expect(uploads({ cluster })).toBe(2);
  });

  it.each(["True", "no", "sometimes"])(
    "cannot read a list with require_from_binary: %s, which preview reports",
    async (rule) => {
      const { lifecycle, inputs, messages, cluster } = rig({ agentVersion });
      const args = inputs({ ...NEWER, packages: await filesOf(NEWER, list(rule)) });
      const text =
        /cannot read the list of upgrade paths in the package of 4\.3\.5\.3.*Upgrade the agents to 4\.2\.6\.0 or later first/;
      await lifecycle.check({}, args);
      expect(messages().join("\n")).toMatch(text);
      await expect(lifecycle.create(args)).rejects.toThrow(text);
      expect(cluster.writes()).toEqual([]);
    },
  );

  it("report it themselves for a package that is already uploaded, and the refusal has the remedy", async () => {
    const { lifecycle, inputs, cluster } = rig({ agentVersion });
    const upgradeDep = [
      { version: "4.2.1.8", canBeUpgradedTo: ["4.3.5.3"], requireFromBinary: true },
      { version: "4.3.5.3" },
    ];
    cluster.control.addPackage({ ...NEWER, name: "oceanbase-ce", upgradeDep });
    cluster.control.addPackage({ ...NEWER, name: "oceanbase-ce-libs" });
    await expect(lifecycle.create(inputs(NEWER))).rejects.toThrow(
      /cannot unmarshal !!bool `True` into ob\.RequireFromBinarySpec.* upgrade them to 4\.2\.6\.0 or later first.*\[refused\]/,
    );
  });
});

describe("a list with a rule that every agent can read", () => {
  it.each([
    ...OLD.flatMap((agentVersion) => ["{value: False}", "~", ""].map((rule) => [agentVersion, rule] as const)),
    [FIRST_READER, "False"] as const,
  ])("causes no finding (agents of %s, require_from_binary: %s)", async (agentVersion, rule) => {
    const { lifecycle, inputs } = rig({ agentVersion });
    const packages = await filesOf(NEWER, list(rule));
    expect((await lifecycle.create(inputs({ ...NEWER, packages }))).outs).toMatchObject({ currentVersion: "4.3.5.3" });
  });
});

const NEWER_MAIN = { ...NEWER, name: "oceanbase-ce" };
const NEWER_LIBS = { ...NEWER, name: "oceanbase-ce-libs" };
const NOTE =
  "4.3.5.3-103000012025040100.el7 is newer, but incomplete, so 4.3.5.2-102000042025031214.el7 was chosen; not uploaded: oceanbase-ce-libs-4.3.5.3-103000012025040100.el7.x86_64.rpm.";

describe.each([">=4.3.5.2", "4.3.5"])("version %s with a newer package whose libraries are not uploaded", (version) => {
  const args = { version, release: undefined };

  it("upgrades to the newest complete one, and preview and run list what the newer one lacks", async () => {
    const { lifecycle, inputs, cluster, messages } = rig();
    cluster.control.addPackage(NEWER_MAIN);
    await lifecycle.check({}, inputs(args));
    expect(messages()).toEqual(["4.2.1.8 → 4.3.5.2, rolling over 3 zones", NOTE]);
    const { outs } = await lifecycle.create(inputs(args));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(messages().filter((line) => line === NOTE)).toHaveLength(2);
  });

  it("upgrades to the newer one if the libraries are given as a file", async () => {
    const { lifecycle, inputs, cluster, messages } = rig();
    cluster.control.addPackage(NEWER_MAIN);
    const packages = [await fileOf(makeRpm(NEWER_LIBS))];
    const { outs } = await lifecycle.create(inputs({ ...args, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.3" });
    expect(messages().join()).not.toContain("incomplete");
  });

  it("does not upgrade to a package given as a file whose libraries are missing", async () => {
    const { lifecycle, inputs, cluster, messages } = rig();
    const packages = [await fileOf(makeRpm(NEWER_MAIN))];
    const { outs } = await lifecycle.create(inputs({ ...args, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(messages()).toContain(NOTE);
    expect(cluster.acceptedUpgrades.map(({ name }) => name)).toEqual([
      "OB rolling upgrade 4.3.5.2-102000042025031214.el7",
    ]);
  });
});
