import { describe, expect, it } from "vitest";
import { type CallOptions, ID, MINUTE, P, Trial } from "./trial";

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
