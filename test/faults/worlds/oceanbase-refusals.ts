import type { WireResponse } from "../../../provider/http/transport";
import { jsonResponse, pick } from "./response";

interface Refusal {
  readonly status: number;
  readonly errCode: string;
  readonly code?: number;
  readonly message: string;
}

/** Errors as agents with an errCode return them. */
const REFUSALS: readonly [Refusal, ...Refusal[]] = [
  { status: 500, errCode: "Common.Unexpected", message: "Unexpected error: Internal Server Error" },
  { status: 500, errCode: "Agent.OceanBase.NotHold", message: "Agent is not holding OceanBase" },
  { status: 500, errCode: "OB.Server.Process.NotExist", message: "Observer process does not exist" },
  { status: 500, errCode: "Gorm.NoRowAffected", message: "failed to execute sql: no row affected" },
  { status: 500, errCode: "OB.Never.HeardOf", message: "something went wrong" },
  {
    status: 401,
    errCode: "Security.Authentication.Expired",
    code: 10008,
    message: "Unauthorized: Authentication expired",
  },
  {
    status: 401,
    errCode: "Security.Authentication.Header.DecryptFailed",
    code: 1,
    message: "Decrypt http header failed: crypto/rsa: decryption error",
  },
  {
    status: 401,
    errCode: "Security.Authentication.IncorrectOceanbasePassword",
    code: 10008,
    message: "Unauthorized: OceanBase password is incorrect",
  },
  { status: 404, errCode: "Task.NotFound", code: 2300, message: "Task not found: record not found" },
  { status: 404, errCode: "Common.NotFound", message: "Element not found: 404 not found" },
  {
    status: 400,
    errCode: "OB.Cluster.UnderMaintenanceWithDag",
    message: "Create task failed: The cluster is already under maintenance, please wait for 'Scale out'",
  },
  { status: 400, errCode: "OB.Upgrade.ToLowerVersion", message: "Target version is not greater than current version" },
  { status: 400, errCode: "Common.BindJsonFailed", message: "Bind JSON failed: unexpected end of JSON input" },
];

export function refusal(status: number, number: number): WireResponse {
  const [first, ...rest] = REFUSALS.filter((one) => one.status === status);
  const { status: actualStatus, ...error } =
    first === undefined ? pick(REFUSALS, number) : pick([first, ...rest], number);
  return jsonResponse(actualStatus, {
    successful: false,
    timestamp: "2026-01-01T00:00:00Z",
    duration: 0,
    status: actualStatus,
    traceId: "",
    error,
  });
}
