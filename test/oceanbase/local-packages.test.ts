import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeRpm, type RpmOptions } from "../support/rpm-package";
import { rig } from "./rig";

const TARGET = { version: "4.3.5.3", release: "103000012025040100.el7" };

let dir = "";
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "packages-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function file(name: string, options: RpmOptions = {}): Promise<string> {
  const path = join(dir, `${name}.rpm`);
  await writeFile(path, makeRpm({ ...TARGET, ...options }));
  return path;
}

const both = async () => [await file("a", { name: "oceanbase-ce" }), await file("b", { name: "oceanbase-ce-libs" })];

const uploads = ({ cluster }: ReturnType<typeof rig>) => cluster.journal.count("POST", /package$/);

describe("packages named as files", () => {
  it("are told by the preview, and nothing is sent", async () => {
    const world = rig();
    const { failures } = await world.lifecycle.check({}, world.inputs({ ...TARGET, packages: await both() }));
    expect(failures).toEqual([]);
    expect(world.said()).toEqual([
      "4.2.1.8 → 4.3.5.3 (upgrade path unknown), rolling over 3 zones, after uploading 2 packages",
    ]);
    expect(world.cluster.writes()).toEqual([]);
  });

  it("are uploaded before the call, each once, and the upgrade follows", async () => {
    const world = rig();
    const { outs } = await world.lifecycle.create(world.inputs({ ...TARGET, packages: await both() }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.3" });
    expect(uploads(world)).toBe(2);
    expect(world.writes()).toBe(1);
    expect(world.said().filter((line) => line.startsWith("uploaded "))).toHaveLength(2);
  });

  it("that the servers have already are not uploaded again", async () => {
    const world = rig();
    world.cluster.control.addObPackages(TARGET.version, TARGET.release);
    await world.lifecycle.create(world.inputs({ ...TARGET, packages: await both() }));
    expect(uploads(world)).toBe(0);
    expect(world.writes()).toBe(1);
  });

  it("of a cluster that is at its pin are not uploaded", async () => {
    const world = rig({ buildVersion: "4.3.5.3-103000012025040100" });
    await world.lifecycle.create(world.inputs({ ...TARGET, packages: await both() }));
    expect(world.cluster.writes()).toEqual([]);
  });

  it("of a cluster that is at its pin are not even read", async () => {
    const world = rig({ buildVersion: "4.3.5.3-103000012025040100" });
    const args = world.inputs({ ...TARGET, packages: [join(dir, "nowhere-to-be-found.rpm")] });
    expect((await world.lifecycle.check({}, args)).failures).toEqual([]);
    expect((await world.lifecycle.create(args)).outs).toMatchObject({ status: "current" });
  });

  it("decide the target of a floor together with what is uploaded", async () => {
    const world = rig();
    const args = world.inputs({ version: ">=4.3.5", release: undefined, packages: await both() });
    expect((await world.lifecycle.create(args)).outs).toMatchObject({ currentVersion: "4.3.5.3" });
  });

  it("are waited for when the agents fall silent before the upload: nothing was sent yet", async () => {
    const world = rig();
    const list = "/api/v1/upgrade/package/info";
    world.cluster.faults.add({ match: { path: list }, skip: 2, times: 18, fault: { kind: "reset" } });
    const { outs } = await world.lifecycle.create(world.inputs({ ...TARGET, packages: await both() }));
    expect(outs).toMatchObject({ status: "current", currentVersion: "4.3.5.3" });
    expect([uploads(world), world.writes()]).toEqual([2, 1]);
    const passing = world.lines.map((line) => line.message).join("\n");
    expect(passing).toMatch(/not started yet: The uploaded packages could not be listed: /);
  });

  it("are given up when nobody ever says which of them are there", async () => {
    const world = rig();
    const list = "/api/v1/upgrade/package/info";
    world.cluster.faults.add({ match: { path: list }, times: 10_000, fault: { kind: "reset" } });
    await expect(world.lifecycle.create(world.inputs({ ...TARGET, packages: await both() }))).rejects.toThrow(
      /could not be read for 20 min.*: the agents did not return their list of packages.*\[unreachable\]$/,
    );
    expect(world.cluster.writes()).toEqual([]);
  });

  it("of which one is still missing keep the upgrade from starting, before anything is sent", async () => {
    const world = rig();
    const packages = [await file("c", { name: "oceanbase-ce" })];
    await expect(world.lifecycle.create(world.inputs({ ...TARGET, packages }))).rejects.toThrow(
      /not uploaded: oceanbase-ce-libs-4\.3\.5\.3/,
    );
    expect(world.cluster.writes()).toEqual([]);
  });

  it.each([
    [
      "no RPM at all",
      async () => {
        const path = join(dir, "text.rpm");
        await writeFile(path, "hello");
        return path;
      },
      /text\.rpm/,
    ],
    [
      "a truncated RPM",
      async () => {
        const path = join(dir, "short.rpm");
        await writeFile(path, makeRpm({ ...TARGET, payload: Buffer.alloc(4_096) }).subarray(0, -1_000));
        return path;
      },
      /short\.rpm/,
    ],
    ["a file that is not there", async () => join(dir, "nowhere.rpm"), /nowhere\.rpm/],
    [
      "a package for another architecture",
      () => file("arm", { architecture: "aarch64" }),
      /aarch64, but the cluster runs on x86_64/,
    ],
    ["a release without distribution", () => file("nodist", { release: "103000012025040100" }), /nodist\.rpm/],
  ])("%s: a check failure of `packages`, and an error before anything is sent", async (_, make, text) => {
    const world = rig();
    const args = world.inputs({ ...TARGET, packages: [...(await both()), await make()] });
    const { failures } = await world.lifecycle.check({}, args);
    expect(failures).toEqual([{ property: "packages", reason: expect.stringMatching(text) }]);
    await expect(world.lifecycle.create(args)).rejects.toThrow(text);
    expect(world.cluster.writes()).toEqual([]);
  });
});
