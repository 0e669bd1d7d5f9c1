import { afterEach, describe, expect, test } from "vitest";
import { engines } from "../engine";
import { openStage, PASSWORD, type Stage } from "./stage";

describe.each(engines())("%s engine: the password", { timeout: 90_000 }, (prefer) => {
  let stage: Stage;
  afterEach(() => stage.close());

  test.each([
    ["as an argument", {}, {}, {}],
    ["in the stack's configuration", { password: undefined }, {}, { secrets: { "oceanbase:password": PASSWORD } }],
    ["in an explicit Provider", { password: undefined }, { provider: { oceanbase: { password: PASSWORD } } }, {}],
    ["in the environment", { password: undefined }, {}, { env: { OCEANBASE_PASSWORD: PASSWORD } }],
  ])("%s works, and appears nowhere in plain text", async (_, args, more, options) => {
    stage = await openStage(prefer, options);
    const outputs: string[] = [];
    for (const run of [
      await stage.engine.preview(stage.declare(args, more)),
      await stage.engine.up(stage.declare(args, more)),
      await stage.engine.refresh(),
      await stage.engine.destroy(),
    ]) {
      expect(run.ok).toBe(true);
      outputs.push(run.output, JSON.stringify(run.diagnostics), JSON.stringify(run.steps));
      outputs.push(JSON.stringify(await stage.engine.exportState()));
    }
    expect(outputs.join("\n")).not.toContain(PASSWORD);
    expect(stage.writes()).toBe(1);
  });
});
