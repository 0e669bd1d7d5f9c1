import { describe, expect, it } from "vitest";
import { rig, UPGRADE } from "./rig";

const HOUR = 3_600_000;
const PLAN = "4.2.1.8 → 4.3.5.2, rolling over 3 zones";
const RULE = { maxAge: "24h" };
const TASKS = /\/backup\/tasks$/;

type Rig = ReturnType<typeof rig>;
type Setup = (cluster: Rig) => void;

const backupEnded = (tenant: string, hours: number) => (one: Rig) =>
  one.cluster.control.addBackup(tenant, { endsAt: one.clock.now() - hours * HOUR });

const HELD: [string, Parameters<typeof rig>[0], Setup, Record<string, unknown>, string][] = [
  ["no backup exists", {}, () => undefined, {}, "there is no backup of tenant orders"],
  [
    "the backup is too old",
    {},
    backupEnded("orders", 25),
    {},
    "the last backup of tenant orders is 25 h old, more than 24 h",
  ],
  [
    "a backup is running",
    {},
    (one) => one.cluster.control.addBackup("orders", { endsAt: one.clock.now() + HOUR }),
    {},
    "a backup of tenant orders is running",
  ],
  [
    "a backup is running, although the rule is waived",
    {},
    (one) => one.cluster.control.addBackup("orders", { endsAt: one.clock.now() + HOUR }),
    { waive: "restored from a snapshot" },
    "a backup of tenant orders is running",
  ],
  [
    "the newer ones failed",
    {},
    (one) => {
      backupEnded("orders", 30)(one);
      for (const status of ["FAILED", "CANCELED"] as const) one.cluster.control.addBackup("orders", { status });
    },
    {},
    "the last backup of tenant orders is 30 h old, more than 24 h",
  ],
  [
    "more newer ones failed than fit on a page",
    {},
    (one) => {
      backupEnded("orders", 30)(one);
      for (let count = 0; count < 60; count++) one.cluster.control.addBackup("orders", { status: "FAILED" });
    },
    {},
    "the last backup of tenant orders is 30 h old, more than 24 h",
  ],
  [
    "one of several tenants has no backup",
    { tenants: ["orders", "billing"] },
    backupEnded("orders", 1),
    {},
    "there is no backup of tenant billing",
  ],
  [
    "the backup of one of several tenants is too old",
    { tenants: ["orders", "billing"] },
    (one) => {
      backupEnded("orders", 1)(one);
      backupEnded("billing", 48)(one);
    },
    {},
    "the last backup of tenant billing is 48 h old, more than 24 h",
  ],
  [
    "its end is in the future, because the time zones of database and host differ",
    {},
    (one) => {
      one.cluster.control.addBackup("orders", { startedAt: one.clock.now() - HOUR, endsAt: one.clock.now() });
      one.cluster.faults.add({
        match: { path: TASKS },
        times: Infinity,
        fault: { kind: "replace", status: 200, body: pageOf("2026-01-01T08:00:00.000000+00:00") },
      });
    },
    {},
    "in the future, so clocks or time zones differ",
  ],
  [
    "the agents do not list backups",
    { agentVersion: "4.3.1.0-102025082215" },
    () => undefined,
    {},
    "cannot verify that there is a backup: no agent that responds can list backups (obshell 4.3.2.0 or later is required)",
  ],
  [
    "the agents do not list tenants",
    { agentVersion: "4.2.3.0-112024041900" },
    () => undefined,
    {},
    "cannot verify that there is a backup: no agent that responds can list the tenants (obshell 4.2.4.0 or later is required)",
  ],
  ["the named tenant does not exist", {}, () => undefined, { tenants: ["typo"] }, "Tenant 'typo' does not exist"],
  ["the cluster has no tenant", { tenants: [] }, () => undefined, {}, "the cluster has no user tenant"],
];

function pageOf(end: string): string {
  const contents = [{ job_id: 1, status: "COMPLETED", start_timestamp: end, end_timestamp: end }];
  const page = { total_elements: 1, total_pages: 1, size: 50, number: 1 };
  return JSON.stringify({ successful: true, status: 200, traceId: "1", data: { contents, page } });
}

describe.each(HELD)(
  "the upgrade of a cluster whose backup does not allow it: %s",
  (_, options, setup, rule, reason) => {
    const started = () => {
      const one = rig(options);
      setup(one);
      return { ...one, given: one.inputs({ backup: { ...RULE, ...rule } }) };
    };

    it("is shown as held by preview", async () => {
      const { lifecycle, given, messages, cluster } = started();
      const { failures } = await lifecycle.check({}, given);
      expect(failures).toEqual([]);
      expect(messages()[0]).toMatch(new RegExp(`^${PLAN} · held: `));
      expect(messages()[0]).toContain(reason);
      expect(cluster.writes()).toEqual([]);
    });

    it("is not requested by `up`, which succeeds", async () => {
      const { lifecycle, given, cluster } = started();
      const { outs } = await lifecycle.create(given);
      expect(outs).toMatchObject({
        status: "held",
        heldBy: { code: "backup", message: expect.stringContaining(reason) },
        backup: given["backup"],
      });
      expect(cluster.writes()).toEqual([]);
    });
  },
);

describe("the upgrade of a cluster", () => {
  it("is requested once by the next `up` after a backup", async () => {
    const { lifecycle, inputs, cluster, writes } = rig();
    const given = inputs({ backup: RULE });
    const { id, outs } = await lifecycle.create(given);
    expect(outs).toMatchObject({ status: "held" });
    cluster.control.addBackup("orders");
    expect(await lifecycle.diff(id, outs, given)).toMatchObject({ changes: true });
    const { outs: after } = await lifecycle.update(id, outs, given);
    expect(after).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(writes()).toBe(1);
  });

  it.each([
    ["recent backups", {}],
    ["a waived rule", { waive: "restored from a snapshot" }],
  ])("reads backups with GET requests only, the last time just before the upgrade request: %s", async (_, more) => {
    const { lifecycle, inputs, cluster } = rig({ tenants: ["orders", "billing"] });
    for (const tenant of ["orders", "billing"]) cluster.control.addBackup(tenant);
    const { outs } = await lifecycle.create(inputs({ backup: { ...RULE, ...more } }));
    expect(outs).toMatchObject({ status: "current" });
    const { entries } = cluster.journal;
    const concerned = entries.filter(({ path }) => /tenant/.test(path));
    expect(new Set(concerned.map(({ method }) => method))).toEqual(new Set(["GET"]));
    const request = entries.findIndex(({ method, path }) => method === "POST" && path === UPGRADE);
    const observed = entries.findLastIndex(({ path }, at) => at < request && path.endsWith("/unfinish"));
    const read = entries.slice(observed, request).filter(({ path }) => TASKS.test(path));
    expect(read.map(({ path }) => path)).toEqual(
      ["orders", "billing"].map((tenant) => `/api/v1/tenant/${tenant}/backup/tasks`),
    );
  });

  it("is held by a backup that begins after the plan was confirmed", async () => {
    const { lifecycle, inputs, cluster, clock, writes } = rig();
    cluster.control.addBackup("orders");
    let observed = 0;
    cluster.onCall(({ request: { target } }) => {
      if (!target.includes("/unfinish") || ++observed !== 2) return;
      cluster.control.addBackup("orders", { startedAt: clock.now(), endsAt: clock.now() + HOUR });
    });
    const { outs } = await lifecycle.create(inputs({ backup: RULE }));
    expect(outs).toMatchObject({ status: "held", heldBy: { message: "a backup of tenant orders is running" } });
    expect(writes()).toBe(0);
  });

  it("reads the backups of the named tenants only", async () => {
    const { lifecycle, inputs, cluster } = rig({ tenants: ["orders", "scratch"] });
    cluster.control.addBackup("orders");
    const { outs } = await lifecycle.create(inputs({ backup: { ...RULE, tenants: ["orders"] } }));
    expect(outs).toMatchObject({ status: "current" });
    expect(cluster.journal.count("GET", "/api/v1/tenants/overview")).toBe(0);
    expect(cluster.journal.count("GET", "/api/v1/tenant/scratch/backup/tasks")).toBe(0);
  });

  it("survives a network failure while backups are read", async () => {
    const { lifecycle, inputs, cluster, writes } = rig();
    cluster.control.addBackup("orders");
    cluster.faults.add({ match: { path: TASKS }, times: 12, fault: { kind: "refuse" } });
    const { outs } = await lifecycle.create(inputs({ backup: RULE }));
    expect(outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
    expect(cluster.faults.pending).toBe(0);
  });

  it("begins once a running backup has ended, with onHeld wait", async () => {
    const { lifecycle, inputs, cluster, clock, writes } = rig();
    cluster.control.addBackup("orders", { endsAt: clock.now() + HOUR / 2 });
    const began = clock.now();
    const { outs } = await lifecycle.create(inputs({ backup: RULE, onHeld: "wait" }));
    expect(outs).toMatchObject({ status: "current" });
    expect(clock.since(began)).toBeGreaterThan(HOUR / 2);
    expect(writes()).toBe(1);
  });

  it("reads backups every five minutes, with onHeld wait", async () => {
    const { lifecycle, inputs, cluster, clock, writes } = rig();
    void clock.sleep(HOUR / 2).then(() => cluster.control.addBackup("orders"));
    const { outs } = await lifecycle.create(inputs({ backup: RULE, onHeld: "wait" }));
    expect(outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
    const reads = cluster.journal.find("GET", TASKS).map(({ at }) => at);
    const gaps = reads.slice(1).map((at, nth) => at - (reads[nth] ?? 0));
    const pauses = gaps.filter((gap) => gap > 60_000);
    expect(pauses.length).toBeGreaterThanOrEqual(5);
    for (const pause of pauses) expect(Math.abs(pause - 5 * 60_000)).toBeLessThan(30_000);
  });

  it("rejects a tenant that cannot have backups", async () => {
    const { lifecycle, inputs } = rig();
    const { failures = [] } = await lifecycle.check({}, inputs({ backup: { ...RULE, tenants: ["sys"] } }));
    expect(failures.map(({ reason }) => reason)).toEqual([expect.stringContaining("must be a user tenant")]);
  });
});

describe("the upgrade of the agents", () => {
  it("is held by the same rule", async () => {
    const { lifecycle, inputs, cluster } = rig();
    cluster.control.addAgentPackage("4.4.2.0", "102026041610.el7");
    const given = inputs({ version: "4.4.2.0", release: "102026041610.el7", backup: RULE });
    const URN = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:AgentVersion::orders";
    const { outs } = await lifecycle.create({ ...given, __urn: URN });
    expect(outs).toMatchObject({ status: "held", heldBy: { message: "there is no backup of tenant orders" } });
    expect(cluster.writes()).toEqual([]);
  });
});
