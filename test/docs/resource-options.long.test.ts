/** @module-tag long */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Engine, makeWorkspace, openEngine, type Run, type Workspace } from "../engine";
import { startOceanBase } from "../simulators";

/** The statements of docs/guides/resource-options.md about Pulumi's options, one test for each. */

const OLD = "4.2.1.8-108000022024072217";
const NEW = "4.3.5.2-102000042025031214";

const PROGRAM = `
const pulumi = require("@pulumi/pulumi");
const { oceanbase } = require("pulumi-dbversion");
const { args, name, options, transformed } = JSON.parse(process.env.DECLARED);
if (transformed) pulumi.runtime.registerStackTransformation(({ props, opts }) => ({ props: { ...props, ...transformed }, opts }));
if (name) new oceanbase.ClusterVersion(name, args, options);
`;

interface Declared {
  readonly name?: string;
  readonly version?: string;
  readonly options?: Readonly<Record<string, unknown>>;
  readonly transformed?: Readonly<Record<string, unknown>>;
}

let cluster: Awaited<ReturnType<typeof startOceanBase>>;
let workspace: Workspace;
let engine: Engine;

/** A stack whose cluster was upgraded to 4.3.5.2. */
beforeAll(async () => {
  workspace = await makeWorkspace({ program: PROGRAM });
  cluster = await startOceanBase({
    buildVersion: OLD,
    packages: [["4.3.5.2", "102000042025031214.el7"]],
    timings: "instant",
  });
  engine = await openEngine({ dir: workspace.dir, prefer: "local" });
  expect(await engine.up(declared())).toMatchObject({ ok: true });
}, 120_000);
afterAll(async () => {
  await engine?.close();
  await cluster?.close();
  await workspace?.close();
});

function declared({ name = "orders", version = "4.3.5.2", options = {}, transformed }: Declared = {}) {
  const args = { ...cluster.connection, version };
  return { env: { DECLARED: JSON.stringify({ args, name, options, transformed }) } };
}

function opsOf({ steps }: Run): string[] {
  return steps.filter(({ name }) => name.startsWith("orders")).map(({ op }) => op);
}

function messagesOf({ diagnostics }: Run): string {
  return diagnostics.map(({ message }) => message).join("\n");
}

describe("resource options", { timeout: 120_000 }, () => {
  beforeEach(() => cluster.system.journal.clear());

  it("ignoreChanges keeps the stored version, also after drift", async () => {
    const ignored = declared({ version: "4.3.5.9", options: { ignoreChanges: ["version"] } });
    expect(opsOf(await engine.preview(ignored))).toEqual(["same"]);
    const stored = await engine.exportState({ showSecrets: true });
    cluster.system.control.setBuildVersion(OLD);
    await engine.refresh();
    expect(opsOf(await engine.preview(declared()))).toEqual(["update"]);
    const up = await engine.up(ignored);
    expect(up).toMatchObject({ ok: true, steps: [{}, { name: "orders", diff: [] }] });
    expect(cluster.system.acceptedUpgrades).toHaveLength(1);
    expect(opsOf(await engine.up(ignored))).toEqual(["same"]);
    cluster.system.control.setBuildVersion(NEW);
    await engine.importState(stored);
  });

  it("protect only prevents the deletion of the resource", async () => {
    const options = { protect: true };
    expect(opsOf(await engine.up(declared({ options })))).toEqual(["same"]);
    const removed = await engine.up(declared({ name: "", options }));
    expect(removed.ok).toBe(false);
    expect(messagesOf(removed)).toContain("protect");
    const higher = await engine.preview(declared({ version: ">=4.3.5", options }));
    expect(opsOf(higher)).toEqual(["update"]);
    expect((await engine.up(declared())).ok).toBe(true);
  });

  it("aliases keep the resource when it is renamed", async () => {
    const renamed = declared({ name: "orders-eu", options: { aliases: [{ name: "orders" }] } });
    expect(opsOf(await engine.preview(renamed))).toEqual(["same"]);
    expect(cluster.system.journal.entries).toEqual([]);
    const moved = await engine.preview(declared({ name: "orders-eu" }));
    expect(opsOf(moved).sort()).toEqual(["create", "delete"]);
    expect(messagesOf(moved)).toContain("already at 4.3.5.2");
  });

  it("transforms change arguments before the check", async () => {
    const run = await engine.preview(declared({ transformed: { version: "4.3.9" } }));
    expect(opsOf(run)).toEqual(["update"]);
    const wrong = await engine.preview(declared({ transformed: { version: "newest" } }));
    expect(wrong.ok).toBe(false);
    expect(messagesOf(wrong)).toContain("version");
  });

  it("retainOnDelete removes the resource without a call to the provider", async () => {
    await engine.up(declared({ options: { retainOnDelete: true } }));
    const removed = await engine.up(declared({ name: "" }));
    expect(removed).toMatchObject({ ok: true });
    expect(messagesOf(removed)).toBe("");
    expect(cluster.system.journal.entries).toEqual([]);
    expect((await engine.exportState()).deployment.resources?.some(({ urn }) => urn.endsWith("::orders"))).toBe(false);
  });
});
