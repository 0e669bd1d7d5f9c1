import { describe, expect, it } from "vitest";
import { kernelRig } from "./kernel-rig";
import { rig } from "./rig";

const LATER = { schedule: "maintenance-window" };

/** Each resource type with maintenance windows: its rig, and the tasks that the cloud has cancelled. */
const TYPES = [
  [
    "KernelVersion",
    () => {
      const made = kernelRig({ instances: 2 });
      return { ...made, cloud: made.cloud, lowered: { version: ">=2.0.69" } };
    },
  ],
  ["StarRocksVersion", () => ({ ...rig(), lowered: { version: ">=3.1.1" } })],
] as const;

describe.each(TYPES)("the preview of a scheduled %s", (_, build) => {
  it.each([
    ["that asks for an upgrade now", {}, true],
    ["whose target version runs already", "lowered", true],
    ["that stays as it is", LATER, false],
  ] as const)("%s announces what up cancels", async (__, change, cancels) => {
    const { lifecycle, inputs, said, cloud, lowered } = build();
    const before = inputs(LATER);
    const { id, outs } = await lifecycle.create(before);
    const after = inputs(change === "lowered" ? { ...LATER, ...lowered } : change);
    const lines = said().length;
    await lifecycle.check(before, after);
    await lifecycle.diff(id, outs, after);
    const announced = said()
      .slice(lines)
      .filter((line) => line.startsWith("will cancel"));
    expect(announced.length > 0).toBe(cancels);
    await lifecycle.update(id, outs, after);
    expect(cloud.schedules.some(({ status }) => status === "Canceled")).toBe(cancels);
  });

  it("that another resource relies on announces that it stays, and up leaves it", async () => {
    const { lifecycle, inputs, said, cloud, lowered } = build();
    const before = inputs(LATER);
    const { id, outs } = await lifecycle.create(before);
    const other = { ...before, __urn: `${before["__urn"]}-2` };
    await lifecycle.create(other);
    const after = inputs({ ...LATER, ...lowered });
    const lines = said().length;
    await lifecycle.check(before, after);
    await lifecycle.diff(id, outs, after);
    const told = said().slice(lines);
    expect(told.filter((line) => line.startsWith("will cancel"))).toEqual([]);
    expect(told.filter((line) => line.includes("stays scheduled: "))).not.toEqual([]);
    await lifecycle.update(id, outs, after);
    expect(cloud.schedules.every(({ status }) => status === "Pending")).toBe(true);
  });

  it("of another resource is never announced as cancelled, and never is", async () => {
    const { lifecycle, inputs, said, cloud } = build();
    await lifecycle.create(inputs(LATER));
    const other = { ...inputs(), __urn: `${inputs()["__urn"]}-2` };
    await lifecycle.check({}, other);
    expect(said().some((line) => line.startsWith("will cancel"))).toBe(false);
    expect(said().at(-1)).toMatch(/this resource did not schedule/);
    await lifecycle.create(other).catch(() => undefined);
    expect(cloud.schedules.every(({ status }) => status === "Pending")).toBe(true);
  });
});

describe("the preview of a KernelVersion", () => {
  it("announces what up cancels for an instance that leaves the resource", async () => {
    const { lifecycle, inputs, ids, said, cloud } = kernelRig({ instances: 3 });
    const before = inputs(LATER);
    const { id, outs } = await lifecycle.create(before);
    const after = inputs({ ...LATER, instanceIds: ids.slice(0, 2) });
    await lifecycle.check(before, after);
    await lifecycle.diff(id, outs, after);
    expect(said().at(-1)).toMatch(
      /^will cancel the scheduled kernel upgrade \S+ of \S+, no longer part of this resource/,
    );
    await lifecycle.update(id, outs, after);
    expect(cloud.schedules.filter(({ status }) => status === "Canceled")).toHaveLength(1);
  });
});
