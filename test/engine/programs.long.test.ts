/** @module-tag long */
import { afterAll, beforeAll, expect, test } from "vitest";
import { onEachEngine } from "./each-engine";
import { type Engine, makeWorkspace, openEngine, type Workspace } from "./index";
import { TRIAL_PACKAGE } from "./trial-provider";

const PROGRAM = `
import * as pulumi from "@pulumi/pulumi";
declare const require: (name: string) => any;
declare const process: { env: Record<string, string | undefined> };
const { Thing } = require("trial");
const version = process.env["TRIAL_SECRET"] ? pulumi.secret(process.env["TRIAL_SECRET"]) : "1";
const options = process.env["TRIAL_IMPORT"] ? { import: process.env["TRIAL_IMPORT"] } : {};
const thing = new Thing("thing", { version, label: "thing" }, options);
export const computed: pulumi.Output<string> = thing.computed;
export const whole = thing;
`;

onEachEngine("a TypeScript program on the oldest supported SDK", (prefer) => {
  let workspace: Workspace;
  let engine: Engine;
  beforeAll(async () => {
    workspace = await makeWorkspace({ program: PROGRAM, main: "index.ts", sdk: "pulumi-min", files: TRIAL_PACKAGE });
    const env = { TRIAL_JOURNAL: `${workspace.dir}/journal`, TRIAL_WORLD: `${workspace.dir}/world.json` };
    engine = await openEngine({ dir: workspace.dir, prefer, env });
  });
  afterAll(async () => {
    await engine.close();
    await workspace.close();
  });

  test("a check failure shows the value of a secret property: providers must not blame secrets", async () => {
    const run = await engine.preview({ env: { TRIAL_SECRET: "bad" } });
    expect(run.ok).toBe(false);
    expect(run.diagnostics.map(({ message }) => message).join()).toContain(
      "property version value {&{{bad}}} has a problem",
    );
  });

  test("an import fails: dynamic resources have none", async () => {
    const run = await engine.up({ env: { TRIAL_IMPORT: "id-thing-" } });
    expect(run.ok).toBe(false);
    expect((await engine.exportState()).deployment.resources?.some(({ urn }) => urn.endsWith("::thing"))).toBe(false);
  });

  test("it runs, and a whole resource can be an output", async () => {
    const run = await engine.up();
    expect(run).toMatchObject({
      ok: true,
      outputs: { computed: "made-1", whole: { id: "id-thing-", computed: "made-1" } },
    });
  });
});
