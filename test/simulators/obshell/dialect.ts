import { atLeast } from "./version";

/**
 * The wording of a server's errors. "errCode" servers name a string code (most from 4.3.1.0 on); the older ones an
 * integer, with three generations of texts: 4.2.3, 4.2.5 and 4.3.0 (obshell live facts §2.4).
 */
export type Dialect = "4.2.3" | "4.2.5" | "4.3.0" | "errCode";

export function dialectOf(agentVersion: string): Dialect {
  if (atLeast(agentVersion, "4.3.1.0")) return "errCode";
  if (atLeast(agentVersion, "4.3.0.0")) return "4.3.0";
  return atLeast(agentVersion, "4.2.4.0") ? "4.2.5" : "4.2.3";
}

/**
 * The only version that uses the first authentication version: header X-OCS-Auth, plain bodies (OBShell facts
 * §1.1, §1.6). Its source was never published, so all else is taken to be as in 4.2.3.0.
 */
export function usesV1(agentVersion: string): boolean {
  return atLeast(agentVersion, "4.2.2.0") && !atLeast(agentVersion, "4.2.2.1");
}

/** First agent version that has a feature (OBShell facts §1.2, §3, §4.2; live facts §1.9). */
const SINCE = {
  supportedAuth: "4.2.4.0",
  tenants: "4.2.4.0",
  lockKinds: "4.2.4.0",
  obVersionInInfo: "4.2.4.0",
  fullInfo: "4.2.6.0",
  singleBarriers: "4.2.6.0",
  missingLockKinds: "4.2.6.0",
  packageList: "4.3.0.0",
  plainUpload: "4.3.0.0",
  clusterInfo: "4.3.0.0",
  allDags: "4.3.0.0",
  webUi: "4.3.0.0",
  subTaskLogs: "4.3.0.0",
  healthPrechecks: "4.3.0.0",
  bodyLogged: "4.3.0.0",
  connectionStrings: "4.3.0.0",
  maintenanceFields: "4.3.1.0",
  backupTasks: "4.3.2.0",
  packageDelete: "4.4.0.0",
  envCheck: "4.4.0.0",
  sessions: "4.4.0.0",
  tenantPrechecks: "4.4.0.0",
  freezeServer: "4.4.0.0",
  barrierStartOnce: "4.4.1.0",
  clusterInfoRelayed: "4.4.1.0",
  sharedStorage: "4.4.2.0",
  obVersionWithoutBuild: "4.4.2.0",
  key1024: "4.4.2.0",
} as const;

export type Feature = keyof typeof SINCE;

export function has(feature: Feature, agentVersion: string): boolean {
  return atLeast(agentVersion, SINCE[feature]);
}
