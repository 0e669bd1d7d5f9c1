/** @module-tag long */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Engine, engines, makeWorkspace, openEngine } from "../engine";
import { ScaledClock, type Served, serve, TaurusCloud, taurusdb } from "../simulators";
import { TIMEOUT } from "./stage";

/** Declares TaurusDB resources, in a named component with an explicit provider if one is given. */
const PROGRAM = `
const { Provider, taurusdb } = require("pulumi-dbversion");
const pulumi = require("@pulumi/pulumi");

const components = {};
const declared = {};
for (const { name, type, args, component, after } of JSON.parse(process.env.DECLARED)) {
  const options = component === undefined ? { dependsOn: after && declared[after] } : (components[component] ??= {
    parent: new pulumi.ComponentResource("shop:index:Databases", component),
    provider: new Provider(component, { huaweicloud: { accessKey: args.accessKey, secretKey: args.secretKey } }),
  });
  declared[name] = new taurusdb[type](name, args, options);
  exports[name] = declared[name].status;
}
`;

interface Declared {
  readonly name: string;
  readonly component?: string;
  /** The resource that it depends on. */
  readonly after?: string;
  readonly args?: Readonly<Record<string, unknown>>;
}

/** Long from now, so that upgrades stay scheduled. */
function laterToday(): string {
  return `${String((new Date().getUTCHours() + 8) % 24).padStart(2, "0")}:00`;
}

const TYPES = ["KernelVersion", "StarRocksVersion"] as const;

describe.each(engines())("%s engine: a scheduled upgrade", TIMEOUT, (prefer) => {
  let cloud: TaurusCloud;
  let served: Served;
  let workspace: Awaited<ReturnType<typeof makeWorkspace>>;
  let engine: Engine;

  beforeEach(async () => {
    cloud = new TaurusCloud({ clock: new ScaledClock(1), oneDoor: true, timings: { visibleMs: 100 } });
    for (const { id } of cloud.instances) cloud.control.setWindow(laterToday(), id);
    served = await serve(cloud);
    workspace = await makeWorkspace({ program: PROGRAM, project: "shop" });
    engine = await openEngine({ dir: workspace.dir, prefer });
  });

  afterEach(async () => {
    await engine.close();
    await served.close();
    await workspace.close();
  });

  /** Options that make the program declare them. */
  function program(type: (typeof TYPES)[number], ...declared: readonly Declared[]) {
    const [endpoint] = served.origins;
    const { projectId, accessKey, secretKey, instanceId } = taurusdb.DEFAULTS;
    const connection = { endpoint, iamEndpoint: endpoint, projectId, accessKey, secretKey };
    const targetArgs =
      type === "KernelVersion"
        ? { instanceIds: [instanceId], version: "2.0.78" }
        : { instanceId, starRocksInstanceId: cloud.starRocks[0]?.id, version: "3.1.15.80" };
    const args = { ...connection, ...targetArgs, schedule: "maintenance-window" };
    const resources = declared.map((one) => ({ type, ...one, args: { ...args, ...one.args } }));
    return { env: { DECLARED: JSON.stringify(resources) } };
  }
  const scheduled = () => cloud.schedules.map(({ status }) => status);

  test.each(TYPES)("is kept if its %s moves to another process", async (type) => {
    const first = await engine.up(program(type, { name: "old" }));
    expect(first.outputs).toEqual({ old: "deferred" });

    const moved = await engine.up(program(type, { name: "new", component: "databases" }));
    expect(moved.ok, moved.output).toBe(true);
    expect(moved).toMatchObject({ outputs: { new: "deferred" }, changes: { delete: 1 } });
    expect(moved.output).toMatch(/stays scheduled: taurusdb:\w+ "new" relies on it/);
    expect(scheduled()).toEqual(["Pending"]);

    const after = await engine.preview(program(type, { name: "new", component: "databases" }));
    expect(after.changes).toEqual({ same: 4 });
  });

  test("is kept if the delete after a rename is postponed to the next run", async () => {
    const type = "KernelVersion";
    await engine.up(program(type, { name: "old" }));
    const broken = { name: "broken", args: { instanceIds: ["0000000000000000000000000000000in07".padStart(36, "0")] } };
    const failed = await engine.up(program(type, { name: "new" }, broken));
    expect(failed.ok).toBe(false);
    expect(failed.changes).not.toHaveProperty("delete");

    const next = await engine.up(program(type, { name: "new" }));
    expect(next.ok, next.output).toBe(true);
    expect(next.changes).toMatchObject({ delete: 1 });
    expect(next.output).toMatch(/stays scheduled: taurusdb:KernelVersion "new" relies on it/);
    expect(scheduled()).toEqual(["Pending"]);
  });

  test("is kept if the resource that scheduled it, declared first, no longer needs it", async () => {
    const type = "KernelVersion";
    const lowered = { version: ">=1.0" };
    await engine.up(program(type, { name: "first" }));
    await engine.up(program(type, { name: "first" }, { name: "second" }));
    const up = await engine.up(program(type, { name: "first", args: lowered }, { name: "second" }));
    expect(up.outputs, up.output).toEqual({ first: "current", second: "deferred" });
    expect(up.output).toMatch(/stays scheduled: taurusdb:KernelVersion "second" relies on it/);
    expect(scheduled()).toEqual(["Pending"]);
  });

  test("is scheduled again for a resource that depends on the one that canceled it", async () => {
    const type = "KernelVersion";
    const second = { name: "second", after: "first" };
    await engine.up(program(type, { name: "first" }));
    await engine.up(program(type, { name: "first" }, second));
    const up = await engine.up(program(type, { name: "first", args: { version: ">=1.0" } }, second));
    expect(up.outputs, up.output).toEqual({ first: "current", second: "deferred" });
    expect(scheduled()).toEqual(["Canceled", "Pending"]);
  });

  test("is canceled when the stack is destroyed", async () => {
    const declared = program("KernelVersion", { name: "old" });
    await engine.up(declared);
    const destroyed = await engine.destroy(declared);
    expect(destroyed.ok, destroyed.output).toBe(true);
    expect(scheduled()).toEqual(["Canceled"]);
  });

  test("of an instance that two resources list with conflicting versions causes a warning in the preview", async () => {
    const two = program(
      "KernelVersion",
      { name: "one", args: { version: "2.0.78" } },
      { name: "two", component: "databases", args: { version: "latest" } },
    );
    const preview = await engine.preview(two);
    expect(preview.ok, preview.output).toBe(true);
    const reported = preview.diagnostics.filter(({ message }) => /manages .* as well, with version/.test(message));
    expect(reported, preview.output).toMatchObject([{ severity: "warning" }]);
  });
});
