import { describe, expect, it } from "vitest";
import type { FoundDatabase } from "../../provider/core/estate";
import { rig as commandLine } from "../cli/rig";
import { nodesOf } from "../cli/worlds";
import { CACHE, PASSWORD, rig, USER } from "./rig";

const UNPROTECTED = { ...CACHE, replication: false, persistence: "disabled" } as const;

async function discovered({ cluster }: Pick<ReturnType<typeof rig>, "cluster">) {
  const env = { REDIS_ENTERPRISE_USER: USER, REDIS_ENTERPRISE_PASSWORD: PASSWORD };
  const { run } = commandLine(() => [cluster], { env });
  const { out } = await run("discover", "redis-enterprise", ...nodesOf(cluster), "--json");
  return (JSON.parse(out) as { databases: FoundDatabase[] }).databases;
}

describe("only an upgrade in progress or a failed one is reported for a database", () => {
  it.each(["running", "failed"] as const)("%s", async (kind) => {
    const world = rig({ databases: [UNPROTECTED] });
    const before = await discovered(world);
    expect(before.flatMap(({ findings }) => findings.map(({ code }) => code))).toContain("data-would-be-lost");
    if (kind === "running") world.cluster.control.hang();
    else world.cluster.control.fail();
    const args = world.redis({ mayDiscardData: true, wait: false });
    await world.lifecycle.create(args).catch(() => undefined);
    await world.clock.sleep(600_000, new AbortController().signal);
    for (const { activity, findings } of await discovered(world)) {
      expect({ kind: activity?.kind, findings }).toEqual({ kind, findings: [] });
    }
  });
});

describe("versions", () => {
  it("are unknown if the nodes do not report them, instead of empty", async () => {
    const world = rig({ databases: [CACHE] });
    const nodes = world.cluster.state.nodes.map(({ uid, ip, softwareVersion }) => ({
      uid,
      addr: ip,
      software_version: softwareVersion,
    }));
    const headers = { "content-type": "application/json" };
    const fault = { kind: "replace", status: 200, headers, body: JSON.stringify(nodes) } as const;
    world.cluster.faults.add({ match: { path: "/v1/nodes" }, times: Number.POSITIVE_INFINITY, fault });
    const found = (await discovered(world)).find(({ type }) => type === "redisenterprise:DatabaseVersion");
    expect(found).toMatchObject({ current: "7.4.2" });
    expect(found).not.toHaveProperty("targets");
  });
});
