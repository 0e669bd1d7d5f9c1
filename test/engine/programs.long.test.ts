/** @module-tag long */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, test } from "vitest";
import { onNetwork } from "../cli/rig";
import { copyFleet } from "../docs/previews";
import { startOceanBase, startRedisEnterprise, startTaurusDB } from "../simulators";
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

  test("a check failure shows the value of a secret property, so providers must not name secrets in failures", async () => {
    const run = await engine.preview({ env: { TRIAL_SECRET: "bad" } });
    expect(run.ok).toBe(false);
    expect(run.diagnostics.map(({ message }) => message).join()).toContain(
      "property version value {&{{bad}}} has a problem",
    );
  });

  test("an import fails, because dynamic resources do not support it", async () => {
    const run = await engine.up({ env: { TRIAL_IMPORT: "id-thing-" } });
    expect(run.ok).toBe(false);
    expect((await engine.exportState()).deployment.resources?.some(({ urn }) => urn.endsWith("::thing"))).toBe(false);
  });

  test("runs, and a whole resource can be an output", async () => {
    const run = await engine.up();
    expect(run).toMatchObject({
      ok: true,
      outputs: { computed: "made-1", whole: { id: "id-thing-", computed: "made-1" } },
    });
  });
});

interface Started {
  readonly system: { readonly acceptedUpgrades: readonly unknown[] };
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** A system in which everything is outdated, and the arguments to connect to it. */
const ESTATES: readonly (readonly [
  string,
  () => Promise<{ started: Started; args: readonly string[]; pem?: string }>,
])[] = [
  [
    "oceanbase",
    async () => {
      const started = await startOceanBase({
        buildVersion: "4.2.1.8-108000022024072217",
        packages: [["4.3.5.2", "102000042025031214.el7"]],
      });
      return { started, args: ["--endpoint", started.connection.endpoints.join(",")] };
    },
  ],
  [
    "taurusdb",
    async () => {
      const started = await startTaurusDB({ instances: 4 });
      const { control, instances } = started.system;
      control.setKernel("2.0.75.260300", instances[2]?.id);
      const { endpoint, projectId } = started.connection;
      const args = ["--endpoint", endpoint, "--iam-endpoint", endpoint, "--project-id", projectId];
      return { started, args };
    },
  ],
  [
    "redis-enterprise",
    async () => {
      const databases = [
        { name: "cache", redisVersion: "7.4", modules: [{ name: "search", version: "2.10.8" }] },
        { name: "sessions", redisVersion: "7.2" },
      ];
      const started = await startRedisEnterprise({ databases });
      const { endpoints, serverName, caCertificate } = started.connection;
      const args = ["--endpoint", endpoints.join(","), "--server-name", serverName, "--ca-certificate", "ca.pem"];
      return { started, args, pem: caCertificate };
    },
  ],
];

describe.each(ESTATES)("the program that discover writes for %s", { timeout: 90_000 }, (system, start) => {
  it.each(["ts", "fleet"] as const)("in form %s is previewed without an upgrade", async (form) => {
    const { started, args, pem } = await start();
    onTestFinished(() => started.close());
    const workspace = form === "ts" ? await makeWorkspace({ main: "index.ts" }) : await copyFleet();
    onTestFinished(() => workspace.close());
    if (pem !== undefined) await writeFile(join(workspace.dir, "ca.pem"), pem);
    const run = onNetwork({ env: started.environment });
    const output = join(workspace.dir, form === "ts" ? "index.ts" : "fleet.yaml");
    const here = args.map((arg) => (arg === "ca.pem" ? join(workspace.dir, arg) : arg));
    const { code, err } = await run("discover", system, ...here, "--write", form, "-o", output);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const engine = await openEngine({ dir: workspace.dir, env: started.environment });
    onTestFinished(() => engine.close());
    const previewed = await engine.preview();
    expect(previewed.output).not.toMatch(/error|warning/i);
    const plans = previewed.diagnostics.map(({ message }) => message.trim());
    expect(plans.length).toBeGreaterThan(1);
    expect(plans.filter((plan) => !/^[^ ]+: already at /.test(plan))).toEqual([]);
    expect((await engine.up()).ok).toBe(true);
    expect((await engine.preview()).changes).toEqual({ same: plans.length + 1 });
    expect(started.system.acceptedUpgrades).toEqual([]);
  });
});
