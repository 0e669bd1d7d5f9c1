import { describe, expect, it } from "vitest";
import { kernelRig, URN } from "./kernel-rig";

/** A pin of one of the instances. */
function pinOf(rig: ReturnType<typeof kernelRig>, at: number) {
  return rig.inputs({ instanceIds: rig.ids.slice(at, at + 1), __urn: `${URN}-${at}` });
}

function pages({ cloud }: ReturnType<typeof kernelRig>): number {
  return cloud.journal.count("GET", /\/instances$/);
}

describe("pins that are previewed one after the other", () => {
  it("read the pages of their project together, for five seconds", async () => {
    const rig = kernelRig({ instances: 4 });
    for (const at of [0, 1, 2]) await rig.lifecycle.check({}, pinOf(rig, at));
    expect(pages(rig)).toBe(1);
    await rig.clock.sleep(6_000);
    await rig.lifecycle.check({}, pinOf(rig, 3));
    expect(pages(rig)).toBe(2);
    expect(rig.said()).toHaveLength(4);
  });

  it("and applied after that look anew: what was seen of an instance once is not what runs there now", async () => {
    const rig = kernelRig({ instances: 2 });
    await rig.lifecycle.check({}, pinOf(rig, 0));
    rig.cloud.control.setKernel("2.0.78.260600", rig.ids[0]);
    const { outs } = await rig.lifecycle.create(pinOf(rig, 0));
    expect(outs).toMatchObject({ status: "current", currentVersion: "2.0.78.260600" });
    expect([pages(rig), rig.writes()]).toEqual([2, 0]);
  });
});

describe("a pin that only waits", () => {
  it("reads the jobs in one look of four, and sees the end all the same", async () => {
    const rig = kernelRig();
    const { outs } = await rig.lifecycle.create(rig.inputs({ preCheck: false }));
    expect(outs).toMatchObject({ status: "current" });
    const jobs = rig.cloud.journal.count("GET", /\/immediate-jobs$/);
    expect(pages(rig)).toBeGreaterThan(40);
    expect(jobs).toBeGreaterThan(pages(rig) / 5);
    expect(jobs).toBeLessThan(pages(rig) / 2);
  });
});

describe("a region whose rows do not tell the kernel", () => {
  const switches = { rowsTellKernel: false };

  it("has it in database-version: the upgrade is planned, made and seen", async () => {
    const rig = kernelRig({ instances: 2, switches });
    await rig.lifecycle.check({}, rig.inputs());
    expect(rig.said()[0]).toContain("2.0.69.250900 → 2.0.78.260600");
    const { id, outs } = await rig.lifecycle.create(rig.inputs());
    expect(outs).toMatchObject({ status: "current", currentVersion: "2.0.78.260600" });
    expect(rig.writes()).toBe(1);
    rig.cloud.control.setKernel("2.0.81.260900", rig.ids[0]);
    const { props, inputs } = await rig.lifecycle.read(id, outs);
    expect(props).toMatchObject({ status: "newer", members: { [rig.ids[0] ?? ""]: "2.0.81.260900" } });
    // Only one of the two has moved, so no version in the inputs would describe both.
    expect(props).toMatchObject({ __drifted: true });
    expect(inputs).toMatchObject({ version: "2.0.78" });
  });

  it("asks for no more where they do", async () => {
    const rig = kernelRig({ instances: 2 });
    for (const id of rig.ids) rig.cloud.control.setKernel("2.0.78.260600", id);
    await rig.lifecycle.check({}, rig.inputs());
    expect(rig.cloud.journal.count("GET", /database-version$/)).toBe(0);
  });

  it.each([
    ["says nothing either", { datastore: { current_version: "8.0", latest_version: "8.0" } }],
    ["says null", { datastore: { current_kernel_version: null, latest_kernel_version: null } }],
  ])("and whose database-version %s leaves it unknown, which is no drift", async (_, body) => {
    const rig = kernelRig({ switches });
    const { id, outs } = await rig.lifecycle.create(rig.inputs());
    const fault = { kind: "replace", status: 200, body: JSON.stringify(body) } as const;
    rig.cloud.faults.add({ match: { method: "GET", path: /database-version$/ }, times: 99, fault });
    const { props, inputs } = await rig.lifecycle.read(id, outs);
    expect(props).toMatchObject({ status: "current" });
    expect(inputs ?? { version: "2.0.78" }).toMatchObject({ version: "2.0.78" });
  });

  it("is read as well where the row has no datastore at all", async () => {
    const rewrite = (text: string) => text.replaceAll(/"datastore":\{"type":[^}]*\},/g, "");
    const rig = kernelRig({ switches }, { rewrite });
    const { outs } = await rig.lifecycle.create(rig.inputs());
    expect(outs).toMatchObject({ status: "current", currentVersion: "2.0.78.260600" });
  });
});
