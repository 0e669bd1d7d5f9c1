import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { OLD_BUILD, PASSWORD, rig, TARGET_BUILD } from "./rig";

describe("the preview of a new resource", () => {
  it("shows the plan in one line and writes nothing", async () => {
    const { lifecycle, inputs, messages, cluster } = rig();
    const { failures } = await lifecycle.check({}, inputs());
    expect(failures).toEqual([]);
    expect(messages()).toEqual(["4.2.1.8 → 4.3.5.2, rolling over 3 zones"]);
    expect(cluster.writes()).toEqual([]);
  });

  it("shows that the cluster is up to date", async () => {
    const { lifecycle, inputs, messages } = rig({ buildVersion: TARGET_BUILD });
    await lifecycle.check({}, inputs());
    expect(messages()).toEqual(["already at 4.3.5.2-102000042025031214"]);
  });

  it("shows that the upgrade waits for another task", async () => {
    const { lifecycle, inputs, messages, cluster } = rig();
    cluster.control.startMaintenance("Start OB");
    await lifecycle.check({}, inputs());
    expect(messages()).toEqual([
      "4.2.1.8 → 4.3.5.2, rolling over 3 zones, after maintenance task 11 (Start OB) has ended",
    ]);
  });

  it("does not fail if the cluster is unreachable", async () => {
    const { lifecycle, inputs, lines, clock } = rig();
    const began = clock.now();
    const { failures } = await lifecycle.check({}, inputs({ endpoints: ["http://10.9.9.9:2886"] }));
    expect(failures).toEqual([]);
    expect(lines).toEqual([
      expect.objectContaining({
        severity: "WARNING",
        message: expect.stringMatching(/^cannot plan: unreachable, .*ENOTFOUND/),
      }),
    ]);
    expect(clock.since(began)).toBeLessThanOrEqual(10_000);
  });

  it("ends within ten seconds if the cluster does not respond in time", async () => {
    const { lifecycle, inputs, messages, cluster, clock } = rig();
    cluster.faults.add({ match: { path: "/api/v1/secret" }, times: 9, fault: { kind: "hang" } });
    const began = clock.now();
    await lifecycle.check({}, inputs());
    expect(messages()).toEqual(["cannot plan: unreachable, no response in time"]);
    expect(clock.since(began)).toBeLessThanOrEqual(10_000);
  });

  it("shows why arguments that are not known yet prevent a plan, and sends no request", async () => {
    const { lifecycle, inputs, messages, cluster } = rig();
    const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
    const { failures } = await lifecycle.check({}, inputs({ endpoints: [unknown], password: unknown }));
    expect(failures).toEqual([]);
    expect(messages()).toEqual(["cannot plan yet: `endpoints`, `password` are known after apply"]);
    expect(cluster.journal.entries).toEqual([]);
  });

  it("is shown once, although both check and diff read the plan", async () => {
    const { lifecycle, inputs, messages } = rig();
    const state = { ...inputs({ version: "4.2.1.8" }), status: "behind" };
    await lifecycle.check(state, inputs());
    await lifecycle.diff("id", { ...inputs(), status: "behind" }, inputs());
    expect(messages()).toHaveLength(1);
  });

  it("sends each request once, although several reads need it at the same time", async () => {
    const { lifecycle, inputs, cluster } = rig();
    await lifecycle.check({}, inputs());
    expect(cluster.journal.count("GET", "/api/v1/secret")).toBe(3); // one for each agent
    expect(cluster.journal.count("GET", "/api/v1/ob/info")).toBe(3); // likewise
    expect(cluster.journal.count("GET", "/api/v1/obcluster/info")).toBe(1);
  });
});

describe("a finding that blocks an upgrade", () => {
  const cases: [
    string,
    Parameters<typeof rig>[0],
    Record<string, unknown>,
    (r: ReturnType<typeof rig>) => void,
    RegExp,
  ][] = [
    [
      "too few zones for rolling",
      { zones: 1 },
      {},
      () => undefined,
      /needs at least 3 zones, but the cluster has 1.*stopService/,
    ],
    [
      "an agent that is down",
      {},
      {},
      ({ cluster }) => cluster.control.stopAgent(2),
      /agent is not running: 10\.77\.0\.4:2886/,
    ],
    [
      "an observer that cannot be used",
      {},
      {},
      ({ cluster }) => cluster.control.loseDatabase("gone", { agents: [1] }),
      /observer of the agent 10\.77\.0\.3:2886 is not available/,
    ],
    [
      "a package of one architecture",
      { architecture: ["x86_64", "aarch64", "x86_64"] },
      { version: "4.3.5.3", release: "103000012025040100.el7" },
      ({ cluster }) => {
        for (const name of ["oceanbase-ce", "oceanbase-ce-libs"]) {
          cluster.control.addPackage({ name, version: "4.3.5.3", release: "103000012025040100.el7" });
        }
      },
      /not uploaded: oceanbase-ce-4\.3\.5\.3-103000012025040100\.el7\.aarch64\.rpm, oceanbase-ce-libs-.*aarch64\.rpm/,
    ],
    [
      "a version that is not uploaded",
      {},
      { version: "4.3.9.0", release: undefined },
      () => undefined,
      /No uploaded package satisfies version 4\.3\.9\.0/,
    ],
  ];

  it.each(cases)(
    "is a warning in preview and an error in the run, without a write: %s",
    async (_, options, args, prepare, text) => {
      const world = rig(options);
      prepare(world);
      const { lifecycle, inputs, lines, cluster } = world;
      expect((await lifecycle.check({}, inputs(args))).failures).toEqual([]);
      expect(lines.find((line) => line.severity === "WARNING")?.message).toMatch(text);
      await expect(lifecycle.create(inputs(args))).rejects.toThrow(text);
      expect(cluster.writes()).toEqual([]);
    },
  );

  it.each(["/home/admin/oceanbase", "/home/admin", "/home/admin/oceanbase/bin"])(
    "is a failure of the check if a rollback would delete files of an agent in upgradeDir: %s",
    async (upgradeDir) => {
      const { lifecycle, inputs, cluster } = rig();
      const { failures } = await lifecycle.check({}, inputs({ upgradeDir }));
      expect(failures).toEqual([{ property: "upgradeDir", reason: expect.stringContaining("a rollback deletes it") }]);
      await expect(lifecycle.create(inputs({ upgradeDir }))).rejects.toThrow(/upgradeDir: .* a rollback deletes it/);
      expect(cluster.writes()).toEqual([]);
    },
  );
});

describe("a refresh", () => {
  const state = async (world: ReturnType<typeof rig>, args: Record<string, unknown> = {}) => {
    const { id, outs } = await world.lifecycle.create(world.inputs(args));
    world.cluster.journal.clear();
    return { id, outs };
  };

  it("leaves the inputs as written while the cluster is up to date", async () => {
    const world = rig({ buildVersion: TARGET_BUILD });
    const { id, outs } = await state(world);
    const read = await world.lifecycle.read(id, outs);
    expect(read).toMatchObject({ id, props: { status: "current", version: "4.3.5.2" } });
    expect(read.inputs).toEqual(world.inputs());
  });

  it("replaces the target version by the observed one if the cluster is outdated", async () => {
    const world = rig({ buildVersion: TARGET_BUILD });
    const { id, outs } = await state(world);
    world.cluster.control.setBuildVersion(OLD_BUILD, 1);
    const { props, inputs } = await world.lifecycle.read(id, outs);
    expect(inputs).toMatchObject({ version: "4.2.1.8" });
    expect(inputs).not.toHaveProperty("release");
    expect(props).toMatchObject({ version: "4.3.5.2", currentVersion: "4.2.1.8", status: "behind" });
    expect(await world.lifecycle.diff(id, props, world.inputs())).toMatchObject({ changes: true, replaces: [] });
    const again = await world.lifecycle.read(id, props);
    expect(again.inputs).toEqual(inputs);
    world.cluster.control.setBuildVersion(OLD_BUILD);
    const { outs: repaired } = await world.lifecycle.update(id, props, world.inputs());
    expect(repaired).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(repaired).not.toHaveProperty("__drifted");
  });

  it("warns of a cluster that is ahead of the target, and shows it once", async () => {
    const world = rig({ buildVersion: TARGET_BUILD });
    const { id, outs } = await state(world);
    world.cluster.control.setBuildVersion("4.3.5.4-104000042025090916");
    const { props, inputs } = await world.lifecycle.read(id, outs);
    expect(inputs).toMatchObject({ version: "4.3.5.4" });
    expect(world.lines.at(-1)).toMatchObject({
      severity: "WARNING",
      message: expect.stringContaining("newer than the target version"),
    });
    expect(await world.lifecycle.diff(id, props, world.inputs())).toMatchObject({ changes: true });
    const { outs: reported } = await world.lifecycle.update(id, props, world.inputs());
    expect(await world.lifecycle.diff(id, reported, world.inputs())).toMatchObject({ changes: false });
    expect(world.writes()).toBe(0);
  });

  it("shows nothing if the new version of the cluster still satisfies a minimum", async () => {
    const world = rig({ buildVersion: TARGET_BUILD });
    const { id, outs } = await state(world, { version: ">=4.3.5", release: undefined });
    world.cluster.control.setBuildVersion("4.3.5.4-104000042025090916");
    const before = world.messages().length;
    const { props, inputs } = await world.lifecycle.read(id, outs);
    expect(inputs).toMatchObject({ version: ">=4.3.5" });
    expect(props).toMatchObject({ status: "current", currentVersion: "4.3.5.4" });
    expect(world.messages()).toHaveLength(before);
  });

  it.each([
    [
      "its agents are down",
      (world: ReturnType<typeof rig>) => [0, 1, 2].forEach((i) => void world.cluster.control.stopAgent(i)),
    ],
    ["its database is down", (world: ReturnType<typeof rig>) => world.cluster.control.loseDatabase("dead")],
  ])("keeps the last known state while %s", async (_, takeDown) => {
    const world = rig({ buildVersion: TARGET_BUILD });
    const { id, outs } = await state(world);
    takeDown(world);
    const read = await world.lifecycle.read(id, outs);
    expect(read).toEqual({ id, props: outs });
    expect(world.lines.at(-1)).toMatchObject({ severity: "WARNING" });
  });

  it("never writes a credential into the inputs that is not an argument of the resource", async () => {
    const world = rig({ buildVersion: TARGET_BUILD });
    await world.lifecycle.configure({
      config: { get: (key) => (key === "oceanbase:password" ? PASSWORD : undefined) },
    });
    const { id, outs } = await state(world, { password: undefined });
    world.cluster.control.setBuildVersion(OLD_BUILD);
    const read = await world.lifecycle.read(id, outs);
    expect(JSON.stringify([outs, read])).not.toContain(PASSWORD);
    expect(read.inputs).toMatchObject({ version: "4.2.1.8" });
  });
});

const EARLY = "Download all required packages";
const LATE = "Execute upgrade pre script";
const OPERATOR = /^\/api\/v1\/task\/dag\//;

type World = ReturnType<typeof rig>;

/** Operators that reached the cluster. */
function operators({ cluster }: World): number {
  return cluster.journal.count("POST", OPERATOR);
}

/** What a preview announces: the lines of check and diff. */
async function preview({ lifecycle, messages }: World, id: string, outputs: object, before: object, after: object) {
  const lines = messages().length;
  await lifecycle.check({ ...before }, { ...after });
  const diff = await lifecycle.diff(id, { ...outputs }, { ...after });
  return { diff, lines: messages().slice(lines) };
}

describe("the operator that preview announces for a failed upgrade", () => {
  it.each([
    ["retry", EARLY, "report", 1],
    ["retry", LATE, "report", 1],
    ["retry", EARLY, "retry", 1],
    ["rollback", EARLY, "report", 1],
    ["rollback", LATE, "report", 0],
    ["rollback", LATE, "rollback", 0],
    ["report", EARLY, "retry", 0],
  ])(
    "is the one that `up` sends: onFailure %s, failed in %s, previously %s: %i",
    async (onFailure, stage, before, sent) => {
      const world = rig();
      world.cluster.control.fail({ stage });
      const old = world.inputs({ onFailure: before });
      const failed = await partial(world.lifecycle.create(old));
      const args = world.inputs({ onFailure });
      const { diff, lines } = await preview(world, failed.id, failed.properties, old, args);
      expect(diff).toMatchObject({ changes: true });
      const announced = lines.filter((line) =>
        /^will (retry|roll back) upgrade 11 .*failed at stage \d+\/30: /.test(line),
      );
      expect(announced).toHaveLength(sent);
      // A person has to act if no operator is sent.
      expect(lines.some((line) => line.includes("obshell task retry -i 11"))).toBe(sent === 0);
      const earlier = operators(world);
      await world.lifecycle.update(failed.id, failed.properties, args).catch(() => undefined);
      expect(operators(world) - earlier).toBe(sent);
    },
  );

  it("is none for a failed upgrade that another resource started, and none is sent", async () => {
    const world = rig();
    world.cluster.control.fail({ stage: EARLY });
    await partial(world.lifecycle.create(world.inputs()));
    for (const onFailure of ["retry", "rollback"]) {
      const args = { ...world.inputs({ onFailure }), __urn: `${world.inputs()["__urn"]}-${onFailure}` };
      await world.lifecycle.check({}, args);
      expect(world.messages().join("\n")).not.toMatch(/will (retry|roll back)/);
      expect(world.messages().at(-1)).toMatch(/upgrade 11 .* was not started by this resource/);
      await partial(world.lifecycle.create(args));
    }
    expect(operators(world)).toBe(0);
  });

  it("is already named in the message of the failed run", async () => {
    const retry = rig();
    retry.cluster.control.fail({ stage: EARLY });
    const failed = await partial(retry.lifecycle.create(retry.inputs({ onFailure: "retry" })));
    expect(failed.reasons[0]).toMatch(/`onFailure` is "retry": the next `pulumi up` retries upgrade 11 /);
    const report = rig();
    report.cluster.control.fail({ stage: EARLY });
    expect((await partial(report.lifecycle.create(report.inputs()))).reasons[0]).not.toContain(
      "the next `pulumi up` retries",
    );
    const late = rig();
    late.cluster.control.fail({ stage: LATE });
    const lateFailure = await partial(late.lifecycle.create(late.inputs({ onFailure: "rollback" })));
    expect(lateFailure.reasons[0]).not.toContain("the next `pulumi up` rolls back");
  });
});
