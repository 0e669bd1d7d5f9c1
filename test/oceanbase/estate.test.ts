import { describe, expect, it, onTestFinished } from "vitest";
import type { FoundDatabase } from "../../provider/core/estate";
import { uncheckedBy } from "../../provider/oceanbase/preflight";
import { cluster } from "../../provider/oceanbase/system";
import { flat } from "../cli/doctoring";
import { rig as commandLine, onNetwork, type RunOptions } from "../cli/rig";
import { agentsOf, ENVIRONMENT } from "../cli/worlds";
import { ObshellCluster, ScaledClock } from "../simulators";
import { serve } from "../simulators/shell/server";
import { partial } from "../support/partial";
import { AGENT_URN, AGENTS, OLD_BUILD, PASSWORD, rig, TARGET, TARGET_BUILD } from "./rig";

type World = ReturnType<typeof rig>;
type Options = Parameters<typeof rig>[0];

/** What `discover` finds in a cluster, and what it cannot read. */
async function discovered({ cluster }: Pick<World, "cluster">, env = ENVIRONMENT) {
  const { run } = commandLine(() => [cluster], { env });
  const { code, out, err } = await run("discover", "oceanbase", ...agentsOf(cluster), "--json");
  const { databases = [] } = (out === "" ? {} : JSON.parse(out)) as { databases?: readonly FoundDatabase[] };
  const [database, agents] = ["oceanbase:ClusterVersion", "oceanbase:AgentVersion"].map((type) =>
    databases.find((one) => one.type === type),
  );
  return { code, err, database, agents };
}

/** `doctor` of a cluster in its current state, on the network. */
async function examined({ cluster, clock }: Pick<World, "cluster" | "clock">, env: RunOptions["env"] = ENVIRONMENT) {
  const system = new ObshellCluster({ state: cluster.export(), clock: new ScaledClock(1, clock.now()) });
  const served = await serve(system);
  onTestFinished(() => served.close());
  const { code, out } = await onNetwork({ env })("doctor", "oceanbase", "--endpoint", served.origins.join(","));
  return { code, out: flat(out), last: out.split("\n").at(-2) };
}

function textOf(found: FoundDatabase | undefined): string {
  const { activity, findings = [], advice = [] } = found ?? {};
  return JSON.stringify([activity, findings, advice]);
}

const ZONE_HEALTH = "Execute upgrade zone health checker script";

/** A rolling upgrade that stops while zone1 is out of service and has the target version, and the others have not. */
async function halfway(how: "fail" | "hang", options: Options = {}): Promise<World> {
  const world = rig(options);
  world.cluster.control[how]({ stage: ZONE_HEALTH, kind: "obUpgrade" });
  const interrupted = new AbortController();
  const run = world.lifecycle.create(world.inputs(how === "hang" ? { wait: false } : {}));
  if (how === "fail") await partial(run);
  else {
    await run;
    await world.clock.sleep(600_000, interrupted.signal);
  }
  expect(world.cluster.agents.map(({ observer }) => observer.build)).toEqual([TARGET_BUILD, OLD_BUILD, OLD_BUILD]);
  // As a real task does.
  world.cluster.control.stopZone("zone1");
  return world;
}

/** Advice for a cluster without an upgrade, which must not be given while an upgrade holds the lock. */
const AGAINST_THE_TASK = /START ZONE|START SERVER|Start these observers|obshell agent start|No newer packages/;

describe("a cluster whose upgrade failed half-way", () => {
  it("can still be upgraded to the target, and only the remedy for its task is shown", async () => {
    const world = await halfway("fail");
    const { database, agents } = await discovered(world);
    expect(database).toMatchObject({
      current: `${TARGET_BUILD}, ${OLD_BUILD}`,
      targets: [TARGET_BUILD],
      activity: { kind: "failed" },
      findings: [],
      advice: [],
    });
    expect(agents).toMatchObject({ activity: { kind: "blocked" }, findings: [], advice: [] });
    for (const each of [database, agents]) {
      expect(textOf(each)).toMatch(/obshell task retry -i 11/);
      expect(textOf(each)).not.toMatch(AGAINST_THE_TASK);
    }
  });

  it("is shown with the cause, and without other advice, by doctor", async () => {
    const { code, out } = await examined(await halfway("fail"));
    expect(code).toBe(1);
    expect(out).toMatch(/✗ obcluster \(oceanbase\.ClusterVersion\): Upgrade 11 \(OB rolling upgrade to 4\.3\.5\.2-/);
    expect(out).toMatch(/failed: stage \d+\/30: Execute upgrade zone health checker script failed .* → .*task retry/);
    expect(out).toMatch(/Then run `pulumi up`\. /);
    expect(out).not.toMatch(AGAINST_THE_TASK);
  });

  it.each([
    ["the failed target", {}],
    ["a later version", { version: "4.4.2.0", release: "102000012026010100.el7" }],
  ])("is shown without other advice by the preview of %s", async (_, args) => {
    const world = await halfway("fail");
    world.cluster.control.addObPackages("4.4.2.0", "102000012026010100.el7");
    for (const inputs of [world.inputs(args), { ...world.inputs(AGENTS), __urn: AGENT_URN }]) {
      const before = world.messages().length;
      await world.lifecycle.check({}, inputs);
      const text = world.messages().slice(before).join("\n");
      expect(text).toMatch(/failed/);
      expect(text).not.toMatch(AGAINST_THE_TASK);
    }
  });

  it("offers no version below that of a member", async () => {
    const world = await halfway("fail");
    world.cluster.control.addObPackages("4.2.5.1", "101000092024120918.el7");
    expect((await discovered(world)).database?.targets).toEqual([TARGET_BUILD]);
  });
});

describe("a cluster whose upgrade is in progress", () => {
  it("is shown without advice for what the upgrade itself does", async () => {
    const world = await halfway("hang");
    const { database, agents } = await discovered(world);
    expect(database).toMatchObject({
      activity: { kind: "running" },
      targets: [TARGET_BUILD],
      findings: [],
      advice: [],
    });
    expect(agents).toMatchObject({ activity: { kind: "busy" }, findings: [], advice: [] });
    const { out } = await examined(world);
    expect(out).toMatch(/✓ obcluster \(oceanbase\.ClusterVersion\): .* → 4\.3\.5\.2-\d+; upgrading/);
    expect(out).not.toMatch(AGAINST_THE_TASK);
    const before = world.messages().length;
    await world.lifecycle.check({}, { ...world.inputs(AGENTS), __urn: AGENT_URN });
    expect(world.messages().slice(before).join("\n")).not.toMatch(AGAINST_THE_TASK);
  });

  it("is reported with a server that will prevent it from finishing", async () => {
    const world = await halfway("hang");
    world.cluster.control.unregisterAgent(2);
    expect((await discovered(world)).database?.findings.map(({ code }) => code)).toEqual(["server-without-agent"]);
  });
});

it.each([
  [false, ["agents and observers", "zones"]],
  [true, []],
])(
  "a failed read is reported where its condition is checked: while an upgrade is in progress (%s), %j",
  (upgrading, subjects) => {
    const notes = uncheckedBy(cluster.checks, { unread: { status: "timeout", zones: "timeout" }, upgrading });
    expect(notes).toHaveLength(subjects.length);
    for (const [at, subject] of subjects.entries()) expect(notes[at]).toContain(subject);
  },
);

describe("doctor shows as accepted the credentials that were checked", () => {
  const AGENT_PASSWORD = "ag3nt-p@ss";

  it.each([
    ["root@sys's", {}, { OCEANBASE_PASSWORD: PASSWORD }, "root@sys was accepted by the cluster obcluster"],
    [
      "the agents', without any of root@sys",
      { agentPassword: AGENT_PASSWORD },
      { OCEANBASE_AGENT_PASSWORD: AGENT_PASSWORD },
      "the agents' own password was accepted by the cluster obcluster",
    ],
    [
      "the agents', with a wrong one of root@sys",
      { agentPassword: AGENT_PASSWORD },
      { OCEANBASE_AGENT_PASSWORD: AGENT_PASSWORD, OCEANBASE_PASSWORD: "wr0ng-p@ss" },
      "the agents' own password was accepted by the cluster obcluster",
    ],
    [
      "root@sys's, where the agents have none",
      {},
      { OCEANBASE_AGENT_PASSWORD: AGENT_PASSWORD, OCEANBASE_PASSWORD: PASSWORD },
      "root@sys was accepted by the cluster obcluster",
    ],
  ])("%s", async (_, options, env, line) => {
    const { out } = await examined(rig(options), env);
    expect(out).toContain(`✓ credentials: ${line} `);
    expect(/✓ permissions: root@sys may/.test(out)).toBe(line.startsWith("root@sys"));
  });
});

describe("agents of 4.2.3.0, which return ob/info to everyone", () => {
  const options = { agentVersion: "4.2.3.0-102024041910" };

  it("reject a wrong password of root@sys in doctor, discover and a run", async () => {
    const world = rig({ ...options, buildVersion: TARGET_BUILD });
    const { code, out } = await examined(world, { OCEANBASE_PASSWORD: "wr0ng-p@ss" });
    expect(out).toMatch(/✗ credentials: The agent at \S+ rejected the credentials/);
    expect(out).not.toContain("accepted");
    expect(code).toBe(1);
    expect((await discovered(world, { ...ENVIRONMENT, OCEANBASE_PASSWORD: "wr0ng-p@ss" })).err).toContain(
      "rejected the credentials",
    );
    const run = world.lifecycle.create(world.inputs({ password: "wr0ng-p@ss" }));
    await expect(run).rejects.toThrow(/\[unauthorized\]/);
  });

  it("accept the right one", async () => {
    const { out } = await examined(rig(options), { OCEANBASE_PASSWORD: PASSWORD });
    expect(out).toContain("✓ credentials: root@sys was accepted by the cluster obcluster ");
  });
});

describe("a database that is down on all hosts", () => {
  it.each([
    ["the right", PASSWORD],
    ["a wrong", "wr0ng-p@ss"],
  ])("leaves %s password of root@sys unchecked", async (_, password) => {
    const world = rig();
    world.cluster.control.loseDatabase("gone");
    const { code, out, last } = await examined(world, { OCEANBASE_PASSWORD: password });
    expect(out).toContain("– credentials: could not be checked: ");
    expect(out).not.toMatch(/✓ (credentials|permissions|obcluster)/);
    expect([code, last]).toEqual([2, "2 checks not run, no problems in the others"]);
  });

  it("does not prevent agents from checking their own password", async () => {
    const world = rig({ agentPassword: "ag3nt-p@ss" });
    world.cluster.control.loseDatabase("gone");
    const { code, out } = await examined(world, { OCEANBASE_AGENT_PASSWORD: "ag3nt-p@ss" });
    expect(out).toContain("✓ credentials: the agents' own password was accepted ");
    expect(out).toContain("– databases: could not be checked: ");
    expect(code).toBe(2);
  });

  it("on some hosts leaves the check to the others", async () => {
    const world = rig();
    world.cluster.control.loseDatabase("gone", { agents: [0, 1] });
    const { out } = await examined(world);
    expect(out).toContain("✓ credentials: root@sys was accepted by the cluster obcluster ");
  });
});

describe("a condition that could not be read", () => {
  const error = { code: 0, errCode: "MySQL.Error", message: "Error 4012: Timeout" };
  const body = JSON.stringify({ successful: false, status: 400, error });
  const failReads = ({ cluster }: World, path: string) =>
    cluster.faults.add({
      match: { path },
      times: Number.POSITIVE_INFINITY,
      fault: { kind: "replace", status: 400, headers: { "content-type": "application/json" }, body },
    });

  it("is a gap in the inventory, and a warning in preview and run: the status of the zones", async () => {
    const world = rig();
    failReads(world, "/api/v1/obcluster/info");
    const { code, err } = await discovered(world);
    expect(code).toBe(2);
    expect(err).toMatch(
      /^incomplete: The status of the zones could not be read and was not checked: .*Timeout \(MySQL\.Error\)/,
    );
    await world.lifecycle.check({}, world.inputs());
    const warnings = () =>
      world.lines.filter(({ severity, message }) => severity === "WARNING" && /status of the zones/.test(message));
    expect(warnings()).toHaveLength(1);
    await world.lifecycle.create(world.inputs());
    expect(warnings().length).toBeGreaterThan(1);
  });

  it("does not concern the agents, which have no zones", async () => {
    const world = rig();
    world.cluster.control.addAgentPackage(AGENTS.version, AGENTS.release);
    failReads(world, "/api/v1/obcluster/info");
    await world.lifecycle.check({}, { ...world.inputs(AGENTS), __urn: AGENT_URN });
    expect(world.messages().join("\n")).not.toMatch(/status of the zones/);
  });
});

it.each(["last", "first"])(
  "an endpoint whose agent belongs to no cluster, listed %s, is reported and not used",
  async (at) => {
    const { cluster, clock } = rig();
    const other = new ObshellCluster({ clock, rootPassword: PASSWORD, identity: "SINGLE", zones: 1 });
    other.hosts[0]?.place("10.88.0.9", 2886);
    const endpoints = [...cluster.endpoints].map((address) => `http://${address}`);
    endpoints.splice(at === "first" ? 0 : endpoints.length, 0, "http://10.88.0.9:2886");
    const { run } = commandLine(() => [cluster, other], { env: ENVIRONMENT });
    const { code, out, err } = await run("discover", "oceanbase", "--endpoint", endpoints.join(","), "--json");
    expect({ code, err }).toEqual({ code: 0, err: expect.not.stringMatching(/10\.88/) });
    const { databases } = JSON.parse(out) as { databases: readonly FoundDatabase[] };
    expect(databases).toHaveLength(2);
    expect(textOf(databases[0])).toContain(
      "The agent at http://10.88.0.9:2886 belongs to no OceanBase cluster (identity SINGLE) and is not used.",
    );
    expect(other.writes()).toEqual([]);
  },
);

describe("versions", () => {
  it("are listed newest first", async () => {
    const world = rig();
    for (const [version, release] of [
      ["4.3.9.0", "100.el7"],
      ["4.3.10.0", "100.el7"],
      ["4.3.5.3", "100.el7"],
    ] as const) {
      world.cluster.control.addObPackages(version, release);
    }
    const offered = ["4.3.10.0-100", "4.3.9.0-100", "4.3.5.3-100", TARGET_BUILD];
    expect((await discovered(world)).database?.targets).toEqual(offered);
    await world.lifecycle.check({}, world.inputs({ version: "4.9.0.0", release: undefined }));
    expect(world.messages().join("\n")).toContain(
      `uploaded: 4.3.10.0-100.el7, 4.3.9.0-100.el7, 4.3.5.3-100.el7, ${TARGET.version}-${TARGET.release}.`,
    );
  });
});
