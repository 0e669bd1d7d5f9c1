import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { LocalWorkspace } from "@pulumi/pulumi/automation";
import { startFleet } from "./simulated";

/** The same through the Pulumi CLI, with a state in a separate directory: preview, up, and an up without changes. */
const skip = spawnSync("pulumi", ["version"]).error !== undefined && "there is no Pulumi CLI";

test("a stack of the fleet is previewed, upgraded and then at rest", { skip, timeout: 300_000 }, async () => {
  const fleet = await startFleet();
  const dir = mkdtempSync(join(tmpdir(), "fleet-"));
  try {
    writeFileSync(join(dir, "fleet.yaml"), fleet.file());
    const stack = await LocalWorkspace.createOrSelectStack(
      { stackName: "test", workDir: __dirname },
      { envVars: { PULUMI_BACKEND_URL: `file://${dir}`, PULUMI_CONFIG_PASSPHRASE: "test" } },
    );
    await stack.setConfig("file", { value: join(dir, "fleet.yaml") });
    for (const [key, value] of Object.entries(fleet.secrets)) await stack.setConfig(key, { value, secret: true });

    const preview = await stack.preview();
    assert.match(preview.stdout, /4\.2\.1\.8 → 4\.3\.5\.2, rolling over 3 zones/);
    assert.match(preview.stdout, /already at 4\.3\.5/);
    assert.equal(fleet.orders.system.acceptedUpgrades.length, 0);

    const { outputs } = await stack.up();
    const current = Object.values(outputs["fleet"]?.value as Record<string, { status: string }>);
    assert.ok(current.every(({ status }) => status === "current"));

    const again = await stack.up();
    assert.deepEqual(again.summary.resourceChanges, { same: 7 });
    assert.equal(fleet.orders.system.acceptedUpgrades.length, 2);
  } finally {
    await fleet.close();
    rmSync(dir, { recursive: true });
    rmSync(join(__dirname, "Pulumi.test.yaml"), { force: true });
  }
});
