import { describe, expect, it } from "vitest";
import { canonicalJobId, JobIds } from "../../provider/huaweicloud/job-ids";
import { iamOrigin, serviceOrigin } from "../../provider/huaweicloud/regions";
import { conditionOf, jobStateOf, percentOf, queryTime, timeOf } from "../../provider/taurusdb/status";
import { nextWindow, windowOf } from "../../provider/taurusdb/window";

describe("the state of an instance", () => {
  it.each([
    ["ACTIVE", "ready"],
    ["normal", "ready"],
    ["NORMAL", "ready"],
    ["BUILD", "busy"],
    ["creating", "busy"],
    ["MODIFYING", "busy"],
    ["REBOOTING", "busy"],
    ["BACKING UP", "busy"],
    ["MODIFYING DATABASE PORT", "busy"],
    ["Upgrading minor version", "busy"],
    ["FAILED", "broken"],
    ["FROZEN", "broken"],
    ["STORAGE FULL", "broken"],
    ["abnormal", "broken"],
    ["createfail", "broken"],
  ])("%s is %s", (status, condition) => {
    expect(conditionOf(status)).toBe(condition);
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
    ["Pondering", "strange"],
    ["", "strange"],
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

  it("go into a query with an offset", () => {
    expect(queryTime(Date.UTC(2026, 0, 1, 0, 0, 5, 678))).toBe("2026-01-01T00:00:05+0000");
  });
});

describe("maintenance windows", () => {
  const at = (hour: number) => Date.UTC(2026, 0, 10, hour);
  const day = (date: number, hour: number) => new Date(Date.UTC(2026, 0, date, hour)).toISOString();

  it.each([
    ["18:00-22:00", 12, day(10, 18), day(10, 22)],
    ["18:00-22:00", 19, day(10, 18), day(10, 22)],
    ["18:00-22:00", 22, day(11, 18), day(11, 22)],
    ["22:00-02:00", 1, day(9, 22), day(10, 2)],
    ["22:00-02:00", 3, day(10, 22), day(11, 2)],
    ["18:00", 12, day(10, 18), day(10, 22)],
  ])("%s, seen at %i o'clock", (daily, hour, opens, closes) => {
    expect(nextWindow(daily, at(hour))).toEqual({ opens, closes });
  });

  it.each(["", "-", "tonight"])("are none where nothing is said: %j", (daily) => {
    expect(nextWindow(daily, at(0))).toBeUndefined();
  });

  it("are those of a scheduled task", () => {
    const row = { start_time: "2026-01-10T18:00:00+0000", end_time: "2026-01-10T22:00:00+0000" };
    expect(windowOf(row)).toEqual({ opens: day(10, 18), closes: day(10, 22) });
    expect(windowOf({ ...row, end_time: "" })).toEqual({ opens: day(10, 18), closes: day(10, 22) });
    expect(windowOf({ start_time: "", end_time: "" })).toBeUndefined();
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

  it("are asked for in both forms, first as the service wrote them last", () => {
    const ids = new JobIds();
    expect(ids.forms(BARE)).toEqual([DASHED, BARE]);
    expect(ids.forms("job_id")).toEqual(["job_id"]);
    expect(ids.note(BARE)).toBe(DASHED);
    expect(ids.forms(DASHED)).toEqual([BARE, DASHED]);
  });
});

describe("addresses", () => {
  it.each([
    ["cn-north-4", "https://gaussdb.cn-north-4.myhuaweicloud.com"],
    ["ap-southeast-1", "https://gaussdbformysql.ap-southeast-1.myhuaweicloud.com"],
    ["me-east-1", "https://gaussdbformysql.me-east-1.myhuaweicloud.com"],
    ["af-south-1", "https://gaussdb-mysql.af-south-1.myhuaweicloud.com"],
    ["la-north-2", "https://gaussdb-mysql.la-north-2.myhuaweicloud.com"],
    ["eu-west-101", undefined],
  ])("of the service in %s", (region, origin) => {
    expect(serviceOrigin({ region }, {})).toBe(origin);
  });

  it.each([
    [{}, undefined],
    [{ region: "cn-north-4" }, "https://iam.cn-north-4.myhuaweicloud.com"],
    [{ region: "eu-west-101" }, undefined],
    [{ iamEndpoint: "https://iam.example.com:443/v3" }, "https://iam.example.com"],
    [{ iamEndpoint: "iam.example.com" }, "https://iam.example.com"],
    [{ iamEndpoint: "http://127.0.0.1:8080" }, "http://127.0.0.1:8080"],
  ])("of IAM for %j", (where, origin) => {
    expect(iamOrigin(where, {})).toBe(origin);
  });

  it.each([
    // Beside the service, in the same domain.
    ["https://gaussdb-mysql.eu-de.otc.t-systems.com", "https://iam.eu-de.otc.t-systems.com"],
    ["GaussDB-MySQL.EU-DE.otc.t-systems.com", "https://iam.eu-de.otc.t-systems.com"],
    ["https://gaussdb-mysql.eu-de.otc.t-systems.com:443/", "https://iam.eu-de.otc.t-systems.com"],
    ["http://gaussdb.cn-north-4.myhuaweicloud.com", "https://iam.cn-north-4.myhuaweicloud.com"],
    ["https://gaussdb.eu-west-101.myhuaweicloud.eu", "https://iam.eu-west-101.myhuaweicloud.eu"],
    ["https://gaussdb.eu-west-0.prod-cloud.example.com", "https://iam.eu-west-0.prod-cloud.example.com"],
    ["https://taurusdb.cn-north-4.myhuaweicloud.com", "https://iam.cn-north-4.myhuaweicloud.com"],
    // Nothing of these tells where IAM is.
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
  ])("of IAM beside %s, whatever the region", (endpoint, origin) => {
    for (const region of [undefined, "eu-de", "cn-north-4"]) expect(iamOrigin({ region, endpoint }, {})).toBe(origin);
    const env = { HUAWEICLOUD_SDK_REGION_GAUSSDB_EU_DE: endpoint };
    expect(iamOrigin({ region: "eu-de" }, env)).toBe(origin);
  });
});
