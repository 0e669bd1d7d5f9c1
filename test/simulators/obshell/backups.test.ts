import { describe, expect, it } from "vitest";
import { Trial } from "./trial";

const HOUR = 3_600_000;
const tasksOf = (tenant: string, query = "") => `/api/v1/tenant/${tenant}/backup/tasks${query}`;

interface Tasks {
  readonly contents: readonly Record<string, unknown>[];
  readonly page: unknown;
}

describe("GET tenants/overview", () => {
  it("lists sys and the user tenants, without meta tenants", async () => {
    const trial = new Trial({ tenants: ["orders", "billing"] });
    const { contents } = await trial.data<Tasks>("GET", "/api/v1/tenants/overview");
    expect(contents.map(({ tenant_id, tenant_name }) => [tenant_id, tenant_name])).toEqual([
      [1, "sys"],
      [1002, "orders"],
      [1004, "billing"],
    ]);
  });

  it("is passed on by an agent that has no database", async () => {
    const trial = new Trial();
    trial.cluster.control.loseDatabase("gone", { agents: [0] });
    expect((await trial.call("GET", "/api/v1/tenants/overview")).status).toBe(200);
    trial.cluster.control.loseDatabase("gone");
    expect((await trial.call("GET", "/api/v1/tenants/overview")).error?.errCode).toBe("OB.Server.Process.NotExist");
  });

  it("is not served before 4.2.4.0", async () => {
    const trial = new Trial({ agentVersion: "4.2.3.0-112024041900" });
    const { error } = await trial.call("GET", "/api/v1/tenants/overview");
    expect(error?.message).toContain("404 not found");
  });
});

describe("GET tenant/{name}/backup/tasks", () => {
  it("shows jobs that run and have ended, the newest first", async () => {
    const trial = new Trial();
    const now = trial.clock.now();
    trial.cluster.control.addBackup("orders", { startedAt: now - 3 * HOUR, endsAt: now - 2 * HOUR });
    trial.cluster.control.addBackup("orders", { startedAt: now - HOUR, endsAt: now + HOUR, type: "INC" });
    const { contents, page } = await trial.data<Tasks>("GET", tasksOf("orders"));
    expect(contents.map(({ status, backup_type, end_timestamp }) => [status, backup_type, end_timestamp])).toEqual([
      ["DOING", "INC", undefined],
      ["COMPLETED", "FULL", new Date(now - 2 * HOUR).toISOString().replace(/\.000Z$/, "Z")],
    ]);
    expect(page).toEqual({ total_elements: 2, total_pages: 1, size: 2_147_483_647, number: 1 });
    trial.clock.advance(HOUR);
    const [first] = (await trial.data<Tasks>("GET", tasksOf("orders"))).contents;
    expect(first?.["status"]).toBe("COMPLETED");
  });

  it("has pages, filters by status, and sorts as it is asked to", async () => {
    const trial = new Trial();
    const now = trial.clock.now();
    for (const [status, hours] of [
      ["COMPLETED", 3],
      ["FAILED", 2],
      ["COMPLETED", 1],
    ] as const) {
      trial.cluster.control.addBackup("orders", {
        startedAt: now - hours * HOUR,
        endsAt: now - hours * HOUR + 1,
        status,
      });
    }
    const ids = async (query: string) =>
      (await trial.data<Tasks>("GET", tasksOf("orders", query))).contents.map(({ job_id }) => job_id);
    expect(await ids("?page=2&size=2")).toEqual([1]);
    expect(await ids("?status=completed")).toEqual([3, 1]);
    expect(await ids("?sort=end_timestamp,asc")).toEqual([1, 2, 3]);
    expect(await ids("?sort=name")).toEqual([3, 2, 1]);
    expect((await trial.call("GET", tasksOf("orders", "?page=x"))).status).toBe(500);
  });

  it.each([
    ["sys", {}, 400, "OB.Tenant.SysOperationNotAllowed"],
    ["typo", {}, 400, "OB.Tenant.NotExist"],
    ["orders", { agentVersion: "4.3.1.0-102025082215" }, 404, "Common.NotFound"],
    ["orders", { identity: "SINGLE" as const }, 400, "Agent.Identify.NotSupportOperation"],
  ])("of %s, of a server with %o, is refused", async (tenant, options, status, code) => {
    const { error, ...reply } = await new Trial(options).call("GET", tasksOf(tenant));
    expect([reply.status, error?.errCode]).toEqual([status, code]);
  });

  it("needs the password", async () => {
    const reply = await new Trial().call("GET", tasksOf("orders"), undefined, 0, { auth: "wrong" });
    expect(reply.status).toBe(401);
  });
});

describe("POST ob/upgrade", () => {
  it("is refused while a backup runs, from 4.4.0.0 on", async () => {
    const trial = new Trial({ agentVersion: "4.4.2.0-102026041610" });
    trial.cluster.control.addObPackages("4.3.5.2", "102000042025031214.el7");
    trial.cluster.control.addBackup("orders", { endsAt: trial.clock.now() + HOUR });
    const target = { version: "4.3.5.2", release: "102000042025031214.el7", mode: "ROLLING", upgradeDir: "" };
    const { error } = await trial.call("POST", "/api/v1/ob/upgrade", target);
    expect(error?.message).toBe("There are 1 running backup tasks, upgrade is not allowed temporarily");
  });
});
