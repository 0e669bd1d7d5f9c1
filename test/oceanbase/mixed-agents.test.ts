import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeRpm } from "../support/rpm-package";
import { rig, TARGET, UPGRADE } from "./rig";
import { fileOf } from "./upload-rig";

/** Lists no packages. */
const OLDEST = "4.2.5.0-112024111111";
const OLDER = "4.3.0.0-102025042917";
const RECENT = "4.4.2.0-102026041610";
const AGENTS = { version: "4.5.0.0", release: "102026050817.el7" };
const CALL = "/api/v1/agent/upgrade";
const LIST = "/api/v1/upgrade/package/info";
const URN = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:AgentVersion::agents";

/** A cluster whose agents run these versions. */
function world(versions: readonly string[], options: Parameters<typeof rig>[0] = {}) {
  const made = rig({ ...options, agentVersion: RECENT });
  for (const [index, version] of versions.entries()) made.cluster.control.setAgentVersion(version, index);
  made.cluster.control.addAgentPackage(AGENTS.version, AGENTS.release);
  return {
    ...made,
    agentInputs: (args = {}) => ({ ...made.inputs({ ...AGENTS, ...args }), __urn: URN }),
    /** Names of the agents that got a call. */
    called: (path: string) =>
      made.cluster.journal.entries.filter(({ target }) => target === path).map(({ host }) => host),
  };
}

describe("agents of several versions", () => {
  it.each([
    ["first", [OLDER, RECENT, RECENT], "agent1"],
    ["last", [RECENT, RECENT, OLDER], "agent3"],
    ["middle", [RECENT, OLDEST, RECENT], "agent2"],
  ])("are upgraded through the oldest, the %s", async (_, versions, callee) => {
    const { lifecycle, agentInputs, called } = world(versions);
    const { outs } = await lifecycle.create(agentInputs());
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.5.0.0" });
    expect(called(CALL)).toEqual([callee]);
  });

  it("of which some are there already are upgraded through one that is not", async () => {
    const { lifecycle, agentInputs, called } = world(["4.5.0.0-102026050817", "4.5.0.0-102026050817", RECENT]);
    expect((await lifecycle.create(agentInputs())).outs).toMatchObject({ status: "current" });
    expect(called(CALL)).toEqual(["agent3"]);
  });

  it("are asked for their packages where the call will go, beside the first endpoint before that is known", async () => {
    const { lifecycle, agentInputs, called } = world([RECENT, OLDER, RECENT]);
    await lifecycle.check({}, agentInputs());
    expect(called(LIST)).toEqual(["agent1", "agent2"]);
  });

  it("of which that one has no list are asked until one has", async () => {
    const { lifecycle, agentInputs, called, said } = world([RECENT, OLDEST, RECENT]);
    await lifecycle.check({}, agentInputs({ release: undefined }));
    expect(called(LIST)).toEqual(["agent1", "agent2", "agent1"]);
    expect(said()).toEqual(["4.2.5.0 → 4.5.0.0, restarting 3 agents"]);
  });

  it("have a missing package found before the call, though the one that is called could not say", async () => {
    const { lifecycle, agentInputs, cluster } = world([RECENT, OLDEST, RECENT]);
    const missing = { version: "4.5.1.0", release: "103026060101.el7" };
    await expect(lifecycle.create(agentInputs(missing))).rejects.toThrow(/not uploaded: obshell-4\.5\.1\.0/);
    expect(cluster.writes()).toEqual([]);
  });

  it("are waited for when they do not say which packages are there", async () => {
    const { lifecycle, agentInputs, cluster, clock, called } = world([RECENT, RECENT, RECENT]);
    cluster.faults.add({ match: { path: LIST }, times: 40, fault: { kind: "reset" } });
    const began = clock.now();
    expect((await lifecycle.create(agentInputs({ release: undefined }))).outs).toMatchObject({ status: "current" });
    expect(called(CALL)).toHaveLength(1);
    expect(clock.since(began)).toBeGreaterThan(5_000);
  });

  it("take packages for all of them, whichever lists them", async () => {
    const { lifecycle, inputs, cluster } = world([OLDEST, RECENT, OLDEST]);
    const target = { version: "4.3.5.4", release: "104000042025090916.el7" };
    const dir = await mkdtemp(join(tmpdir(), "mixed-"));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const packages = ["oceanbase-ce", "oceanbase-ce-libs"].map((name) => join(dir, `${name}.rpm`));
    for (const [index, name] of ["oceanbase-ce", "oceanbase-ce-libs"].entries()) {
      await writeFile(packages[index] ?? "", makeRpm({ ...target, name }));
    }
    const { outs } = await lifecycle.create(inputs({ ...target, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.4" });
    expect(cluster.journal.count("POST", /package$/)).toBe(2);
  });

  it("are sent their packages where the call will go", async () => {
    const { lifecycle, inputs, cluster, called } = world([RECENT, RECENT, RECENT]);
    cluster.control.setBuildVersion("4.3.5.4-104000042025090916", 0);
    const target = { version: "4.3.5.4", release: "104000042025090916.el7" };
    cluster.control.addPackage({ ...target, name: "oceanbase-ce-libs" });
    const packages = [await fileOf(makeRpm({ ...target, name: "oceanbase-ce" }))];
    await lifecycle.create(inputs({ ...target, packages }));
    expect(called("/api/v1/package")).toEqual(["agent2"]);
    expect(called(UPGRADE)).toEqual(["agent2"]);
  });
});

describe("observers of several versions", () => {
  it("are upgraded through the agent beside an old one: another would take the target for reached", async () => {
    const { lifecycle, inputs, cluster, called } = world([RECENT, RECENT, RECENT]);
    cluster.control.setBuildVersion("4.3.5.2-102000042025031214", 0);
    cluster.control.setBuildVersion("4.3.5.2-102000042025031214", 1);
    const { outs } = await lifecycle.create(inputs(TARGET));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(called(UPGRADE)).toEqual(["agent3"]);
  });

  it("whose old one has no endpoint get the refusal of another, which is not taken for done", async () => {
    const { lifecycle, inputs, cluster } = world([RECENT, RECENT, RECENT]);
    cluster.control.setBuildVersion("4.3.5.2-102000042025031214", 0);
    const endpoints = [`http://${cluster.endpoints[0]}`];
    await expect(lifecycle.create(inputs({ endpoints }))).rejects.toThrow(
      /not greater than current version.*\[refused\]/,
    );
    expect(cluster.acceptedUpgrades).toEqual([]);
  });
});
