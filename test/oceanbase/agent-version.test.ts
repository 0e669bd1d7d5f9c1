import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { rig, TARGET } from "./rig";

const OLD = "4.3.3.0-102025103117";
const NEW = { version: "4.5.0.0", release: "102026050817.el7" };
const NEW_BUILD = "4.5.0.0-102026050817";
const CALL = "/api/v1/agent/upgrade";
const URN = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:AgentVersion::agents";

/** The usual rig, with an uploaded obshell and arguments of an agent pin. */
function agentRig(options: Parameters<typeof rig>[0] = {}, uploaded = true) {
  const world = rig({ agentVersion: OLD, ...options });
  if (uploaded) world.cluster.control.addAgentPackage(NEW.version, NEW.release);
  return {
    ...world,
    inputs: (args: Record<string, unknown> = {}) => ({ ...world.inputs({ ...NEW, ...args }), __urn: URN }),
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
    const text = new RegExp(`An observer is not available: 10\\.77\\.0\\.${index + 2}:2886`);
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
