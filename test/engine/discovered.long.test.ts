/** @module-tag long */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { onNetwork } from "../cli/rig";
import { copyFleet } from "../docs/previews";
import { startOceanBase, startRedisEnterprise, startTaurusDB } from "../simulators";
import { makeWorkspace, openEngine } from ".";

interface Started {
  readonly system: { readonly acceptedUpgrades: readonly unknown[] };
  readonly environment: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** A system with everything outdated, and what leads there. */
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

describe.each(ESTATES)("what discover writes of %s", { timeout: 90_000 }, (system, start) => {
  it.each(["ts", "fleet"] as const)("as %s is previewed without an upgrade", async (form) => {
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
