import { describe, expect, it } from "vitest";
import { z } from "zod";
import { cancelSchedules } from "../../provider/taurusdb/tasks";
import { openProcesses, SCHEDULING } from "./taurus-processes";

type World = ReturnType<typeof openProcesses>;

const MINUTE = 60_000;

async function messageOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "",
    (error: unknown) => String(error),
  );
}

/** What may have become of a scheduled upgrade, or of its instance, so that there is nothing to cancel. */
const GONE: Readonly<Record<string, (world: World) => Promise<unknown>>> = {
  "somebody canceled it": (world) => cancelSchedules(world.gateway(), idsOf(world)),
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
    // Tasks can be asked for some seconds after they were made.
    await world.clock.sleep(10 * MINUTE);
    world.lines.length = 0;
    const remove = () => world.operation()[0].delete(id, outs);
    return Object.assign(world, { remove, saved: { id, outs } });
  }

  /** The shortest run that gets as far as the request. */
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

  it.each(Object.entries(GONE))("ends well when %s", async (_, happen) => {
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

  it("tries again while the service cannot answer", async () => {
    const world = await scheduled();
    world.cloud.faults.add({ times: 20, fault: { kind: "refuse" } });
    await world.remove();
    expect(world.scheduled()).toEqual(["Canceled"]);
  });

  it.each([
    ["nobody answers", { times: Infinity, fault: { kind: "refuse" } }, "unreachable"],
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
  ] as const)("ends with what to do when %s", async (_, fault, code) => {
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

  it("cancels what a run has requested that was stopped before it saw the task", async () => {
    const { world, state } = await stoppedOnceScheduled();
    await world.clock.sleep(10 * MINUTE);
    await world.operation()[0].delete(state.id, state.outs);
    expect([...new Set(world.scheduled())]).toEqual(["Canceled"]);
  });

  it("says so when nobody knows whether the request arrived", async () => {
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
