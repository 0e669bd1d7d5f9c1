export type { SupportedVersion } from "./builds";
export type { ModuleSpec } from "./catalogue";
export { type ClusterSetup, RedisEnterpriseCluster } from "./cluster";
export { ClusterControl, type StateChoice, type UserSpec } from "./control";
export type { DatabaseSpec, LoadedSpec } from "./database";
export { type ErrorCode, STATUS } from "./errors";
export type { LoadedModule, MachineScript, MachineState, MachineStatus, UpgradePlan } from "./machine";
export { type ClusterOptions, DEFAULT_PASSWORD, DEFAULT_USER } from "./options";
export type { Permission, Role } from "./roles";
export { type ServeClusterOptions, type ServedCluster, serveRedisEnterprise } from "./serve";
export type {
  AcceptedUpgrade,
  ClusterState,
  CrdbState,
  CrdbTaskState,
  DatabaseState,
  DatabaseStatus,
  ModuleState,
  NodeState,
  Policy,
  Settings,
  ShardState,
  TaskState,
  UserState,
} from "./state";
export { type Codes, SWITCHES, type SwitchChange, type Switches } from "./switches";
export { INSTANT, PLAUSIBLE, type Timings } from "./timings";
