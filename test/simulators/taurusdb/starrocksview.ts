import type { ProjectCall } from "./call";
import { compareKernel, latestStarRocks } from "./kernel";
import type { StarRocksState } from "./state";
import { SETTLING, statusAt, unified } from "./status";

/** StarRocks instances as the API shows them (TaurusDB facts §2.6). */

export const STAR_ROCKS = "star-rocks";

const DATASTORE = "0a6fe5d3-2c0c-4f7f-8ee0-1d0cbf5fb2f1";

interface Node {
  readonly id: string;
  readonly name: string;
  readonly group: "fe" | "be";
  readonly role: "fe-leader" | "fe-follower" | "be";
}

export function nodesOf({ id, name, fe, be }: StarRocksState): readonly Node[] {
  const make = (group: Node["group"], index: number): Node => ({
    id: `${id.slice(0, 29)}${group === "fe" ? "f" : "b"}${String(index).padStart(2, "0")}no17`,
    name: `${name}_${group}_${index}`,
    group,
    role: group === "be" ? "be" : index === 0 ? "fe-leader" : "fe-follower",
  });
  const frontends = Array.from({ length: fe }, (_, index) => make("fe", index));
  return [...frontends, ...Array.from({ length: be }, (_, index) => make("be", index))];
}

export function detailOf(call: ProjectCall, one: StarRocksState): object {
  const parent = call.world.instances.get(one.parent);
  const [start, end] = one.window.split("-");
  return {
    id: one.id,
    name: one.name,
    project_id: one.projectId,
    status: statusText(call, one),
    data_store_version_id: DATASTORE,
    data_store_version: shownVersion(call, one),
    data_store_type: STAR_ROCKS,
    new_version_available: compareKernel(one.kernel, latestStarRocks(call.region, one)) < 0,
    actions: actionsOf(call, one, one.id),
    groups: (["fe", "be"] as const).map((group) => groupOf(call, one, group)),
    ops_window: { period: "", start_time: start, end_time: end },
    port_info: { mysql_port: 3306 },
    db_port: "3306",
    data_vip: "192.168.0.31",
    public_ip: "",
    is_frozen: 0,
    frozen_time: 0,
    create_at: one.createdAt,
    update_at: one.updatedAt,
    delete_at: 0,
    pay_model: "0",
    az_mode: "single",
    time_zone: "UTC+08:00",
    enterprise_project_id: parent?.enterpriseProjectId ?? "0",
    dedicated_resource_id: "",
    create_fail_error_code: "",
    tags_info: { tags: [], sys_tags: [] },
  };
}

function groupOf(call: ProjectCall, one: StarRocksState, group: Node["group"]): object {
  return {
    id: `${one.id.slice(0, 31)}${group === "fe" ? "1" : "2"}gr17`,
    name: group,
    group_type_name: group,
    group_node_type: group,
    nodes: nodesOf(one)
      .filter((node) => node.group === group)
      .map((node) => ({
        id: node.id,
        name: node.name,
        type: group,
        status: statusText(call, one),
        datastore: { id: DATASTORE, type: STAR_ROCKS, version: shownVersion(call, one) },
        actions: actionsOf(call, one, node.id),
        az_code: `${call.region.name}a`,
        region_code: call.region.name,
        db_port: 3306,
        need_restart: false,
        create_at: one.createdAt,
        update_at: one.updatedAt,
      })),
  };
}

/** A row of the HTAP list. */
export function htapRow(call: ProjectCall, one: StarRocksState, enterpriseProjectId: string): object {
  return {
    id: one.id,
    name: one.name,
    engine_name: STAR_ROCKS,
    engine_version: shownVersion(call, one),
    project_id: one.projectId,
    instance_state: {
      instance_status: statusText(call, one),
      create_fail_error_code: "",
      fail_message: "",
      wait_restart_for_params: false,
    },
    create_at: one.createdAt,
    is_frozen: false,
    ha_mode: one.fe > 1 ? "Cluster" : "Single",
    pay_model: "0",
    data_vip: "192.168.0.31",
    port: 3306,
    current_actions: actionsOf(call, one, one.id),
    enterprise_project_id: enterpriseProjectId,
    node_num: one.fe + one.be,
  };
}

/** Not empty while an upgrade runs, and until its instance has settled. */
function actionsOf({ world, now }: ProjectCall, one: StarRocksState, objectId: string): readonly object[] {
  const settling = statusAt(world, one, now) === SETTLING && one.job === null;
  const job = settling
    ? world.state.jobs.findLast(({ instanceId, status }) => instanceId === one.id && status === "Completed")
    : world.jobs.get(one.job ?? "");
  if (job === undefined || (!settling && job.status !== "Running")) return [];
  const at = job.startedAt ?? job.createdAt;
  const action = { id: job.id, action: "UPGRADE_DB_VERSION", object_id: objectId, type: "instance", job_id: job.id };
  return [{ ...action, status: "RUNNING", created_at: at, updated_at: at }];
}

/** creating | normal | abnormal: an upgrade leaves it normal. */
function statusText({ world, now }: ProjectCall, one: StarRocksState): string {
  return unified(statusAt(world, one, now));
}

function shownVersion({ world }: ProjectCall, { kernel }: StarRocksState): string {
  return kernel.split(".").slice(0, world.state.switches.starRocksVersionParts).join(".");
}
