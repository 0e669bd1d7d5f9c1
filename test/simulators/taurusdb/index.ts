export type { AccountState, IamAction, Principal, ProjectState, UserState } from "./account";
export { type CloudSetup, TaurusCloud } from "./cloud";
export { CloudControl, type UpgradeChoice } from "./control";
export type { ErrorCode } from "./errors";
export { type DisturbChoice, GatewayControl } from "./gatewaycontrol";
export { IdentityControl } from "./identity";
export type { InstanceSpec, StarRocksSpec } from "./making";
export { type CloudOptions, DEFAULTS } from "./options";
export type { RouteName } from "./routes";
export type {
  AcceptedUpgrade,
  CloudState,
  Conditions,
  InstanceState,
  RegionFeature,
  RegionState,
  StarRocksState,
} from "./state";
export { SWITCHES, type Switches } from "./switches";
export type { JobState, JobStatus, ScheduleState } from "./task";
export { INSTANT, type Timings, TYPICAL } from "./timings";
