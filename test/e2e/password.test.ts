import { afterEach, describe, expect, test } from "vitest";
import { engines } from "../engine";
import { openStage, PASSWORD, type Stage, TIMEOUT } from "./stage";
import { AGENTS, DATABASE } from "./subjects";

/** With a pin of each type: credentials of one cluster that both use. */
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
