import { describe, expect, it } from "vitest";
import { canonicalJobId, JobIds, jobStateOf, percentOf, queryTime, timeOf } from "../../provider/huaweicloud/jobs";

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
