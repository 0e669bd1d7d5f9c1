/** The permission that a call needs, and the built-in roles that hold it. The last row answers for every other read. */
const PERMISSIONS: readonly (readonly [path: RegExp, permission: string])[] = [
  [/^\/v1\/bdbs\/\d+\/modules\/upgrade/, "edit_bdb_module"],
  [/^\/v1\/bdbs\/\d+\/upgrade/, "update_bdb_with_action"],
  [/^\/v1\/crdbs\/[^/]+\/upgrade/, "upgrade_crdb"],
  [/^\/v1\/bdbs\/\d+/, "view_bdb_info"],
  [/^\/v1\/bdbs/, "view_all_bdbs_info"],
  [/^\/v1\/modules/, "view_cluster_modules"],
  [/^\/v1\/actions/, "view_status_of_cluster_action"],
  [/^\/v1\/nodes/, "view_all_nodes_info"],
  [/^\/v1\/cluster/, "view_cluster_info"],
];

/** The roles that may upgrade a database; every built-in role may read. */
const UPGRADERS = "admin, cluster_member and db_member";

/** `edit_bdb_module, which the roles admin, cluster_member and db_member hold` */
export function permissionFor(target: string): string {
  const permission = PERMISSIONS.find(([path]) => path.test(target))?.[1];
  if (permission === undefined) return "a permission for this call";
  const roles = permission.startsWith("view_") ? "every built-in role holds" : `the roles ${UPGRADERS} hold`;
  return `${permission}, which ${roles}`;
}
