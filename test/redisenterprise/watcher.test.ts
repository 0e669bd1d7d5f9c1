import { describe, expect, it } from "vitest";
import type { Clock } from "../../provider/core/clock";
import type { Nodes } from "../../provider/redisenterprise/rest/nodes";
import { Watcher } from "../../provider/redisenterprise/tasks/watcher";

/** A cluster that has forgotten the action of its database, which is at rest. */
const nodes = {
  read: async (target: string) => {
    if (target === "/v1/bdbs/1") return { uid: 1, status: "active" };
    return target === "/v1/actions/bdb/1" ? [] : undefined;
  },
} as unknown as Nodes;

describe("an upgrade that the cluster does not know any more", () => {
  it.each([
    ["an hour forward", 3_600_000],
    ["an hour back", -3_600_000],
  ])("is over after a while of rest, however the wall clock is put (%s)", async (_, step) => {
    let elapsed = 0;
    let wall = 10_000_000;
    const clock: Clock = { now: () => wall, elapsed: () => elapsed, sleep: async () => undefined };
    const watcher = new Watcher(nodes, clock);
    const look = () => watcher.inspect({ id: "a1", kind: "SMUpgradeBDB", to: "7.4" }, 1);
    expect(await look()).toMatchObject({ kind: "running" });
    wall += step;
    elapsed += 1_000;
    expect(await look()).toMatchObject({ kind: "running" });
    elapsed += 5_000;
    expect(await look()).toEqual({ kind: "succeeded" });
  });
});
