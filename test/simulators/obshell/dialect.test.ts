import { describe, expect, it } from "vitest";
import { AGENT_TARGET, ROLLING, Trial } from "./trial";

const OB = "/api/v1/ob/upgrade";
const AGENT = "/api/v1/agent/upgrade";
const MAIN = "oceanbase-ce-4.2.1.10-110000102024112010.el7.x86_64.rpm";

describe("servers before the errCode era", () => {
  const OLD = "4.2.5.0-112024112600";
  const target = { version: "4.5.0.1", release: "102026060101.el7" };
  const rows: [string, string, object, number, object][] = [
    [
      "missing field",
      AGENT,
      { version: "4.5.0.1" },
      400,
      {
        code: 1001,
        message:
          "Illegal argument: Key: 'UpgradeCheckParam.Release' Error:Field validation for 'Release' failed on the 'required' tag",
      },
    ],
    [
      "lower agent version",
      AGENT,
      { version: "4.2.0.1", release: "1.el7" },
      400,
      {
        code: 1001,
        message: `Illegal argument: target version 4.2.0.1-1 is not greater than current version ${OLD}. Please verify if the params have been filled out correctly`,
      },
    ],
    [
      "no dot",
      AGENT,
      { ...target, release: "1" },
      400,
      { code: 1001, message: "Illegal argument: release format 1 is illegal" },
    ],
    [
      "missing agent package",
      AGENT,
      target,
      400,
      { code: 1001, message: "Illegal argument: [obshell-4.5.0.1-102026060101.el7.x86_64.rpm: record not found]" },
    ],
    [
      "upgradeDir",
      AGENT,
      { ...target, upgradeDir: "x" },
      400,
      { code: 1001, message: "Illegal argument: path 'x' should start with '/'" },
    ],
    [
      "mode",
      OB,
      { ...ROLLING, mode: "FAST" },
      500,
      { code: 1010, message: "Known error: upgrade mode 'FAST' is not supported" },
    ],
    ["missing OB package", OB, ROLLING, 500, { code: 1002, message: `Unexpected error: ${MAIN}: record not found` }],
  ];

  it.each(rows)("%s", async (_, path, body, status, error) => {
    const reply = await new Trial({ agentVersion: OLD }).call("POST", path, body);
    expect([reply.status, reply.error]).toEqual([status, error]);
  });

  it("too few zones, unknown paths, unknown DAGs", async () => {
    const trial = new Trial({ agentVersion: OLD, zones: 1 });
    expect((await trial.call("POST", OB, ROLLING)).error).toEqual({
      code: 1010,
      message: "Known error: not support rolling upgrade when zone num is lower than 3",
    });
    for (const path of ["/api/v1/nothing", "/api/v1/upgrade/package/info"]) {
      const reply = await trial.call("GET", path);
      expect([reply.status, reply.error]).toEqual([400, { code: 1000, message: "Bad request: 404 not found" }]);
    }
    expect((await trial.call("GET", "/api/v1/task/dag/11")).error).toEqual({
      code: 2300,
      message: "Task not found: record not found",
    });
    expect((await trial.call("GET", "/api/v1/task/dag/maintain/ob")).error).toEqual({
      code: 2300,
      message: "Task not found: Cluster is not under maintenance",
    });
  });

  it("refuse by the lock in words of their own", async () => {
    const trial = new Trial({ agentVersion: OLD });
    trial.cluster.control.addAgentPackage(target.version, target.release);
    trial.cluster.control.startMaintenance("Start OB");
    const reply = await trial.call("POST", AGENT, target);
    expect([reply.status, reply.error]).toEqual([
      500,
      { code: 1002, message: "Unexpected error: failed to start maintenance: agent status is not 1" },
    ]);
  });

  it("leave the maintenance fields out until the server is newer", async () => {
    const trial = new Trial({ agentVersion: OLD });
    trial.cluster.control.addAgentPackage(AGENT_TARGET.version, AGENT_TARGET.release);
    expect(await trial.data("POST", AGENT, AGENT_TARGET)).not.toHaveProperty("maintenance_type");
    trial.settle();
    expect(await trial.dag()).toMatchObject({ maintenance_type: 2, maintenance_key: "" });
  });
});
