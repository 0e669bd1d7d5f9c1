import { describe, expect, it } from "vitest";
import { OB_BUILD, OB_TARGET, ROLLING, Trial } from "./trial";

const MISSING = { version: "4.5.0.1", release: "102026060101.el7" };
const AGENT = "/api/v1/agent/upgrade";
const dagCode = (code: string) => `Task.Dag.Operator.${code}`;

/** An agent upgrade that failed at stage 2 because its package is missing. */
async function failedAgentUpgrade(options: ConstructorParameters<typeof Trial>[0] = {}): Promise<Trial> {
  const trial = new Trial(options);
  await trial.data("POST", AGENT, MISSING);
  trial.settle();
  return trial;
}

/** An OB upgrade that failed at stage 16, zone1 already on the target. */
async function failedObUpgrade(): Promise<Trial> {
  const trial = new Trial();
  trial.cluster.control.addObPackages(OB_TARGET.version, OB_TARGET.release);
  trial.cluster.control.fail({ stage: 16 });
  await trial.data("POST", "/api/v1/ob/upgrade", ROLLING);
  trial.settle();
  return trial;
}

describe("a DAG that failed before the restart", () => {
  it("rolls back stage by stage, frees the lock and wipes the upgrade directory", async () => {
    const trial = new Trial();
    await trial.data("POST", AGENT, { ...MISSING, upgradeDir: "/data/shared" });
    trial.settle();
    expect((await trial.operate("ROLLBACK")).json).toMatchObject({ successful: true, status: 200 });
    const zero = "0001-01-01T00:00:00Z";
    expect(await trial.dag()).toMatchObject({ state: "READY", operator: "ROLLBACK", start_time: zero, end_time: zero });
    const nodes = (await trial.dag(1, 0, true)).nodes ?? [];
    expect(nodes.slice(0, 3).map((node) => `${node.state}/${node.operator}`)).toEqual([
      "PENDING/ROLLBACK",
      "PENDING/ROLLBACK",
      "PENDING/RUN",
    ]);
    const stages: number[] = [];
    while (trial.cluster.dags[0]?.state !== "SUCCEED") {
      trial.clock.advance(100);
      stages.push((await trial.dag()).stage);
    }
    expect([...new Set(stages)]).toEqual([2, 1]);
    const dag = await trial.dag(1, 0, true);
    expect(dag).toMatchObject({ state: "SUCCEED", operator: "ROLLBACK", stage: 1 });
    expect(dag.nodes?.[0]?.sub_tasks[0]?.task_logs?.slice(-2)).toEqual(["Rolling back...", "Remove /data/shared"]);
    expect(trial.cluster.directoriesRemoved.map((one) => `${one.agent} ${one.directory}`)).toEqual([
      "agent1 /data/shared",
      "agent2 /data/shared",
      "agent3 /data/shared",
    ]);
    expect(trial.cluster.state.lock).toBe(1);
    expect(await trial.data("GET", "/api/v1/task/dag/ob/unfinish")).toEqual({ contents: [] });
  });

  it("stays in unfinish and is the last maintenance", async () => {
    const trial = await failedAgentUpgrade();
    const { contents } = await trial.data<{ contents: { id: string; state: string }[] }>(
      "GET",
      "/api/v1/task/dag/ob/unfinish",
    );
    expect(contents).toMatchObject([{ id: "11", state: "FAILED", operator: "RUN" }]);
    expect(await trial.data("GET", "/api/v1/task/dag/maintain/ob")).toMatchObject({ id: "11", state: "FAILED" });
    expect(trial.cluster.state.lock).toBe(2);
  });

  it("is retried: execute_times grow by two, then by one for the rollback", async () => {
    const trial = await failedAgentUpgrade();
    const times = async () => (await trial.dag(1, 0, true)).nodes?.[1]?.sub_tasks[0];
    expect((await times())?.execute_times).toBe(1);
    await trial.operate("retry");
    expect(await trial.dag()).toMatchObject({ state: "READY", operator: "RUN" });
    for (const [operator, code] of [
      ["RETRY", "RetryNotFailedDag"],
      ["ROLLBACK", "RollbackNotFailedDag"],
    ] as const) {
      const reply = await trial.operate(operator);
      expect([reply.status, reply.error?.errCode]).toEqual([400, dagCode(code)]);
    }
    expect(trial.settle()).toBeCloseTo(3000, -2);
    expect(await times()).toMatchObject({ execute_times: 3, operator: "RUN", state: "FAILED" });
    expect((await trial.dag(1, 0, true)).nodes?.[1]?.operator).toBe("RETRY");
    await trial.operate("ROLLBACK");
    trial.settle();
    expect((await times())?.execute_times).toBe(4);
  });

  it("succeeds on retry when the package has come", async () => {
    const trial = await failedAgentUpgrade();
    trial.cluster.control.addAgentPackage(MISSING.version, MISSING.release);
    await trial.operate("RETRY");
    trial.settle();
    expect(await trial.dag()).toMatchObject({ state: "SUCCEED", operator: "RUN", stage: 9 });
    expect(trial.cluster.agents[0]?.version).toBe("4.5.0.1-102026060101");
  });

  const refused: [string, string, string][] = [
    ["FOO", "NotSupport", "Operator FOO is not supported"],
    ["PASS", "PassNotAllowed", "Failed to pass DAG: node Restart obshell cannot pass"],
    ["CANCEL", "CancelFinishedDag", "Failed to cancel DAG: DAG is finished"],
  ];

  it.each(refused)("refuses %s", async (operator, code, message) => {
    const { status, error } = await (await failedAgentUpgrade()).operate(operator);
    expect([status, error]).toEqual([400, { errCode: dagCode(code), message }]);
  });

  it("runs on after PASS of its node, into the next failure", async () => {
    const trial = await failedAgentUpgrade();
    const node = (await trial.dag(1, 0, true)).nodes?.[1];
    expect((await trial.call("POST", `/api/v1/task/node/${node?.id}`, { operator: "RETRY" })).error?.errCode).toBe(
      "Task.Node.Operator.NotSupport",
    );
    expect((await trial.call("POST", `/api/v1/task/node/${node?.id}`, { operator: "PASS" })).status).toBe(200);
    trial.settle();
    const dag = await trial.dag(1, 0, true);
    expect(dag).toMatchObject({ state: "FAILED", stage: 3 });
    expect(dag.nodes?.[1]).toMatchObject({ state: "SUCCEED", operator: "PASS" });
    expect(dag.nodes?.[2]?.sub_tasks[0]?.task_logs?.at(-1)).toContain("data 4.5.0.1-102026060101 not set");
  });

  it("that was rolled back takes nothing more", async () => {
    const trial = await failedAgentUpgrade();
    await trial.operate("ROLLBACK");
    trial.settle();
    const codes = [];
    for (const operator of ["ROLLBACK", "RETRY", "CANCEL", "PASS"])
      codes.push((await trial.operate(operator)).error?.errCode);
    expect(codes).toEqual(
      ["RollbackNotFailedDag", "RetryNotFailedDag", "CancelFinishedDag", "PassNotFailedDag"].map(dagCode),
    );
  });

  it("continues its rollback after an outage of the database", async () => {
    const trial = await failedAgentUpgrade();
    await trial.operate("ROLLBACK");
    trial.cluster.control.loseDatabase("gone", { ms: 600_000 });
    trial.clock.advance(599_000);
    expect(trial.cluster.dags[0]).toMatchObject({ state: "READY", operator: "ROLLBACK" });
    trial.clock.advance(10_000);
    expect(trial.cluster.dags[0]).toMatchObject({ state: "SUCCEED", operator: "ROLLBACK" });
  });
});

describe("a DAG that is cancelled at once", () => {
  it("fails, keeps the lock, and can be rolled back", async () => {
    const trial = new Trial();
    await trial.data("POST", AGENT, MISSING);
    expect((await trial.operate("CANCEL")).status).toBe(200);
    expect(await trial.dag()).toMatchObject({ state: "READY", operator: "CANCEL" });
    trial.settle();
    const dag = await trial.dag(1, 0, true);
    expect(dag).toMatchObject({ state: "FAILED", operator: "CANCEL", stage: 1 });
    expect(dag.nodes?.[0]).toMatchObject({ state: "FAILED", operator: "CANCEL" });
    expect(dag.nodes?.[0]?.sub_tasks[0]?.state).toBe("PENDING");
    expect(trial.cluster.state.lock).toBe(2);
    await trial.operate("ROLLBACK");
    expect(trial.settle()).toBeLessThan(2000);
    expect(trial.cluster.dags[0]).toMatchObject({ state: "SUCCEED", operator: "ROLLBACK" });
    expect(trial.cluster.state.lock).toBe(1);
  });
});

describe("an OB upgrade that failed in its zones", () => {
  it("shows the script's output, password and all, and cannot go back", async () => {
    const trial = await failedObUpgrade();
    const dag = await trial.dag(1, 0, true);
    expect(dag).toMatchObject({ state: "FAILED", stage: 16 });
    const line = dag.nodes?.[15]?.sub_tasks[0]?.task_logs?.at(-1) ?? "";
    expect(line).toContain(
      "ERROR: [Common.Unexpected]: Unexpected error: execute script 'etc/upgrade_health_checker.py' error",
    );
    expect(line).toContain("-p'p@ss\"w0rd'");
    const replies = [];
    for (const operator of ["ROLLBACK", "PASS", "CANCEL"]) replies.push((await trial.operate(operator)).error);
    expect(replies).toEqual([
      {
        errCode: dagCode("RollbackNotAllowed"),
        message: "Failed to set DAG rollback: node Restart obshell cannot rollback",
      },
      {
        errCode: dagCode("PassNotAllowed"),
        message: "Failed to pass DAG: node Execute upgrade zone health checker script cannot pass",
      },
      { errCode: dagCode("CancelFinishedDag"), message: "Failed to cancel DAG: DAG is finished" },
    ]);
    const node = await trial.call("POST", `/api/v1/task/node/${dag.nodes?.[15]?.id}`, { operator: "PASS" });
    expect(node.error?.errCode).toBe("Task.Node.Operator.PassNotAllowed");
    expect(trial.cluster.agents.map((agent) => agent.observer.build === OB_BUILD)).toEqual([true, false, false]);
  });

  it("goes on when it is retried, keeping the old ERROR line", async () => {
    const trial = await failedObUpgrade();
    expect((await trial.operate("RETRY")).status).toBe(200);
    trial.settle();
    const dag = await trial.dag(1, 0, true);
    expect(dag).toMatchObject({ state: "SUCCEED", operator: "RUN", stage: 30 });
    expect(dag.nodes?.[15]).toMatchObject({ operator: "RETRY", state: "SUCCEED" });
    const task = dag.nodes?.[15]?.sub_tasks[0];
    expect(task?.execute_times).toBe(3);
    expect(task?.task_logs?.some((line) => line.startsWith("ERROR: "))).toBe(true);
  });

  it("cannot be cancelled while it runs past a script", async () => {
    const trial = new Trial();
    trial.cluster.control.addObPackages(OB_TARGET.version, OB_TARGET.release);
    await trial.data("POST", "/api/v1/ob/upgrade", ROLLING);
    while ((trial.cluster.dags[0]?.stage ?? 0) < 13) trial.clock.advance(100);
    const { error } = await trial.operate("CANCEL");
    expect(error?.message).toBe("Failed to cancel DAG: node Execute upgrade checker script cannot cancel");
  });
});

describe("a failed check DAG", () => {
  it("holds nothing and can be passed", async () => {
    const trial = new Trial();
    await trial.data("POST", `${AGENT}/check`, MISSING);
    trial.settle();
    expect(trial.cluster.dags[0]).toMatchObject({ state: "FAILED", stage: 2, finished: true });
    expect(trial.cluster.state.lock).toBe(1);
    expect((await trial.operate("PASS")).status).toBe(200);
    expect(await trial.dag()).toMatchObject({ state: "SUCCEED", operator: "PASS", stage: 2 });
  });
});

describe("another maintenance", () => {
  it("is named in refusals of other upgrades", async () => {
    const trial = new Trial();
    trial.cluster.control.startMaintenance("Start OB", { type: "TENANT", ms: 5000 });
    const { error } = await trial.call("POST", AGENT, MISSING);
    expect(error?.message).toContain("is under maintenance by DAG: Start OB, please try again later");
    trial.clock.advance(7000);
    expect((await trial.call("POST", AGENT, MISSING)).status).toBe(200);
  });
});
