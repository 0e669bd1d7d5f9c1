import { describe, expect, it } from "vitest";
import { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { createTransport, TaurusCloud, taurusdb } from "../simulators";
import { partial } from "../support/partial";
import { simulatedTransport } from "../support/simulated-transport";
import { VirtualClock } from "../support/virtual-clock";
import { kindsOver } from "../systems";
import { openProcesses, SCHEDULING } from "./taurus-processes";

const CURRENT: Record<string, string> = {
  "taurusdb:KernelVersion": "2.0.69.250900",
  "taurusdb:StarRocksVersion": "3.1.6.0",
};

describe.each(SCHEDULING)("a scheduled upgrade of %s", (type, argsOf) => {
  /** A resource with a scheduled upgrade, and an update that is stopped in the pause before its cancellation. */
  async function stopped(change: Record<string, unknown>) {
    const world = openProcesses(type, argsOf);
    const made = await world.operation()[0].create(world.inputs("a"));
    const news = world.inputs("a", { ...change, __timeouts: { update: "3s" } });
    const failure = await partial(world.operation()[0].update(made.id, made.outs, news));
    return { world, news, ...failure };
  }

  it("is previewed as canceled after the update that was to cancel it was stopped", async () => {
    const { world, news, id, properties } = await stopped({ schedule: "now" });
    const [preview] = world.operation();
    const again = world.inputs("a", { schedule: "now" });
    await preview.check(news, again);
    expect((await preview.diff(id, properties, again)).changes).toBe(true);
    expect(world.lines.join()).toMatch(/will cancel (the )?scheduled/);
    expect((await world.operation()[0].update(id, properties, again)).outs).toMatchObject({ status: "current" });
    expect(world.cancellations()).toBe(1);
  });

  it("that is no longer needed is canceled also when a refresh has shown the target version", async () => {
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

  it("is left to another resource that relies on it when this one may not upgrade now", async () => {
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

  it("that is still wanted in its window is not announced as kept for another resource while nothing may begin", async () => {
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
  it("is reported, and no success, once a resource that relied on it is satisfied without it", async () => {
    const world = openProcesses(type, argsOf);
    await world.operation()[0].create(world.inputs("a"));
    const b = await world.operation()[0].create(world.inputs("b"));
    expect(b.outs).toMatchObject({ status: "deferred", lastUpgrade: { joined: true, from: CURRENT[type] } });
    // A state of 0.1.0 has no version for it.
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
  expect(world.lines.join()).toMatch(/will cancel scheduled upgrade .* of the replaced resource/);
});

it("the upgrades of a fleet that is too large for a partial failure are canceled by a delete", async () => {
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
