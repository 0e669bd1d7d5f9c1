import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { makeRpm } from "../support/rpm-package";
import { rig, TARGET, UPGRADE } from "./rig";

const OLD = "4.2.2.0-102023121500";
const AGENTS = { version: "4.3.3.0", release: "102025103117.el7" };
const URN = "urn:pulumi:dev::shop::pulumi-nodejs:dynamic/oceanbase:AgentVersion::agents";

/** A cluster whose agents know only X-OCS-Auth. */
function world(options: Parameters<typeof rig>[0] = {}, skew = 0) {
  const made = rig({ agentVersion: OLD, ...options }, skew);
  made.cluster.control.addAgentPackage(AGENTS.version, AGENTS.release);
  return { ...made, agentInputs: (args = {}) => ({ ...made.inputs({ ...AGENTS, ...args }), __urn: URN }) };
}

describe("agents of 4.2.2.0", () => {
  it("upgrade their cluster, spoken to in their own way", async () => {
    const { lifecycle, inputs, writes, cluster } = world();
    const { outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(writes()).toBe(1);
    expect(cluster.journal.entries.filter(({ status }) => status === 401)).toEqual([]);
  });

  it("are upgraded themselves, and spoken to in the newer way once they understand it", async () => {
    const { lifecycle, agentInputs, cluster } = world();
    const { id, outs } = await lifecycle.create(agentInputs());
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.3.0" });
    expect(cluster.journal.count("POST", "/api/v1/agent/upgrade")).toBe(1);
    expect(await lifecycle.read(id, outs)).toMatchObject({ props: { currentVersion: "4.3.3.0" } });
  });

  it("are followed through an upgrade of the database that raises them", async () => {
    const { lifecycle, inputs, cluster } = world();
    const newer = { version: "4.3.5.4", release: "104000042025090916.el7" };
    cluster.control.addObPackages(newer.version, newer.release, { bundles: "4.5.0.0-102026050817" });
    const { outs } = await lifecycle.create(inputs(newer));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.4" });
    expect(cluster.agents.map(({ version }) => version)).toEqual(Array(3).fill("4.5.0.0-102026050817"));
  });

  it("take packages, which nothing is sealed around", async () => {
    const { lifecycle, inputs, cluster } = world();
    const newer = { version: "4.3.5.4", release: "104000042025090916.el7" };
    const dir = await mkdtemp(join(tmpdir(), "first-"));
    onTestFinished(() => rm(dir, { recursive: true, force: true }));
    const packages = ["oceanbase-ce", "oceanbase-ce-libs"].map((name) => join(dir, `${name}.rpm`));
    await writeFile(packages[0] ?? "", makeRpm(newer));
    await writeFile(packages[1] ?? "", makeRpm({ ...newer, name: "oceanbase-ce-libs" }));
    const { outs } = await lifecycle.create(inputs({ ...newer, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.4" });
    expect(cluster.journal.count("POST", "/api/v1/upgrade/package")).toBe(2);
  });

  it("refuse a wrong password with a sentence that says so", async () => {
    const { lifecycle, inputs, cluster } = world();
    await expect(lifecycle.create(inputs({ password: "wrong" }))).rejects.toThrow(
      /refused the credentials: .*Give root@sys's password as `password`.*\[unauthorized\]/,
    );
    expect(cluster.journal.count("POST", UPGRADE)).toBe(0);
  });

  it.each([-600_000, 600_000])("may have clocks that differ by %i ms", async (skew) => {
    const { lifecycle, inputs } = world({}, skew);
    expect((await lifecycle.create(inputs())).outs).toMatchObject({ status: "current" });
  });

  it.each(["one", "many"] as const)(
    "may read headers of %s RSA block(s): a password of 22 bytes fits into one",
    async (blocks) => {
      const password = "p".repeat(22);
      const { lifecycle, inputs } = world({ rootPassword: password, switches: { firstHeaderBlocks: blocks } });
      expect((await lifecycle.create(inputs({ password }))).outs).toMatchObject({ status: "current" });
    },
  );

  it("get a longer password in several blocks, as the vendor's SDK sends it", async () => {
    const password = "p".repeat(23);
    const many = world({ rootPassword: password });
    expect((await many.lifecycle.create(many.inputs({ password }))).outs).toMatchObject({ status: "current" });
    const one = world({ rootPassword: password, switches: { firstHeaderBlocks: "one" } });
    await expect(one.lifecycle.create(one.inputs({ password }))).rejects.toThrow(/\[unauthorized\]/);
  });

  it("cannot list their packages, so the release has to be named", async () => {
    const { lifecycle, inputs } = world();
    await expect(lifecycle.create(inputs({ ...TARGET, release: undefined }))).rejects.toThrow(
      /cannot list their packages/,
    );
  });
});
