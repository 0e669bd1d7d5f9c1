import { expect } from "vitest";
import type { EngineKind, Operation } from "../engine";
import { openStage, PASSWORD, type Stage, type StageOptions } from "./stage";
import { AGENTS, DATABASE } from "./subjects";
import { openSystems, type Systems } from "./systems";

/** Told after every command whose state is compared. */
export type Snap = (moment: string) => Promise<void>;

/** A scenario of the end-to-end tests, as a story that either engine can be told. */
export interface Story {
  readonly name: string;
  /** @param keep what keeps the state at a moment of the story */
  tell(prefer: EngineKind, keep: Keep): Promise<void>;
}

type Keep = (exportState: () => ReturnType<Systems["engine"]["exportState"]>) => Snap;

/** A story about a pin of each type. */
function ofAllTypes(name: string, tell: (systems: Systems, snap: Snap) => Promise<void>): Story {
  return {
    name,
    tell: async (prefer, keep) => {
      const systems = await openSystems(prefer);
      try {
        await tell(
          systems,
          keep(() => systems.engine.exportState()),
        );
      } finally {
        await systems.close();
      }
    },
  };
}

/** A story about one pin of OceanBase. */
function ofOnePin(name: string, options: StageOptions, tell: (stage: Stage, snap: Snap) => Promise<void>): Story {
  return {
    name: `one pin: ${name}`,
    tell: async (prefer, keep) => {
      const stage = await openStage(prefer, options);
      try {
        await tell(
          stage,
          keep(() => stage.engine.exportState()),
        );
      } finally {
        await stage.close();
      }
    },
  };
}

/** Waits until each vendor's upgrade has begun. */
function allCalled({ systems }: Systems): Promise<void> {
  return expect.poll(() => systems.every((system) => system.writes() > 0), { timeout: 120_000 }).toBe(true);
}

/** More requests than the looks before a wait make. */
const WAITING = 25;

/** Lets each upgrade that hangs go on once the operation waits for it: what it finds must not depend on how soon it looks. */
async function letGo({ systems }: Systems, operation: Operation): Promise<void> {
  const before = new Map(systems.map((system) => [system, system.requests()]));
  const release = setInterval(() => {
    for (const [system, requests] of before) if (system.requests() - requests >= WAITING) system.unhang();
  }, 200);
  try {
    const run = await operation;
    expect(run.ok, run.output).toBe(true);
  } finally {
    clearInterval(release);
  }
}

export const STORIES: readonly Story[] = [
  ofAllTypes("upgraded, put back, refreshed, upgraded again, and unpinned", async (all, snap) => {
    const { engine, declare, systems } = all;
    await engine.preview(declare());
    await snap("after a preview");
    await engine.up(declare());
    await snap("after up");
    await engine.up(declare());
    await snap("after an up with nothing to do");
    for (const system of systems) system.downgrade();
    await engine.refresh(declare());
    await snap("after the refresh that shows drift");
    await engine.up(declare());
    await snap("after the up that fixes it");
    await engine.destroy(declare());
    await snap("after destroy");
  }),
  ofAllTypes("interrupted, and joined", async (all, snap) => {
    for (const system of all.systems) system.hang();
    const up = all.engine.up(all.declare());
    await allCalled(all);
    up.cancel();
    await up;
    await snap("after ^C");
    await letGo(all, all.engine.up(all.declare()));
    await snap("after the next up");
  }),
  ofAllTypes("whose plugin was killed", async (all, snap) => {
    for (const system of all.systems) system.hang();
    const up = all.engine.up(all.declare());
    await allCalled(all);
    expect(await up.killPlugin()).toBe(1);
    await up;
    await snap("after the death");
    await letGo(all, all.engine.up(all.declare()));
    await snap("after the next up");
  }),
  ofAllTypes("beyond customTimeouts", async (all, snap) => {
    for (const system of all.systems) system.hang();
    const limited = all.declare({ customTimeouts: { create: "38s" } });
    await all.engine.up(limited);
    await snap("after the limit");
    await letGo(all, all.engine.up(all.declare()));
    await snap("after an up without it");
  }),
  ofAllTypes("with the answer to the call lost", async (all, snap) => {
    for (const system of all.systems) system.loseReply();
    await all.engine.up(all.declare());
    await snap("after up");
  }),
  ofAllTypes("that fail at their vendors", async (all, snap) => {
    for (const system of all.systems) system.hang();
    const up = all.engine.up(all.declare());
    // Those that had not been begun at the first failure would not be begun at all.
    await expect.poll(() => all.systems.every((system) => system.hangs()), { timeout: 120_000 }).toBe(true);
    for (const system of all.systems) system.fail();
    await up;
    await snap("after up");
  }),
  ofOnePin(
    "a check that fails, a raised time limit, drift ahead, a cluster that is down",
    { cluster: DATABASE.running(DATABASE.target) },
    async ({ engine, declare, cluster }, snap) => {
      await engine.up(declare({ mode: "fast" }));
      await snap("after a check that fails");
      await engine.up(declare());
      await snap("after up");
      const options = { customTimeouts: { update: "2h" } };
      await engine.up(declare({}, { options }));
      await snap("with customTimeouts");
      await engine.up(declare({ onNewer: "accept" }, { options }));
      await snap("with another argument");
      DATABASE.replace(cluster, DATABASE.next);
      await engine.refresh(declare());
      await snap("after the refresh of one that ran ahead");
      for (const index of [0, 1, 2]) cluster.control.stopAgent(index);
      await engine.refresh(declare());
      await snap("after the refresh of one that cannot be reached");
    },
  ),
  ofOnePin(
    "secrets in the configuration, an explicit provider, a replacement, a wrong password",
    { cluster: DATABASE.running(DATABASE.target), secrets: { "oceanbase:password": PASSWORD } },
    async ({ engine, declare, args }, snap) => {
      const [first, second] = args()["endpoints"] as string[]; // the stage has given three
      const password = undefined;
      await engine.up(declare({ password, endpoints: [first] }));
      await snap("after up with the stack's password");
      await engine.up(declare({ password, endpoints: [second] }));
      await snap("after a replacement");
      await engine.up(declare({ password: "not-the-password", endpoints: [first] }));
      await snap("after a replacement that was refused");
      await engine.destroy();
      await snap("after destroy");
      const provider = { oceanbase: { password: PASSWORD } };
      await engine.up(declare({ password }, { provider }));
      await snap("after up with an explicit provider");
    },
  ),
  ofOnePin("whose engine was killed", {}, async ({ engine, declare, cluster }, snap) => {
    cluster.control.hang({ stage: DATABASE.lateStage });
    const up = engine.up(declare());
    await up.seen(/\d% \d+\/30 /);
    await up.kill();
    await up.catch(() => undefined);
    await engine.unlock();
    await snap("after the death");
    await expect.poll(() => cluster.dags.at(-1)?.hung, { timeout: 60_000 }).toBe(true);
    cluster.control.unhang();
    await engine.up(declare());
    await snap("after the next up");
  }),
  ofOnePin(
    "of agents that stay away for longer than the budget",
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
