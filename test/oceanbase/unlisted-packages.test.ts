import { describe, expect, it } from "vitest";
import { makeRpm } from "../support/rpm-package";
import { payloadOf } from "./payload/pack";
import { rig, TARGET, UPGRADE } from "./rig";
import { fileOf } from "./upload-rig";

/** Agents that list no packages, and of these the ones that cannot read `require_from_binary: True`. */
const OLD = ["4.2.3.0-102024041900", "4.2.5.0-112024111111"];
const FIRST_READER = "4.2.6.0-102025041012";
const UPLOAD = /package$/;
const NEWER = { version: "4.3.5.3", release: "103000012025040100.el7" };
const AGENTS = { version: "4.5.0.0", release: "102026050817.el7" };
const AGENT_URN = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:AgentVersion::agents";
const LIST = "./home/admin/oceanbase/etc/oceanbase_upgrade_dep.yml";
const list = (rule: string) =>
  `- version: 4.2.1.8\n  can_be_upgraded_to: [4.3.5.3]\n  require_from_binary: ${rule}\n- version: 4.3.5.3\n`;

async function filesOf(target: typeof NEWER, ways?: string): Promise<string[]> {
  const payload = ways === undefined ? {} : { payload: payloadOf({ "./bin/observer": "x", [LIST]: ways }) };
  const main = makeRpm({ ...target, name: "oceanbase-ce", ...payload });
  return [await fileOf(main, "main.rpm"), await fileOf(makeRpm({ ...target, name: "oceanbase-ce-libs" }), "libs.rpm")];
}

describe.each(OLD)("agents of %s, which cannot say what is uploaded", (agentVersion) => {
  it.each([
    ["database", {}, NEWER, /oceanbase-ce-4\.3\.5\.3-103000012025040100\.el7\.<architecture>\.rpm, oceanbase-ce-libs-/],
    ["agents", { __urn: AGENT_URN }, AGENTS, /obshell-4\.5\.0\.0-102026050817\.el7\.<architecture>\.rpm/],
  ])("%s: preview says so, and the refusal says what to do", async (_, urn, target, files) => {
    const { lifecycle, inputs, said } = rig({ agentVersion });
    await lifecycle.check({}, { ...inputs(target), ...urn });
    expect(said().join("\n")).toMatch(
      /Cannot verify that the packages? (is|are) uploaded, because agents before 4\.3\.0\.0/,
    );
    expect(said().join("\n")).toMatch(files);
    await expect(lifecycle.create({ ...inputs(target), ...urn })).rejects.toThrow(
      /record not found.*\(100[12]\)\. Add its file to `packages`, or upload it with POST \/api\/v1\/upgrade\/package\. \[refused\]/,
    );
  });

  it("are not told so of what is at hand, and get it when they say that they lack it", async () => {
    const { lifecycle, inputs, said, cluster, writes } = rig({ agentVersion });
    const args = inputs({ ...NEWER, packages: await filesOf(NEWER) });
    await lifecycle.check({}, args);
    expect(said()).toEqual([
      "4.2.1.8 → 4.3.5.3 (upgrade path unknown), rolling over 3 zones, after uploading those of 2 packages that the agents lack",
    ]);
    expect((await lifecycle.create(args)).outs).toMatchObject({ status: "current", currentVersion: "4.3.5.3" });
    expect([cluster.journal.count("POST", UPLOAD), writes(), cluster.acceptedUpgrades.length]).toEqual([2, 2, 1]);
  });

  it("get only what they name", async () => {
    const { lifecycle, inputs, cluster } = rig({ agentVersion });
    cluster.control.addPackage({ ...NEWER, name: "oceanbase-ce" });
    await lifecycle.create(inputs({ ...NEWER, packages: await filesOf(NEWER) }));
    expect(cluster.state.packages.filter(({ version }) => version === NEWER.version).map(({ name }) => name)).toEqual([
      "oceanbase-ce",
      "oceanbase-ce-libs",
    ]);
  });

  it("are not sent what they have", async () => {
    const { lifecycle, inputs, cluster, writes } = rig({ agentVersion });
    const packages = await filesOf(TARGET);
    expect((await lifecycle.create(inputs({ packages }))).outs).toMatchObject({ status: "current" });
    expect([cluster.journal.count("POST", UPLOAD), writes()]).toEqual([0, 1]);
  });

  it("are sent nothing again by the next runs, when the call was refused for something else", async () => {
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
    expect(cluster.journal.count("POST", UPLOAD)).toBe(2);
  });

  it.each(["True", "no", "sometimes"])(
    "cannot read a list with require_from_binary: %s: found at preview",
    async (rule) => {
      const { lifecycle, inputs, said, cluster } = rig({ agentVersion });
      const args = inputs({ ...NEWER, packages: await filesOf(NEWER, list(rule)) });
      const text =
        /cannot read the list of upgrade paths in the package of 4\.3\.5\.3.*Upgrade the agents to 4\.2\.6\.0 or later first/;
      await lifecycle.check({}, args);
      expect(said().join("\n")).toMatch(text);
      await expect(lifecycle.create(args)).rejects.toThrow(text);
      expect(cluster.writes()).toEqual([]);
    },
  );

  it("say so themselves of a package that is there already, and the refusal says what to do", async () => {
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

describe("a list with a rule that every agent reads", () => {
  it.each([
    ...OLD.flatMap((agentVersion) => ["{value: False}", "~", ""].map((rule) => [agentVersion, rule] as const)),
    [FIRST_READER, "False"] as const,
  ])("is no finding (agents of %s, require_from_binary: %s)", async (agentVersion, rule) => {
    const { lifecycle, inputs } = rig({ agentVersion });
    const packages = await filesOf(NEWER, list(rule));
    expect((await lifecycle.create(inputs({ ...NEWER, packages }))).outs).toMatchObject({ currentVersion: "4.3.5.3" });
  });
});

const MAIN = { ...NEWER, name: "oceanbase-ce" };
const LIBS = { ...NEWER, name: "oceanbase-ce-libs" };
const NOTE =
  "4.3.5.3-103000012025040100.el7 is newer, but incomplete, so 4.3.5.2-102000042025031214.el7 was chosen; not uploaded: oceanbase-ce-libs-4.3.5.3-103000012025040100.el7.x86_64.rpm.";

describe.each([">=4.3.5.2", "4.3.5"])("version %s, with a newer package whose companion is not uploaded", (version) => {
  const args = { version, release: undefined };

  it("is upgraded to the newest that is complete, and both preview and run say what the newer one lacks", async () => {
    const { lifecycle, inputs, cluster, said } = rig();
    cluster.control.addPackage(MAIN);
    await lifecycle.check({}, inputs(args));
    expect(said()).toEqual(["4.2.1.8 → 4.3.5.2, rolling over 3 zones", NOTE]);
    const { outs } = await lifecycle.create(inputs(args));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(said().filter((line) => line === NOTE)).toHaveLength(2);
  });

  it("is upgraded to the newer one when the companion is at hand", async () => {
    const { lifecycle, inputs, cluster, said } = rig();
    cluster.control.addPackage(MAIN);
    const packages = [await fileOf(makeRpm(LIBS))];
    const { outs } = await lifecycle.create(inputs({ ...args, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.3" });
    expect(said().join()).not.toContain("incomplete");
  });

  it("is not upgraded to a package at hand whose companion is nowhere", async () => {
    const { lifecycle, inputs, cluster, said } = rig();
    const packages = [await fileOf(makeRpm(MAIN))];
    const { outs } = await lifecycle.create(inputs({ ...args, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(said()).toContain(NOTE);
    expect(cluster.acceptedUpgrades.map(({ name }) => name)).toEqual([
      "OB rolling upgrade 4.3.5.2-102000042025031214.el7",
    ]);
  });
});
