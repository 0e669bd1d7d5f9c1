import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeRpm } from "../support/rpm-package";
import { rig, URN } from "./rig";

const NONE = { formatVersion: 1, approvals: {} };

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "approved-"));
});
afterAll(() => rm(directory, { recursive: true }));

async function packages(): Promise<string[]> {
  const names = ["oceanbase-ce", "oceanbase-ce-libs"];
  const files = names.map((name) => join(directory, `${name}.rpm`));
  await Promise.all(names.map((name, at) => writeFile(files[at] ?? "", makeRpm({ name }))));
  return files;
}

it("an approved upgrade that uploads packages is the same plan once they are there", async () => {
  const { cluster, lifecycle, inputs, writes } = rig();
  cluster.state.packages.splice(0);
  const files = await packages();
  const checked = await lifecycle.check({}, inputs({ packages: files, approval: NONE }));
  // As the provider has written it.
  const plan = checked.inputs["__plan"] as Record<string, object>;
  const approved = Object.entries(plan).map(([unit, proposal]) => [
    unit,
    { ...proposal, approvedAt: "2025-12-31T00:00:00Z", approvedBy: "Anna" },
  ]);
  const approval = { ...NONE, approvals: { [URN]: Object.fromEntries(approved) } };
  const { outs } = await lifecycle.create(inputs({ packages: files, approval }));
  expect(outs).toMatchObject({ status: "current" });
  expect(cluster.state.packages.length).toBeGreaterThan(0);
  expect(writes()).toBe(1);
});

it("nothing is uploaded for an upgrade that is not approved", async () => {
  const { cluster, lifecycle, inputs, writes } = rig();
  cluster.state.packages.splice(0);
  const { outs } = await lifecycle.create(inputs({ packages: await packages(), approval: NONE }));
  expect(outs).toMatchObject({ status: "held", heldBy: { code: "approval" } });
  expect([cluster.state.packages.length, writes()]).toEqual([0, 0]);
});
