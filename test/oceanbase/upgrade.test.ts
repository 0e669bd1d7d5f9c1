import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { AGENT_URN, AGENTS, OLD_BUILD, rig, TARGET, TARGET_BUILD } from "./rig";

const members = (build: string) => ({
  "10.77.0.2:2882": build,
  "10.77.0.3:2882": build,
  "10.77.0.4:2882": build,
});

describe("a cluster behind its pin", () => {
  it("is upgraded with one call, and waited for through the restart of all agents", async () => {
    const { lifecycle, inputs, writes, cluster, said } = rig();
    const { id, outs } = await lifecycle.create(inputs());
    expect(writes()).toBe(1);
    expect(cluster.acceptedUpgrades).toHaveLength(1);
    expect(id).toBe("10.77.0.2:2886");
    expect(outs).toMatchObject({
      status: "current",
      version: "4.3.5.2",
      currentVersion: "4.3.5.2",
      members: members(TARGET_BUILD),
      lastUpgrade: { task: "11", kind: "OB rolling upgrade", from: OLD_BUILD, to: TARGET_BUILD, state: "succeeded" },
      __provider: "text",
    });
    expect(said()).toEqual([
      "upgrade 11 started",
      expect.stringMatching(/^upgraded 4\.2\.1\.8-\d+ → 4\.3\.5\.2-\d+ in 1 min \d+ s, 30 stages$/),
    ]);
  });

  it("reports the stages with their names as they pass", async () => {
    const { lifecycle, inputs, lines } = rig();
    await lifecycle.create(inputs());
    const passing = lines.filter((line) => line.ephemeral).map((line) => line.message);
    expect(passing.some((text) => /^\d+% \d+\/30 Execute upgrade pre script · .* s$/.test(text))).toBe(true);
    expect(passing.some((text) => text.startsWith("no response"))).toBe(true);
  });

  it("learns the names of all stages with one request, made again at the next stage where it was spoilt", async () => {
    const { lifecycle, inputs, cluster, lines } = rig();
    const match = { path: "/api/v1/task/dag/11" };
    cluster.faults.add({ match, skip: 1, fault: { kind: "replace", status: 200, body: "{}" } });
    await lifecycle.create(inputs());
    const detailed = cluster.journal.entries.filter(({ target }) => target.endsWith("/11?show_details=true"));
    expect(detailed.map(({ fault }) => fault)).toEqual(["replace", undefined]);
    const names = lines.map(({ message }) => /^\d+% \d+\/30 ([A-Z][^·]+)/.exec(message)?.[1]);
    // Which of the stages a look meets is a matter of its moment.
    expect(new Set(names).size).toBeGreaterThan(4);
  });

  it("sees the end soon after it comes", async () => {
    const { lifecycle, inputs, cluster, clock } = rig();
    await lifecycle.create(inputs());
    const ended = cluster.dags[0]?.endTime ?? 0;
    expect(clock.since(ended)).toBeLessThan(10_000);
  });

  it("gets exactly the body that obshell documents, with the freeze only when asked for", async () => {
    const { lifecycle, inputs, cluster } = rig({ agentVersion: "4.4.2.0-102026041610" });
    await lifecycle.create(inputs({ mode: "rolling", freezeServer: true, upgradeDir: "/data/obshell-upgrade" }));
    expect(cluster.acceptedUpgrades[0]?.name).toBe(`OB rolling upgrade 4.3.5.2-${TARGET.release}`);
    expect(cluster.dags[0]?.nodes.some((node) => node.name === "Minor freeze before stop server")).toBe(true);
  });

  it("can be upgraded with its service stopped, while no agent can read the task", async () => {
    const { lifecycle, inputs, writes, said } = rig({ zones: 1 });
    await lifecycle.check({}, inputs({ mode: "stopService" }));
    const { outs } = await lifecycle.create(inputs({ mode: "stopService" }));
    expect(writes()).toBe(1);
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(said()[0]).toContain("stopping the service of 1 zone");
  });

  it("goes to a higher build of the same version when the release asks for it", async () => {
    const { lifecycle, inputs, writes, said } = rig({ buildVersion: "4.3.5.2-102000042025031200" });
    await lifecycle.check({}, inputs());
    const { outs } = await lifecycle.create(inputs());
    expect(writes()).toBe(1);
    expect(outs).toMatchObject({ members: members(TARGET_BUILD) });
    expect(said()[0]).toContain("4.3.5.2-102000042025031200 → 4.3.5.2-102000042025031214.el7");
  });
});

describe("a cluster at its pin", () => {
  it.each([
    ["the exact version", {}],
    ["the exact version, without a release", { release: undefined }],
    ["a prefix", { version: "4.3.5", release: undefined }],
    ["a floor", { version: ">=4.2.5.1", release: undefined }],
  ])("is adopted without a write: %s", async (_, args) => {
    const { lifecycle, inputs, cluster } = rig({ buildVersion: TARGET_BUILD });
    const { outs } = await lifecycle.create(inputs(args));
    expect(cluster.writes()).toEqual([]);
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2", members: members(TARGET_BUILD) });
  });

  it("causes no request at all while its arguments stay", async () => {
    const { lifecycle, inputs, cluster } = rig({ buildVersion: TARGET_BUILD });
    const { id, outs } = await lifecycle.create(inputs());
    cluster.journal.clear();
    expect(await lifecycle.check(inputs(), inputs())).toEqual({ inputs: inputs(), failures: [] });
    expect(await lifecycle.diff(id, outs, inputs())).toEqual({ changes: false, replaces: [] });
    expect(cluster.journal.entries).toEqual([]);
  });

  it("is upgraded when the pin is raised", async () => {
    const { lifecycle, inputs, writes, cluster } = rig({ buildVersion: TARGET_BUILD });
    cluster.control.addObPackages("4.3.5.4", "104000042025090916.el7");
    const { id, outs } = await lifecycle.create(inputs());
    const raised = inputs({ version: "4.3.5.4", release: "104000042025090916.el7" });
    expect(await lifecycle.diff(id, outs, raised)).toMatchObject({ changes: true, replaces: [] });
    const updated = await lifecycle.update(id, outs, raised);
    expect(writes()).toBe(1);
    expect(updated.outs).toMatchObject({ status: "current", version: "4.3.5.4", currentVersion: "4.3.5.4" });
  });
});

describe("the target", () => {
  it("of a prefix or a floor is the newest uploaded version that satisfies it", async () => {
    for (const version of ["4.3.5", ">=4.3.5.1"]) {
      const { lifecycle, inputs, cluster } = rig();
      cluster.control.addObPackages("4.3.5.1", "101000042025010101.el7");
      const { outs } = await lifecycle.create(inputs({ version, release: undefined }));
      expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    }
  });

  it("has its release looked up", async () => {
    const { lifecycle, inputs, cluster } = rig();
    await lifecycle.create(inputs({ release: undefined }));
    expect(cluster.acceptedUpgrades[0]?.name).toBe(`OB rolling upgrade 4.3.5.2-${TARGET.release}`);
  });

  it("is not guessed when its release is ambiguous: the candidates are listed", async () => {
    const { lifecycle, inputs, cluster } = rig();
    cluster.control.addObPackages("4.3.5.2", "102000042025031214.el8");
    await expect(lifecycle.create(inputs({ release: undefined }))).rejects.toThrow(
      /several releases: 102000042025031214\.el8, 102000042025031214\.el7|102000042025031214\.el7, 102000042025031214\.el8/,
    );
    expect(cluster.writes()).toEqual([]);
  });
});

describe("a cluster newer than its pin", () => {
  const NEWER = "4.3.5.4-104000042025090916";

  it("is reported, once, and nothing is called", async () => {
    const { lifecycle, inputs, cluster, said } = rig({ buildVersion: NEWER });
    const { id, outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "newer", currentVersion: "4.3.5.4" });
    expect(said().join()).toContain("newer than the target version");
    expect(await lifecycle.diff(id, outs, inputs())).toMatchObject({ changes: false });
    expect(cluster.writes()).toEqual([]);
  });

  it("is lived with in silence under onNewer accept", async () => {
    const { lifecycle, inputs, cluster, said } = rig({ buildVersion: NEWER });
    const { outs } = await lifecycle.create(inputs({ onNewer: "accept" }));
    expect(outs).toMatchObject({ status: "newer" });
    expect(said()).toEqual([]);
    expect(cluster.writes()).toEqual([]);
  });

  it("is an error under onNewer fail, at preview already", async () => {
    const { lifecycle, inputs, cluster } = rig({ buildVersion: NEWER });
    const args = inputs({ onNewer: "fail" });
    const { failures } = await lifecycle.check({}, args);
    expect(failures).toEqual([
      { property: "version", reason: expect.stringContaining("newer than the target version") },
    ]);
    await expect(lifecycle.create(args)).rejects.toThrow(/never downgraded/);
    expect(cluster.writes()).toEqual([]);
  });
});

const OLD = "4.3.3.0-102025103117";
const NEW_BUILD = "4.5.0.0-102026050817";
const CALL = "/api/v1/agent/upgrade";

/** The usual rig, with an uploaded obshell and arguments of an agent pin. */
function agentRig(options: Parameters<typeof rig>[0] = {}, uploaded = true) {
  const world = rig({ agentVersion: OLD, ...options });
  if (uploaded) world.cluster.control.addAgentPackage(AGENTS.version, AGENTS.release);
  return {
    ...world,
    inputs: (args: Record<string, unknown> = {}) => ({ ...world.inputs({ ...AGENTS, ...args }), __urn: AGENT_URN }),
    clusterInputs: world.inputs,
    writes: () => world.cluster.journal.count("POST", CALL),
  };
}

describe("agents behind their pin", () => {
  it("are upgraded with one call, waited for through their common restart, and verified one by one", async () => {
    const { lifecycle, inputs, writes, said } = agentRig();
    const { id, outs } = await lifecycle.create(inputs());
    expect(writes()).toBe(1);
    expect(id).toBe("10.77.0.2:2886");
    expect(outs).toMatchObject({
      status: "current",
      currentVersion: "4.5.0.0",
      members: { "10.77.0.2:2886": NEW_BUILD, "10.77.0.3:2886": NEW_BUILD, "10.77.0.4:2886": NEW_BUILD },
      lastUpgrade: { kind: "Upgrade obshell", from: OLD, to: NEW_BUILD, state: "succeeded" },
    });
    expect(said()).toEqual([
      "upgrade 11 started",
      expect.stringMatching(/^upgraded 4\.3\.3\.0-\d+ → 4\.5\.0\.0-\d+ in \d+ s, 9 stages$/),
    ]);
  });

  it("get a new key of another size on the way, and are understood again at once", async () => {
    const { lifecycle, inputs, cluster } = agentRig();
    await lifecycle.create(inputs());
    const undecryptable = cluster.journal.entries.filter((entry) => entry.status === 401);
    expect(undecryptable.length).toBeLessThanOrEqual(3);
  });

  it("of which only some are old are called through an old one", async () => {
    const { lifecycle, inputs, cluster, writes } = agentRig();
    cluster.control.setAgentVersion(NEW_BUILD, 0);
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it("are not called when their package is missing: the server would notice only after taking the lock", async () => {
    const { lifecycle, inputs, cluster } = agentRig({}, false);
    await expect(lifecycle.create(inputs())).rejects.toThrow(
      /not uploaded: obshell-4\.5\.0\.0-102026050817\.el7\.x86_64\.rpm/,
    );
    expect(cluster.writes()).toEqual([]);
  });

  it("are joined by the next run when the first one ends early", async () => {
    const { lifecycle, inputs, writes } = agentRig();
    const first = await partial(lifecycle.create(inputs({ __timeouts: { create: "15s" } })));
    expect(first.reasons[0]).toContain("still running upgrade 11");
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11" } });
    expect(writes()).toBe(1);
  });

  it("whose upgrade fails tell how to get out", async () => {
    const { lifecycle, inputs, cluster } = agentRig();
    cluster.control.fail({ stage: "Install new obshell" });
    const { reasons, properties } = await partial(lifecycle.create(inputs()));
    expect(reasons[0]).toContain("stage 6/9: Install new obshell");
    expect(reasons[0]).toContain("obshell task rollback -i 11");
    expect(properties).toMatchObject({ status: "failed", currentVersion: "4.3.3.0" });
  });

  it.each([
    ["retry", "Upgrade post table maintain"],
    ["rollback", "Install new obshell"],
  ])("whose upgrade fails are helped by onFailure: %s, with one operator", async (onFailure, stage) => {
    const { lifecycle, inputs, cluster, writes } = agentRig();
    const operators = () => cluster.journal.count("POST", /^\/api\/v1\/task\/dag\//);
    const args = inputs({ onFailure });
    cluster.control.fail({ stage });
    const { id, properties, reasons } = await partial(lifecycle.create(args));
    const undone = onFailure === "rollback";
    expect(reasons[0]).toContain(undone ? "[rolled-back]" : "a rollback is no longer possible");
    expect(properties).toMatchObject({ status: "failed", lastUpgrade: { state: undone ? "rolled-back" : "failed" } });
    expect(operators()).toBe(undone ? 1 : 0);
    const { outs } = await lifecycle.update(id, properties, args);
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.5.0.0" });
    expect([writes(), operators()]).toEqual([undone ? 2 : 1, 1]);
  });

  it("whose database is down are unknown", async () => {
    const { lifecycle, inputs, cluster, writes } = agentRig({ agentVersion: NEW_BUILD });
    cluster.control.loseDatabase("dead", { ms: 120_000 });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(0);
  });
});

describe("an observer that is down beside an agent that is up", () => {
  it.each([0, 2])("keeps the agents from being upgraded: host %i could not fetch its package", async (index) => {
    const { lifecycle, inputs, cluster, lines } = agentRig();
    cluster.control.loseDatabase("gone", { agents: [index] });
    expect((await lifecycle.check({}, inputs())).failures).toEqual([]);
    const text = new RegExp(`The observer of the agent 10\\.77\\.0\\.${index + 2}:2886 is not available`);
    expect(lines.find(({ severity }) => severity === "WARNING")?.message).toMatch(text);
    await expect(lifecycle.create(inputs())).rejects.toThrow(text);
    expect(cluster.writes()).toEqual([]);
  });

  it("does not matter to agents at their pin", async () => {
    const { lifecycle, inputs, cluster } = agentRig({ agentVersion: NEW_BUILD });
    cluster.control.loseDatabase("gone", { agents: [0] });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(cluster.writes()).toEqual([]);
  });
});

describe("agents and database of one cluster", () => {
  it("pinned in one program without dependsOn: the second waits for the lock, and says so", async () => {
    const { lifecycle, inputs, clusterInputs, cluster, lines } = agentRig();
    const [agents, database] = await Promise.all([lifecycle.create(inputs()), lifecycle.create(clusterInputs())]);
    expect(agents.outs).toMatchObject({ status: "current", currentVersion: "4.5.0.0" });
    expect(database.outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(cluster.acceptedUpgrades).toHaveLength(2);
    expect(
      lines.some((line) => /waiting for maintenance task \d+ \((Upgrade obshell|OB rolling)/.test(line.message)),
    ).toBe(true);
  });

  it("an upgrade of the database raises the agents: a pin below is newer, reported once, not fought over", async () => {
    const { lifecycle, inputs, clusterInputs, cluster, said } = agentRig({ agentVersion: NEW_BUILD });
    cluster.control.addObPackages("4.3.5.3", "103000012025040100.el7", { bundles: "4.5.1.0-103026060101" });
    const { id, outs } = await lifecycle.create(inputs());
    await lifecycle.create(clusterInputs({ version: "4.3.5.3", release: "103000012025040100.el7" }));
    const read = await lifecycle.read(id, outs);
    expect(read.inputs).toMatchObject({ version: "4.5.1.0" });
    const updated = await lifecycle.update(id, read.props, inputs());
    expect(updated.outs).toMatchObject({ status: "newer", currentVersion: "4.5.1.0" });
    expect(said().at(-1)).toContain("newer than the target version");
    expect(await lifecycle.diff(id, updated.outs, inputs())).toMatchObject({ changes: false });
    expect(cluster.journal.count("POST", CALL)).toBe(0);
  });

  it("already both at their pins need no write", async () => {
    const { lifecycle, inputs, clusterInputs, cluster } = agentRig({
      agentVersion: NEW_BUILD,
      buildVersion: `${TARGET.version}-102000042025031214`,
    });
    await Promise.all([lifecycle.create(inputs()), lifecycle.create(clusterInputs())]);
    expect(cluster.writes()).toEqual([]);
  });
});
