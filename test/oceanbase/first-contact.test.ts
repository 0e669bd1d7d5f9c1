import { describe, expect, it } from "vitest";
import { rig } from "./rig";

/** Asks its observer for the version in every GET info, and fails with it. */
const OLD = "4.2.5.0-112024111111";
const INFO = "/api/v1/info";
const AGENTS = { version: "4.5.0.0", release: "102026050817.el7" };
const types = {
  "oceanbase:ClusterVersion": {},
  "oceanbase:AgentVersion": {
    ...AGENTS,
    __urn: "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:AgentVersion::agents",
  },
};

const unexpected = (data?: unknown) => {
  const error = { code: 1002, message: "Unexpected error: exec get my ob version failed: exit status 127" };
  return JSON.stringify({ successful: false, status: 500, ...(data === undefined ? {} : { data }), error });
};

describe.each(Object.entries(types))("%s: an agent that answers an error and what was asked for", (_, type) => {
  it("belongs to no cluster, and says so: the run ends at once", async () => {
    const { lifecycle, inputs, clock, cluster } = rig({
      agentVersion: OLD,
      identity: "SINGLE",
      conditions: { observerBinaryMissing: true },
    });
    const began = clock.now();
    await expect(lifecycle.create({ ...inputs(), ...type })).rejects.toThrow(
      /belongs to no OceanBase cluster \(identity SINGLE\).*\[blocked\]/,
    );
    expect(clock.since(began)).toBeLessThan(1_000);
    expect(cluster.writes()).toEqual([]);
  });

  it("belongs to a cluster: it is upgraded like every other", async () => {
    const { lifecycle, inputs, cluster } = rig({ agentVersion: OLD, conditions: { observerBinaryMissing: true } });
    cluster.control.addAgentPackage(AGENTS.version, AGENTS.release);
    const { outs } = await lifecycle.create({ ...inputs(), ...type });
    expect(outs).toMatchObject({ status: "current" });
  });

  it.each([
    ["nothing", undefined],
    ["an empty result", null],
    ["half of it", { identity: "SINGLE" }],
  ])("with %s beside the error: it is waited for one minute", async (_, data) => {
    const { lifecycle, inputs, clock, cluster } = rig({ agentVersion: OLD });
    const fault = { kind: "replace", status: 500, body: unexpected(data) } as const;
    cluster.faults.add({ match: { path: INFO }, times: 9_999, fault });
    const began = clock.now();
    await expect(lifecycle.create({ ...inputs(), ...type })).rejects.toThrow(
      /could not be read for 1 min( \d s)?: .*get my ob version failed.*\[unreachable\]/,
    );
    expect(clock.since(began)).toBeLessThan(120_000);
  });
});

describe("an error beside an empty list", () => {
  it.each(["/api/v1/task/dag/ob/unfinish", "/api/v1/upgrade/package/info"])(
    "is not taken for the list: %s",
    async (path) => {
      const { lifecycle, inputs, cluster } = rig();
      const error = { errCode: "Common.Unexpected", message: "Unexpected error: record not found" };
      const body = JSON.stringify({ successful: false, status: 500, data: { contents: null }, error });
      cluster.faults.add({ match: { path }, times: 9_999, fault: { kind: "replace", status: 500, body } });
      const args = inputs({ unreachableTimeout: "2m", version: ">=4.3.5", release: undefined });
      await expect(lifecycle.create(args)).rejects.toThrow(/\[unreachable\]/);
      expect(cluster.writes()).toEqual([]);
    },
  );
});
