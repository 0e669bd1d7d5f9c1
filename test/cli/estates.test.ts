import { describe, expect, it, onTestFinished } from "vitest";
import type { FoundDatabase } from "../../provider/core/estate";
import { findingsIn } from "../../provider/core/estate";
import type { Section } from "../../sdk/cli/diagnosis";
import { resource, stackExport } from "../report/export";
import { type FaultRule, startOceanBase } from "../simulators";
import * as discovering from "./discovering";
import * as network from "./doctoring";
import { onNetwork } from "./rig";
import { failMaintenance } from "./worlds";

/** What holds for the estates of all systems. */

const OCEANBASE = "oceanbase";
const REDIS = "redis-enterprise";

type Systems = "oceanbase" | "redis-enterprise" | "taurusdb";

describe("doctor shows each finding with its remedy, like discover", () => {
  const worlds: readonly (readonly [
    string,
    () => Promise<{ args: readonly string[]; env: Record<string, string> }>,
  ])[] = [
    [
      "OceanBase without newer packages",
      async () => {
        const running = await startOceanBase();
        onTestFinished(() => running.close());
        return { args: [OCEANBASE, "--endpoint", running.connection.endpoints.join(",")], env: running.environment };
      },
    ],
    [
      "OceanBase with a failed task, of which one agent is stopped and another observer is down",
      async () => {
        const { running, args } = await network.oceanbase();
        failMaintenance(running.system);
        running.system.control.loseDatabase("dead", { agents: [2] });
        running.system.control.stopZone("zone2");
        return { args, env: running.environment };
      },
    ],
    [
      "Redis Enterprise with databases that an upgrade would empty",
      async () => {
        const { running, args } = await network.redis();
        for (const name of ["scratch", "temporary"]) {
          running.system.control.addDatabase({
            name,
            redisVersion: "7.2",
            replication: false,
            persistence: "disabled",
          });
        }
        return { args, env: running.environment };
      },
    ],
  ];

  it.each(worlds)("%s", async (_, make) => {
    const { args, env } = await make();
    const run = onNetwork({ env });
    const { databases } = JSON.parse((await run("discover", ...args, "--json")).out) as { databases: FoundDatabase[] };
    const { sections } = JSON.parse((await run("doctor", ...args, "--json")).out) as { sections: Section[] };
    const lines = sections.flatMap((section) => section.lines);
    const statements = databases.flatMap((database) =>
      [...findingsIn(database), ...(database.advice ?? [])].map((finding) => ({ database, finding })),
    );
    expect(statements.length).toBeGreaterThan(1);
    for (const { database, finding } of statements) {
      const { message, remedy } = finding;
      const line = lines.find((one) => one.message === message && one.remedy === remedy);
      expect(line?.name, `${message} → ${remedy}`).toContain(database.name);
    }
  });
});

describe("discover shows the state of each database with a problem", () => {
  it.each([
    [OCEANBASE, "agent not running", () => discovering.oceanbase(({ control }) => control.stopAgent(1))],
    [
      OCEANBASE,
      "observer unavailable",
      () => discovering.oceanbase(({ control }) => control.loseDatabase("gone", { agents: [1] })),
    ],
    [OCEANBASE, "blocked", () => discovering.oceanbase(failMaintenance)],
    [
      REDIS,
      "data would be lost",
      () =>
        discovering.redisEnterprise(({ control }) =>
          control.addDatabase({ name: "cache2", redisVersion: "7.2", replication: false, persistence: "disabled" }),
        ),
    ],
  ] as const)("%s: %s", async (_, state, make) => {
    const { discover } = make();
    const { out } = await discover();
    const [headings = "", ...rows] = out.split("\n\n")[0]?.split("\n") ?? [];
    const [from, to] = [headings.indexOf("STATE"), headings.indexOf("NEEDS")];
    const { databases } = JSON.parse((await discover("--json")).out) as { databases: FoundDatabase[] };
    const troubled = databases.map((database) => findingsIn(database).length > 0);
    expect(troubled).toContain(true);
    for (const [index, row] of rows.entries()) {
      const shown = row.slice(from, to).trim();
      if (troubled[index] === true) expect(shown).toBe(state);
    }
  });
});

/** The error of a server that cannot complete a request, in the vendor's form. */
const FAILURES: Readonly<Record<Systems, readonly (readonly [status: number, body: object])[]>> = {
  oceanbase: [
    [400, { successful: false, status: 400, error: { code: 0, errCode: "MySQL.Error", message: "timeout" } }],
    [400, { successful: false, status: 400, error: { code: 0, errCode: "OB.Strange", message: "strange" } }],
  ],
  "redis-enterprise": [
    [500, { error_code: "internal_error", description: "internal error" }],
    [403, { error_code: "insufficient_permissions", description: "not permitted" }],
  ],
  taurusdb: [
    [500, { error_code: "DBS.108000", error_msg: "internal error" }],
    [403, { error_code: "DBS.200010", error_msg: "not permitted" }],
  ],
};

/** `discover` of a system in which everything is read that may be, with a fault. */
function worldOf(system: Systems, ...faults: readonly FaultRule[]) {
  switch (system) {
    case "oceanbase":
      return discovering.oceanbase((cluster) => void cluster.faults.add(...faults));
    case "taurusdb":
      return discovering.cloud(2, (cloud) => void cloud.faults.add(...faults));
    case "redis-enterprise":
      return discovering.redisEnterprise((cluster) => {
        cluster.control.addDatabase({
          name: "global",
          redisVersion: "7.4",
          crdtGuid: "552bbccb-99f3-4142-bd17-93d245f0bc79",
          otherClusters: ["other.local"],
        });
        cluster.faults.add(...faults);
      });
  }
}

/** Reads without which an inventory is possible. */
const OPTIONAL: Readonly<Record<Systems, readonly string[]>> = {
  oceanbase: ["/api/v1/agents/status", "/api/v1/obcluster/info", "/api/v1/upgrade/package/info"],
  "redis-enterprise": ["/v1/cluster/policy", "/v1/crdb_tasks"],
  taurusdb: [],
};

describe("discover reports what it cannot read", () => {
  const cases = (Object.keys(FAILURES) as Systems[]).flatMap((system) =>
    FAILURES[system].map(([status, body]) => ({ system, status, body })),
  );

  it.each(cases)("$system, $status: $body", async ({ system, status, body }) => {
    const well = worldOf(system);
    expect((await well.discover()).code).toBe(0);
    const paths = new Set(well.requests.map((request) => request.replace(/^\w+ /, "").replace(/\?.*$/, "")));
    for (const path of OPTIONAL[system]) expect(paths).toContain(path);
    const silent: string[] = [];
    for (const path of paths) {
      const headers = { "content-type": "application/json" };
      const fault = { kind: "replace", status, headers, body: JSON.stringify(body) } as const;
      const world = worldOf(system, { match: { path }, times: Number.POSITIVE_INFINITY, fault });
      const { code, err } = await world.discover();
      if (code === 0 || err === "") silent.push(path);
    }
    expect(silent).toEqual([]);
  });
});

describe("doctor reports only verified conditions as verified", () => {
  const starts = { oceanbase: network.oceanbase, "redis-enterprise": network.redis, taurusdb: network.taurusdb };
  /** The reads that only valid credentials allow. */
  const PROTECTED = /^\/api\/v1\/(?!secret$|info$)|^\/v1\/|^\/v3\//;

  it.each(Object.keys(starts) as Systems[])(
    "of %s, which is unavailable to every read with credentials",
    async (system) => {
      const { running, args } = await starts[system]();
      const [[status, body] = [500, {}]] = FAILURES[system];
      const headers = { "content-type": "application/json" };
      const fault = { kind: "replace", status, headers, body: JSON.stringify(body) } as const;
      running.system.faults.add({ match: { path: PROTECTED }, times: Number.POSITIVE_INFINITY, fault });
      const { code, out } = await onNetwork({ env: running.environment })("doctor", ...args, "--json");
      const { sections, summary } = JSON.parse(out) as { sections: Section[]; summary: string };
      const lines = sections.at(-1)?.lines ?? [];
      const verified = lines.filter(({ state }) => state === "ok").map(({ name }) => name);
      expect(verified).toEqual(system === "oceanbase" ? ["protocol and server version"] : []);
      expect(lines.length).toBeGreaterThan(1);
      expect([code, summary]).toEqual([2, expect.stringMatching(/^\d checks not run, no problems in the others/)]);
    },
  );

  it("for a resource whose upgrade depends on a condition that could not be read", async () => {
    const { running } = await network.oceanbase();
    const [[status, body] = [500, {}]] = FAILURES.oceanbase;
    const fault = { kind: "replace", status, body: JSON.stringify(body) } as const;
    const match = { path: "/api/v1/obcluster/info" };
    running.system.faults.add({ match, times: Number.POSITIVE_INFINITY, fault });
    const { endpoints, password } = running.connection;
    const args = { endpoints, password, version: "4.3.5.2" };
    const file = await network.fileWith(
      stackExport([resource({ type: "oceanbase:ClusterVersion", name: "orders", args })]),
    );
    const { code, out } = await onNetwork()("doctor", "--file", file);
    expect(network.flat(out)).toContain(
      "– orders (oceanbase.ClusterVersion): The status of the zones could not be read and was not checked: ",
    );
    expect(code).toBe(2);
  });
});
