/** Remedies by obshell's error code, found in a refusal of the request or in the log of a failed task. */
const REMEDIES: Readonly<Record<string, string>> = {
  "Environment.WithoutPython": "Install a command named `python` on every host, or link that name to python3.",
  "Environment.WithoutModule":
    "Install the Python module for the command `python` on every host: `python -m pip install mysql-connector-python`.",
  "Environment.DiskSpaceNotEnough":
    "Free space where the packages are unpacked, in `upgradeDir` or `upgrade` in the agents' home, or set `upgradeDir` to a directory on another disk.",
  "OB.Package.NotExist": "Add their files to `packages`, or upload them with POST /api/v1/upgrade/package.",
  "OB.Package.Corrupted": "Upload the package again.",
  "OB.Upgrade.Path.NotExist": "Upgrade to an intermediate version first, then to this one.",
  "OB.Upgrade.ToDeprecatedVersion": "Choose a later version.",
  "OB.Upgrade.UnableToRollingUpgrade": "Set `mode` to `stopService`. The service is down during such an upgrade.",
  "OB.Upgrade.TenantsSchemaNotRefreshed": "Wait until the tenants have refreshed their schema; then run {apply} again.",
  "OB.Upgrade.TabletInMerging": "Wait until the tablets are merged; then run {apply} again.",
  "OB.Upgrade.TenantInMajorCompaction": "Wait until the major compaction has finished; then run {apply} again.",
  "OB.Upgrade.MinObserverVersionNotSync":
    "Wait until all observers agree on min_observer_version; then run {apply} again.",
  "OB.Upgrade.TenantCompatibleNotSync": "Bring all tenants to one `compatible` version; then run {apply} again.",
  "OB.Upgrade.HasRunningBackupTask": "Wait until the backup has finished, or stop it; then run {apply} again.",
  "OB.Server.Unavailable": "Start the observer and wait until it is available; then run {apply} again.",
  "Agent.Unavailable": "Start the agent with `obshell agent start` on its host; then run {apply} again.",
};

/** The same for conditions without a code of their own. */
const BY_TEXT: readonly (readonly [RegExp, string])[] = [
  [
    /MD5 checksum validation failed/i,
    "If hosts share the file system of `upgradeDir`, each agent overwrites what the others download: leave `upgradeDir` out, or use a directory that is local to every host. Otherwise upload the package again.",
  ],
];

/** @param text obshell's message, for conditions without a code of their own */
export function remedyOf(code: string | undefined, text = ""): string | undefined {
  const known = code === undefined ? undefined : REMEDIES[code];
  return known ?? BY_TEXT.find(([pattern]) => pattern.test(text))?.[1];
}
