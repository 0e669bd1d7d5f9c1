import { describe, expect, it } from "vitest";
import { plansOf, heldStage as stage, URN } from "./fake-lifecycle";

function approvalOf(plan: Record<string, string> | undefined, change: Record<string, string> = {}) {
  const approval = { ...plan, approvedAt: "2025-12-31T12:00:00Z", approvedBy: "Anna", ...change };
  return { formatVersion: 1, approvals: { [URN]: { "server-1": approval } } };
}

describe("an approval", () => {
  const empty = { formatVersion: 1, approvals: {} };

  it("is made of what a check adds to the inputs, and of what a held resource keeps", async () => {
    const { lifecycle, inputs } = stage();
    const checked = await lifecycle.check({}, inputs({ approval: empty }));
    const plan = { from: "1.0", to: "2.0", how: "1.0 → 2.0, at once", digest: expect.stringMatching(/^[0-9a-f]{64}$/) };
    expect(plansOf(checked.inputs)).toEqual({ "server-1": plan });
    const { outs } = await lifecycle.create(inputs({ approval: empty }));
    expect(outs).toMatchObject({ status: "held", heldBy: { code: "approval" } });
    expect(plansOf(outs)).toEqual(plansOf(checked.inputs));
  });

  it("is not asked for where the argument is not given", async () => {
    const { lifecycle, inputs } = stage();
    expect((await lifecycle.check({}, inputs())).inputs).toEqual(inputs());
  });

  it("lets exactly this plan begin, and is used up then", async () => {
    const { lifecycle, inputs, world } = stage();
    const approval = approvalOf(plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"]);
    const first = await lifecycle.create(inputs({ approval }));
    expect(first.outs).toMatchObject({ status: "current" });
    expect(world.starts).toBe(1);
    // Somebody restores the old version: the approval does not serve again.
    world.version = "1.0";
    const { props } = await lifecycle.read("x", first.outs);
    const news = inputs({ approval });
    expect(props).toMatchObject({ status: "held", heldBy: { message: expect.stringContaining("has been used") } });
    const second = await lifecycle.update("x", { ...props }, news);
    expect(second.outs).toMatchObject({ status: "held" });
    expect(world.starts).toBe(1);
    // Given again it does.
    const again = approvalOf(plansOf(second.outs)["server-1"], { approvedAt: "2026-01-01T00:00:00Z" });
    expect(await lifecycle.diff("x", second.outs, inputs({ approval: again }))).toMatchObject({ changes: true });
    expect((await lifecycle.update("x", second.outs, inputs({ approval: again }))).outs).toMatchObject({
      status: "current",
    });
    expect(world.starts).toBe(2);
  });

  it("that is older than the used one does not serve, a newer one does", async () => {
    const { lifecycle, inputs, world } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    const given = (approvedAt: string) => inputs({ approval: approvalOf(plan, { approvedAt }) });
    const used = await lifecycle.create(given("2025-12-30T12:00:00Z"));
    expect(used.outs).toMatchObject({ status: "current" });
    world.version = "1.0";
    // The file of the day before is restored, too: its approval never served.
    const older = await lifecycle.update("x", used.outs, given("2025-12-29T12:00:00Z"));
    expect(older.outs).toMatchObject({ status: "held", heldBy: { message: expect.stringContaining("has been used") } });
    expect(world.starts).toBe(1);
    // The same moment in another form.
    const same = await lifecycle.update("x", older.outs, given("2025-12-30T12:00:00.000Z"));
    expect(same.outs).toMatchObject({ status: "held" });
    const newer = await lifecycle.update("x", same.outs, given("2025-12-31T12:00:00Z"));
    expect(newer.outs).toMatchObject({ status: "current" });
    expect(world.starts).toBe(2);
  });

  it("that is older than the used one is not remembered in its place", async () => {
    const { lifecycle, inputs, world } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    const given = (approvedAt: string) => inputs({ approval: approvalOf(plan, { approvedAt }) });
    let { outs } = await lifecycle.create(given("2025-12-31T12:00:00Z"));
    ({ outs } = await lifecycle.update("x", outs, given("2025-12-29T12:00:00Z")));
    world.version = "1.0";
    ({ outs } = await lifecycle.update("x", outs, given("2025-12-30T12:00:00Z")));
    expect(outs).toMatchObject({ status: "held" });
    expect(world.starts).toBe(1);
  });

  it("is not used up before its version is reached", async () => {
    const { lifecycle, inputs, world } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    // Approved before the program asks for it.
    const { outs } = await lifecycle.create(inputs({ version: "1.0", approval: approvalOf(plan) }));
    expect(outs).toMatchObject({ status: "current" });
    const raised = await lifecycle.update("x", outs, inputs({ approval: approvalOf(plan) }));
    expect(raised.outs).toMatchObject({ status: "current", currentVersion: "2.0" });
    expect(world.starts).toBe(1);
  });

  it("stays used when the program goes without approvals for a while", async () => {
    const { lifecycle, inputs, world } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    const approved = inputs({ approval: approvalOf(plan) });
    let { outs } = await lifecycle.create(approved);
    ({ outs } = await lifecycle.update("x", outs, inputs()));
    world.version = "1.0";
    ({ outs } = await lifecycle.update("x", outs, approved));
    expect(outs).toMatchObject({ status: "held", heldBy: { message: expect.stringContaining("has been used") } });
    expect(world.starts).toBe(1);
  });

  it("of another plan holds, with both lines", async () => {
    const { lifecycle, inputs, world } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    world.version = "1.5";
    const { outs } = await lifecycle.create(inputs({ approval: approvalOf(plan) }));
    expect(outs["heldBy"]).toMatchObject({
      message: expect.stringMatching(/1\.5 → 2\.0.*approved by Anna.*1\.0 → 2\.0/),
    });
    expect(world.starts).toBe(0);
  });

  it("for another resource is none", async () => {
    const { lifecycle, inputs } = stage();
    const plan = plansOf((await lifecycle.check({}, inputs({ approval: empty }))).inputs)["server-1"];
    const { approvals, ...rest } = approvalOf(plan);
    const approval = { ...rest, approvals: { [`${URN}-2`]: approvals[URN] } };
    expect((await lifecycle.create(inputs({ approval }))).outs).toMatchObject({ status: "held" });
  });
});
