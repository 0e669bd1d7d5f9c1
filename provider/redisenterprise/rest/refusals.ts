/** What a person does about a refusal, by the vendor's `error_code`. */
const REMEDIES: Readonly<Record<string, string>> = {
  missing_module: "The modules of the cluster have changed since they were read: run `pulumi up` again.",
  module_downgrade_unsupported: "Nothing is ever downgraded: raise the pin to what runs.",
  redis_incompatible_version:
    "Upgrade the database's Redis first, with a redisenterprise.DatabaseVersion, or pin a version that fits it.",
  redis_pack_incompatible_version: "Upgrade the cluster's software first, or pin a version that fits it.",
  unsupported_module_capabilities:
    "The database uses something that this module version cannot do: pin another version, or change the database.",
  redis_upgrade_policy_mismatch:
    "The cluster's upgrade policy allows major versions only: pin one, or change redis_upgrade_policy.",
  db_not_exist: "The database is gone, or not visible to this user: check databaseId and databaseName.",
  wrong_cluster_state_id: "The cluster was changed at the same moment: run `pulumi up` again.",
};

export function remedyFor(code: string): string | undefined {
  return REMEDIES[code];
}
