import { describe, expect, it } from "vitest";
import type { Dag } from "../../provider/oceanbase/agent/schema";
import {
  dagState,
  formatTarget,
  holdsLock,
  obUpgradeTarget,
  percentOf,
  stageOf,
} from "../../provider/oceanbase/tasks/dag";

const running: Dag = {
  id: "11",
  name: "OB rolling upgrade 4.3.5.2-102000042025031214.el7",
  stage: 2,
  max_stage: 30,
  maintenance_type: 2,
  state: "RUNNING",
  operator: "RUN",
};

describe("the target in the name of a DAG", () => {
  it.each([
    ["OB rolling upgrade 4.3.5.2-102000042025031214.el7", "OB rolling upgrade", "4.3.5.2-102000042025031214"],
    [
      "OB stop service upgrade 4.2.1.10-110000102024112010.el7",
      "OB stop service upgrade",
      "4.2.1.10-110000102024112010",
    ],
    ["OB rolling upgrade 4.3.5.2-102000042025031214", "OB rolling upgrade", "4.3.5.2-102000042025031214"],
  ])("%s", (name, kind, target) => {
    const found = obUpgradeTarget(name);
    expect(found?.kind).toBe(kind);
    expect(found && formatTarget(found)).toBe(target);
  });

  it.each([
    "Upgrade check OB rolling upgrade 4.3.5.2-1.el7",
    "OB rolling upgrade 4.3.5.2-1.el7 (rollback)",
    "OB rolling upgrade 4.3.5.2",
    "OB rolling upgrade 4.3.5-1.el7",
    "OB rolling upgrade 4.3.5.2.1-1.el7",
    "OB rolling upgrade latest-1.el7",
    "OB fast upgrade 4.3.5.2-1.el7",
    "ob rolling upgrade 4.3.5.2-1.el7",
    " OB rolling upgrade 4.3.5.2-1.el7",
    "Upgrade agent",
    "Scale out",
    "",
  ])("is none in %j", (name) => {
    expect(obUpgradeTarget(name)).toBeUndefined();
  });
});

describe("the state of a DAG", () => {
  it.each([
    ["SUCCEED", "RUN", "succeeded"],
    ["SUCCEED", "RETRY", "succeeded"],
    ["SUCCEED", "PASS", "succeeded"],
    ["SUCCEED", "ROLLBACK", "rolled-back"],
    ["FAILED", "RUN", "failed"],
    ["FAILED", "ROLLBACK", "failed"],
    ["FAILED", "CANCEL", "failed"],
    ["RUNNING", "RUN", "running"],
    ["RUNNING", "ROLLBACK", "rolling-back"],
    ["RUNNING", "CANCEL", "running"],
    ["READY", "RUN", "running"],
    ["READY", "ROLLBACK", "rolling-back"],
    ["PENDING", "RUN", "running"],
    ["succeed", "rollback", "rolled-back"],
    ["Failed", "Run", "failed"],
  ])("%s by %s is %s", (state, operator, expected) => {
    expect(dagState({ ...running, state, operator })).toBe(expected);
  });
});

describe("the cluster's lock", () => {
  const { maintenance_type: _, ...older } = running;

  it.each([
    [0, false],
    [1, false],
    [2, true],
    [3, true],
    [4, true],
  ])("is held by maintenance type %d: %s", (type, expected) => {
    expect(holdsLock({ ...running, maintenance_type: type })).toBe(expected);
  });

  it.each([
    ["OB rolling upgrade 4.3.5.2-1.el7", true],
    ["Scale out", true],
    ["Upgrade check OB 4.3.5.2-1.el7", false],
  ])("is told by the name before 4.3.1.0: %s: %s", (name, expected) => {
    expect(holdsLock({ ...older, name })).toBe(expected);
  });
});

describe("the progress of a DAG", () => {
  it.each([
    [1, 30, 0],
    [2, 30, 3],
    [16, 30, 50],
    [30, 30, 97],
    [0, 30, 0],
    [1, 0, 0],
  ])("in stage %d of %d is %d percent", (stage, max, expected) => {
    expect(percentOf({ ...running, stage, max_stage: max })).toBe(expected);
  });

  it("names the stage when its nodes are known", () => {
    const nodes = ["Check the python environment", "Create upgrade dir"].map((name) => ({ name, state: "SUCCEED" }));
    expect(stageOf({ ...running, nodes })).toBe("stage 2/30: Create upgrade dir");
  });

  it.each([
    ["no nodes", null],
    ["too few nodes", []],
  ])("names only the number with %s", (_, nodes) => {
    expect(stageOf({ ...running, nodes })).toBe("stage 2/30");
  });
});
