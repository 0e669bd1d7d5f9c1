import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { RunNotes } from "../../provider/frontend/resource/run-notes";
import { Scheduled } from "../../provider/frontend/resource/scheduled";
import { cancelSchedules } from "../../provider/taurusdb/tasks";
import { createTransport, TaurusCloud, taurusdb } from "../simulators";
import { partial } from "../support/partial";
import { simulatedTransport } from "../support/simulated-transport";
import { VirtualClock } from "../support/virtual-clock";
import { kindsOver } from "../systems";
import { openProcesses, type Saved, SCHEDULING } from "./taurus-processes";

type World = ReturnType<typeof openProcesses>;
type Lifecycle = ReturnType<World["operation"]>[0];

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** The resource "old", whose upgrade is scheduled, created by an earlier operation. */
function makeOld(world: World): Promise<Saved> {
  const [lifecycle] = world.operation();
  return lifecycle.create(world.inputs("old"));
}

/** The engine diffs a resource that has not changed. @returns whether it has to be updated */
async function meet(lifecycle: Lifecycle, { id, outs }: Saved, inputs: Record<string, unknown>): Promise<boolean> {
  await lifecycle.check(inputs, inputs);
  return (await lifecycle.diff(id, outs, inputs)).changes === true;
}

/** Ways to replace "old" by "new", each up to the delete of "old". */
const MOVES: Readonly<Record<string, (world: World, old: Saved) => Promise<Saved>>> = {
  "renamed in one operation": async (world, old) => {
    const [one] = world.operation();
    const made = await one.create(world.inputs("new"));
    await one.delete(old.id, old.outs);
    return made;
  },
  "renamed, the delete postponed to the next operation": async (world, old) => {
    const made = await world.operation()[0].create(world.inputs("new"));
    const [one] = world.operation();
    expect(await meet(one, made, world.inputs("new"))).toBe(false);
    await one.delete(old.id, old.outs);
    return made;
  },
  "moved to another process": async (world, old) => {
    const [one, other] = world.operation();
    const made = await other.create(world.inputs("new"));
    await one.delete(old.id, old.outs);
    return made;
  },
  "replaced in another process, with the same URN": async (world, old) => {
    const [one, other] = world.operation();
    const made = await other.create(world.inputs("old"));
    await one.delete(old.id, old.outs);
    return made;
  },
  "moved to another process, the delete postponed": async (world, old) => {
    const made = await world.operation()[1].create(world.inputs("new"));
    const [one, other] = world.operation();
    expect(await meet(other, made, world.inputs("new"))).toBe(false);
    await one.delete(old.id, old.outs);
    return made;
  },
  "replaced with the same URN, the delete postponed": async (world, old) => {
    const made = await world.operation()[0].create(world.inputs("old"));
    const [one] = world.operation();
    expect(await meet(one, made, world.inputs("old"))).toBe(false);
    await one.delete(old.id, old.outs);
    return made;
  },
  "there before, and updated to the same version in another process": async (world, old) => {
    const before = await world.operation()[0].create(world.inputs("new", { version: ">=1.0" }));
    const [one, other] = world.operation();
    const { outs } = await other.update(before.id, before.outs, world.inputs("new"));
    await one.delete(old.id, old.outs);
    return { id: before.id, outs };
  },
  "there, and changed in an argument that does not matter": async (world, old) => {
    const before = await world.operation()[0].create(world.inputs("new"));
    const [one] = world.operation();
    const inputs = world.inputs("new", { onNewer: "accept" });
    await meet(one, before, inputs);
    const { outs } = await one.update(before.id, before.outs, inputs);
    await one.delete(old.id, old.outs);
    return { id: before.id, outs };
  },
};

describe.each(SCHEDULING)("a scheduled upgrade of %s", (type, args) => {
  it.each(Object.entries(MOVES))("is kept if its resource is %s", async (_, move) => {
    const world = openProcesses(type, args);
    const old = await makeOld(world);
    const made = await move(world, old);
    expect(made.outs).toMatchObject({ status: "deferred", lastUpgrade: { joined: true } });
    expect(world.scheduled()).toEqual(["Pending"]);
    expect(world.cancellations()).toBe(0);
    const kept = world.lines.filter((line) => line.startsWith("WARNING") && line.includes("stays scheduled"));
    expect(kept.length).toBeGreaterThan(0);
    for (const line of kept)
      expect(line).toMatch(/ "(new|old)" relies on it\. .*cancel the scheduled task in the Huawei Cloud console/);

    // It is not scheduled twice, and it is verified after its window.
    const [next] = world.operation();
    await world.clock.sleep(23 * HOUR);
    const inputs = world.inputs(String(made.outs["__urn"]).endsWith("::new") ? "new" : "old");
    expect((await next.update(made.id, made.outs, inputs)).outs).toMatchObject({ status: "current" });
    expect(world.cloud.acceptedUpgrades).toHaveLength(1);
  });

  it("is scheduled again in the same operation if it was canceled before the engine reached the other resource", async () => {
    const world = openProcesses(type, args);
    const old = await makeOld(world);
    const made = await world.operation()[0].create(world.inputs("new"));
    const [one, other] = world.operation();
    await one.delete(old.id, old.outs);
    expect(world.scheduled()).toEqual(["Canceled"]);
    expect(await meet(other, made, world.inputs("new"))).toBe(true);
    const { outs } = await other.update(made.id, made.outs, world.inputs("new"));
    expect(outs).toMatchObject({ status: "deferred" });
    expect(outs).not.toHaveProperty(["lastUpgrade", "joined"]);
    expect(world.scheduled()).toEqual(["Canceled", "Pending"]);
  });

  it("that another client canceled is requested again by the next operation of a resource that relies on it", async () => {
    const world = openProcesses(type, args);
    await makeOld(world);
    const made = await world.operation()[0].create(world.inputs("new"));
    const before = await meet(world.operation()[0], made, world.inputs("new"));
    const ids = world.cloud.schedules.map(({ id }) => id);
    await cancelSchedules(world.gateway(), ids);
    const after = await meet(world.operation()[0], made, world.inputs("new"));
    expect([before, after]).toEqual([false, true]);
  });

  it("causes no reads for the resource that scheduled it", async () => {
    const world = openProcesses(type, args);
    const old = await makeOld(world);
    world.cloud.journal.clear();
    expect(await meet(world.operation()[0], old, world.inputs("old"))).toBe(false);
    expect(world.cloud.journal.entries).toEqual([]);
  });

  it.each([
    ["alone", ["old"]],
    ["before one that joined it", ["old", "new"]],
    ["after one that joined it", ["new", "old"]],
  ])("is canceled if its resource is destroyed %s", async (_, order) => {
    const world = openProcesses(type, args);
    const states: Record<string, Saved> = { old: await makeOld(world) };
    if (order.length > 1) states["new"] = await world.operation()[1].create(world.inputs("new"));
    const [one, other] = world.operation();
    for (const name of order) {
      const { id, outs } = states[name] ?? { id: "", outs: {} };
      await (name === "old" ? one : other).delete(id, outs);
    }
    expect(world.scheduled()).toEqual(["Canceled"]);
    expect(world.cancellations()).toBe(1);
  });

  const UPDATES: Readonly<Record<string, (world: World) => Record<string, unknown>>> = {
    "does not list it any more": ({ cloud }) =>
      type === "taurusdb:KernelVersion" ? { instanceIds: [cloud.instances[1]?.id] } : { version: ">=1.0" },
    "does not need it any more": () => ({ version: ">=1.0" }),
  };

  it.each(Object.entries(UPDATES))(
    "is kept if the resource that scheduled it %s and the engine reaches the other one during the update",
    async (_, changed) => {
      const world = openProcesses(type, args);
      const old = await makeOld(world);
      const made = await world.operation()[0].create(world.inputs("new"));
      const [one, other] = world.operation();
      const updating = one.update(old.id, old.outs, world.inputs("old", changed(world)));
      expect(await meet(other, made, world.inputs("new"))).toBe(false);
      await updating;
      expect(world.scheduled()).toEqual(["Pending"]);
      expect(world.lines.join("\n")).toMatch(/WARNING .*stays scheduled: .* "new" relies on it/);
    },
  );

  it("is kept if the resource that scheduled it no longer needs it while another one is being created", async () => {
    const world = openProcesses(type, args);
    const old = await makeOld(world);
    const [one, other] = world.operation();
    const updating = one.update(old.id, old.outs, world.inputs("old", { version: ">=1.0" }));
    const made = await other.create(world.inputs("new"));
    await updating;
    expect(made.outs).toMatchObject({ status: "deferred", lastUpgrade: { joined: true } });
    expect(world.scheduled()).toEqual(["Pending"]);
  });

  it("is scheduled again in the same operation for a resource that depends on the one that canceled it", async () => {
    const world = openProcesses(type, args);
    const old = await makeOld(world);
    const made = await world.operation()[0].create(world.inputs("new"));
    const [one] = world.operation();
    await one.update(old.id, old.outs, world.inputs("old", { version: ">=1.0" }));
    expect(world.scheduled()).toEqual(["Canceled"]);
    expect(await meet(one, made, world.inputs("new"))).toBe(true);
    const { outs } = await one.update(made.id, made.outs, world.inputs("new"));
    expect(outs).toMatchObject({ status: "deferred" });
    expect(world.scheduled()).toEqual(["Canceled", "Pending"]);
  });

  it("is kept if the engine reaches the other resource during the delete of a replacement", async () => {
    const world = openProcesses(type, args);
    const old = await makeOld(world);
    const made = await world.operation()[0].create(world.inputs("new"));
    const [one, other] = world.operation();
    const deleting = one.delete(old.id, old.outs);
    expect(await meet(other, made, world.inputs("new"))).toBe(false);
    await deleting;
    expect(world.scheduled()).toEqual(["Pending"]);
  });

  it("that another resource scheduled is not canceled if the one that joined it is destroyed, with a warning", async () => {
    const world = openProcesses(type, args);
    await makeOld(world);
    const made = await world.operation()[0].create(world.inputs("new"));
    await world.operation()[0].delete(made.id, made.outs);
    expect(world.scheduled()).toEqual(["Pending"]);
    expect(world.lines.join("\n")).toMatch(
      /WARNING .* was not scheduled by this resource, so deleting the resource does not cancel it/,
    );
  });

  it.each([
    ["cannot be created", (path: string) => writeFileSync(path, "")],
    [
      "is writable by other users",
      (path: string) => {
        mkdirSync(path);
        chmodSync(path, 0o777);
      },
    ],
  ])("is not canceled if the directory for notes %s, with a warning", async (_, spoil) => {
    const world = openProcesses(type, args);
    const old = await makeOld(world);
    const directory = join(world.root, "spoiled");
    spoil(directory);
    await world.process("127.0.0.1:9", process.pid, directory).delete(old.id, old.outs);
    expect(world.scheduled()).toEqual(["Pending"]);
    expect(world.lines.join("\n")).toMatch(
      /WARNING .* stays scheduled: whether another resource relies on it is unknown/,
    );
  });
});

describe("scheduled upgrades of several instances", () => {
  const [[type, args] = ["", () => ({})]] = SCHEDULING;

  it("are kept individually: an instance that moves to another resource keeps its upgrade", async () => {
    const world = openProcesses(type, args);
    const old = await makeOld(world);
    const [first, second] = world.cloud.instances.map(({ id }) => id);
    const [one, other] = world.operation();
    await other.create(world.inputs("new", { instanceIds: [first] }));
    const { outs } = await one.update(old.id, old.outs, world.inputs("old", { instanceIds: [second] }));
    expect(world.scheduled()).toEqual(["Pending"]);
    expect(Object.keys((outs["lastUpgrade"] as { tasks: object }).tasks)).toEqual([second]);
    await one.delete(old.id, outs);
    const standing = Object.fromEntries(world.cloud.schedules.map(({ instanceId, status }) => [instanceId, status]));
    expect(standing).toEqual({ [String(first)]: "Pending", [String(second)]: "Canceled" });
  });
});

it("a resource with one running upgrade relies on the scheduled upgrades of its other members", () => {
  const scheduled = new Scheduled(new RunNotes());
  const type = "taurusdb:KernelVersion";
  const resource = (name: string) => ({ type, urn: `urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type}::${name}` });
  const upgrade = { task: "batch", kind: "kernel upgrade", from: "1", to: "2", startedAt: "2026-01-01T00:00:00Z" };
  const members = { i1: "1", i2: "1" };
  const tasks = { i1: "t1", i2: "t2" };
  const old = { members, status: "deferred", lastUpgrade: { ...upgrade, state: "deferred", tasks } };
  const made = { members, status: "upgrading", lastUpgrade: { ...upgrade, state: "running", joined: true } };
  scheduled.seen(resource("new"), made);
  expect(scheduled.reasonToKeep(resource("old"), old, "i2")).toContain('"new" relies on it');
});

async function messageOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "",
    (error: unknown) => String(error),
  );
}

/** Reasons why a scheduled upgrade no longer has to be canceled. */
const GONE: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
  "another client canceled it": (world) => cancelSchedules(world.gateway(), idsOf(world)),
  "its record was deleted": async (world) => {
    await cancelSchedules(world.gateway(), idsOf(world));
    for (const { id, instanceId } of world.cloud.schedules.slice()) {
      const path = ["instance", instanceId, "scheduled-jobs"];
      const body = { job_id: id };
      const schema = z.object({ result: z.boolean() });
      await world.gateway().write({ method: "DELETE", path, body, schema, action: "gaussdbformysql:task:delete" });
    }
  },
  "its instances were deleted": async ({ cloud }) => {
    const [...all] = [...cloud.starRocks, ...cloud.instances].map(({ id }) => id);
    for (const id of all) cloud.control.removeInstance(id);
  },
  "it has started": (world) => world.clock.sleep(18 * 60 * MINUTE + 2 * MINUTE),
};

function idsOf({ cloud }: World): string[] {
  return cloud.schedules.map(({ id }) => id);
}

describe.each(SCHEDULING)("the delete of a %s whose upgrade is scheduled", (type, args) => {
  async function scheduled() {
    const world = openProcesses(type, args);
    const { id, outs } = await world.operation()[0].create(world.inputs("orders"));
    // Tasks can be read some seconds after they were created.
    await world.clock.sleep(10 * MINUTE);
    world.lines.length = 0;
    const remove = () => world.operation()[0].delete(id, outs);
    return Object.assign(world, { remove, saved: { id, outs } });
  }

  /** The shortest run that sends the request. */
  async function stoppedOnceScheduled() {
    for (let seconds = 1; seconds < 60; seconds += 1) {
      const world = openProcesses(type, args);
      const inputs = { ...world.inputs("orders"), __timeouts: { create: `${seconds}s` } };
      const state = await world
        .operation()[0]
        .create(inputs)
        .catch(({ id, properties }: { id: string; properties: Record<string, unknown> }) => ({ id, outs: properties }));
      if (world.scheduled().length > 0) return { world, state };
    }
    throw new Error("no run gets as far as the request");
  }

  it.each(Object.entries(GONE))("succeeds if %s", async (_, happen) => {
    const world = await scheduled();
    await happen(world);
    world.cloud.journal.clear();
    const began = world.clock.now();
    await world.remove();
    expect(world.clock.since(began)).toBeLessThan(MINUTE);
    expect(world.cancellations()).toBe(0);
    expect(world.lines).toEqual([
      expect.stringMatching(/^INFO .* is no longer scheduled; there is nothing to cancel$/),
      "INFO no longer managed; the database was not changed",
    ]);
  });

  it("is retried while the service is not available", async () => {
    const world = await scheduled();
    world.cloud.faults.add({ times: 20, fault: { kind: "refuse" } });
    await world.remove();
    expect(world.scheduled()).toEqual(["Canceled"]);
  });

  it.each([
    ["no request gets a response", { times: Infinity, fault: { kind: "refuse" } }, "unreachable"],
    [
      "the service does not cancel it",
      {
        match: { method: "DELETE" },
        times: Infinity,
        fault: {
          kind: "replace",
          status: 200,
          headers: { "content-type": "application/json" },
          body: '{"job_ids":[]}',
        },
      },
      "refused",
    ],
  ] as const)("fails with a remedy if %s", async (_, fault, code) => {
    const world = await scheduled();
    world.cloud.faults.add(fault);
    const began = world.clock.now();
    const message = await messageOf(world.remove());
    expect(world.clock.since(began)).toBeLessThan(5 * MINUTE);
    expect(message).toMatch(/The scheduled upgrade was not canceled\. .* Run the command again\. /);
    expect(message).toContain(`\`pulumi state delete 'urn:pulumi:dev::shop::pulumi-nodejs:dynamic/${type}::orders'\``);
    expect(message).toContain("cancel the scheduled task in the Huawei Cloud console");
    expect(message).toContain(`[${code}]`);
    expect(world.scheduled()).toEqual(["Pending"]);
  });

  it("cancels the upgrade of a run that was stopped before it observed the task", async () => {
    const { world, state } = await stoppedOnceScheduled();
    await world.clock.sleep(10 * MINUTE);
    await world.operation()[0].delete(state.id, state.outs);
    expect([...new Set(world.scheduled())]).toEqual(["Canceled"]);
  });

  it("warns if it is unknown whether the request was accepted", async () => {
    const world = await scheduled();
    const { id, outs } = world.saved;
    const lastUpgrade = { ...Object(outs["lastUpgrade"]), task: "unknown", state: "unknown" };
    delete lastUpgrade.tasks;
    await world.operation()[0].delete(id, { ...outs, status: "upgrading", lastUpgrade });
    expect(world.scheduled()).not.toContain("Canceled");
    expect(world.lines.join()).toMatch(
      /WARNING It is unknown whether an upgrade .* was scheduled; .*Huawei Cloud console/,
    );
  });
});

const CURRENT: Record<string, string> = {
  "taurusdb:KernelVersion": "2.0.69.250900",
  "taurusdb:StarRocksVersion": "3.1.6.0",
};

describe.each(SCHEDULING)("a scheduled upgrade of %s", (type, argsOf) => {
  /** A resource with a scheduled upgrade, and an update that is stopped during the delay before its cancellation. */
  async function stopped(change: Record<string, unknown>) {
    const world = openProcesses(type, argsOf);
    const made = await world.operation()[0].create(world.inputs("a"));
    const news = world.inputs("a", { ...change, __timeouts: { update: "3s" } });
    const failure = await partial(world.operation()[0].update(made.id, made.outs, news));
    return { world, news, ...failure };
  }

  it("is previewed as canceled after the update that should cancel it was stopped", async () => {
    const { world, news, id, properties } = await stopped({ schedule: "now" });
    const [preview] = world.operation();
    const again = world.inputs("a", { schedule: "now" });
    await preview.check(news, again);
    expect((await preview.diff(id, properties, again)).changes).toBe(true);
    expect(world.lines.join()).toMatch(/will cancel (the )?scheduled/);
    expect((await world.operation()[0].update(id, properties, again)).outs).toMatchObject({ status: "current" });
    expect(world.cancellations()).toBe(1);
  });

  it("that is no longer needed is also canceled after a refresh has observed the target version", async () => {
    const { world, id, properties } = await stopped({ version: CURRENT[type] });
    const { props = {} } = await world.operation()[0].read(id, properties);
    expect(props).toMatchObject({ status: "current" });
    const lowered = world.inputs("a", { version: CURRENT[type] });
    const [next] = world.operation();
    await next.check(lowered, lowered);
    expect((await next.diff(id, props, lowered)).changes).toBe(true);
    await next.update(id, props, lowered);
    expect(world.scheduled()).toEqual(["Canceled"]);
  });

  it("is kept for another resource that relies on it while the upgrade of this one is held", async () => {
    const world = openProcesses(type, argsOf);
    const [first] = world.operation();
    const a = await first.create(world.inputs("a"));
    const b = await first.create(world.inputs("b"));
    const [next] = world.operation();
    await next.check(world.inputs("b"), world.inputs("b"));
    expect((await next.diff(b.id, b.outs, world.inputs("b"))).changes).toBe(false);
    const news = world.inputs("a", { schedule: "now", freeze: "incident 4711" });
    await next.check(world.inputs("a"), news);
    await next.diff(a.id, a.outs, news);
    expect(world.lines.join()).not.toMatch(/will cancel (the )?scheduled/);
    expect((await next.update(a.id, a.outs, news)).outs).toMatchObject({ status: "held" });
    expect(world.scheduled()).toEqual(["Pending"]);
  });

  it("that is still needed is not announced as kept for another resource while upgrades are held", async () => {
    const world = openProcesses(type, argsOf);
    const [first] = world.operation();
    const a = await first.create(world.inputs("a"));
    const b = await first.create(world.inputs("b"));
    const [next] = world.operation();
    await next.check(world.inputs("b"), world.inputs("b"));
    await next.diff(b.id, b.outs, world.inputs("b"));
    const news = world.inputs("a", { freeze: "incident 4711", onNewer: "accept" });
    await next.check(world.inputs("a"), news);
    await next.diff(a.id, a.outs, news);
    expect(world.lines.join()).not.toContain("stays scheduled");
    expect((await next.update(a.id, a.outs, news)).outs).toMatchObject({ status: "deferred" });
    expect(world.lines.join()).not.toContain("stays scheduled");
    expect(world.scheduled()).toEqual(["Pending"]);
  });
});

describe.each(SCHEDULING)("a scheduled upgrade of %s that another resource has scheduled", (type, argsOf) => {
  it("is reported, and its result is not, once a resource that relied on it no longer needs it", async () => {
    const world = openProcesses(type, argsOf);
    await world.operation()[0].create(world.inputs("a"));
    const b = await world.operation()[0].create(world.inputs("b"));
    expect(b.outs).toMatchObject({ status: "deferred", lastUpgrade: { joined: true, from: CURRENT[type] } });
    // A state written by 0.1.0 does not contain its version.
    const outs = { ...b.outs, lastUpgrade: { ...Object(b.outs["lastUpgrade"]), from: "" } };
    const lowered = world.inputs("b", { version: CURRENT[type] });
    const left = /^WARNING .* scheduled for .*This resource did not schedule (it|them) and does not need (it|them), so/;
    world.lines.length = 0;
    const [preview] = world.operation();
    await preview.check(world.inputs("b"), lowered);
    await preview.diff(b.id, outs, lowered);
    expect(world.lines.some((line) => left.test(line))).toBe(true);
    world.lines.length = 0;
    const after = await world.operation()[0].update(b.id, outs, lowered);
    expect(after.outs).toMatchObject({ status: "current", lastUpgrade: { state: "deferred", joined: true } });
    expect((await world.operation()[0].diff(b.id, after.outs, lowered)).changes).toBe(false);
    expect(world.lines.some((line) => left.test(line))).toBe(true);
    expect(world.lines.join()).not.toMatch(/upgraded/);
    expect(world.cancellations()).toBe(0);
  });
});

it("the cancellation of a replaced resource's scheduled upgrade is previewed", async () => {
  const world = openProcesses("taurusdb:KernelVersion", () => ({ version: "2.0.78.260600" }));
  const [one, two] = world.cloud.instances.map(({ id }) => id);
  const old = world.inputs("a", { instanceIds: [one] });
  const made = await world.operation()[0].create(old);
  const news = world.inputs("a", { instanceIds: [two] });
  const [preview] = world.operation();
  await preview.check(old, news);
  expect((await preview.diff(made.id, made.outs, news)).replaces).toEqual(["instanceIds"]);
  expect(world.lines.join()).toMatch(/will cancel (upgrade .*|the kernel upgrade .*) of the replaced resource/);
});

it("a delete cancels the upgrades of a fleet that is too large for a partial failure", async () => {
  const clock = new VirtualClock();
  const cloud = new TaurusCloud({ clock, instances: 500 });
  const transport = simulatedTransport(createTransport(cloud, { sleep: (ms) => clock.sleep(ms) }));
  const { region, accessKey, secretKey } = taurusdb.DEFAULTS;
  let stopping = false;
  const lifecycle = new DynamicProvider({
    onCancel: (listener) => {
      if (stopping) listener();
      return () => true;
    },
    kinds: kindsOver(() => transport),
    log: { write: () => undefined, flush: async () => undefined },
    rhythm: { change: 0, repeat: 60_000 },
    clock,
    env: {},
  });
  const inputs = {
    region,
    accessKey,
    secretKey,
    instanceIds: cloud.instances.map(({ id }) => id),
    version: "2.0.78.260600",
    schedule: "maintenance-window",
    __urn: "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/taurusdb:KernelVersion::all",
    __provider: "text",
  };
  const { id, outs } = await lifecycle.create(inputs);
  stopping = true;
  const { properties } = await partial(lifecycle.update(id, outs, { ...inputs, onNewer: "accept" }));
  expect(properties).not.toHaveProperty("instanceIds");
  stopping = false;
  await lifecycle.delete(id, properties);
  cloud.tick();
  expect(new Set(cloud.schedules.map(({ status }) => status))).toEqual(new Set(["Canceled"]));
});
