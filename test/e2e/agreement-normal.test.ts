import { describe, expect, test } from "vitest";
import type { Deployment } from "../engine";
import { normalState } from "./agreement-normal";

const URN = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:ClusterVersion::orders";

/** A state with one resource, with the properties that the comparison uses. */
function state(ports: readonly number[], task: string, more: Record<string, unknown> = {}): Deployment {
  const endpoints = ports.map((port) => `http://127.0.0.1:${port}`);
  const members = Object.fromEntries([...ports].sort().map((port) => [`127.0.0.1:${port}`, "4.3.5.2"]));
  const inputs = { endpoints, version: "4.3.5.2" };
  const outputs = { ...inputs, members, lastUpgrade: { task, startedAt: "2026-01-02T03:04:05.678Z" }, ...more };
  const initErrors = [`the cluster: upgrade ${task} (OB rolling upgrade) is still running`];
  const resource = { urn: URN, type: "x", custom: true, inputs, outputs, initErrors };
  return { version: 3, deployment: { manifest: {}, resources: [resource] } };
}

describe("normalState", () => {
  test("is equal if only ports, times and task ids differ", () => {
    const one = normalState(state([4001, 4002, 4003], "11"));
    expect(normalState(state([9003, 9001, 9002], "26"))).toEqual(one);
    expect(JSON.stringify(one)).toContain('"127.0.0.1:<port 3>":"4.3.5.2"');
  });

  test.each([
    ["an output", state([1, 2, 3], "11", { status: "failed" })],
    ["a member", state([1, 2, 3], "11", { members: { "127.0.0.1:1": "4.3.5.2", "127.0.0.1:2": "4.3.5.2" } })],
    [
      "the order of endpoints",
      state([1, 2, 3], "11", { endpoints: [3, 2, 1].map((port) => `http://127.0.0.1:${port}`) }),
    ],
  ])("differs if %s differs", (_, other) => {
    expect(normalState(other)).not.toEqual(normalState(state([1, 2, 3], "11")));
  });
});
