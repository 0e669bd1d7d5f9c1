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
