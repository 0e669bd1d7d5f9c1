import { describe, expect, it } from "vitest";
import { HOUR } from "./timings";
import { type CallOptions, FROM, ID, LATEST, MINUTE, P, Trial } from "./trial";

interface Row {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly port: unknown;
  readonly datastore: { readonly kernel_version: string };
  readonly [field: string]: unknown;
}

interface Listed {
  readonly instances: readonly Row[];
  readonly total_count: number;
}

const list = (trial: Trial, query: Record<string, string> = {}, path = `${P}/instances`) =>
  trial.data<Listed>("GET", path, { query: Object.entries(query) });

describe("the list of instances", () => {
  it("contains every instance with its kernel", async () => {
    const { instances, total_count } = await list(new Trial());
    expect(total_count).toBe(1);
    expect(instances[0]).toMatchObject({
      id: ID,
      name: "db1",
      status: "ACTIVE",
      port: 3306,
      type: "Cluster",
      datastore: { type: "gaussdb-mysql", version: "8.0", kernel_version: FROM },
      created: "2026-08-14T15:00:00+0000",
      region: "cn-north-4",
      backup_strategy: { start_time: "19:00-20:00", keep_days: 7 },
      enterprise_project_id: "0",
    });
  });

  it("is paged by records", async () => {
    const trial = new Trial({ instances: 205 });
    const names = async (query: Record<string, string>) => (await list(trial, query)).instances.map((one) => one.name);
    const first = await list(trial);
    expect([first.instances.length, first.total_count]).toEqual([100, 205]);
    expect(await names({ limit: "2", offset: "1" })).toEqual(["db2", "db3"]);
    expect(await names({ limit: "100", offset: "200" })).toEqual(["db201", "db202", "db203", "db204", "db205"]);
    expect(await names({ offset: "205" })).toEqual([]);
    for (const query of [{ limit: "0" }, { limit: "101" }, { offset: "-1" }, { limit: "x" }]) {
      expect((await trial.get(`${P}/instances`, query)).code).toBe("DBS.280001");
    }
  });

  it("can be filtered", async () => {
    const trial = new Trial({ instances: 12 });
    trial.cloud.control.addInstance({ name: "orders", nodes: 1, tags: [{ key: "env", value: "prod" }] });
    const count = async (query: Record<string, string>) => (await list(trial, query)).total_count;
    const filters: [Record<string, string>, number][] = [
      [{ name: "db1" }, 1],
      [{ name: "*db1" }, 4],
      [{ id: ID }, 1],
      [{ type: "Single" }, 1],
      [{ tags: "env=prod" }, 1],
      [{ tags: "env=prod,a=b" }, 0],
      [{ datastore_type: "gaussdb-mysql" }, 13],
      [{ datastore_type: "mysql" }, 0],
      [{ name: "" }, 13],
      [{ proxy_ip: "1.2.3.4" }, 0],
    ];
    for (const [query, expected] of filters) expect([query, await count(query)]).toEqual([query, expected]);
  });

  it("contains only instances of the user's enterprise projects", async () => {
    const trial = new Trial();
    const { id } = trial.cloud.control.addInstance({ enterpriseProjectId: "e1" });
    trial.cloud.control.iam.confine(["e1"]);
    expect((await list(trial)).instances.map((one) => one.id)).toEqual([id]);
    expect((await trial.get(`${P}/instances/${ID}`)).code).toBe("DBS.201003");
    trial.cloud.control.iam.confine(null);
    expect((await list(trial)).total_count).toBe(2);
  });

  it("may have the types of older documentation samples", async () => {
    const { instances } = await list(new Trial({ switches: { looseShapes: true } }));
    expect(instances[0]).toMatchObject({
      port: "3306",
      public_ips: "",
      enterprise_project_id: 0,
      backup_strategy: { keep_days: "7" },
      created: "2026-08-14T15:00:00_0000",
    });
  });
});

describe("an instance", () => {
  it("has its nodes and its maintenance window", async () => {
    const trial = new Trial();
    const { instance } = await trial.data<{ instance: Row }>("GET", `${P}/instances/${ID}`);
    expect(instance).toMatchObject({ id: ID, node_count: 2, maintenance_window: "18:00-22:00", az_mode: "single" });
    expect(instance["nodes"]).toMatchObject([
      { type: "master", status: "ACTIVE", name: "db1_node01" },
      { type: "slave", status: "ACTIVE", name: "db1_node02" },
    ]);
  });

  it("is read together with at most 19 others", async () => {
    const trial = new Trial({ instances: 21 });
    const ids = trial.cloud.instances.map((one) => one.id);
    const details = (some: readonly string[]) => trial.get(`${P}/instances/details`, { instance_ids: some.join(",") });
    expect((await details(ids.slice(0, 20))).json["instances"]).toHaveLength(20);
    expect([(await details(ids)).code, (await details([])).code]).toEqual(["DBS.280001", "DBS.280001"]);
    expect((await details([`${"0".repeat(32)}in07`])).code).toBe("DBS.201028");
  });

  it("has other status values in v3.1, where that exists", async () => {
    const trial = new Trial();
    const unified = `/v3.1/${P.slice(4)}/instances`;
    const statusValues = async () => [
      (await list(trial)).instances[0]?.status,
      (await list(trial, {}, unified)).instances[0]?.status,
      (await trial.data<{ instance: Row }>("GET", `${unified}/${ID}`)).instance.status,
    ];
    expect(await statusValues()).toEqual(["ACTIVE", "normal", "normal"]);
    await trial.upgrade();
    trial.clock.advance(MINUTE);
    expect(await statusValues()).toEqual(["MODIFYING", "normal", "normal"]);
    trial.cloud.control.setSwitches({ upgradingStatus: "UPGRADING" });
    expect(await statusValues()).toEqual(["UPGRADING", "normal", "normal"]);
    trial.cloud.control.setStatus("BUILD");
    expect(await statusValues()).toEqual(["BUILD", "creating", "creating"]);
    trial.cloud.control.setFeatures([]);
    const gone = await trial.get(unified);
    expect([gone.status, gone.code]).toEqual([404, "APIGW.0101"]);
  });

  it("can be set to another kernel", async () => {
    const trial = new Trial();
    trial.cloud.control.setKernel("2.0.63.250300");
    expect((await list(trial)).instances[0]?.datastore.kernel_version).toBe("2.0.63.250300");
    expect((await trial.version()).datastore.current_kernel_version).toBe("2.0.63.250300");
  });
});

describe("the engine's versions", () => {
  it("are those offered for new instances", async () => {
    const trial = new Trial();
    trial.cloud.control.offer("2.0.81.1");
    const reply = await trial.get(`${P}/datastores/gaussdb-mysql`);
    expect(reply.json["datastores"]).toMatchObject([
      { name: "8.0", version: "8.0.22", kernel_version: LATEST },
      { name: "8.0", version: "8.0.22", kernel_version: "2.0.81.1" },
    ]);
    expect((await trial.get(`${P}/datastores/mysql`)).code).toBe("DBS.280001");
  });
});

interface ListedBackups {
  readonly backups: readonly Record<string, unknown>[];
  readonly total_count: number;
}

const listBackups = (trial: Trial, query: Record<string, string> = {}, path = `${P}/backups`) =>
  trial.data<ListedBackups>("GET", path, { query: Object.entries(query) });
const statuses = ({ backups }: ListedBackups) => backups.map(({ status }) => status);

/** Three backups of the first instance, three, two and one hour ago, and one of the second. */
function trialWithBackups(): Trial {
  const trial = new Trial({ instances: 2 });
  const { control, instances } = trial.cloud;
  const now = trial.clock.now();
  const at = (hours: number) => ({ startedAt: now - hours * HOUR, endsAt: now - hours * HOUR + 60_000 });
  control.addBackup(ID, { ...at(3), type: "manual" });
  control.addBackup(ID, { ...at(2), status: "FAILED" });
  control.addBackup(ID, { ...at(1), status: "AVAILABLE" });
  control.addBackup(instances[1]?.id ?? "", at(1));
  return trial;
}

describe("GET backups", () => {
  it("returns a backup as the documentation sample has it", async () => {
    const { backups, total_count } = await listBackups(trialWithBackups(), { limit: "1" });
    expect(total_count).toBe(4);
    expect(backups).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{32}br07$/),
        name: expect.any(String),
        begin_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/),
        end_time: expect.stringMatching(/\+0000$/),
        take_up_time: 1,
        status: "COMPLETED",
        type: "manual",
        size: 2803,
        datastore: { type: "gaussdb-mysql", version: "8.0" },
        instance_id: ID,
        description: "",
      },
    ]);
  });

  it("returns BUILDING without an end time until a backup has ended", async () => {
    const trial = new Trial();
    trial.cloud.control.addBackup(ID, { startedAt: trial.clock.now(), endsAt: trial.clock.now() + HOUR });
    expect((await listBackups(trial)).backups[0]).toMatchObject({ status: "BUILDING", end_time: "" });
    trial.clock.advance(HOUR);
    expect(statuses(await listBackups(trial))).toEqual(["COMPLETED"]);
  });

  it("filters and pages by records", async () => {
    const trial = trialWithBackups();
    expect(statuses(await listBackups(trial, { instance_id: ID }))).toEqual(["COMPLETED", "FAILED", "AVAILABLE"]);
    expect((await listBackups(trial, { backup_type: "manual" })).total_count).toBe(1);
    expect(statuses(await listBackups(trial, { offset: "1", limit: "2" }))).toEqual(["FAILED", "AVAILABLE"]);
    for (const query of [{ limit: "0" }, { limit: "101" }, { offset: "-1" }, { begin_time: "yesterday" }]) {
      expect((await trial.get(`${P}/backups`, query)).code).toBe("DBS.280001");
    }
  });

  it("requires its own permission, and returns only backups that the user may read", async () => {
    const trial = trialWithBackups();
    trial.cloud.control.iam.deny(["gaussdb:backup:list"]);
    expect((await trial.get(`${P}/backups`)).code).toBe("DBS.200010");
    trial.cloud.control.iam.deny([]);
    trial.cloud.control.iam.confine(["another"]);
    expect((await listBackups(trial)).total_count).toBe(0);
  });
});

describe("GET instances/{id}/backups", () => {
  const path = `${P}/instances/${ID}/backups`;

  it("sorts as requested", async () => {
    const trial = trialWithBackups();
    const newest = { order_field: "beginTime", order_rule: "desc" };
    expect(statuses(await listBackups(trial, newest, path))).toEqual(["AVAILABLE", "FAILED", "COMPLETED"]);
    expect((await trial.get(path, { order_field: "endTime" })).code).toBe("DBS.280001");
    expect((await trial.get(path, { order_field: "name", order_rule: "down" })).code).toBe("DBS.280001");
  });

  it("exists for TaurusDB instances only", async () => {
    const trial = trialWithBackups();
    const starRocks = trial.cloud.starRocks[0]?.id ?? "";
    expect((await trial.get(`${P}/instances/${starRocks}/backups`)).status).toBe(404);
  });
});

const idOf = (trial: Trial): string => trial.cloud.starRocks[0]?.id ?? "";
const start = (trial: Trial, body: object = {}, id = idOf(trial), more: CallOptions = {}) =>
  trial.call("POST", `${P}/instances/${id}/starrocks/db-upgrade`, { body, ...more });

interface Detail {
  readonly status: string;
  readonly data_store_version: string;
  readonly new_version_available: boolean;
  readonly actions: readonly object[];
  readonly groups: readonly { readonly nodes: readonly { readonly actions: readonly object[] }[] }[];
}

async function detail(trial: Trial): Promise<Detail> {
  const path = `${P}/instances/${ID}/starrocks/${idOf(trial)}`;
  const { instances } = await trial.data<{ instances: readonly [Detail] }>("GET", path);
  return instances[0];
}

describe("a StarRocks upgrade", () => {
  it("is a job, appears in actions, and leads to the newest version", async () => {
    const trial = new Trial();
    expect(await detail(trial)).toMatchObject({
      status: "normal",
      data_store_version: "3.1.6.0",
      new_version_available: true,
      actions: [],
      data_store_type: "star-rocks",
      ops_window: { start_time: "18:00", end_time: "22:00" },
    });
    const { json } = await start(trial, { delay: false, is_skip_validate: false });
    const id = String(json["job_id"]);
    trial.clock.advance(MINUTE);
    expect(await trial.job(id)).toMatchObject({ status: "Running", instance: { id: idOf(trial) } });
    const running = await detail(trial);
    expect([running.status, running.actions.length]).toEqual(["normal", 1]);
    expect(running.groups.map((group) => group.nodes[0]?.actions.length)).toEqual([1, 1]);
    trial.settle();
    expect(await detail(trial)).toMatchObject({
      data_store_version: "3.1.15.80",
      new_version_available: false,
      actions: [],
    });
    expect((await start(trial)).code).toBe("DBS.05000008");
  });

  it("leaves the instance busy after the job has completed, as long as configured", async () => {
    const trial = new Trial({ timings: { settleMs: 3 * MINUTE } });
    const id = String((await start(trial)).json["job_id"]);
    trial.clock.advance(11 * MINUTE);
    expect(await trial.job(id)).toMatchObject({ status: "Completed" });
    const settling = await detail(trial);
    expect([settling.status, settling.data_store_version, settling.actions.length]).toEqual(["normal", "3.1.15.80", 1]);
    expect(settling.groups.map((group) => group.nodes[0]?.actions.length)).toEqual([1, 1]);
    expect((await start(trial)).code).toBe("DBS.05000084");
    trial.clock.advance(3 * MINUTE);
    expect(await detail(trial)).toMatchObject({ status: "normal", actions: [] });
    expect((await start(trial)).code).toBe("DBS.05000008");
  });

  it("that damages the instance completes and leaves it abnormal", async () => {
    const trial = new Trial();
    trial.cloud.control.damage({ instance: idOf(trial) });
    const id = String((await start(trial)).json["job_id"]);
    trial.clock.advance(11 * MINUTE);
    expect(await trial.job(id)).toMatchObject({ status: "Completed" });
    expect(await detail(trial)).toMatchObject({ status: "abnormal", data_store_version: "3.1.15.80", actions: [] });
    trial.cloud.control.setStatus("ACTIVE", { instance: idOf(trial) });
    expect(await detail(trial)).toMatchObject({ status: "normal" });
  });

  it.each([{}, { delay: "", is_skip_validate: "" }, { delay: "false", is_skip_validate: "true" }])(
    "accepts the body %j",
    async (body) => {
      expect((await start(new Trial(), body)).status).toBe(200);
    },
  );

  it.each([{ delay: "maybe" }, { delay: 1 }, { version: "3.1.15.80" }])("rejects the body %j", async (body) => {
    const reply = await start(new Trial(), body);
    expect([reply.status, reply.code]).toEqual([400, "DBS.280001"]);
  });

  it("is refused for an unknown id, and for the id of the TaurusDB instance depending on the switch", async () => {
    const trial = new Trial();
    const { status, json } = await start(trial, {}, ID);
    expect([status, json]).toEqual([400, { error_code: "DBS.200022", error_msg: "Instance not found." }]);
    expect((await start(trial, {}, `${"0".repeat(32)}in17`)).code).toBe("DBS.200022");
    expect((await start(trial, {}, "abc")).code).toBe("DBS.280404");
    trial.cloud.control.setSwitches({ starRocksPathId: "either" });
    expect((await start(trial, {}, ID)).status).toBe(200);
  });

  it("is refused while another one is in progress or the instance is busy", async () => {
    const trial = new Trial();
    trial.cloud.control.setStatus("MODIFYING", { instance: idOf(trial), ms: MINUTE });
    expect((await start(trial)).code).toBe("DBS.05000084");
    trial.clock.advance(MINUTE);
    expect((await start(trial)).status).toBe(200);
    const busy = await start(trial);
    expect([busy.status, busy.code]).toEqual([409, "DBS.05000084"]);
    expect((await trial.call("POST", `${P}/instances/${ID}/db-upgrade`, { body: { delay: false } })).status).toBe(200);
  });

  it("is validated unless this is skipped, before or after it is accepted", async () => {
    const trial = new Trial();
    trial.cloud.control.setSyncTasks(2, idOf(trial));
    expect((await start(trial)).code).toBe("DBS.280406");
    trial.cloud.control.setSwitches({ starRocksValidation: "failsJob" });
    const { json } = await start(trial);
    trial.settle();
    expect(await trial.job(String(json["job_id"]))).toMatchObject({
      status: "Failed",
      fail_reason: "Data synchronization tasks are running.",
    });
    await start(trial, { is_skip_validate: true });
    trial.settle();
    expect((await detail(trial)).new_version_available).toBe(false);
  });

  it("can be scheduled for the window, in the list or hidden", async () => {
    const trial = new Trial();
    const { json } = await start(trial, { delay: true });
    trial.clock.advance(5000);
    expect((await trial.job(String(json["job_id"]))).status).toBe("Pending");
    expect(await trial.schedules()).toMatchObject([{ job_id: json["job_id"], datastore_type: "star-rocks" }]);
    trial.cloud.control.setSwitches({ starRocksSchedules: "hidden" });
    expect(await trial.schedules()).toEqual([]);
    trial.settle();
    expect((await detail(trial)).data_store_version).toBe("3.1.15.80");
  });

  it("has the job name and instance of the switches, because neither is documented", async () => {
    const trial = new Trial({ switches: { starRocksJobName: "X", starRocksJobInstance: "taurusdb" } });
    await start(trial);
    trial.clock.advance(5000);
    expect(await trial.jobs()).toMatchObject([{ job_name: "X", instance_id: ID }]);
  });

  it("requires its headers only where they are enforced", async () => {
    const trial = new Trial({ switches: { starRocksHeaders: "enforced" } });
    expect((await start(trial)).code).toBe("DBS.280001");
    expect((await start(trial, {}, idOf(trial), { headers: { "x-language": "en-us" } })).status).toBe(200);
  });

  it("fails as other upgrades do", async () => {
    const trial = new Trial();
    trial.cloud.control.fail({ instance: idOf(trial), reason: "BE is down." });
    const { json } = await start(trial);
    trial.settle();
    expect((await trial.job(String(json["job_id"]))).fail_reason).toBe("BE is down.");
    expect((await detail(trial)).data_store_version).toBe("3.1.6.0");
  });
});

describe("StarRocks instances", () => {
  it("are listed under their TaurusDB instance, with their nodes", async () => {
    const trial = new Trial();
    const { id } = trial.cloud.control.addStarRocks({ frontends: 3, backends: 2 });
    const { json } = await trial.get(`${P}/instances/${ID}/htap`);
    expect(json).toMatchObject({ total: 2, instances: [{ engine_name: "star-rocks", node_num: 2 }, { node_num: 5 }] });
    const nodes = await trial.get(`${P}/instances/${id}/starrocks/nodes`);
    const roles = (nodes.json["node_list"] as { role: string }[]).map((node) => node.role);
    expect(roles).toEqual(["fe-leader", "fe-follower", "fe-follower", "be", "be"]);
    const other = trial.cloud.control.addInstance();
    expect((await trial.get(`${P}/instances/${other.id}/starrocks/${id}`)).code).toBe("DBS.05000044");
    trial.cloud.control.setSwitches({ missingStarRocks: "DBS.200045" });
    expect((await trial.get(`${P}/instances/${other.id}/starrocks/${id}`)).status).toBe(404);
    trial.cloud.control.setSwitches({ missingStarRocks: "DBS.05000044" });
    trial.cloud.control.removeInstance(ID);
    expect((await trial.get(`${P}/instances/${id}/starrocks/nodes`)).code).toBe("DBS.05000044");
  });

  it("report two or four parts of their version, and offered kernels have four", async () => {
    const trial = new Trial({ switches: { starRocksVersionParts: 2 } });
    expect((await detail(trial)).data_store_version).toBe("3.1");
    trial.cloud.control.offerStarRocks("3.2.0.1");
    expect((await trial.get(`${P}/htap/datastores/star-rocks`)).json["datastores"]).toMatchObject([
      { name: "3.1", kernel_version: "3.1.15.80" },
      { name: "3.2", kernel_version: "3.2.0.1" },
    ]);
    expect((await trial.get(`${P}/htap/datastores/click-house`)).json["datastores"]).toEqual([]);
    expect((await trial.get(`${P}/htap/datastores/duck`)).code).toBe("DBS.280001");
  });
});
