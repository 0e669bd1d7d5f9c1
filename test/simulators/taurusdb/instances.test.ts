import { describe, expect, it } from "vitest";
import { HOUR } from "./timings";
import { FROM, ID, LATEST, MINUTE, P, Trial } from "./trial";

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
