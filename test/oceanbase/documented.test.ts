import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { makeRpm } from "../support/rpm-package";
import { payloadOf } from "./payload/pack";
import { rig } from "./rig";

const ROOT = join(__dirname, "..", "..");
/** Another build than the one that the cluster of the rig has packages of. */
const TARGET = { version: "4.3.5.2", release: "102010042025031300.el7" };
const BETWEEN = { version: "4.2.5.1", release: "101000092024120918.el7" };
const WAYS = `
- version: 4.2.1.8
  can_be_upgraded_to: [4.2.5.1]
- version: 4.2.5.1
  can_be_upgraded_to: [4.3.5.2]
  require_from_binary: True
- version: 4.3.5.2
`;
const LIST = "./home/admin/oceanbase/etc/oceanbase_upgrade_dep.yml";

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "documented-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function filesOf(of: typeof TARGET): Promise<string[]> {
  const names = ["oceanbase-ce", "oceanbase-ce-libs"];
  const paths = names.map((name) => join(dir, `${name}-${of.version}.rpm`));
  const payload = payloadOf({ "./bin/observer": "x", [LIST]: WAYS });
  for (const [index, name] of names.entries())
    await writeFile(paths[index] ?? "", makeRpm({ ...of, name, ...(index === 0 ? { payload } : {}) }));
  return paths;
}

/** What a preview says of a cluster that has none of the packages. */
async function said(packages: readonly string[]): Promise<string[]> {
  const world = rig({ agentVersion: "4.4.2.0-102026041610" });
  await world.lifecycle.check({}, world.inputs({ ...TARGET, packages }));
  return world.said();
}

it("shows the route and the missing packages as the page does", async () => {
  const page = await readFile(join(ROOT, "docs", "resources", "oceanbase-cluster-version.md"), "utf8");
  const [plan, missing] = await said(await filesOf(TARGET));
  expect(page).toContain(`\n${plan}\n`);
  const shown = /^Upgrading to .*$/m.exec(page)?.[0].replace(/ …$/, "");
  expect(shown).toContain("these packages are not uploaded: oceanbase-ce-4.2.5.1");
  expect(missing?.startsWith(shown ?? "-")).toBe(true);
});

it("shows the route with everything at hand as the example does", async () => {
  const page = await readFile(join(ROOT, "examples", "oceanbase", "README.md"), "utf8");
  const [plan, ...more] = await said([...(await filesOf(TARGET)), ...(await filesOf(BETWEEN))]);
  expect(plan).toContain("(package required)");
  expect(page).toContain(` orders create orders: ${plan}\n`);
  expect(more).toEqual([]);
});
