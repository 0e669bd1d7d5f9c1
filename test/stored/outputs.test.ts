import { describe, expect, it } from "vitest";
import { kernelRig } from "../taurusdb/kernel-rig";
import { SITUATIONS } from "./situations";

const NEVER_MISSING = ["members", "status"];

describe.each(SITUATIONS.map(({ title, open }) => [title, open] as const))("the outputs of %s", (_, open) => {
  it("are all there after a create, a refresh and an update", async () => {
    const { lifecycle, inputs, move } = open();
    const { id, outs } = await lifecycle.create(inputs);
    move();
    const { props = {} } = await lifecycle.read(id, outs);
    const { outs: updated } = await lifecycle.update(id, props, inputs);
    const names = [
      ...NEVER_MISSING,
      ...("modules" in inputs ? [] : ["currentVersion"]),
      ...("instanceIds" in inputs ? ["problems"] : []),
    ];
    for (const outputs of [outs, props, updated]) expect(Object.keys(outputs)).toEqual(expect.arrayContaining(names));
  });
});

describe("a state that 0.1.0 has written", () => {
  it("has no problems, and no change for that", async () => {
    const { lifecycle, inputs, reads } = kernelRig({ kernel: "2.0.78.260600" });
    const { id, outs } = await lifecycle.create(inputs());
    expect(outs).toMatchObject({ problems: {} });
    const { problems: _, ...old } = outs;
    const before = reads();
    expect(await lifecycle.check(inputs(), inputs())).toEqual({ inputs: inputs(), failures: [] });
    expect(await lifecycle.diff(id, old, inputs())).toEqual({ changes: false, replaces: [] });
    expect(reads()).toBe(before);
  });
});
