import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, it } from "vitest";
import { oceanbase, redisenterprise, taurusdb } from "../../sdk";

const taurus = { region: "cn-north-4", version: "2.0.78" };
const redis = { endpoints: ["https://10.0.0.1:9443"], databaseId: 1 };

const TYPES: readonly (readonly [string, () => pulumi.Resource])[] = [
  ["oceanbase.ClusterVersion", () => new oceanbase.ClusterVersion("a", { endpoints: [], version: "4.3.5.2" })],
  ["oceanbase.AgentVersion", () => new oceanbase.AgentVersion("b", { endpoints: [], version: "4.3.5.2" })],
  ["taurusdb.KernelVersion", () => new taurusdb.KernelVersion("c", { ...taurus, instanceIds: [] })],
  [
    "taurusdb.StarRocksVersion",
    () => new taurusdb.StarRocksVersion("d", { ...taurus, instanceId: "i", starRocksInstanceId: "s" }),
  ],
  ["redisenterprise.ModuleVersions", () => new redisenterprise.ModuleVersions("e", { ...redis, modules: {} })],
  [
    "redisenterprise.DatabaseVersion",
    () => new redisenterprise.DatabaseVersion("f", { ...redis, redisVersion: "7.4" }),
  ],
];

/** Outputs of which there may be nothing to tell. */
const MAY_BE_EMPTY = ["lastUpgrade", "problems"];

/** What a program sees of a state, every output that the type declares. */
function outputsOf(resource: pulumi.Resource): Promise<Record<string, unknown>> {
  const outputs = Object.entries(resource).filter(([, value]) => pulumi.Output.isInstance(value));
  return new Promise((resolve) => pulumi.all(Object.fromEntries(outputs)).apply((all) => resolve(all)));
}

describe("every output of a pin that had nothing to do is defined", () => {
  beforeAll(async () => {
    const observed = { currentVersion: "1", members: {}, status: "current" };
    // What a state of 0.1.0 has.
    const newResource = ({ name, inputs }: pulumi.runtime.MockResourceArgs) => ({
      id: `${name}-id`,
      state: { ...inputs, ...observed },
    });
    await pulumi.runtime.setMocks({ newResource, call: ({ inputs }) => inputs }, "shop", "dev");
  });

  it.each(TYPES)("%s", async (_, make) => {
    const outputs = await outputsOf(make());
    expect(Object.keys(outputs)).toContain("lastUpgrade");
    const undefinedOnes = Object.entries(outputs).filter(([, value]) => value === undefined);
    expect(undefinedOnes).toEqual([]);
    const empty = MAY_BE_EMPTY.filter((name) => name in outputs);
    expect(empty).not.toEqual([]);
    for (const name of empty) expect(outputs[name] ?? {}).toEqual({});
  });
});
