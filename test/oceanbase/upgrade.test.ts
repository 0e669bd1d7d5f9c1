import { describe, expect, it } from "vitest";
import { OLD_BUILD, rig, TARGET, TARGET_BUILD } from "./rig";

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
