/** @module-tag long */
import { afterEach, describe, expect, test } from "vitest";
import { engines, type Operation } from "../engine";
import { openStage, PASSWORD, type Stage, TIMEOUT } from "./stage";
import { AGENTS, DATABASE } from "./subjects";

/** With a pin of each type: credentials of one cluster that both use. */
/** How the state holds a secret. */
const SEALED = {
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  ciphertext: expect.any(String),
};
const LIMITS = { customTimeouts: { create: "8s", update: "8s" } };

describe.each(engines())("%s engine: a password that is an argument", TIMEOUT, (prefer) => {
  let stage: Stage;
  afterEach(() => stage.close());

  test("stays sealed in inputs and outputs, whatever comes of an operation", async () => {
    stage = await openStage(prefer);
    const { engine, declare, cluster } = stage;
    cluster.control.hang({ stage: DATABASE.lateStage });
    const operations: [ok: boolean, run: () => Operation, status: string][] = [
      [false, () => engine.up(declare({}, { options: LIMITS })), "upgrading"], // a create that fails in part
      [true, () => engine.refresh(), "upgrading"],
      [false, () => engine.up(declare({ wait: true }, { options: LIMITS })), "upgrading"], // an update that does
      [true, () => engine.up(declare({ wait: true })), "current"],
    ];
    for (const [at, [ok, start, status]] of operations.entries()) {
      if (at === operations.length - 1) cluster.control.unhang();
      const run = await start();
      expect(run.ok, run.output).toBe(ok);
      const state = await stage.state();
      expect(state).toMatchObject({ inputs: { password: SEALED }, outputs: { password: SEALED, status } });
      expect(JSON.stringify(await engine.exportState()) + run.output).not.toContain(PASSWORD);
    }
    // Without the argument there is nothing to be sealed, and nothing that says so.
    const other = { env: { ...declare({ password: undefined }).env, OCEANBASE_PASSWORD: PASSWORD } };
    expect(await engine.up(other)).toMatchObject({ ok: true, changes: { update: 1 } });
    const state = await stage.state();
    expect([state?.additionalSecretOutputs, state?.inputs?.["password"], state?.outputs?.["password"]]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe.each(engines())("%s engine, ClusterVersion and AgentVersion: the password", TIMEOUT, (prefer) => {
  let stage: Stage;
  afterEach(() => stage.close());

  test.each([
    ["as an argument", {}, {}, {}],
    ["in the stack's configuration", { password: undefined }, {}, { secrets: { "oceanbase:password": PASSWORD } }],
    ["in an explicit Provider", { password: undefined }, { provider: { oceanbase: { password: PASSWORD } } }, {}],
    ["in the environment", { password: undefined }, {}, { env: { OCEANBASE_PASSWORD: PASSWORD } }],
  ])("%s works, and appears nowhere in plain text", async (_where, args, more, options) => {
    stage = await openStage(prefer, options);
    const { engine, declareBoth, cluster } = stage;
    const outputs: string[] = [];
    for (const run of [
      await engine.preview(declareBoth(args, more)),
      await engine.up(declareBoth(args, more)),
      await engine.refresh(),
      await engine.destroy(),
    ]) {
      expect(run.ok, run.output).toBe(true);
      outputs.push(run.output, JSON.stringify(run.diagnostics), JSON.stringify(run.steps));
      outputs.push(JSON.stringify(await engine.exportState()));
    }
    expect(outputs.join("\n")).not.toContain(PASSWORD);
    // The one that comes second to the lock may have to call again.
    expect(cluster.acceptedUpgrades.map(({ name }) => name).sort()).toEqual([
      expect.stringContaining(DATABASE.kind),
      expect.stringContaining(AGENTS.kind),
    ]);
  });
});
