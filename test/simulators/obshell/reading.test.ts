import { describe, expect, it } from "vitest";
import { localTaskId } from "./taskid";
import { AGENT_TARGET, type ObInfo, ROLLING, Trial } from "./trial";

const HEAD = "4.5.0.0-102026050817";
const NOT_EXIST = "OB.Server.Process.NotExist";
const USELESS = "Agent.OceanBase.Useless";

describe("GET info", () => {
  const base = ["pid", "state", "startAt", "homePath"];
  const where = ["ip", "port", "zone", "identity", "version"];
  const rows: [string, string[]][] = [
    ["4.2.3.0-112024041900", [...base, ...where]],
    ["4.2.5.0-112024112600", [...base, "obVersion", ...where, "supportedAuth"]],
    [HEAD, [...base, "obVersion", "architecture", ...where, "isObproxyAgent", "security", "supportedAuth"]],
  ];

  it.each(rows)("has the fields of agent version %s", async (agentVersion, fields) => {
    const { json } = await new Trial({ agentVersion }).plain("GET", "/api/v1/info");
    expect(Object.keys(json.data as object)).toEqual(fields);
  });

  it("returns the database's version while it is running, otherwise the version of the binary", async () => {
    const trial = new Trial({ agentVersion: HEAD });
    const version = async () =>
      ((await trial.plain("GET", "/api/v1/info")).json.data as { obVersion: string }).obVersion;
    expect(await version()).toBe("4.2.1.1");
    trial.cluster.control.loseDatabase("gone");
    expect(await version()).toBe("4.2.1.1-101000062023110109");
    expect(((await new Trial().plain("GET", "/api/v1/info")).json.data as { obVersion: string }).obVersion).toBe(
      "4.2.1.1-101000062023110109",
    );
  });

  it("has no zone after an agent upgrade, until the next ordinary restart", async () => {
    const trial = new Trial();
    trial.cluster.control.addAgentPackage(AGENT_TARGET.version, AGENT_TARGET.release);
    await trial.data("POST", "/api/v1/agent/upgrade", AGENT_TARGET);
    trial.settle();
    const zone = async () => ((await trial.plain("GET", "/api/v1/info")).json.data as { zone: string }).zone;
    expect(await zone()).toBe("");
    expect((await trial.data<ObInfo>("GET", "/api/v1/ob/info")).agent_info[0]?.zone).toBe("zone1");
    trial.cluster.control.restartAgent(0);
    trial.clock.advance(6000);
    expect(await zone()).toBe("zone1");
  });
});

describe("GET ob/info", () => {
  it("lists every server and agent", async () => {
    const info = await new Trial({ zones: 1 }).data("GET", "/api/v1/ob/info");
    expect(info).toEqual({
      agent_info: [
        { ip: "10.77.0.2", port: 2886, zone: "zone1", identity: "CLUSTER AGENT", version: "4.3.3.0-102025103117" },
      ],
      obcluster_info: {
        id: 1,
        name: "obcluster",
        version: "4.2.1.1",
        topology: {
          zone1: [
            {
              svr_ip: "10.77.0.2",
              svr_port: 2882,
              sql_port: 2881,
              agent_port: 2886,
              with_rootserver: "YES",
              status: "ACTIVE",
              build_version: "4.2.1.1_101000062023110109",
            },
          ],
        },
      },
    });
  });

  it("panics on a database without ob_startup_mode, from 4.4.2.0 on", async () => {
    const conditions = { startupModeMissing: true };
    expect((await new Trial({ conditions }).call("GET", "/api/v1/ob/info")).status).toBe(200);
    const trial = new Trial({ agentVersion: HEAD, conditions });
    expect((await trial.call("GET", "/api/v1/ob/info")).json).toMatchObject({ status: 500, traceId: "" });
    expect((await trial.call("POST", "/api/v1/ob/upgrade", ROLLING)).status).toBe(500);
    expect((await trial.plain("GET", "/api/v1/status")).status).toBe(200);
  });

  it("can omit the topology, and format the version as MySQL does", async () => {
    const trial = new Trial({ switches: { obVersionText: "mysql" } });
    const info = () => trial.data<ObInfo>("GET", "/api/v1/ob/info");
    expect((await info()).obcluster_info.version).toBe("5.7.25-OceanBase_CE-v4.2.1.1");
    trial.cluster.control.setConditions({ topologyHidden: true });
    expect((await info()).obcluster_info.topology).toBeNull();
  });
});

describe("the tenants of a cluster", () => {
  const connection = (ip: string, name: string) => {
    const text = `obclient -h${ip} -P2881 -uroot@${name} -p`;
    return [{ type: "DIRECT", obproxy_address: "", obproxy_port: 0, connection_string: text }];
  };

  it("are listed with connection strings for the requested agent", async () => {
    const trial = new Trial({ agentVersion: HEAD });
    expect(await trial.data("GET", "/api/v1/tenants/overview", undefined, 1)).toMatchObject({
      contents: [
        { tenant_name: "sys", connection_strings: connection("10.77.0.3", "sys") },
        { tenant_name: "orders", connection_strings: connection("10.77.0.3", "orders") },
      ],
    });
    expect(await trial.data("GET", "/api/v1/obcluster/info")).toMatchObject({
      startup_mode: "NORMAL",
      tenants: [
        { tenant_id: 1, tenant_name: "sys" },
        { tenant_id: 1002, tenant_name: "orders", connection_strings: connection("10.77.0.2", "orders") },
      ],
    });
  });

  it("are listed without connection strings before 4.3.0.0", async () => {
    const trial = new Trial({ agentVersion: "4.2.5.0-112024112600" });
    const { contents } = await trial.data<{ contents: object[] }>("GET", "/api/v1/tenants/overview");
    expect(contents[0]).not.toHaveProperty("connection_strings");
  });

  it("are listed for a cluster with shared storage as well", async () => {
    const trial = new Trial({ agentVersion: HEAD, conditions: { sharedStorage: true } });
    expect(await trial.data("GET", "/api/v1/obcluster/info")).toMatchObject({ startup_mode: "SHARED_STORAGE" });
  });
});

describe("an agent whose database is down", () => {
  const sub = (code: string) =>
    code === NOT_EXIST ? "Observer process does not exist" : "The current database is useless";
  const contents = { contents: null };

  it.each([
    ["gone", NOT_EXIST, 0],
    ["dead", USELESS, 1],
  ] as const)("returns its error for every request that needs the database: %s", async (how, errCode, obState) => {
    const trial = new Trial({ agentVersion: HEAD });
    trial.cluster.control.addObPackages(ROLLING.version, ROLLING.release);
    await trial.data("POST", "/api/v1/ob/upgrade", ROLLING);
    trial.cluster.control.loseDatabase(how);
    const resultOf = async (method: string, path: string, body?: object) => {
      const { status, json, error } = await trial.call(method, `/api/v1${path}`, body);
      return { status, data: json.data, errCode: error?.errCode, message: error?.message };
    };
    const plain = { status: 500, errCode, message: sub(errCode) };
    expect((await trial.plain("GET", "/api/v1/status")).json.data).toMatchObject({ state: 2, obState });
    expect(await resultOf("GET", "/ob/info")).toMatchObject({
      status: 200,
      data: { obcluster_info: { id: 0, name: "", version: "", topology: null } },
    });
    expect(await resultOf("GET", "/task/dag/11")).toEqual({
      ...plain,
      data: undefined,
      message: `Task not found: ${sub(errCode)}`,
    });
    expect(await resultOf("GET", "/task/dag/ob/unfinish")).toEqual({ ...plain, data: contents });
    expect(await resultOf("GET", "/upgrade/package/info")).toEqual({ ...plain, data: contents });
    expect(await resultOf("POST", "/upgrade/params/backup")).toEqual({ ...plain, data: contents });
    expect(await resultOf("GET", "/task/dag/maintain/ob")).toEqual({ ...plain, data: undefined });
    expect(await resultOf("GET", "/task/dag/unfinish")).toMatchObject({ status: 200, data: contents });
    expect(await resultOf("POST", "/agent/upgrade", AGENT_TARGET)).toEqual({
      ...plain,
      data: null,
      message: `failed to query all agents from ob: ${sub(errCode)}`,
    });
    expect(await resultOf("POST", "/ob/upgrade", ROLLING)).toEqual({ ...plain, data: null });
    trial.clock.advance(600_000);
    expect(trial.cluster.dags[0]?.state).toBe("READY");
    trial.cluster.control.restoreDatabase();
    trial.settle();
    expect(trial.cluster.dags[0]?.state).toBe("SUCCEED");
  });
});

describe("GET obcluster/info of an agent whose database is down", () => {
  const clusterInfo = async (agentVersion: string, agents?: readonly number[]) => {
    const trial = new Trial({ agentVersion });
    trial.cluster.control.loseDatabase("gone", agents ? { agents } : {});
    const { status, json, error } = await trial.call("GET", "/api/v1/obcluster/info");
    return { status, data: json.data, errCode: error?.errCode };
  };

  it("is forwarded to another agent whose database is running", async () => {
    expect(await clusterInfo(HEAD, [0])).toMatchObject({ status: 200, data: { cluster_id: 1, ob_version: "4.2.1.1" } });
  });

  it("returns only the hosts if no database is running", async () => {
    const { status, data } = await clusterInfo(HEAD);
    expect([status, data]).toMatchObject([200, { cluster_id: 0, ob_version: "", tenants: null }]);
    expect(JSON.stringify(data)).toContain('"architecture":"x86_64"');
  });

  it("is refused by servers before 4.4.1.0", async () => {
    expect(await clusterInfo("4.4.0.0-102026010101", [0])).toEqual({
      status: 500,
      data: undefined,
      errCode: NOT_EXIST,
    });
  });
});

describe("an agent without a cluster", () => {
  const rows: [string, string, number, unknown, object | undefined][] = [
    [
      "GET",
      "/task/dag/ob/unfinish",
      500,
      undefined,
      { message: "Unexpected error: ocsagent cannot build response body" },
    ],
    ["GET", "/task/dags/ob", 500, undefined, { message: "Unexpected error: ocsagent cannot build response body" }],
    ["GET", "/task/dag/maintain/agent", 404, undefined, { message: "Task not found: Agent is not under maintenance" }],
    ["GET", "/task/dag/maintain/ob", 500, undefined, { message: "Agent is not holding OceanBase" }],
    ["GET", "/task/dag/maintain/agents", 500, undefined, { errCode: "Common.Unexpected" }],
    ["GET", "/task/dag/11", 500, undefined, { message: "Task not found: Agent is not holding OceanBase" }],
    ["GET", "/task/node/11", 500, undefined, { errCode: "Agent.OceanBase.NotHold" }],
    ["GET", "/task/sub_task/11", 500, undefined, { errCode: "Agent.OceanBase.NotHold" }],
    ["GET", "/task/sub_task/11/logs", 500, undefined, { message: "Agent is not holding OceanBase" }],
    [
      "GET",
      "/task/dag/abc",
      400,
      undefined,
      { errCode: "Task.GenericID.Invalid", message: "Invalid ID: abc: invalid generic id" },
    ],
    ["GET", "/task/dag/1", 400, undefined, { message: "Invalid ID: 1" }],
    ["GET", "/task/dag/unfinish", 200, { contents: [] }, undefined],
    ["GET", "/task/dag/agent/unfinish", 200, { contents: [] }, undefined],
    ["GET", "/task/dags/agent", 200, { contents: [] }, undefined],
    ["GET", "/upgrade/package/info", 400, undefined, { errCode: "Agent.Identify.NotSupportOperation" }],
    ["GET", "/obcluster/info", 400, undefined, { errCode: "Agent.Identify.NotSupportOperation" }],
    ["POST", "/upgrade/params/backup", 500, { contents: null }, { errCode: "Agent.OceanBase.NotHold" }],
    ["GET", "/nothing", 404, undefined, { errCode: "Common.NotFound", message: "Element not found: 404 not found" }],
    ["POST", "/ob/info", 404, undefined, { errCode: "Common.NotFound" }],
  ];

  it.each(rows)("returns the documented result or error for %s %s", async (method, path, status, data, error) => {
    const trial = new Trial({ agentVersion: HEAD, identity: "SINGLE" });
    const reply = await trial.call(method, `/api/v1${path}`);
    expect([reply.status, reply.json.data]).toEqual([status, data]);
    if (error !== undefined) expect(reply.error).toMatchObject(error);
  });

  it("reports only itself", async () => {
    const info = await new Trial({ agentVersion: HEAD, identity: "SINGLE" }).data("GET", "/api/v1/ob/info");
    expect(info).toEqual({
      agent_info: [{ ip: "10.77.0.2", port: 2886, zone: "", identity: "SINGLE", version: HEAD }],
      obcluster_info: { id: 0, name: "", version: "", topology: null, is_shared_storage: false },
    });
    const env = new Trial({ agentVersion: HEAD, identity: "SINGLE", conditions: { pythonModuleMissing: true } });
    expect((await env.call("POST", "/api/v1/upgrade/env/check")).error?.errCode).toBe("Environment.WithoutModule");
  });
});

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

  it("is forwarded by an agent that has no database", async () => {
    const trial = new Trial();
    trial.cluster.control.loseDatabase("gone", { agents: [0] });
    expect((await trial.call("GET", "/api/v1/tenants/overview")).status).toBe(200);
    trial.cluster.control.loseDatabase("gone");
    expect((await trial.call("GET", "/api/v1/tenants/overview")).error?.errCode).toBe("OB.Server.Process.NotExist");
  });

  it("does not exist before 4.2.4.0", async () => {
    const trial = new Trial({ agentVersion: "4.2.3.0-112024041900" });
    const { error } = await trial.call("GET", "/api/v1/tenants/overview");
    expect(error?.message).toContain("404 not found");
  });
});

describe("GET tenant/{name}/backup/tasks", () => {
  it("lists backup jobs in progress and completed ones, newest first", async () => {
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

  it("pages, filters by status, and sorts as requested", async () => {
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
  ])("is refused for tenant %s with server options %o", async (tenant, options, status, code) => {
    const { error, ...reply } = await new Trial(options).call("GET", tasksOf(tenant));
    expect([reply.status, error?.errCode]).toEqual([status, code]);
  });

  it("requires the password", async () => {
    const reply = await new Trial().call("GET", tasksOf("orders"), undefined, 0, { auth: "wrong" });
    expect(reply.status).toBe(401);
  });
});

describe("POST ob/upgrade", () => {
  it("is refused while a backup is in progress, from 4.4.0.0 on", async () => {
    const trial = new Trial({ agentVersion: "4.4.2.0-102026041610" });
    trial.cluster.control.addObPackages("4.3.5.2", "102000042025031214.el7");
    trial.cluster.control.addBackup("orders", { endsAt: trial.clock.now() + HOUR });
    const target = { version: "4.3.5.2", release: "102000042025031214.el7", mode: "ROLLING", upgradeDir: "" };
    const { error } = await trial.call("POST", "/api/v1/ob/upgrade", target);
    expect(error?.message).toBe("There are 1 running backup tasks, upgrade is not allowed temporarily");
  });
});

describe("other requests", () => {
  it("return the web interface for every other path, on servers that have one", async () => {
    expect((await new Trial().plain("GET", "/")).headers["content-type"]).toBe("text/html; charset=utf-8");
    expect((await new Trial({ agentVersion: "4.2.5.0-1" }).plain("GET", "/")).status).toBe(400);
  });

  it("are redirected if the path ends with a slash", async () => {
    const reply = await new Trial().plain("GET", "/api/v1/ob/info/?x=1");
    expect([reply.status, reply.headers["location"]]).toEqual([301, "/api/v1/ob/info?x=1"]);
  });

  it("for a local task id of another host are forwarded to its address", async () => {
    const trial = new Trial();
    expect(localTaskId("127.0.0.1", 2886, 9)).toBe("22130706433028869");
    const foreign = await trial.call("GET", `/api/v1/task/dag/${localTaskId("10.9.9.9", 2886, 1)}`);
    expect(foreign.error?.message).toContain('Get "http://10.9.9.9:2886/api/v1/task/dag/');
    const other = await trial.call("GET", `/api/v1/task/dag/${localTaskId("10.77.0.2", 2886, 3)}`);
    expect([other.status, other.error?.message]).toEqual([404, "Task not found: record not found"]);
  });

  it("cause a panic for a node without details and for an invalid show_details", async () => {
    const trial = new Trial();
    await trial.data("POST", "/api/v1/agent/upgrade", { version: "9.0.0.0", release: "1.el7" });
    for (const path of ["node/11?show_details=false", "dag/11?show_details=maybe", "dags/ob?show_details=maybe"]) {
      const reply = await trial.call("GET", `/api/v1/task/${path}`);
      expect(reply.json).toMatchObject({ status: 500, traceId: "" });
      expect(reply.headers["content-type"]).toBe("application/json");
    }
    expect(await trial.data("GET", "/api/v1/task/node/11")).toMatchObject({
      id: "11",
      name: "Create upgrade dir",
      additional_data: {},
    });
    trial.settle();
    const { contents } = await trial.data<{ contents: { log_content: string }[] }>(
      "GET",
      "/api/v1/task/sub_task/14/logs",
    );
    expect(contents.at(-1)?.log_content).toMatch(/^ERROR: /);
  });

  it("do not parse show_details if the task is not found", async () => {
    const trial = new Trial({ agentVersion: HEAD });
    for (const path of ["dag/11", "node/11"]) {
      const { error } = await trial.call("GET", `/api/v1/task/${path}?show_details=x`);
      expect(error).toEqual({ errCode: "Task.NotFound", message: "Task not found: record not found" });
    }
    expect(await trial.data("GET", "/api/v1/task/dags/ob?show_details=x")).toEqual({ contents: [] });
    expect(await trial.data("GET", "/api/v1/task/sub_task/11/logs")).toEqual({ contents: [] });
    await trial.data("POST", "/api/v1/agent/upgrade", { version: "9.0.0.0", release: "1.el7" });
    const brief = await trial.data("GET", "/api/v1/task/dag/11?show_details=");
    expect(brief).toMatchObject({ nodes: null, additional_data: null });
    trial.cluster.control.loseDatabase("gone", { agents: [0] });
    for (const path of ["dag/12", "dag/11?show_details=x"]) {
      const { error } = await trial.call("GET", `/api/v1/task/${path}`);
      expect(error?.message).toBe("Task not found: Observer process does not exist");
    }
    const lines = await trial.call("GET", "/api/v1/task/sub_task/11/logs");
    expect(lines.error?.message).toBe("Observer process does not exist");
    expect((await trial.call("GET", "/api/v1/task/dags/ob")).json).not.toHaveProperty("data");
  });

  it.each([
    ["101", 404, "Task not found: dag id not match"],
    ["11x", 400, 'Invalid ID: 11x: strconv.ParseInt: parsing "1x": invalid syntax'],
    [
      "111111111111111111111",
      400,
      'Invalid ID: 111111111111111111111: strconv.ParseInt: parsing "11111111111111111111": value out of range',
    ],
    ["99", 400, "Invalid ID: 99: invalid generic id"],
    ["2", 400, "Invalid ID: 2"],
    ["2213070643512888", 400, "Invalid ID: 2213070643512888"],
    ["29999999999128881", 400, "Invalid ID: 29999999999128881: convert id to ip failed"],
    ["2213070643x128881", 400, "Invalid ID: 2213070643x128881: convert id to bigInt failed"],
    ["22130706435x28881", 400, "Invalid ID: 22130706435x28881: parse port failed"],
    [`${localTaskId("10.77.0.2", 2886, 0)}1`, 404, "Task not found: dag id not match"],
  ])("reject the task id %s", async (id, status, message) => {
    const trial = new Trial({ agentVersion: HEAD });
    await trial.data("POST", "/api/v1/agent/upgrade", { version: "9.0.0.0", release: "1.el7" });
    const reply = await trial.call("GET", `/api/v1/task/dag/${id}`);
    expect([reply.status, reply.error?.message]).toEqual([status, message]);
  });

  it("list the newest copy of each package, and delete by id", async () => {
    const trial = new Trial({ agentVersion: HEAD });
    const list = () => trial.data<{ contents: { pkg_id: number }[] }>("GET", "/api/v1/upgrade/package/info");
    expect(await list()).toEqual({ contents: [] });
    for (let copy = 0; copy < 2; copy += 1) trial.cluster.control.addAgentPackage("4.6.0.0", "1.el7");
    expect((await list()).contents).toMatchObject([
      {
        pkg_id: 2,
        name: "obshell",
        release_distribution: "1.el7",
        distribution: "el7",
        release: "1",
        upgrade_dep_yaml: "",
      },
    ]);
    for (const id of [2, 99]) expect((await trial.call("DELETE", `/api/v1/upgrade/package/${id}`)).status).toBe(200);
    expect((await list()).contents).toMatchObject([{ pkg_id: 1 }]);
  });

  it("back up parameters and ignore a restore", async () => {
    const trial = new Trial();
    const { contents } = await trial.data<{ contents: unknown[] }>("POST", "/api/v1/upgrade/params/backup");
    expect(contents).toHaveLength(9);
    expect(contents[3]).toEqual({
      SvrIp: "10.77.0.3",
      SvrPort: 2882,
      Zone: "zone2",
      Scope: "CLUSTER",
      Name: "server_permanent_offline_time",
      Value: "3600s",
      TenantId: 0,
      EditLevel: "",
      DefaultValue: "",
      Section: "",
      Info: "",
      DataType: "",
    });
    expect((await trial.call("POST", "/api/v1/upgrade/params/restore", { params: [] })).json).not.toHaveProperty(
      "data",
    );
  });

  it("omit agents that do not respond from agents/status", async () => {
    const trial = new Trial();
    trial.cluster.control.stopAgent(1);
    expect(Object.keys(await trial.data<object>("GET", "/api/v1/agents/status"))).toEqual([
      "10.77.0.2:2886",
      "10.77.0.4:2886",
    ]);
  });
});
