import { describe, expect, it } from "vitest";
import { makeRpm } from "../support/rpm-package";
import { rig } from "./rig";
import { fileOf } from "./upload-rig";

const NEWER = { version: "4.3.5.3", release: "103000012025040100.el7" };
const MAIN = { ...NEWER, name: "oceanbase-ce" };
const LIBS = { ...NEWER, name: "oceanbase-ce-libs" };
const NOTE =
  "4.3.5.3-103000012025040100.el7 is newer, but incomplete, so 4.3.5.2-102000042025031214.el7 was chosen; not uploaded: oceanbase-ce-libs-4.3.5.3-103000012025040100.el7.x86_64.rpm.";

describe.each([">=4.3.5.2", "4.3.5"])("version %s, with a newer package whose companion is not uploaded", (version) => {
  const args = { version, release: undefined };

  it("is upgraded to the newest that is complete, and both preview and run say what the newer one lacks", async () => {
    const { lifecycle, inputs, cluster, said } = rig();
    cluster.control.addPackage(MAIN);
    await lifecycle.check({}, inputs(args));
    expect(said()).toEqual(["4.2.1.8 → 4.3.5.2, rolling over 3 zones", NOTE]);
    const { outs } = await lifecycle.create(inputs(args));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(said().filter((line) => line === NOTE)).toHaveLength(2);
  });

  it("is upgraded to the newer one when the companion is at hand", async () => {
    const { lifecycle, inputs, cluster, said } = rig();
    cluster.control.addPackage(MAIN);
    const packages = [await fileOf(makeRpm(LIBS))];
    const { outs } = await lifecycle.create(inputs({ ...args, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.3" });
    expect(said().join()).not.toContain("incomplete");
  });

  it("is not upgraded to a package at hand whose companion is nowhere", async () => {
    const { lifecycle, inputs, cluster, said } = rig();
    const packages = [await fileOf(makeRpm(MAIN))];
    const { outs } = await lifecycle.create(inputs({ ...args, packages }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.2" });
    expect(said()).toContain(NOTE);
    expect(cluster.acceptedUpgrades.map(({ name }) => name)).toEqual([
      "OB rolling upgrade 4.3.5.2-102000042025031214.el7",
    ]);
  });
});
