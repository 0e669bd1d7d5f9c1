import "./node";

export type {
  ApprovedUpgrade,
  ApprovedUpgrades,
  BackupRule,
  Blackout,
  ChangeWindow,
  TenantBackupRule,
} from "./change-control";
export * as oceanbase from "./oceanbase";
export { Provider, type ProviderArgs } from "./provider";
export * as redisenterprise from "./redisenterprise";
export type { ChangeArgs, CommonArgs, Hold, Status, Upgrade } from "./resource";
export * as taurusdb from "./taurusdb";
