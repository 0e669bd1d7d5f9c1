import { describe, expect, it } from "vitest";
import { z } from "zod";
import { Refused } from "../../provider/core/errors";
import type { WireRequest } from "../../provider/http/transport";
import { openAccess } from "../../provider/huaweicloud/access";
import { completeConnection, connectionArguments } from "../../provider/huaweicloud/arguments";
import {
  canonicalJobId,
  JobIds,
  jobStateOf,
  percentOf,
  queryTime,
  readJob,
  timeOf,
} from "../../provider/huaweicloud/jobs";
import { type Codes, codes, type Meaning, readResponse } from "../../provider/huaweicloud/responses";
import { iamOrigin, type Service, serviceOrigin } from "../../provider/huaweicloud/service";
import { TAURUSDB } from "../../provider/taurusdb/service";
import { VirtualClock } from "../support/virtual-clock";

describe("addresses", () => {
  it.each([
    ["cn-north-4", "https://gaussdb.cn-north-4.myhuaweicloud.com"],
    ["ap-southeast-1", "https://gaussdbformysql.ap-southeast-1.myhuaweicloud.com"],
    ["me-east-1", "https://gaussdbformysql.me-east-1.myhuaweicloud.com"],
    ["af-south-1", "https://gaussdb-mysql.af-south-1.myhuaweicloud.com"],
    ["la-north-2", "https://gaussdb-mysql.la-north-2.myhuaweicloud.com"],
    ["eu-west-101", undefined],
  ])("of the service in %s", (region, origin) => {
    expect(serviceOrigin(TAURUSDB, { region }, {})).toBe(origin);
  });

  it.each([
    [{}, undefined],
    [{ region: "cn-north-4" }, "https://iam.cn-north-4.myhuaweicloud.com"],
    [{ region: "eu-west-101" }, undefined],
    [{ iamEndpoint: "https://iam.example.com:443/v3" }, "https://iam.example.com"],
    [{ iamEndpoint: "iam.example.com" }, "https://iam.example.com"],
    [{ iamEndpoint: "http://127.0.0.1:8080" }, "http://127.0.0.1:8080"],
  ])("of IAM for %j", (where, origin) => {
    expect(iamOrigin(TAURUSDB, where, {})).toBe(origin);
  });

  it.each([
    // Next to the service, in the same domain.
    ["https://gaussdb-mysql.eu-de.otc.t-systems.com", "https://iam.eu-de.otc.t-systems.com"],
    ["GaussDB-MySQL.EU-DE.otc.t-systems.com", "https://iam.eu-de.otc.t-systems.com"],
    ["https://gaussdb-mysql.eu-de.otc.t-systems.com:443/", "https://iam.eu-de.otc.t-systems.com"],
    ["http://gaussdb.cn-north-4.myhuaweicloud.com", "https://iam.cn-north-4.myhuaweicloud.com"],
    ["https://gaussdb.eu-west-101.myhuaweicloud.eu", "https://iam.eu-west-101.myhuaweicloud.eu"],
    ["https://gaussdb.eu-west-0.prod-cloud.example.com", "https://iam.eu-west-0.prod-cloud.example.com"],
    ["https://taurusdb.cn-north-4.myhuaweicloud.com", "https://iam.cn-north-4.myhuaweicloud.com"],
    // From these, the address of IAM cannot be derived.
    ["https://gaussdb-mysql.eu-de.otc.t-systems.com:8443", undefined],
    ["https://gaussdb.cn-north-4.com", undefined],
    ["https://gaussdb.example.com", undefined],
    ["https://db.eu-de.example.com", undefined],
    ["https://10.0.0.1", undefined],
    ["https://[fd00::1]", undefined],
    ["https://localhost", undefined],
    ["http://127.0.0.1:8080", undefined],
    ["https://gaussdb", undefined],
    ["https://gaussdb.eu-de.otc.t-systems.com.", undefined],
  ])("of IAM next to %s, regardless of the region", (endpoint, origin) => {
    for (const region of [undefined, "eu-de", "cn-north-4"])
      expect(iamOrigin(TAURUSDB, { region, endpoint }, {})).toBe(origin);
    const env = { HUAWEICLOUD_SDK_REGION_GAUSSDB_EU_DE: endpoint };
    expect(iamOrigin(TAURUSDB, { region: "eu-de" }, env)).toBe(origin);
  });
});

/** The service as a driver for RDS for MySQL would define it. */
const RDS: Service = {
  name: "RDS",
  sdkName: "RDS",
  regions: { rds: ["cn-north-4", "cn-east-3"], "rds-intl": ["ap-southeast-1"] },
  codes: { ...codes("missing", "RDS.0011"), ...codes("busy", "RDS.0014"), "RDS.0099": "no-job" },
  readAction: "rds:instance:list",
  availability: "the service is RDS's",
};
const PROJECT = "054e292c9880d4992f02c0196d3ea468";
const ARGS = { region: "cn-north-4", projectId: PROJECT, accessKey: "AK", secretKey: "SK" };

/** A network that responds to every request with the same response. */
function respondingWith(status: number, body: unknown) {
  const requests: WireRequest[] = [];
  const transport = {
    send: async (request: WireRequest) => {
      requests.push(request);
      return { status, headers: {}, body: new TextEncoder().encode(JSON.stringify(body)) };
    },
    close: async () => undefined,
  };
  const runtime = { clock: new VirtualClock(), signal: new AbortController().signal, conceal: () => undefined };
  const access = (args: Partial<typeof ARGS> = ARGS) =>
    openAccess(RDS, { ...ARGS, ...args }, runtime, () => transport, {});
  return { requests, gateway: access().gateway, access };
}

const coded = (error_code: string) => ({ error_code, error_msg: "No." });
const INSTANCES = { path: ["instances"], schema: z.object({ total_count: z.number() }) };
const UPGRADE = {
  method: "POST",
  path: ["instances", "i", "db-upgrade"],
  body: { is_delayed: false },
  schema: z.object({}),
  action: "rds:instance:modify",
} as const;

describe("another service of Huawei Cloud", () => {
  it("receives signed requests at its own address", async () => {
    const { gateway, requests } = respondingWith(200, { total_count: 7 });
    expect(await gateway.read(INSTANCES)).toEqual({ kind: "data", data: { total_count: 7 } });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      origin: "https://rds.cn-north-4.myhuaweicloud.com",
      target: `/v3/${PROJECT}/instances`,
      headers: { authorization: expect.stringMatching(/^SDK-HMAC-SHA256 Access=AK, SignedHeaders=.*host/) },
    });
  });

  it("has a prefix for each region", async () => {
    const { access, requests } = respondingWith(200, { total_count: 0 });
    await access({ region: "ap-southeast-1" }).gateway.read(INSTANCES);
    expect(requests[0]?.origin).toBe("https://rds-intl.ap-southeast-1.myhuaweicloud.com");
  });

  it("has its own error codes, in addition to the gateway's", async () => {
    expect(await respondingWith(400, coded("RDS.0011")).gateway.read(INSTANCES)).toMatchObject({ kind: "missing" });
    expect(await respondingWith(404, coded("APIGW.0101")).gateway.read(INSTANCES)).toMatchObject({ kind: "unserved" });
    const busy = await respondingWith(400, coded("RDS.0014"))
      .gateway.write(UPGRADE)
      .catch((error: unknown) => error);
    expect(busy).toBeInstanceOf(Refused);
    expect(busy).toMatchObject({ refusal: "busy" });
  });

  it("is reported with its own IAM actions, address and name", async () => {
    const forbidden = respondingWith(403, coded("APIGW.0302")).gateway;
    await expect(forbidden.read(INSTANCES)).rejects.toMatchObject({
      remedy: expect.stringContaining("rds:instance:list"),
    });
    await expect(forbidden.write(UPGRADE)).rejects.toMatchObject({
      remedy: expect.stringContaining("rds:instance:modify"),
    });
    await expect(respondingWith(404, "hello").gateway.read(INSTANCES)).rejects.toMatchObject({
      remedy: expect.stringContaining("https://rds.cn-north-4.myhuaweicloud.com"),
    });
    await expect(respondingWith(404, coded("APIGW.0101")).gateway.find(INSTANCES)).rejects.toMatchObject({
      remedy: expect.stringContaining("the service is RDS's"),
    });
  });

  it("has jobs that are read with both forms of their ids", async () => {
    const body = { job: { id: "j", name: "UpgradeDbMinorVersion", status: "Running", process: "40%" } };
    const id = "56d3c113-8dcf-4f1d-a73b-0170700c78d0";
    expect(await readJob(respondingWith(200, body).gateway, new JobIds(), id)).toMatchObject({ status: "Running" });
    const unknown = respondingWith(400, coded("RDS.0099"));
    expect(await readJob(unknown.gateway, new JobIds(), id)).toBeUndefined();
    expect(unknown.requests.map(({ target }) => target.split("=")[1])).toEqual([id, id.replaceAll("-", "")]);
  });

  it("has the same arguments, with its own messages", () => {
    const inputs = z.strictObject(connectionArguments(RDS)).superRefine(completeConnection(RDS, {}));
    expect(inputs.safeParse(ARGS).success).toBe(true);
    const messages = inputs.safeParse({ ...ARGS, region: "cn-south-1" }).error?.issues.map(({ message }) => message);
    expect(messages?.join()).toMatch(
      /known region of RDS \(ap-southeast-1, cn-east-3, cn-north-4\).*REGION_RDS_CN_SOUTH_1/,
    );
  });
});

/** The codes of the service. */
const OWN: Codes = { "X.0001": "missing", "X.0002": { 409: "busy" } };

function parse(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return readResponse({ status, headers, body: new TextEncoder().encode(text) }, OWN);
}

const kindOf = (status: number, code: string) => parse(status, { error_code: code, error_msg: "Because." }).kind;

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
    expect(kindOf(status, code)).toBe(meaning);
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
