import type { UserState } from "./state";

/** The built-in roles (Redis Enterprise facts §1.4). */
export type Role = "admin" | "cluster_member" | "cluster_viewer" | "db_member" | "db_viewer" | "user_manager";

export const ROLES: readonly Role[] = [
  "admin",
  "cluster_member",
  "cluster_viewer",
  "db_member",
  "db_viewer",
  "user_manager",
];

const MEMBERS: readonly Role[] = ["admin", "cluster_member", "db_member"];

/** Permission → roles that hold it. */
export const PERMISSIONS = {
  edit_bdb_module: MEMBERS,
  update_bdb_with_action: MEMBERS,
  upgrade_crdb: MEMBERS,
  view_all_users_info: ["admin", "user_manager"],
  view_all_bdbs_info: ROLES,
  view_bdb_info: ROLES,
  view_cluster_modules: ROLES,
  view_status_of_cluster_action: ROLES,
  view_all_nodes_info: ROLES,
  view_node_info: ROLES,
  view_cluster_info: ROLES,
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof PERMISSIONS;

export function holds({ role }: UserState, permission: Permission): boolean {
  const holders: readonly Role[] = PERMISSIONS[permission];
  return holders.includes(role);
}

/** Databases outside a user's scope are not found, from 8.2 on. */
export function sees({ databases }: UserState, uid: number): boolean {
  return databases === null || databases.includes(uid);
}
