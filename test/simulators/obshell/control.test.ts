import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { printed } from "../printed";
import { ManualClock, serve } from "../shell";
import { ObshellCluster } from ".";
import { localTaskId } from "./taskid";
import {
  AGENT_TARGET,
  builds,
  type DagView,
  OB_BUILD,
  OB_TARGET,
  ROLLING,
  STOP_SERVICE,
  sealBody,
  sealHeader,
  Trial,
} from "./trial";

const AGENT = "/api/v1/agent/upgrade";
const OB = "/api/v1/ob/upgrade";

function withPackages(trial: Trial): Trial {
  trial.cluster.control.addObPackages(OB_TARGET.version, OB_TARGET.release);
  trial.cluster.control.addAgentPackage(AGENT_TARGET.version, AGENT_TARGET.release);
  return trial;
}

describe("simulated time", () => {
  it("leads to the same final state of a DAG however often the simulator is called", () => {
    const run = (steps: readonly number[]): string => {
      const clock = new ManualClock();
      const trial = withPackages(new Trial({}, new ObshellCluster({ clock, switches: { newKeyAtRestart: false } })));
      trial.cluster.control.fail({ stage: 5 });
      trial.cluster.control.startMaintenance("Start OB", { ms: 2000 });
      for (const step of steps) {
        clock.advance(step);
        trial.cluster.tick();
      }
      clock.set(clock.now() - steps.reduce((sum, step) => sum + step, 0) + 100_000);
      const { dags, agents, lock } = trial.cluster.state;
      return JSON.stringify([dags, lock, agents.map((agent) => ({ ...agent, key: "" }))]);
    };
    const once = run([]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { maxLength: 30 }), (steps) => {
        expect(run(steps)).toBe(once);
      }),
      { numRuns: 30 },
    );
  });

  it("does not advance when all timings are instant", async () => {
    const trial = withPackages(new Trial({ timings: "instant" }));
    expect(await trial.data("POST", OB, ROLLING)).toMatchObject({ state: "READY" });
    expect(await trial.dag()).toMatchObject({ state: "SUCCEED", stage: 30 });
    expect(await builds(trial)).toEqual(Array(3).fill(OB_BUILD.replace("-", "_")));
  });

  it("can be advanced for one DAG", async () => {
    const trial = withPackages(new Trial());
    trial.cluster.control.hang({ stage: "Backup parameters" });
    await trial.data("POST", OB, ROLLING);
    trial.clock.advance(3_000_000);
    expect(await trial.dag()).toMatchObject({ state: "RUNNING", stage: 10 });
    trial.cluster.control.finish();
    expect(await trial.dag()).toMatchObject({ state: "SUCCEED", stage: 30 });
  });

  it("fails a hung stage after one hour, and a retry continues it", async () => {
    const trial = withPackages(new Trial());
    trial.cluster.control.hang({ stage: "Backup parameters" });
    await trial.data("POST", OB, ROLLING);
    expect(trial.settle(7_200_000)).toBeGreaterThan(3_600_000);
    const { state, stage, nodes } = await trial.dag(1, 0, true);
    expect([state, stage]).toEqual(["FAILED", 10]);
    expect(nodes?.[9]?.sub_tasks).toMatchObject([{ state: "FAILED", task_logs: ["sub task timeout"] }]);
    await trial.operate("RETRY");
    trial.settle();
    expect(await trial.dag()).toMatchObject({ state: "SUCCEED", stage: 30 });
  });

  it("continues a DAG after a hang", async () => {
    const trial = withPackages(new Trial({ zones: 1 }));
    trial.cluster.control.hang({ stage: "Reinstall and restart observer" });
    await trial.data("POST", OB, STOP_SERVICE);
    trial.clock.advance(600_000);
    expect((await trial.call("GET", "/api/v1/task/dag/11")).error?.errCode).toBe("OB.Server.Process.NotExist");
    trial.cluster.control.unhang();
    trial.settle();
    expect(trial.cluster.dags[0]?.state).toBe("SUCCEED");
  });

  it("continues a DAG after a hang that ends before the observers have stopped", async () => {
    const trial = withPackages(new Trial({ zones: 1 }));
    trial.cluster.control.hang({ stage: "Reinstall and restart observer" });
    await trial.data("POST", OB, STOP_SERVICE);
    while (trial.cluster.dags[0]?.hung === false) trial.clock.advance(100);
    trial.cluster.control.unhang();
    trial.settle();
    expect(trial.cluster.dags[0]?.state).toBe("SUCCEED");
    expect(trial.cluster.state.agents[0]?.observer.process).toBe("up");
  });
});

describe("agents", () => {
  it("wait for an agent that does not come back", async () => {
    const trial = withPackages(new Trial());
    await trial.data("POST", AGENT, AGENT_TARGET);
    trial.clock.advance(15_000);
    trial.cluster.control.stopAgent(2);
    trial.clock.advance(600_000);
    expect(await trial.dag()).toMatchObject({ state: "RUNNING", stage: 7 });
    trial.cluster.control.startAgent(2);
    trial.settle();
    expect(trial.cluster.dags[0]?.state).toBe("SUCCEED");
  });

  it("restart with a new key when requested, or always", async () => {
    const trial = new Trial();
    const before = await trial.publicKey();
    trial.cluster.control.restartAgent(0, { gapMs: 1000 });
    await expect(trial.plain("GET", "/api/v1/info")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    trial.clock.advance(1000);
    expect(await trial.publicKey()).toBe(before);
    trial.cluster.control.restartAgent(0, { gapMs: 0, newKey: true });
    const renewed = await trial.publicKey();
    expect(renewed).not.toBe(before);
    trial.cluster.control.setSwitches({ newKeyAtRestart: true });
    trial.cluster.control.startAgent(0);
    expect(await trial.publicKey()).not.toBe(renewed);
    trial.cluster.control.replaceKey(0);
    expect(new Set(await Promise.all([0, 1, 2].map((agent) => trial.publicKey(agent)))).size).toBe(3);
  });

  it("may report NotHold for a moment after they started listening", async () => {
    const trial = new Trial({ switches: { notHoldMs: 10 } });
    trial.cluster.control.startAgent(0);
    expect((await trial.call("GET", "/api/v1/task/dag/ob/unfinish")).error?.errCode).toBe("Agent.OceanBase.NotHold");
    trial.clock.advance(10);
    expect((await trial.call("GET", "/api/v1/task/dag/ob/unfinish")).status).toBe(200);
  });

  it("and servers can be set to another version", async () => {
    const trial = new Trial();
    trial.cluster.control.setBuildVersion("4.2.1.0_100", 1);
    trial.cluster.control.setAgentVersion("4.3.2.0-1", 1);
    expect((await builds(trial))[1]).toBe("4.2.1.0_100");
    expect(trial.cluster.agents.map((agent) => agent.listedVersion)[1]).toBe("4.3.2.0-1");
  });
});

describe("a scripted stage failure", () => {
  it("is selected by stage name, kind and agent, with custom log lines", async () => {
    const trial = withPackages(new Trial());
    trial.cluster.control.fail({
      stage: "Unpack all required packages",
      kind: "agentUpgrade",
      agents: [1],
      logs: ["ERROR: [X]: y"],
    });
    await trial.data("POST", AGENT, AGENT_TARGET);
    trial.settle();
    const tasks = (await trial.dag(1, 0, true)).nodes?.[3]?.sub_tasks.map((task) => task.state);
    expect(tasks).toEqual(["SUCCEED", "FAILED", "SUCCEED"]);
    trial.cluster.control.operate("ROLLBACK");
    trial.settle();
    expect(trial.cluster.dags[0]).toMatchObject({ state: "SUCCEED", operator: "ROLLBACK" });
  });
});

describe("the journal", () => {
  it("lists writes and contains no secrets", async () => {
    const trial = withPackages(new Trial());
    trial.cluster.faults.add({ match: { method: "POST", path: OB }, fault: { kind: "loseReply" } });
    await expect(trial.call("POST", OB, ROLLING)).rejects.toMatchObject({ code: "ECONNRESET" });
    await trial.call("POST", OB, ROLLING);
    await trial.dag();
    expect(trial.cluster.writes().map((entry) => [entry.status, entry.fault])).toEqual([
      [200, "loseReply"],
      [500, undefined],
    ]);
    expect(trial.cluster.acceptedUpgrades).toHaveLength(1);
    expect(JSON.stringify(trial.cluster.journal.entries)).not.toContain("p@ss");
  });

  it("is written after hooks that may change the cluster", async () => {
    const trial = new Trial();
    trial.cluster.onCall(({ request }) => {
      if (request.target === "/api/v1/ob/info") trial.cluster.control.setBuildVersion("9.9.9.9-1");
    });
    expect((await builds(trial))[0]).toBe("9.9.9.9_1");
  });
});

describe("the exported state", () => {
  it("of an upgrade in progress can be resumed in another cluster", async () => {
    const first = withPackages(new Trial());
    await first.data("POST", OB, ROLLING);
    first.clock.advance(40_000);
    const state = JSON.parse(JSON.stringify(first.cluster.export()));
    const clock = new ManualClock(first.clock.now());
    const second = new ObshellCluster({ clock, state });
    expect(second.agents.map((agent) => agent.key)).toEqual(first.cluster.agents.map((agent) => agent.key));
    clock.advance(60_000);
    expect(second.dags[0]).toMatchObject({ state: "SUCCEED", stage: 30 });
    expect(first.cluster.dags[0]?.state).toBe("RUNNING");
  });
});

describe("a served cluster", () => {
  it("reports its real addresses, and closes and reopens its ports during its own upgrade", async () => {
    const clock = new ManualClock();
    const cluster = new ObshellCluster({ clock });
    cluster.control.addAgentPackage(AGENT_TARGET.version, AGENT_TARGET.release);
    const served = await serve(cluster, { tickMs: 5 });
    try {
      const [origin = ""] = served.origins;
      type Data = { ip: string; port: number; public_key: string; version: string };
      const dataOf = async (response: Response) => ((await response.json()) as { data: Data }).data;
      const secret = async () => dataOf(await fetch(`${origin}/api/v1/secret`));
      expect(`http://${(await secret()).ip}:${(await secret()).port}`).toBe(origin);
      const keys = Buffer.alloc(32, 7);
      const ts = String(Math.floor(clock.now() / 1000) + 60);
      const header = { auth: 'p@ss"w0rd', ts, uri: AGENT, keys: keys.toString("base64") };
      const reply = await fetch(origin + AGENT, {
        method: "POST",
        headers: { "x-ocs-header": sealHeader((await secret()).public_key, header) },
        body: sealBody(keys, JSON.stringify(AGENT_TARGET)),
      });
      expect(reply.status).toBe(200);
      /** The version that the agent reports, or the connection error. */
      const seen = async () => {
        try {
          return (await dataOf(await fetch(`${origin}/api/v1/info`))).version;
        } catch (error) {
          return (error as { cause?: { code?: string } }).cause?.code;
        }
      };
      for (let seconds = 0; seconds < 60 && cluster.hosts[0]?.isUp(); seconds++) clock.advance(1_000);
      await expect.poll(seen, { interval: 5 }).toBe("ECONNREFUSED");
      clock.advance(60_000);
      await expect.poll(seen, { interval: 5 }).toBe("4.5.0.0-102026050817");
    } finally {
      await served.close();
    }
  });
});

describe("npm run simulate", () => {
  it("prints its usage and rejects unknown options", async () => {
    expect(await printed("obshell", "--help")).toEqual({ code: 0, text: expect.stringContaining("--ob-package") });
    expect(await printed("obshell", "--nope")).toEqual({ code: 2, text: expect.stringContaining("--nope") });
    const text = expect.stringContaining("--agents must be a number");
    expect(await printed("obshell", "--agents", "x")).toEqual({ code: 2, text });
    expect(await printed("oracle")).toEqual({ code: 2, text: expect.stringContaining('unknown simulator "oracle"') });
  });
});

describe("the tasks that added the agents to their cluster", () => {
  const TASK = "/api/v1/task";
  const TAKE_OVER = { name: "Take over", state: "SUCCEED", stage: 5, max_stage: 5, maintenance_type: 2 };
  const SYNCHRONIZE = { name: "Synchronize agent from cluster", stage: 1, max_stage: 1, additional_data: null };
  const LOGS = [
    "try to connect",
    "connect succeed, dump password",
    "synchronize agent from oceanbase",
    "sync agent data",
  ];
  const followed = localTaskId("10.77.0.2", 2886, 2);
  const master = localTaskId("10.77.0.4", 2886, 1);

  it("are two on each agent that was taken over", async () => {
    const trial = new Trial();
    const last = await trial.data<DagView>("GET", `${TASK}/dag/maintain/agent`);
    expect(last).toMatchObject({ ...SYNCHRONIZE, id: followed, dag_id: 2, nodes: [{ id: followed, node_id: 2 }] });
    expect(last.nodes?.[0]?.sub_tasks).toMatchObject([{ task_id: 2, task_logs: LOGS, execute_times: 1 }]);
    const { contents } = await trial.data<{ contents: DagView[] }>("GET", `${TASK}/dags/agent?show_details=false`);
    expect(contents).toMatchObject([
      { ...SYNCHRONIZE, dag_id: 1, nodes: null },
      { ...SYNCHRONIZE, dag_id: 2, nodes: null },
    ]);
    expect(await trial.data("GET", `${TASK}/dag/agent/unfinish`)).toEqual({ contents: [] });
  });

  it("are one on the agent that took over the others", async () => {
    const trial = new Trial();
    const dag = await trial.data<DagView>("GET", `${TASK}/dag/maintain/agent`, undefined, 2);
    expect(dag).toMatchObject({ ...TAKE_OVER, id: master, additional_data: {} });
    expect(dag.nodes?.map((node) => node.sub_tasks.map((task) => task.execute_agent.ip.at(-1)))).toEqual([
      ["4"],
      ["4"],
      ["2", "3", "4"],
      ["4"],
      ["2", "3", "4"],
    ]);
    expect(dag.nodes?.[4]?.sub_tasks[0]?.task_logs).toContain(
      `remote task ${followed} Synchronize agent from cluster running [1/1]`,
    );
    expect(dag.nodes?.[1]?.sub_tasks[0]?.task_logs?.[1]).toBe("convert agent 10.77.0.3:2886 to cluster agent");
  });

  it("are readable through every agent, and the list of all includes the details of the others' tasks", async () => {
    const trial = new Trial();
    expect(await trial.data("GET", `${TASK}/dag/${master}`, undefined, 1)).toMatchObject(TAKE_OVER);
    expect(await trial.data("GET", `${TASK}/node/${master}`)).toMatchObject({ node_id: 1, additional_data: null });
    expect(await trial.data("GET", `${TASK}/sub_task/${followed}`)).toMatchObject({ task_id: 2, task_logs: LOGS });
    const { contents: lines } = await trial.data<{ contents: object[] }>("GET", `${TASK}/sub_task/${followed}/logs`);
    expect(lines).toMatchObject(LOGS.map((line, index) => ({ id: index + 1, log_content: line, is_sync: true })));
    const all = await trial.data<{ contents: DagView[] }>("GET", `${TASK}/dag/maintain/agents?show_details=false`);
    expect(all.contents.map(({ name, nodes }) => [name, nodes === null])).toEqual([
      [SYNCHRONIZE.name, true],
      [SYNCHRONIZE.name, false],
      ["Take over", false],
    ]);
  });

  it.each([
    ["RETRY", "Task.Dag.Operator.RetryNotFailedDag"],
    ["CANCEL", "Task.Dag.Operator.CancelFinishedDag"],
    ["FOO", "Task.Dag.Operator.NotSupport"],
  ])("have completed, so that %s is refused", async (operator, errCode) => {
    const trial = new Trial({ agentVersion: "4.5.0.0-102026050817" });
    const reply = await trial.call("POST", `${TASK}/dag/${master}`, { operator });
    expect(reply.error?.errCode).toBe(errCode);
  });

  it("are one on the master of a cluster that is being created", async () => {
    const trial = new Trial({ identity: "MASTER", zones: 1 });
    const reply = await trial.call("GET", `${TASK}/dag/maintain/agent`, undefined, 0, { auth: "" });
    expect(reply.json.data).toMatchObject({
      name: "Join self",
      nodes: [{ name: "Join self", sub_tasks: [{ task_logs: ["set agent identity to master"] }] }],
    });
  });

  it("do not exist on an agent without a cluster", async () => {
    const trial = new Trial({ identity: "SINGLE" });
    expect((await trial.call("GET", `${TASK}/dag/maintain/agent?show_details=x`)).status).toBe(404);
    expect(await trial.data("GET", `${TASK}/dags/agent?show_details=x`)).toEqual({ contents: [] });
  });
});
