import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { AGENT_URN, AGENTS, OLD_BUILD, rig, TARGET, TARGET_BUILD, UPGRADE } from "./rig";

const members = (build: string) => ({
  "10.77.0.2:2882": build,
  "10.77.0.3:2882": build,
  "10.77.0.4:2882": build,
});

describe("an outdated cluster", () => {
  it("is upgraded with one request, and waited for during the restart of all agents", async () => {
    const { lifecycle, inputs, writes, cluster, messages } = rig();
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
    expect(messages()).toEqual([
      "upgrade 11 started",
      expect.stringMatching(/^upgraded 4\.2\.1\.8-\d+ → 4\.3\.5\.2-\d+ in 1 min \d+ s, 30 stages$/),
    ]);
  });

  it("is upgraded with progress lines that show the stages with their names", async () => {
    const { lifecycle, inputs, lines } = rig();
    await lifecycle.create(inputs());
    const progress = lines.filter((line) => line.ephemeral).map((line) => line.message);
    expect(progress.some((text) => /^\d+% \d+\/30 Execute upgrade pre script · .* s$/.test(text))).toBe(true);
    expect(progress.some((text) => text.startsWith("no response"))).toBe(true);
  });

  it("is upgraded with one request for the names of all stages, repeated at the next stage if it failed", async () => {
    const { lifecycle, inputs, cluster, lines } = rig();
    const match = { path: "/api/v1/task/dag/11" };
    cluster.faults.add({ match, skip: 1, fault: { kind: "replace", status: 200, body: "{}" } });
    await lifecycle.create(inputs());
    const detailed = cluster.journal.entries.filter(({ target }) => target.endsWith("/11?show_details=true"));
    expect(detailed.map(({ fault }) => fault)).toEqual(["replace", undefined]);
    const names = lines.map(({ message }) => /^\d+% \d+\/30 ([A-Z][^·]+)/.exec(message)?.[1]);
    // Which stages the polls show depends on their timing.
    expect(new Set(names).size).toBeGreaterThan(4);
  });

  it("is reported as upgraded soon after the task has ended", async () => {
    const { lifecycle, inputs, cluster, clock } = rig();
    await lifecycle.create(inputs());
    const ended = cluster.dags[0]?.endTime ?? 0;
    expect(clock.since(ended)).toBeLessThan(10_000);
  });

  it("receives exactly the body that obshell documents, with the freeze only on request", async () => {
    const { lifecycle, inputs, cluster } = rig({ agentVersion: "4.4.2.0-102026041610" });
    await lifecycle.create(inputs({ mode: "rolling", freezeServer: true, upgradeDir: "/data/obshell-upgrade" }));
    expect(cluster.acceptedUpgrades[0]?.name).toBe(`OB rolling upgrade 4.3.5.2-${TARGET.release}`);
    expect(cluster.dags[0]?.nodes.some((node) => node.name === "Minor freeze before stop server")).toBe(true);
  });

  it("can be upgraded with its service stopped, although no agent can read the task", async () => {
    const { lifecycle, inputs, writes, messages } = rig({ zones: 1 });
    await lifecycle.check({}, inputs({ mode: "stopService" }));
    const { outs } = await lifecycle.create(inputs({ mode: "stopService" }));
    expect(writes()).toBe(1);
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(messages()[0]).toContain("stopping the service of 1 zone");
  });

  it("is upgraded to a later build of the same version if the release requires it", async () => {
    const { lifecycle, inputs, writes, messages } = rig({ buildVersion: "4.3.5.2-102000042025031200" });
    await lifecycle.check({}, inputs());
    const { outs } = await lifecycle.create(inputs());
    expect(writes()).toBe(1);
    expect(outs).toMatchObject({ members: members(TARGET_BUILD) });
    expect(messages()[0]).toContain("4.3.5.2-102000042025031200 → 4.3.5.2-102000042025031214.el7");
  });
});

describe("a cluster that is up to date", () => {
  it.each([
    ["the exact version", {}],
    ["the exact version, without a release", { release: undefined }],
    ["a prefix", { version: "4.3.5", release: undefined }],
    ["a minimum", { version: ">=4.2.5.1", release: undefined }],
  ])("is adopted without a write: %s", async (_, args) => {
    const { lifecycle, inputs, cluster } = rig({ buildVersion: TARGET_BUILD });
    const { outs } = await lifecycle.create(inputs(args));
    expect(cluster.writes()).toEqual([]);
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2", members: members(TARGET_BUILD) });
  });

  it("causes no request while its arguments are unchanged", async () => {
    const { lifecycle, inputs, cluster } = rig({ buildVersion: TARGET_BUILD });
    const { id, outs } = await lifecycle.create(inputs());
    cluster.journal.clear();
    expect(await lifecycle.check(inputs(), inputs())).toEqual({ inputs: inputs(), failures: [] });
    expect(await lifecycle.diff(id, outs, inputs())).toEqual({ changes: false, replaces: [] });
    expect(cluster.journal.entries).toEqual([]);
  });

  it("is upgraded when the target version is raised", async () => {
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
  it("of a prefix or a minimum is the newest uploaded version that satisfies it", async () => {
    for (const version of ["4.3.5", ">=4.3.5.1"]) {
      const { lifecycle, inputs, cluster } = rig();
      cluster.control.addObPackages("4.3.5.1", "101000042025010101.el7");
      const { outs } = await lifecycle.create(inputs({ version, release: undefined }));
      expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    }
  });

  it("has its release read from the uploaded packages", async () => {
    const { lifecycle, inputs, cluster } = rig();
    await lifecycle.create(inputs({ release: undefined }));
    expect(cluster.acceptedUpgrades[0]?.name).toBe(`OB rolling upgrade 4.3.5.2-${TARGET.release}`);
  });

  it("is not guessed if its release is ambiguous, and the candidates are listed", async () => {
    const { lifecycle, inputs, cluster } = rig();
    cluster.control.addObPackages("4.3.5.2", "102000042025031214.el8");
    await expect(lifecycle.create(inputs({ release: undefined }))).rejects.toThrow(
      /several releases: 102000042025031214\.el8, 102000042025031214\.el7|102000042025031214\.el7, 102000042025031214\.el8/,
    );
    expect(cluster.writes()).toEqual([]);
  });
});

describe("a cluster ahead of its target", () => {
  const NEWER = "4.3.5.4-104000042025090916";

  it("is reported once, and nothing is requested", async () => {
    const { lifecycle, inputs, cluster, messages } = rig({ buildVersion: NEWER });
    const { id, outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "newer", currentVersion: "4.3.5.4" });
    expect(messages().join()).toContain("newer than the target version");
    expect(await lifecycle.diff(id, outs, inputs())).toMatchObject({ changes: false });
    expect(cluster.writes()).toEqual([]);
  });

  it("is accepted without a message with onNewer accept", async () => {
    const { lifecycle, inputs, cluster, messages } = rig({ buildVersion: NEWER });
    const { outs } = await lifecycle.create(inputs({ onNewer: "accept" }));
    expect(outs).toMatchObject({ status: "newer" });
    expect(messages()).toEqual([]);
    expect(cluster.writes()).toEqual([]);
  });

  it("is an error with onNewer fail, already in preview", async () => {
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
const AGENT_UPGRADE = "/api/v1/agent/upgrade";

/** The usual rig, with an uploaded obshell and the arguments of an AgentVersion. */
function agentRig(options: Parameters<typeof rig>[0] = {}, uploaded = true) {
  const world = rig({ agentVersion: OLD, ...options });
  if (uploaded) world.cluster.control.addAgentPackage(AGENTS.version, AGENTS.release);
  return {
    ...world,
    inputs: (args: Record<string, unknown> = {}) => ({ ...world.inputs({ ...AGENTS, ...args }), __urn: AGENT_URN }),
    clusterInputs: world.inputs,
    writes: () => world.cluster.journal.count("POST", AGENT_UPGRADE),
  };
}

describe("outdated agents", () => {
  it("are upgraded with one request, waited for during their common restart, and verified one by one", async () => {
    const { lifecycle, inputs, writes, messages } = agentRig();
    const { id, outs } = await lifecycle.create(inputs());
    expect(writes()).toBe(1);
    expect(id).toBe("10.77.0.2:2886");
    expect(outs).toMatchObject({
      status: "current",
      currentVersion: "4.5.0.0",
      members: { "10.77.0.2:2886": NEW_BUILD, "10.77.0.3:2886": NEW_BUILD, "10.77.0.4:2886": NEW_BUILD },
      lastUpgrade: { kind: "Upgrade obshell", from: OLD, to: NEW_BUILD, state: "succeeded" },
    });
    expect(messages()).toEqual([
      "upgrade 11 started",
      expect.stringMatching(/^upgraded 4\.3\.3\.0-\d+ → 4\.5\.0\.0-\d+ in \d+ s, 9 stages$/),
    ]);
  });

  it("are reached again at once after they get a new key of another size", async () => {
    const { lifecycle, inputs, cluster } = agentRig();
    await lifecycle.create(inputs());
    const undecryptable = cluster.journal.entries.filter((entry) => entry.status === 401);
    expect(undecryptable.length).toBeLessThanOrEqual(3);
  });

  it("are upgraded with one request if only some of them are outdated", async () => {
    const { lifecycle, inputs, cluster, writes } = agentRig();
    cluster.control.setAgentVersion(NEW_BUILD, 0);
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it("are not upgraded if their package is missing, because the server would detect it only after taking the lock", async () => {
    const { lifecycle, inputs, cluster } = agentRig({}, false);
    await expect(lifecycle.create(inputs())).rejects.toThrow(
      /not uploaded: obshell-4\.5\.0\.0-102026050817\.el7\.x86_64\.rpm/,
    );
    expect(cluster.writes()).toEqual([]);
  });

  it("are upgraded by a task that the next run joins if the first run ends early", async () => {
    const { lifecycle, inputs, writes } = agentRig();
    const first = await partial(lifecycle.create(inputs({ __timeouts: { create: "15s" } })));
    expect(first.reasons[0]).toMatch(/: upgrade 11 .* is still running/);
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11" } });
    expect(writes()).toBe(1);
  });

  it("are reported with stage and remedy if their upgrade fails", async () => {
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
  ])("are upgraded after a failure with one operator, with onFailure %s", async (onFailure, stage) => {
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

  it("are not assumed while their database is down", async () => {
    const { lifecycle, inputs, cluster, writes } = agentRig({ agentVersion: NEW_BUILD });
    cluster.control.loseDatabase("dead", { ms: 120_000 });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(0);
  });
});

describe("an observer that is down on the host of a running agent", () => {
  it.each([0, 2])("blocks the upgrade of the agents, because host %i could not download its package", async (index) => {
    const { lifecycle, inputs, cluster, lines } = agentRig();
    cluster.control.loseDatabase("gone", { agents: [index] });
    expect((await lifecycle.check({}, inputs())).failures).toEqual([]);
    const text = new RegExp(`The observer of the agent 10\\.77\\.0\\.${index + 2}:2886 is not available`);
    expect(lines.find(({ severity }) => severity === "WARNING")?.message).toMatch(text);
    await expect(lifecycle.create(inputs())).rejects.toThrow(text);
    expect(cluster.writes()).toEqual([]);
  });

  it("does not affect agents that are up to date", async () => {
    const { lifecycle, inputs, cluster } = agentRig({ agentVersion: NEW_BUILD });
    cluster.control.loseDatabase("gone", { agents: [0] });
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect(cluster.writes()).toEqual([]);
  });
});

describe("agents and database of one cluster", () => {
  it("are upgraded one after the other in one program without dependsOn: the second reports that it waits for the lock", async () => {
    const { lifecycle, inputs, clusterInputs, cluster, lines } = agentRig();
    const [agents, database] = await Promise.all([lifecycle.create(inputs()), lifecycle.create(clusterInputs())]);
    expect(agents.outs).toMatchObject({ status: "current", currentVersion: "4.5.0.0" });
    expect(database.outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(cluster.acceptedUpgrades).toHaveLength(2);
    expect(
      lines.some((line) => /waiting for maintenance task \d+ \((Upgrade obshell|OB rolling)/.test(line.message)),
    ).toBe(true);
  });

  it("are ahead of the agents' target if the upgrade of the database also upgraded the agents, which is reported once", async () => {
    const { lifecycle, inputs, clusterInputs, cluster, messages } = agentRig({ agentVersion: NEW_BUILD });
    cluster.control.addObPackages("4.3.5.3", "103000012025040100.el7", { bundles: "4.5.1.0-103026060101" });
    const { id, outs } = await lifecycle.create(inputs());
    await lifecycle.create(clusterInputs({ version: "4.3.5.3", release: "103000012025040100.el7" }));
    const read = await lifecycle.read(id, outs);
    expect(read.inputs).toMatchObject({ version: "4.5.1.0" });
    const updated = await lifecycle.update(id, read.props, inputs());
    expect(updated.outs).toMatchObject({ status: "newer", currentVersion: "4.5.1.0" });
    expect(messages().at(-1)).toContain("newer than the target version");
    expect(await lifecycle.diff(id, updated.outs, inputs())).toMatchObject({ changes: false });
    expect(cluster.journal.count("POST", AGENT_UPGRADE)).toBe(0);
  });

  it("are adopted without a write if both are up to date", async () => {
    const { lifecycle, inputs, clusterInputs, cluster } = agentRig({
      agentVersion: NEW_BUILD,
      buildVersion: `${TARGET.version}-102000042025031214`,
    });
    await Promise.all([lifecycle.create(inputs()), lifecycle.create(clusterInputs())]);
    expect(cluster.writes()).toEqual([]);
  });
});

describe("an upgrade that outlives its run", () => {
  it("is left running at the time limit and joined by the next run, with one request in total", async () => {
    const { lifecycle, inputs, writes, cluster } = rig();
    const first = await partial(lifecycle.create(inputs({ __timeouts: { create: "40s" } })));
    expect(first.id).toBe("10.77.0.2:2886");
    expect(first.reasons[0]).toMatch(/time limit.*: upgrade 11 .* is still running.*Run `pulumi up` again/);
    expect(first.properties).toMatchObject({
      status: "upgrading",
      currentVersion: "4.2.1.8",
      lastUpgrade: { task: "11", from: OLD_BUILD, to: TARGET_BUILD, state: "running" },
      __provider: "text",
    });
    expect(await lifecycle.diff(first.id, first.properties, inputs())).toMatchObject({ changes: true, replaces: [] });
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11", state: "succeeded" } });

    expect(writes()).toBe(1);
    expect(cluster.acceptedUpgrades).toHaveLength(1);
  });

  it("is found by a run without its state, as after the plugin was killed", async () => {
    const { lifecycle, inputs, writes, messages } = rig();
    await partial(lifecycle.create(inputs({ __timeouts: { create: "40s" } })));
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11" } });
    expect(messages()).toContain(`joins running upgrade 11 (OB rolling upgrade to ${TARGET_BUILD})`);
    expect(writes()).toBe(1);
  });

  it("is shown by preview", async () => {
    const { lifecycle, inputs, messages } = rig();
    const first = await partial(lifecycle.create(inputs({ __timeouts: { create: "40s" } })));
    await lifecycle.diff(first.id, first.properties, inputs());
    expect(messages()).toContain(`joins running upgrade 11 (OB rolling upgrade to ${TARGET_BUILD})`);
  });

  it("is not shown as joined while it is being rolled back", async () => {
    const { lifecycle, inputs, cluster, messages } = rig();
    cluster.control.fail({ stage: 5 });
    const first = await partial(lifecycle.create(inputs()));
    cluster.control.operate("ROLLBACK");
    await lifecycle.diff(first.id, first.properties, inputs());
    expect(messages().at(-1)).toBe(
      `waits for upgrade 11 (OB rolling upgrade to ${TARGET_BUILD}), which is being rolled back; the run will then fail`,
    );
    const second = await partial(lifecycle.update(first.id, first.properties, inputs()));
    expect(second.reasons[0]).toContain("[rolled-back]");
  });

  it("is not requested again if it has ended in the meantime", async () => {
    const { lifecycle, inputs, writes, cluster } = rig();
    const first = await partial(lifecycle.create(inputs({ __timeouts: { create: "40s" } })));
    cluster.control.finish();
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11", state: "succeeded" } });
    expect(writes()).toBe(1);
  });

  it("is requested again after an operator rolled it back, and the run reports it", async () => {
    const { lifecycle, inputs, cluster, messages } = rig();
    cluster.control.hang({ stage: 3 });
    const first = await partial(lifecycle.create(inputs({ __timeouts: { create: "40s" } })));
    cluster.control.operate("CANCEL");
    cluster.control.finish();
    cluster.control.operate("ROLLBACK");
    cluster.control.finish();
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(messages().some((line) => line.includes("earlier upgrade 11"))).toBe(true);
    expect(outs).toMatchObject({ status: "current" });
    expect(cluster.acceptedUpgrades).toHaveLength(2);
  });

  it("is not waited for with wait: false, and is read by the next run", async () => {
    const { lifecycle, inputs, writes, cluster, clock } = rig();
    const { id, outs } = await lifecycle.create(inputs({ wait: false }));
    expect(outs).toMatchObject({ status: "upgrading", lastUpgrade: { task: "11", state: "running" } });
    cluster.control.finish();
    await clock.sleep(1_000);
    expect(await lifecycle.diff(id, outs, inputs({ wait: false }))).toMatchObject({ changes: true });
    const next = await lifecycle.update(id, outs, inputs({ wait: false }));
    expect(next.outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });
});

describe("a lost response", () => {
  it("to a request that took effect leads to reads, not to a second request", async () => {
    const { lifecycle, inputs, writes, cluster, messages } = rig();
    cluster.faults.add({ match: { method: "POST", path: UPGRADE }, fault: { kind: "loseReply" } });
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { task: "11" } });
    expect(messages()[0]).toContain("response to the upgrade request was lost");
    expect(writes()).toBe(1);
  });

  it("whose task is not found before the upgrade ends leaves the requested version in the state", async () => {
    const { lifecycle, inputs, cluster, messages } = rig();
    cluster.faults.add({ match: { method: "POST", path: UPGRADE }, fault: { kind: "loseReply" } });
    cluster.onCall(({ request }) => {
      if (request.target !== UPGRADE) return;
      cluster.faults.add({ match: { method: "GET" }, times: Number.POSITIVE_INFINITY, fault: { kind: "reset" } });
    });
    const first = await partial(lifecycle.create(inputs({ __timeouts: { create: "20s" } })));
    const requested = { from: OLD_BUILD, to: TARGET_BUILD };
    expect(first.properties).toMatchObject({ lastUpgrade: { task: "unknown", ...requested, state: "unknown" } });
    cluster.faults.clear();
    cluster.control.finish();
    const { outs } = await lifecycle.update(first.id, first.properties, inputs());
    expect(outs).toMatchObject({ status: "current", lastUpgrade: { ...requested, state: "succeeded" } });
    expect(messages().at(-1)).toMatch(new RegExp(`^upgraded ${OLD_BUILD} → ${TARGET_BUILD}`));
  });

  it("to a request that did not take effect ends the run without a second request", async () => {
    const { lifecycle, inputs, writes, cluster } = rig();
    cluster.faults.add({ match: { method: "POST", path: UPGRADE }, fault: { kind: "reset" } });
    const first = await partial(lifecycle.create(inputs()));
    expect(first.reasons[0]).toMatch(/no upgrade appeared within .* not sent again.*\[unconfirmed\]/);
    expect(first.properties).toMatchObject({ status: "behind", lastUpgrade: { state: "failed" } });
    expect(writes()).toBe(1);
    expect(cluster.acceptedUpgrades).toHaveLength(0);
    await lifecycle.update(first.id, first.properties, inputs());
    expect(writes()).toBe(2);
    expect(cluster.acceptedUpgrades).toHaveLength(1);
  });

  it("may be hidden by a proxy's error page, and is searched for as well", async () => {
    const { lifecycle, inputs, cluster } = rig();
    const page = {
      kind: "replace",
      status: 504,
      headers: { "content-type": "text/html" },
      body: "<h1>504</h1>",
    } as const;
    cluster.faults.add({ match: { method: "POST", path: UPGRADE }, fault: page });
    expect((await partial(lifecycle.create(inputs()))).reasons[0]).toMatch(/\[unconfirmed\]/);
  });

  it("is ruled out if the connection was refused, and the request is sent", async () => {
    const { lifecycle, inputs, cluster } = rig();
    cluster.faults.add({ match: { method: "POST", path: UPGRADE }, times: 2, fault: { kind: "refuse" } });
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(cluster.acceptedUpgrades).toHaveLength(1);
  });
});

describe("an unreachable system", () => {
  it("is waited for if all agents are unreachable for half a minute during the upgrade", async () => {
    const { lifecycle, inputs, writes, cluster, clock } = rig();
    clock.after(50_000, () => {
      for (const index of [0, 1, 2]) cluster.control.restartAgent(index, { gapMs: 30_000 });
    });
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it("ends the run when the budget is exceeded, and the next run joins the upgrade", async () => {
    const { lifecycle, inputs, writes, cluster, clock } = rig();
    clock.after(50_000, () => {
      for (const index of [0, 1, 2]) cluster.control.stopAgent(index);
    });
    const args = inputs({ unreachableTimeout: "2m" });
    const first = await partial(lifecycle.create(args));
    expect(first.reasons[0]).toMatch(/could not be read for 2 min.*ECONNREFUSED.*\[unreachable\]/);
    expect(first.properties).toMatchObject({ status: "upgrading", lastUpgrade: { state: "running" } });
    for (const index of [0, 1, 2]) cluster.control.startAgent(index);
    const { outs } = await lifecycle.update(first.id, first.properties, args);
    expect(outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it("does not include one of which only some agents are unreachable", async () => {
    const { lifecycle, inputs, cluster } = rig({ buildVersion: TARGET_BUILD });
    cluster.control.stopAgent(0);
    cluster.control.stopAgent(1);
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current" });
  });

  it("that never responded ends the run after a minute", async () => {
    const { lifecycle, inputs, clock } = rig();
    const began = clock.now();
    const call = lifecycle.create(inputs({ endpoints: ["http://10.9.9.9:2886"] }));
    await expect(call).rejects.toThrow(/could not be read for 1 min/);
    expect(clock.since(began)).toBeLessThan(80_000);
  });

  it("is not drift if only the database is down: nothing is requested until it responds", async () => {
    const { lifecycle, inputs, cluster, writes } = rig({ buildVersion: TARGET_BUILD });
    cluster.control.loseDatabase("gone", { ms: 300_000 });
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(0);
  });
});

describe("a server that is not ready", () => {
  it("and panics at the request in its first second is read, and then the request is repeated", async () => {
    const { lifecycle, inputs, cluster } = rig();
    for (const index of [0, 1, 2]) cluster.control.startAgent(index);
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(cluster.acceptedUpgrades).toHaveLength(1);
  });

  const refusal = (message: string) => {
    const body = JSON.stringify({ successful: false, status: 500, error: { code: 1002, message } });
    return { match: { method: "POST", path: UPGRADE }, fault: { kind: "replace", status: 500, body } } as const;
  };

  it("and reports it without an error code receives the request once it is ready", async () => {
    const { lifecycle, inputs, cluster, writes } = rig({ agentVersion: "4.2.5.0-102024112610" });
    cluster.faults.add(refusal("Unexpected error: observer process not exist"));
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
    expect([writes(), cluster.acceptedUpgrades.length]).toEqual([2, 1]);
  });

  it.each([
    ["Known error: not support rolling upgrade when zone num is lower than 3", 1, "Set `mode` to `stopService`"],
    [
      "Unexpected error: Found agent 10.77.0.3:2886 not running",
      Infinity,
      "Start the agent with `obshell agent start`",
    ],
    ["Unexpected error: target version is deprecated", 1, "Choose a later version"],
  ])(
    "and never becomes ready, or refuses finally, ends the run with the remedy: %s",
    async (message, times, remedy) => {
      const { lifecycle, inputs, cluster } = rig({ agentVersion: "4.3.0.0-102025043011" });
      cluster.faults.add({ ...refusal(message), times });
      await expect(lifecycle.create(inputs())).rejects.toThrow(new RegExp(`${remedy}.*\\[refused\\]`));
      expect(cluster.acceptedUpgrades).toEqual([]);
    },
  );

  it("and has a new key is reached again after its key was read", async () => {
    const { lifecycle, inputs, cluster, clock } = rig({ agentVersion: "4.4.2.0-102026041610" });
    clock.after(30_000, () => {
      for (const index of [0, 1, 2]) cluster.control.replaceKey(index);
    });
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current" });
  });

  it("whose clock is ahead receives a header that is valid there", async () => {
    const { lifecycle, inputs, cluster } = rig({ buildVersion: TARGET_BUILD }, -3_600_000);
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current" });
    expect(cluster.journal.entries.every((entry) => entry.status === 200)).toBe(true);
  });
});
