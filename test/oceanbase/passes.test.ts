import { describe, expect, it } from "vitest";
import { Passes } from "../../provider/oceanbase/agent/auth";
import { VirtualClock } from "../support/virtual-clock";

function passes() {
  const clock = new VirtualClock();
  const made: string[] = [];
  const all = new Passes(clock, (target) => ({ "x-ocs-header": `${target} ${made.push(target)}` }));
  return { clock, made, to: (target: string) => all.to(target)["x-ocs-header"] };
}

describe("the header of a read", () => {
  it("is used again for its target alone", () => {
    const { made, to } = passes();
    expect([to("/a"), to("/b"), to("/a")]).toEqual(["/a 1", "/b 2", "/a 1"]);
    expect(made).toEqual(["/a", "/b"]);
  });

  it("is made anew after a minute, long before it expires", async () => {
    const { clock, to } = passes();
    to("/a");
    await clock.sleep(59_999);
    expect(to("/a")).toBe("/a 1");
    await clock.sleep(1);
    expect(to("/a")).toBe("/a 2");
  });
});
