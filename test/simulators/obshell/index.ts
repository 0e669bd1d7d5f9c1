export { type ClusterSetup, ObshellCluster } from "./cluster";
export { ClusterControl, type PackageSpec, type StageChoice } from "./control";
export type { Dialect } from "./dialect";
export { type ClusterOptions, DEFAULT_ROOT_PASSWORD } from "./options";
export type { UpgradeNode } from "./route";
export { STAGE } from "./stages";
export type {
  AgentState,
  ClusterState,
  Conditions,
  DagKind,
  DagState,
  NodeState,
  Operator,
  PackageState,
  SubTaskState,
  Switches,
  TaskState,
} from "./state";
export { INSTANT, RECORDED, type Timings } from "./timings";
