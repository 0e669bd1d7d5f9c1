import { describe, expect, it } from "vitest";
import { type Meaning, readAnswer } from "../../provider/huaweicloud/answers";

function answer(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return readAnswer({ status, headers, body: new TextEncoder().encode(text) });
}

const coded = (status: number, code: string) => answer(status, { error_code: code, error_msg: "Because." }).kind;

describe("what a code means", () => {
  it.each<[number, string, Meaning]>([
    [400, "DBS.05000008", "latest"],
    [409, "DBS.05000008", "latest"],
    ...["DBS.201028", "DBS.200002", "DBS.200045", "DBS.200408", "DBS.200602", "DBS.290005", "DBS.290011"].map(
      (code): [number, string, Meaning] => [404, code, "missing"],
    ),
    [400, "DBS.05000044", "missing"],
    [400, "DBS.200022", "missing"],
    [409, "DBS.200022", "refused"],
    [400, "DBS.200543", "no-job"],
    ...["200011", "200019", "200047", "201202", "212006", "201015", "212033", "216011", "201205", "05000084"].map(
      (code): [number, string, Meaning] => [409, `DBS.${code}`, "busy"],
    ),
    [409, "DBS.201014", "busy"],
    [400, "DBS.201014", "refused"],
    [400, "DBS.200086", "refused"],
    [409, "DBS.200316", "refused"],
    [409, "DBS.280406", "refused"],
    [400, "DBS.280449", "refused"],
    [400, "DBS.280404", "refused"],
    [400, "DBS.280001", "refused"],
    [403, "DBS.200010", "forbidden"],
    [403, "DBS.201003", "forbidden"],
    [403, "DBS.280056", "stale"],
    ...["108000", "108002", "108005", "200005", "200208", "213002", "213004", "290006", "290015"].map(
      (code): [number, string, Meaning] => [500, `DBS.${code}`, "away"],
    ),
    [404, "APIGW.0101", "unserved"],
    [404, "APIG.0101", "unserved"],
    [404, "APIGW.0103", "unpublished"],
    [400, "APIGW.0106", "refused"],
    [400, "APIGW.0201", "refused"],
    [504, "APIGW.0201", "away"],
    [401, "APIGW.0301", "unauthorized"],
    [401, "APIGW.0303", "unauthorized"],
    [403, "APIGW.0302", "forbidden"],
    [401, "APIGW.0305", "unauthorized"],
    [403, "APIGW.0306", "forbidden"],
    [401, "APIGW.0307", "stale"],
    // The status alone would mean something else.
    [403, "DBS.280343", "refused"],
    [400, "DBS.280343", "refused"],
    [403, "DBS.200810", "refused"],
    [403, "DBS.212033", "busy"],
    [403, "DBS.200019", "busy"],
    [500, "DBS.200047", "busy"],
    [404, "DBS.201010", "refused"],
    [404, "DBS.212001", "refused"],
    [409, "DBS.200826", "refused"],
    [403, "DBS.201028", "missing"],
    [500, "DBS.05000008", "latest"],
    // Codes that are in no table.
    [403, "constructor", "forbidden"],
    [400, "DBS.999999", "refused"],
    [401, "XYZ.1", "unauthorized"],
    [403, "XYZ.1", "forbidden"],
    [404, "DBS.999999", "missing"],
    [409, "DBS.999999", "conflict"],
    [500, "DBS.999999", "away"],
    [503, "XYZ.1", "away"],
  ])("HTTP %i %s: %s", (status, code, meaning) => {
    expect(coded(status, code)).toBe(meaning);
  });
});

describe("a code that is in no table", () => {
  it("is marked where it comes with a status that has several meanings, and told with it", () => {
    expect(answer(403, { error_code: "DBS.999999", error_msg: "No." })).toMatchObject({
      kind: "forbidden",
      assumed: true,
      text: "No. (DBS.999999, HTTP 403)",
    });
  });

  it.each([
    ["of the gateway", { error_code: "APIGW.0302", error_msg: "x" }],
    ["of IAM, whose codes are statuses", { error: { code: 403, message: "x" } }],
    ["that is missing", { error_msg: "x" }],
    ["beside an encoded denial", { error_code: "PAP5.1", error_msg: "x", encoded_authorization_message: "y" }],
  ])("is not one %s", (_, body) => {
    expect(answer(403, body)).not.toHaveProperty("assumed");
  });
});

describe("the shapes of an error", () => {
  it.each<[string, unknown]>([
    ["the service's", { error_code: "DBS.200019", error_msg: "Busy." }],
    ["another spelling", { errorCode: "DBS.200019", errorMsg: "Busy." }],
    ["short names", { code: "DBS.200019", message: "Busy." }],
    ["nested", { error: { code: "DBS.200019", message: "Busy." } }],
  ])("%s", (_, body) => {
    expect(answer(409, body)).toMatchObject({ kind: "busy", code: "DBS.200019", text: "Busy. (DBS.200019, HTTP 409)" });
  });

  it("IAM's, with a number for a code", () => {
    const body = { error: { code: 401, message: "The username or password is wrong.", title: "Unauthorized" } };
    expect(answer(401, body)).toMatchObject({
      kind: "unauthorized",
      text: expect.stringContaining("password is wrong"),
    });
  });

  it("of an identity policy", () => {
    const body = { error_code: "PAP5.0001", error_msg: "denied", encoded_authorization_message: "x" };
    expect(answer(403, body)).toMatchObject({ kind: "forbidden" });
  });

  it.each([
    ["in the body", { request_id: "r1", error_code: "APIGW.0101", error_msg: "x" }, {}],
    ["in the header", { error_code: "DBS.200019", error_msg: "x" }, { "x-request-id": "r1" }],
  ])("with the request's id %s", (_, body, headers) => {
    expect(answer(404, body, headers)).toMatchObject({ requestId: "r1" });
  });

  it("with the gateway's canonical request apart from its text", () => {
    const message = "verify aksk signature fail, canonicalRequest:GET|/v1/||x-security-token:abc||x|e3b0";
    const body = { error_code: "APIGW.0301", error_msg: message };
    expect(answer(401, body)).toMatchObject({
      text: "verify aksk signature fail (APIGW.0301, HTTP 401)",
      echo: "GET|/v1/||x-security-token:[secret]||x|e3b0",
    });
  });

  it("without control characters", () => {
    const body = { error_code: "DBS.1", error_msg: "red \u001b[31malert\nnext" };
    expect(answer(400, body)).toMatchObject({ text: "red [31malert | next (DBS.1, HTTP 400)" });
  });
});

describe("what is no answer of the cloud", () => {
  it.each([
    [200, "<html>hi</html>", "foreign"],
    [404, "<h1>Not Found</h1>", "foreign"],
    [400, { hello: "world" }, "foreign"],
    [401, "", "foreign"],
    [502, "<h1>Bad Gateway</h1>", "away"],
    [503, "", "away"],
  ])("HTTP %i %j is %s", (status, body, kind) => {
    expect(answer(status, body, { "content-type": "text/html; charset=utf-8" })).toMatchObject({ kind, code: "" });
  });

  it("is told by its status, its type and its start", () => {
    const { text } = answer(404, "<h1>Not\nFound</h1>", { "content-type": "text/html" }) as { text: string };
    expect(text).toBe("HTTP 404, text/html: “Not Found”");
  });
});
