import { describe, expect, it } from "vitest";
import { canonicalJobId, JobIds, jobStateOf, percentOf, queryTime, timeOf } from "../../provider/huaweicloud/jobs";
import { type Codes, type Meaning, readResponse } from "../../provider/huaweicloud/responses";

/** The codes of the service. */
const OWN: Codes = { "X.0001": "missing", "X.0002": { 409: "busy" } };

function parse(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return readResponse({ status, headers, body: new TextEncoder().encode(text) }, OWN);
}

const coded = (status: number, code: string) => parse(status, { error_code: code, error_msg: "Because." }).kind;

describe("what a code means", () => {
  it.each<[number, string, Meaning]>([
    [404, "APIGW.0101", "unserved"],
    [404, "APIG.0101", "unserved"],
    [404, "APIGW.0103", "unpublished"],
    [400, "APIGW.0106", "refused"],
    [400, "APIGW.0201", "refused"],
    [504, "APIGW.0201", "unavailable"],
    [401, "APIGW.0301", "unauthorized"],
    [401, "APIGW.0303", "unauthorized"],
    [403, "APIGW.0302", "forbidden"],
    [401, "APIGW.0305", "unauthorized"],
    [403, "APIGW.0306", "forbidden"],
    [401, "APIGW.0307", "stale"],
    // Codes of the service, whose meaning may differ from that of their status.
    [400, "X.0001", "missing"],
    [409, "X.0002", "busy"],
    [400, "X.0002", "refused"],
    // Codes that are in no table.
    [403, "constructor", "forbidden"],
    [400, "X.9999", "refused"],
    [401, "XYZ.1", "unauthorized"],
    [403, "XYZ.1", "forbidden"],
    [404, "X.9999", "missing"],
    [409, "X.9999", "conflict"],
    [500, "X.9999", "unavailable"],
    [503, "XYZ.1", "unavailable"],
  ])("HTTP %i %s: %s", (status, code, meaning) => {
    expect(coded(status, code)).toBe(meaning);
  });
});

describe("a code that is in no table", () => {
  it("is marked if its status has several meanings, and shown with it", () => {
    expect(parse(403, { error_code: "X.9999", error_msg: "No." })).toMatchObject({
      kind: "forbidden",
      assumed: true,
      text: "No. (X.9999, HTTP 403)",
    });
  });

  it.each([
    ["of the gateway", { error_code: "APIGW.0302", error_msg: "x" }],
    ["of IAM, whose codes are statuses", { error: { code: 403, message: "x" } }],
    ["that is missing", { error_msg: "x" }],
    ["next to an encoded denial", { error_code: "PAP5.1", error_msg: "x", encoded_authorization_message: "y" }],
  ])("is not assumed %s", (_, body) => {
    expect(parse(403, body)).not.toHaveProperty("assumed");
  });
});

describe("the shapes of an error", () => {
  it.each<[string, unknown]>([
    ["the service's", { error_code: "X.0002", error_msg: "Busy." }],
    ["another spelling", { errorCode: "X.0002", errorMsg: "Busy." }],
    ["short names", { code: "X.0002", message: "Busy." }],
    ["nested", { error: { code: "X.0002", message: "Busy." } }],
  ])("%s", (_, body) => {
    expect(parse(409, body)).toMatchObject({ kind: "busy", code: "X.0002", text: "Busy. (X.0002, HTTP 409)" });
  });

  it("IAM's, with a number for a code", () => {
    const body = { error: { code: 401, message: "The username or password is wrong.", title: "Unauthorized" } };
    expect(parse(401, body)).toMatchObject({
      kind: "unauthorized",
      text: expect.stringContaining("password is wrong"),
    });
  });

  it("of an identity policy", () => {
    const body = { error_code: "PAP5.0001", error_msg: "denied", encoded_authorization_message: "x" };
    expect(parse(403, body)).toMatchObject({ kind: "forbidden" });
  });

  it.each([
    ["in the body", { request_id: "r1", error_code: "APIGW.0101", error_msg: "x" }, {}],
    ["in the header", { error_code: "X.0002", error_msg: "x" }, { "x-request-id": "r1" }],
  ])("with the request's id %s", (_, body, headers) => {
    expect(parse(404, body, headers)).toMatchObject({ requestId: "r1" });
  });

  it("with the gateway's canonical request apart from its text", () => {
    const message = "verify aksk signature fail, canonicalRequest:GET|/v1/||x-security-token:abc||x|e3b0";
    const body = { error_code: "APIGW.0301", error_msg: message };
    expect(parse(401, body)).toMatchObject({
      text: "verify aksk signature fail (APIGW.0301, HTTP 401)",
      echo: "GET|/v1/||x-security-token:[secret]||x|e3b0",
    });
  });

  it("without control characters", () => {
    const body = { error_code: "X.1", error_msg: "red \u001b[31malert\nnext" };
    expect(parse(400, body)).toMatchObject({ text: "red [31malert | next (X.1, HTTP 400)" });
  });
});

describe("a response that is not from the cloud", () => {
  it.each([
    [200, "<html>hi</html>", "foreign"],
    [404, "<h1>Not Found</h1>", "foreign"],
    [400, { hello: "world" }, "foreign"],
    [401, "", "foreign"],
    [502, "<h1>Bad Gateway</h1>", "unavailable"],
    [503, "", "unavailable"],
  ])("HTTP %i %j is %s", (status, body, kind) => {
    expect(parse(status, body, { "content-type": "text/html; charset=utf-8" })).toMatchObject({ kind, code: "" });
  });

  it("is described by its status, its type and its start", () => {
    const { text } = parse(404, "<h1>Not\nFound</h1>", { "content-type": "text/html" }) as { text: string };
    expect(text).toBe("HTTP 404, text/html: “Not Found”");
  });
});

describe("the state of a job", () => {
  it.each([
    ["Pending", "pending"],
    ["WAITING", "pending"],
    ["Running", "running"],
    ["Completed", "completed"],
    ["SUCCESS", "completed"],
    ["Failed", "failed"],
    ["FAIL", "failed"],
    ["Canceled", "canceled"],
    ["Unauthorized", "unauthorized"],
    ["Pondering", "undocumented"],
    ["", "undocumented"],
  ])("%s is %s", (status, state) => {
    expect(jobStateOf(status)).toBe(state);
  });

  it.each([
    ["60%", 60],
    ["60", 60],
    [" 7.5 % ", 7.5],
    ["100%", 100],
    ["140%", 100],
    ["", undefined],
    ["soon", undefined],
    [undefined, undefined],
  ])("%j is %s percent", (process, percent) => {
    expect(percentOf(process)).toBe(percent);
  });
});

describe("times", () => {
  it.each([
    ["2018-08-06T10:41:14+0800", Date.UTC(2018, 7, 6, 2, 41, 14)],
    ["2018-08-20T02:33:49_0800", Date.UTC(2018, 7, 19, 18, 33, 49)],
    ["2018-08-06T10:41:14-0330", Date.UTC(2018, 7, 6, 14, 11, 14)],
    ["2026-01-01T00:00:05+0000", Date.UTC(2026, 0, 1, 0, 0, 5)],
    ["2026-01-01T00:00:05Z", Date.UTC(2026, 0, 1, 0, 0, 5)],
    ["1767225600000", 1_767_225_600_000],
    ["", undefined],
    ["tomorrow", undefined],
    [undefined, undefined],
  ])("%s is %s", (text, at) => {
    expect(timeOf(text)).toBe(at);
  });

  it("are written into a query with an offset", () => {
    expect(queryTime(Date.UTC(2026, 0, 1, 0, 0, 5, 678))).toBe("2026-01-01T00:00:05+0000");
  });
});

describe("ids of jobs", () => {
  const DASHED = "56d3c113-8dcf-4f1d-a73b-0170700c78d0";
  const BARE = "56d3c1138dcf4f1da73b0170700c78d0";

  it("are the same with and without dashes", () => {
    expect(canonicalJobId(BARE)).toBe(DASHED);
    expect(canonicalJobId(DASHED)).toBe(DASHED);
    expect(canonicalJobId("job_id")).toBe("job_id");
  });

  it("are read in both forms, first as the service wrote them last", () => {
    const ids = new JobIds();
    expect(ids.forms(BARE)).toEqual([DASHED, BARE]);
    expect(ids.forms("job_id")).toEqual(["job_id"]);
    expect(ids.note(BARE)).toBe(DASHED);
    expect(ids.forms(DASHED)).toEqual([BARE, DASHED]);
  });
});
