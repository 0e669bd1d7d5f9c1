import { expect } from "vitest";
import type { EngineKind, Operation } from "../engine";
import { openStage, PASSWORD, type Stage, type StageOptions } from "./stage";
import { AGENTS, DATABASE } from "./subjects";
import { openSystems, type Systems } from "./systems";

/** Records the state after a command, for comparison. */
export type Snap = (moment: string) => Promise<void>;

/** A scenario of the end-to-end tests that either engine can run. */
export interface Scenario {
  readonly name: string;
  /** @param record creates the function that records states */
  run(prefer: EngineKind, record: StateRecorder): Promise<void>;
}

type StateRecorder = (exportState: () => ReturnType<Systems["engine"]["exportState"]>) => Snap;

/** A scenario with a resource of each type. */
function ofAllTypes(name: string, run: (systems: Systems, snap: Snap) => Promise<void>): Scenario {
  return {
    name,
    run: async (prefer, record) => {
      const systems = await openSystems(prefer);
      try {
        await run(
          systems,
          record(() => systems.engine.exportState()),
        );
      } finally {
        await systems.close();
      }
    },
  };
}

/** A scenario with one OceanBase resource. */
function ofOneResource(
  name: string,
  options: StageOptions,
  run: (stage: Stage, snap: Snap) => Promise<void>,
): Scenario {
  return {
    name: `one resource: ${name}`,
    run: async (prefer, record) => {
      const stage = await openStage(prefer, options);
      try {
        await run(
          stage,
          record(() => stage.engine.exportState()),
        );
      } finally {
        await stage.close();
      }
    },
  };
}

/** Waits until each vendor has received an upgrade request. */
function allRequested({ systems }: Systems): Promise<void> {
  return expect.poll(() => systems.every((system) => system.writes() > 0), { timeout: 120_000 }).toBe(true);
}

/** More requests than a run sends before it waits. */
const REQUESTS_BEFORE_WAIT = 25;

/** Resumes each hanging upgrade once the operation waits for it, so that the result does not depend on timing. */
async function resumeUpgrades({ systems }: Systems, operation: Operation): Promise<void> {
  const before = new Map(systems.map((system) => [system, system.requests()]));
  const release = setInterval(() => {
    for (const [system, requests] of before) if (system.requests() - requests >= REQUESTS_BEFORE_WAIT) system.unhang();
  }, 200);
  try {
    const run = await operation;
    expect(run.ok, run.output).toBe(true);
  } finally {
    clearInterval(release);
  }
}

export const SCENARIOS: readonly Scenario[] = [
  ofAllTypes("upgrade, downgrade outside this tool, refresh, upgrade again, destroy", async (all, snap) => {
    const { engine, declare, systems } = all;
    await engine.preview(declare());
    await snap("after a preview");
    await engine.up(declare());
    await snap("after up");
    await engine.up(declare());
    await snap("after an up without changes");
    for (const system of systems) system.downgrade();
    await engine.refresh(declare());
    await snap("after the refresh that shows drift");
    await engine.up(declare());
    await snap("after the up that fixes it");
    await engine.destroy(declare());
    await snap("after destroy");
  }),
  ofAllTypes("interruption, then join", async (all, snap) => {
    for (const system of all.systems) system.hang();
    const up = all.engine.up(all.declare());
    await allRequested(all);
    up.cancel();
    await up;
    await snap("after ^C");
    await resumeUpgrades(all, all.engine.up(all.declare()));
    await snap("after the next up");
  }),
  ofAllTypes("killed plugin", async (all, snap) => {
    for (const system of all.systems) system.hang();
    const up = all.engine.up(all.declare());
    await allRequested(all);
    expect(await up.killPlugin()).toBe(1);
    await up;
    await snap("after the process was killed");
    await resumeUpgrades(all, all.engine.up(all.declare()));
    await snap("after the next up");
  }),
  ofAllTypes("customTimeouts exceeded", async (all, snap) => {
    for (const system of all.systems) system.hang();
    const limited = all.declare({ customTimeouts: { create: "38s" } });
    await all.engine.up(limited);
    await snap("after the time limit");
    await resumeUpgrades(all, all.engine.up(all.declare()));
    await snap("after an up without it");
  }),
  ofAllTypes("response to the upgrade request lost", async (all, snap) => {
    for (const system of all.systems) system.loseReply();
    await all.engine.up(all.declare());
    await snap("after up");
  }),
  ofAllTypes("failed upgrades", async (all, snap) => {
    for (const system of all.systems) system.hang();
    const up = all.engine.up(all.declare());
    // The engine starts no further operations after the first failure.
    await expect.poll(() => all.systems.every((system) => system.hangs()), { timeout: 120_000 }).toBe(true);
    for (const system of all.systems) system.fail();
    await up;
    await snap("after up");
  }),
  ofOneResource(
    "failed check, raised time limit, drift ahead of the target, unreachable cluster",
    { cluster: DATABASE.running(DATABASE.target) },
    async ({ engine, declare, cluster }, snap) => {
      await engine.up(declare({ mode: "fast" }));
      await snap("after a failed check");
      await engine.up(declare());
      await snap("after up");
      const options = { customTimeouts: { update: "2h" } };
      await engine.up(declare({}, { options }));
      await snap("with customTimeouts");
      await engine.up(declare({ onNewer: "accept" }, { options }));
      await snap("with another argument");
      DATABASE.replace(cluster, DATABASE.next);
      await engine.refresh(declare());
      await snap("after the refresh of a cluster ahead of the target");
      for (const index of [0, 1, 2]) cluster.control.stopAgent(index);
      await engine.refresh(declare());
      await snap("after the refresh of an unreachable cluster");
    },
  ),
  ofOneResource(
    "secrets in the configuration, explicit provider, replacement, wrong password",
    { cluster: DATABASE.running(DATABASE.target), secrets: { "oceanbase:password": PASSWORD } },
    async ({ engine, declare, args }, snap) => {
      const [first, second] = args()["endpoints"] as string[]; // the stage has three
      const password = undefined;
      await engine.up(declare({ password, endpoints: [first] }));
      await snap("after up with the stack's password");
      await engine.up(declare({ password, endpoints: [second] }));
      await snap("after a replacement");
      await engine.up(declare({ password: "not-the-password", endpoints: [first] }));
      await snap("after a failed replacement");
      await engine.destroy();
      await snap("after destroy");
      const provider = { oceanbase: { password: PASSWORD } };
      await engine.up(declare({ password }, { provider }));
      await snap("after up with an explicit provider");
    },
  ),
  ofOneResource("killed engine", {}, async ({ engine, declare, cluster }, snap) => {
    cluster.control.hang({ stage: DATABASE.lateStage });
    const up = engine.up(declare());
    await up.seen(/\d% \d+\/30 /);
    await up.kill();
    await up.catch(() => undefined);
    await engine.unlock();
    await snap("after the process was killed");
    await expect.poll(() => cluster.dags.at(-1)?.hung, { timeout: 60_000 }).toBe(true);
    cluster.control.unhang();
    await engine.up(declare());
    await snap("after the next up");
  }),
  ofOneResource(
    "agents unreachable for longer than the budget",
    { subject: AGENTS },
    async ({ engine, declare, cluster }, snap) => {
      cluster.control.hang({ stage: AGENTS.lateStage });
      const up = engine.up(declare({ unreachableTimeout: "6s" }));
      await up.seen(/\d% \d+\/9 /);
      await expect.poll(() => cluster.dags.at(-1)?.hung, { timeout: 60_000 }).toBe(true);
      for (const index of [0, 1, 2]) cluster.control.stopAgent(index);
      await up;
      await snap("after the budget");
      for (const index of [0, 1, 2]) cluster.control.startAgent(index);
      cluster.control.unhang();
      await engine.up(declare({ unreachableTimeout: "2m" }));
      await snap("after the next up");
    },
  ),
];
