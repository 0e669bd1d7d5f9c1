import { describe, expect, it } from "vitest";
import { NEW, OLD, rig } from "./rig";

describe("a preview", () => {
  it("tells the plan, and calls nothing", async () => {
    const { lifecycle, inputs, cloud, said } = rig();
    await lifecycle.check({}, inputs({ schedule: "maintenance-window", skipValidation: true }));
    expect(said()).toEqual([
      `${OLD} → ${NEW}, in the maintenance window 18:00-22:00 UTC, without the vendor's validation`,
    ]);
    expect(cloud.writes()).toEqual([]);
  });

  it("says so when nothing is to be done", async () => {
    const { lifecycle, inputs, said } = rig({ starRocksKernel: NEW });
    await lifecycle.check({}, inputs({ version: "latest" }));
    expect(said()).toEqual([`already at ${NEW}`]);
  });

  it("of a service that is down succeeds and says so", async () => {
    const { lifecycle, inputs, cloud, said } = rig();
    cloud.control.gateway.setUp("gaussdb.cn-north-4", false);
    expect(await lifecycle.check({}, inputs())).toMatchObject({ failures: [] });
    expect(said().join()).toMatch(/^cannot plan: unreachable, /);
  });

  it("tells of an instance that is not there, with those that are", async () => {
    const { lifecycle, inputs, said, starRocks } = rig();
    await lifecycle.check({}, inputs({ starRocksInstanceId: `${"0".repeat(32)}in17` }));
    expect(said().join()).toContain(`it has ${starRocks} (star-rocks)`);
  });
});

describe("a refresh", () => {
  it("shows the version that a fallen instance runs, and the next up repairs it", async () => {
    const { lifecycle, inputs, cloud, starRocks, writes } = rig({ starRocksKernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    cloud.control.setKernel(OLD, starRocks);
    const seen = await lifecycle.read(id, outs);
    expect(seen).toMatchObject({ inputs: { version: OLD }, props: { status: "behind", currentVersion: OLD } });
    expect(await lifecycle.diff(id, seen.props ?? {}, inputs())).toMatchObject({ changes: true });
    expect((await lifecycle.update(id, seen.props ?? {}, inputs())).outs).toMatchObject({ status: "current" });
    expect(writes()).toBe(1);
  });

  it("is silent about one that moved inside its floor", async () => {
    const { lifecycle, inputs, cloud, starRocks } = rig({ starRocksKernel: NEW });
    const args = { version: ">=3.1.10" };
    const { id, outs } = await lifecycle.create(inputs(args));
    cloud.control.setKernel("3.1.20.0", starRocks);
    const seen = await lifecycle.read(id, outs);
    expect(seen).toMatchObject({ inputs: args, props: { status: "current", currentVersion: "3.1.20.0" } });
  });

  it("warns of one that is newer", async () => {
    const { lifecycle, inputs, cloud, starRocks, said } = rig({ starRocksKernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    cloud.control.setKernel("3.1.20.0", starRocks);
    expect(await lifecycle.read(id, outs)).toMatchObject({
      props: { status: "newer" },
      inputs: { version: "3.1.20.0" },
    });
    expect(said().join()).toContain("newer than the target version");
  });

  it("shows that something newer is offered to a pin of latest", async () => {
    const { lifecycle, inputs, cloud, writes } = rig({ starRocksKernel: NEW });
    const args = inputs({ version: "latest" });
    const { id, outs } = await lifecycle.create(args);
    cloud.control.offerStarRocks("3.1.20.0");
    const seen = await lifecycle.read(id, outs);
    expect(seen).toMatchObject({ inputs: { version: NEW }, props: { status: "behind" } });
    expect((await lifecycle.update(id, seen.props ?? {}, args)).outs).toMatchObject({ currentVersion: "3.1.20.0" });
    expect(writes()).toBe(1);
  });

  it("leaves the state as it is while the service is down", async () => {
    const { lifecycle, inputs, cloud, said } = rig({ starRocksKernel: NEW });
    const { id, outs } = await lifecycle.create(inputs());
    cloud.control.gateway.setUp("gaussdb.cn-north-4", false);
    expect(await lifecycle.read(id, outs)).toEqual({ id, props: outs });
    expect(said().join()).toContain("could not be read; the state was not changed");
  });
});
