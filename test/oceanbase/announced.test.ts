import { describe, expect, it } from "vitest";
import { partial } from "../support/partial";
import { rig } from "./rig";

const EARLY = "Download all required packages";
const LATE = "Execute upgrade pre script";
const OPERATOR = /^\/api\/v1\/task\/dag\//;

type World = ReturnType<typeof rig>;

/** Operators that reached the cluster. */
function operators({ cluster }: World): number {
  return cluster.journal.count("POST", OPERATOR);
}

/** What a preview announces: the lines of check and diff. */
async function preview({ lifecycle, said }: World, id: string, outputs: object, before: object, after: object) {
  const lines = said().length;
  await lifecycle.check({ ...before }, { ...after });
  const diff = await lifecycle.diff(id, { ...outputs }, { ...after });
  return { diff, lines: said().slice(lines) };
}

describe("the preview of a failed upgrade announces the operator that up sends", () => {
  it.each([
    ["retry", EARLY, "report", 1],
    ["retry", LATE, "report", 1],
    ["retry", EARLY, "retry", 1],
    ["rollback", EARLY, "report", 1],
    ["rollback", LATE, "report", 0],
    ["rollback", LATE, "rollback", 0],
    ["report", EARLY, "retry", 0],
  ])("onFailure %s, failed in %s, written before as %s: %i", async (onFailure, stage, before, sent) => {
    const world = rig();
    world.cluster.control.fail({ stage });
    const old = world.inputs({ onFailure: before });
    const failed = await partial(world.lifecycle.create(old));
    const args = world.inputs({ onFailure });
    const { diff, lines } = await preview(world, failed.id, failed.properties, old, args);
    expect(diff).toMatchObject({ changes: true });
    const announced = lines.filter((line) =>
      /^will (retry|roll back) upgrade 11 .*failed at stage \d+\/30: /.test(line),
    );
    expect(announced).toHaveLength(sent);
    const told = operators(world);
    await world.lifecycle.update(failed.id, failed.properties, args).catch(() => undefined);
    expect(operators(world) - told).toBe(sent);
  });

  it("claims nothing for a failed upgrade that another resource started, and sends nothing", async () => {
    const world = rig();
    world.cluster.control.fail({ stage: EARLY });
    await partial(world.lifecycle.create(world.inputs()));
    for (const onFailure of ["retry", "rollback"]) {
      const args = { ...world.inputs({ onFailure }), __urn: `${world.inputs()["__urn"]}-${onFailure}` };
      await world.lifecycle.check({}, args);
      expect(world.said().join("\n")).not.toMatch(/will (retry|roll back)/);
      expect(world.said().at(-1)).toMatch(/upgrade 11 .* was not started by this resource/);
      await partial(world.lifecycle.create(args));
    }
    expect(operators(world)).toBe(0);
  });

  it("is preceded by the failing run, which says what the next up sends", async () => {
    const retry = rig();
    retry.cluster.control.fail({ stage: EARLY });
    const failed = await partial(retry.lifecycle.create(retry.inputs({ onFailure: "retry" })));
    expect(failed.reasons[0]).toMatch(/`onFailure` is "retry": the next `pulumi up` retries upgrade 11 /);
    const report = rig();
    report.cluster.control.fail({ stage: EARLY });
    expect((await partial(report.lifecycle.create(report.inputs()))).reasons[0]).not.toContain(
      "the next `pulumi up` retries",
    );
    const late = rig();
    late.cluster.control.fail({ stage: LATE });
    const told = await partial(late.lifecycle.create(late.inputs({ onFailure: "rollback" })));
    expect(told.reasons[0]).not.toContain("the next `pulumi up` rolls back");
  });
});
