import { type ProjectCall, timeText } from "./call";
import type { InstanceState } from "./state";
import { statusAt, unified } from "./status";

/** TaurusDB instances as the API shows them (TaurusDB facts §2.7, samples of §5). */

export const ENGINE = "gaussdb-mysql";

const VPC = "3cedfc54-b105-4652-a4e0-847b11576b58";
const SUBNET = "c1cfa53c-65d3-431e-8552-326bf310c7ad";
const SECURITY_GROUP = "fc577a1a-f202-424a-977f-24faec3fdd55";
const FLAVOR = { flavor_ref: "gaussdb.mysql.xlarge.x86.8", flavor_info: { vcpus: 4, ram: 32 } } as const;

export interface InstanceRow {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly vpc_id: string;
  readonly subnet_id: string;
  readonly private_ips: readonly string[];
  readonly [field: string]: unknown;
}

/** An item of the list. */
export function rowOf(call: ProjectCall, instance: InstanceState, words: "v3" | "unified"): InstanceRow {
  const { looseShapes: loose, rowsTellKernel } = call.world.state.switches;
  return {
    id: instance.id,
    name: instance.name,
    status: statusText(call, instance, words),
    port: loose ? "3306" : 3306,
    type: instance.nodes > 1 ? "Cluster" : "Single",
    datastore: {
      type: ENGINE,
      version: instance.mysqlVersion.split(".").slice(0, 2).join("."),
      ...(rowsTellKernel ? { kernel_version: instance.kernel } : {}),
    },
    created: stamp(instance.createdAt, loose),
    updated: stamp(instance.updatedAt, loose),
    private_ips: [ipOf(instance.id)],
    proxy_ips: [],
    public_ips: loose ? "" : [],
    db_user_name: "root",
    region: call.region.name,
    volume: { type: "POOL", size: 100 },
    vpc_id: VPC,
    subnet_id: SUBNET,
    security_group_id: SECURITY_GROUP,
    ...FLAVOR,
    backup_strategy: { start_time: "19:00-20:00", keep_days: loose ? "7" : 7 },
    charge_info: { charge_mode: "postPaid", order_id: "" },
    enterprise_project_id: loose && instance.enterpriseProjectId === "0" ? 0 : instance.enterpriseProjectId,
    time_zone: "UTC",
    dedicated_resource_id: "",
    tags: instance.tags,
    ...(words === "unified" ? { tde_info: {} } : {}),
  };
}

export function detailOf(call: ProjectCall, instance: InstanceState, words: "v3" | "unified"): object {
  const { private_ips, region: _region, proxy_ips: _proxies, ...row } = rowOf(call, instance, words);
  return {
    ...row,
    alias: "",
    project_id: instance.projectId,
    node_count: instance.nodes,
    nodes: Array.from({ length: instance.nodes }, (_, index) => nodeOf(call, instance, index, words)),
    private_write_ips: private_ips,
    az_mode: "single",
    master_az_code: `${call.region.name}a`,
    maintenance_window: instance.window,
    backup_used_space: 0.24,
    configuration_id: `${instance.id.slice(0, 32)}pr07`,
    proxies: [],
  };
}

function nodeOf(call: ProjectCall, instance: InstanceState, index: number, words: "v3" | "unified"): object {
  const { looseShapes: loose } = call.world.state.switches;
  return {
    id: `${instance.id.slice(0, 30)}${String(index).padStart(2, "0")}no07`,
    name: `${instance.name}_node${String(index + 1).padStart(2, "0")}`,
    type: index === 0 ? "master" : "slave",
    status: statusText(call, instance, words),
    port: loose ? "3306" : 3306,
    private_read_ips: [ipOf(instance.id)],
    volume: { type: "POOL", used: 0.07 },
    az_code: `${call.region.name}a`,
    region_code: call.region.name,
    flavor_ref: FLAVOR.flavor_ref,
    max_connections: loose ? "10000" : 10000,
    ...FLAVOR.flavor_info,
    need_restart: false,
    priority: 1,
    created: stamp(instance.createdAt, loose),
    updated: stamp(instance.updatedAt, loose),
  };
}

function statusText({ world, now }: ProjectCall, instance: InstanceState, words: "v3" | "unified"): string {
  const status = statusAt(world, instance, now);
  return words === "unified" ? unified(status) : status;
}

/** Some samples write the offset as `_0800`. */
function stamp(at: number, loose: boolean): string {
  return loose ? timeText(at).replace("+", "_") : timeText(at);
}

function ipOf(id: string): string {
  return `192.168.${Number.parseInt(id.slice(0, 2), 16) || 0}.${Number.parseInt(id.slice(2, 4), 16) || 1}`;
}
