import { describe, expect, it } from "vitest";
import type { WireResponse } from "../../provider/http/transport";
import { readAnswer, readWriteAnswer } from "../../provider/oceanbase/agent/answers";

const TIME = "2026-11-22T15:39:16.148077476Z";

function response(status: number, body: unknown, type = "application/json"): WireResponse {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { status, headers: { "content-type": type }, body: new Uint8Array(Buffer.from(text)) };
}

/** An error in obshell's envelope. */
function failure(status: number, error: { code?: number; errCode?: string; message: string }): WireResponse {
  return response(status, { successful: false, timestamp: TIME, duration: 0, status, traceId: "", error });
}

const errCode = (status: number, code: string, message: string) => failure(status, { errCode: code, message });
const number = (status: number, code: number, message: string) => failure(status, { code, message });

describe("a success", () => {
  it("is its data and the agent's time, for reads and writes alike", () => {
    const answer = response(200, { successful: true, timestamp: TIME, duration: 1, status: 200, data: { id: "11" } });
    const expected = { kind: "data", data: { id: "11" }, timestamp: TIME };
    expect(readAnswer(answer)).toEqual(expected);
    expect(readWriteAnswer(answer)).toEqual(expected);
  });

  it.each([null, { contents: null }, "2026-11-22T15:39:16Z"])("may have %j for data", (data) => {
    expect(readAnswer(response(200, { successful: true, status: 200, data }))).toEqual({ kind: "data", data });
  });

  it("may be without data", () => {
    expect(readAnswer(response(200, { successful: true, status: 200 }))).toMatchObject({ kind: "data" });
  });
});

const PANIC = "Unexpected error: Internal Server Error";
const DECRYPT = "Decrypt http header failed: crypto/rsa: decryption error";

describe("an error of a read", () => {
  it.each<[WireResponse, Record<string, unknown>]>([
    // the credentials
    [
      failure(401, {
        code: 10008,
        errCode: "Security.Authentication.IncorrectOceanbasePassword",
        message: "Unauthorized: OceanBase password is incorrect",
      }),
      { kind: "unauthorized", certain: true },
    ],
    [
      errCode(401, "Security.Authentication.WithAgentPassword", "Unauthorized: Should use agent password"),
      { kind: "unauthorized", certain: true },
    ],
    [
      failure(401, { code: 1, errCode: "Security.Authentication.Header.DecryptFailed", message: DECRYPT }),
      { kind: "unauthorized", certain: false },
    ],
    [errCode(401, "Security.Authentication.Header.DecryptFailed", DECRYPT), { kind: "unauthorized", certain: false }],
    [
      failure(401, {
        code: 10008,
        errCode: "Security.Authentication.Expired",
        message: "Unauthorized: Authentication expired",
      }),
      { kind: "unauthorized", certain: false },
    ],
    [number(401, 10008, "Verification failed"), { kind: "unauthorized", certain: false }],
    [number(401, 10008, "Verification failed: access denied"), { kind: "unauthorized", certain: false }],
    [errCode(400, "Request.Header.NotFound", "X-OCS-Header not found"), { kind: "unauthorized", certain: false }],
    // OceanBase or a fellow agent is down
    [errCode(500, "Agent.OceanBase.NotHold", "Agent is not holding OceanBase"), { kind: "away" }],
    [errCode(500, "Agent.OceanBase.NotHold", "Task not found: Agent is not holding OceanBase"), { kind: "away" }],
    [errCode(500, "Agent.OceanBase.Useless", "x"), { kind: "away" }],
    [errCode(500, "Agent.OceanBase.DB.NotOcs", "x"), { kind: "away" }],
    [errCode(500, "OB.Server.Process.NotExist", "x"), { kind: "away" }],
    [errCode(500, "OB.Server.Process.CheckFailed", "x"), { kind: "away" }],
    [errCode(500, "OB.Server.Unavailable", "x"), { kind: "away" }],
    [errCode(500, "Agent.Unavailable", "Agent 10.0.0.1:2886 is not available"), { kind: "away" }],
    [errCode(500, "Agent.Maintainer.NotActive", "x"), { kind: "away" }],
    [errCode(500, "Agent.RPC.RequestError", "x"), { kind: "away" }],
    [errCode(500, "Agent.RPC.RequestFailed", "x"), { kind: "away" }],
    [errCode(500, "Gorm.NoRowAffected", "x"), { kind: "away" }],
    [errCode(400, "MySQL.Error", "Error 4012"), { kind: "away" }],
    [errCode(500, "Common.Unexpected", PANIC), { kind: "away" }],
    [number(500, 1002, PANIC), { kind: "away" }],
    [number(500, 1010, "Known error: x"), { kind: "away" }],
    [number(500, 10009, "x"), { kind: "away" }],
    // tasks and routes that are not there
    [errCode(404, "Task.NotFound", "Task not found: record not found"), { kind: "missing" }],
    [number(404, 2300, "Task not found: record not found"), { kind: "missing" }],
    [errCode(404, "Task.NotFound", "Task not found: invalid connection"), { kind: "away" }],
    [number(404, 2300, "Task not found: Cluster is not under maintenance"), { kind: "away" }],
    [errCode(404, "Common.NotFound", "Element not found: 404 not found"), { kind: "unserved" }],
    [number(400, 1000, "Bad request: 404 not found"), { kind: "unserved" }],
    // the code decides, whatever the status
    [errCode(401, "Agent.OceanBase.NotHold", "Unauthorized: Agent is not holding OceanBase"), { kind: "away" }],
    [errCode(401, "Task.NotFound", "Task not found: record not found"), { kind: "missing" }],
    [errCode(401, "Security.User.PermissionDenied", "x"), { kind: "refused" }],
    [errCode(500, "Security.Authentication.Expired", "x"), { kind: "unauthorized", certain: false }],
    [errCode(401, "Common.Unauthorized", "x"), { kind: "unauthorized", certain: false }],
    [number(500, 10008, "Verification failed"), { kind: "unauthorized", certain: false }],
    [number(401, 1010, "Known error: x"), { kind: "away" }],
    [number(401, 10000, "permission denied"), { kind: "refused", text: "permission denied (10000)" }],
    // a code that is not known leaves it to the status, and both are told
    [errCode(401, "New.Code", "x"), { kind: "unauthorized", certain: false, text: "x (New.Code, HTTP 401)" }],
    [errCode(503, "New.Code", "x"), { kind: "away", text: "x (New.Code, HTTP 503)" }],
    [errCode(404, "New.Code", "x"), { kind: "refused", text: "x (New.Code, HTTP 404)" }],
    // everything else
    [errCode(400, "Task.GenericID.Invalid", "Invalid ID: 1"), { kind: "refused", refusal: "final" }],
  ])("%#: is understood", (answer, expected) => {
    expect(readAnswer(answer)).toMatchObject(expected);
  });

  it("tells the agent's message and code", () => {
    expect(readAnswer(errCode(500, "Agent.OceanBase.NotHold", "Agent is not holding OceanBase"))).toMatchObject({
      text: "Agent is not holding OceanBase (Agent.OceanBase.NotHold)",
    });
    expect(readAnswer(number(500, 1002, PANIC))).toMatchObject({ text: `${PANIC} (1002)` });
    expect(readAnswer(failure(500, { message: "just this" }))).toMatchObject({
      kind: "away",
      text: "just this (HTTP 500)",
    });
    expect(readAnswer(response(500, { successful: false, status: 500 }))).toMatchObject({ text: "HTTP 500" });
  });

  it("does not pass terminal escapes on", () => {
    expect(readAnswer(errCode(400, "X", "\u001b[31mred\u0007"))).toMatchObject({ text: "[31mred (X, HTTP 400)" });
  });
});

const LOCKED =
  "Create task 'OB rolling upgrade 4.3.5.2-1.el7' failed: OceanBase cluster is under maintenance by DAG: Scale out, please try again later";

describe("an error of the upgrade call", () => {
  it.each<[WireResponse, Record<string, unknown>]>([
    [errCode(500, "OB.Cluster.UnderMaintenanceWithDag", LOCKED), { kind: "refused", refusal: "busy" }],
    [errCode(500, "OB.Cluster.UnderMaintenance", "x"), { kind: "refused", refusal: "busy" }],
    [errCode(500, "OB.Tenant.UnderMaintenance", "x"), { kind: "refused", refusal: "busy" }],
    [errCode(500, "Agent.UnderMaintenance", "x"), { kind: "refused", refusal: "busy" }],
    [number(500, 1002, "Unexpected error: cluster is under maintenance"), { kind: "refused", refusal: "busy" }],
    // the first second of an agent
    [errCode(500, "Common.Unexpected", PANIC), { kind: "refused", refusal: "soon" }],
    [number(500, 1002, PANIC), { kind: "refused", refusal: "soon" }],
    [errCode(500, "Agent.OceanBase.NotHold", "Agent is not holding OceanBase"), { kind: "refused", refusal: "soon" }],
    [errCode(500, "Agent.Unavailable", "x"), { kind: "refused", refusal: "soon" }],
    // the same call would be refused again
    [errCode(400, "OB.Upgrade.ToLowerVersion", "Target version is not greater"), { kind: "refused", refusal: "final" }],
    [errCode(400, "OB.Package.NotExist", "These packages are missing: 'x'"), { kind: "refused", refusal: "final" }],
    [errCode(500, "Common.Unexpected", "x.rpm: record not found"), { kind: "refused", refusal: "final" }],
    [errCode(500, "Environment.WithoutPython", "x"), { kind: "refused", refusal: "final" }],
    [number(500, 1002, "Unexpected error: x.rpm: record not found"), { kind: "refused", refusal: "final" }],
    [number(500, 1010, "Known error: upgrade mode 'FAST' is not supported"), { kind: "refused", refusal: "final" }],
    [number(400, 1001, "Illegal argument: path 'x' should start with '/'"), { kind: "refused", refusal: "final" }],
    [errCode(404, "Common.NotFound", "Element not found: 404 not found"), { kind: "refused", refusal: "final" }],
    // the code decides, whatever the status
    [errCode(401, "OB.Cluster.UnderMaintenanceWithDag", LOCKED), { kind: "refused", refusal: "busy" }],
    [errCode(401, "Security.Authentication.File.Sha256Mismatch", "x"), { kind: "refused", refusal: "final" }],
    [number(401, 10008, "File SHA256 mismatch"), { kind: "refused", refusal: "final" }],
    // the credentials
    [
      errCode(401, "Security.Authentication.IncorrectOceanbasePassword", "Unauthorized"),
      { kind: "unauthorized", certain: true },
    ],
    [errCode(401, "Security.Authentication.Header.DecryptFailed", DECRYPT), { kind: "unauthorized", certain: false }],
  ])("%#: is understood", (answer, expected) => {
    expect(readWriteAnswer(answer)).toMatchObject(expected);
  });
});

describe("something that is not obshell", () => {
  it.each([
    [response(502, "<html>\n<h1>Bad Gateway</h1>", "text/html; charset=utf-8"), "HTTP 502, text/html: “Bad Gateway”"],
    [response(200, "<html>", "text/html"), "HTTP 200, text/html"],
    [response(200, { ok: true }), 'HTTP 200, application/json: “{"ok":true}”'],
    [response(200, '{"successful":true,"status":2'), 'HTTP 200, application/json: “{"successful":true,"status":2”'],
    [{ status: 204, headers: {}, body: new Uint8Array() }, "HTTP 204 without a body"],
  ])("%#: is told as what it is, for reads and writes alike", (answer, text) => {
    expect(readAnswer(answer)).toEqual({ kind: "foreign", status: answer.status, text });
    expect(readWriteAnswer(answer)).toEqual({ kind: "foreign", status: answer.status, text });
  });
});
