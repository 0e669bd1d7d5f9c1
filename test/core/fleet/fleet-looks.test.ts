import { describe, expect, it } from "vitest";
import { HOUR, LOOK, MINUTE, many, SECOND, World } from "./world";

const NEW = "2.0.78.260600";
const OLD = "2.0.48.231200";

describe("members that run something newer", () => {
  const specs = [...many(2, OLD), ...many(1, "2.0.80.1", {}, 3)];
  const note =
    "Orders fleet: 1 of 3 instances runs something newer than the target version (i003 at 2.0.80.1). Nothing was sent for it.";

  it("are told of, and the others are upgraded", async () => {
    const { outcome, calls, warnings } = await new World(specs).up({ version: "2.0.78" });
    expect(outcome).toMatchObject({ status: "newer", accepted: false, upgrade: { state: "succeeded" } });
    expect(outcome.error).toBeUndefined();
    expect(calls).toEqual([["i001", "i002"]]);
    expect(warnings).toEqual([expect.stringMatching(/^.*\. Raise the target version .*\[newer\]$/)]);
    expect(warnings.join()).toContain(note);
  });

  it("are accepted in silence", async () => {
    const { outcome, warnings } = await new World(specs).up({ version: "2.0.78", policy: { onNewer: "accept" } });
    expect(outcome).toMatchObject({ status: "newer" });
    expect(outcome.error).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  it("forbid every call", async () => {
    const { outcome, requests } = await new World(specs).up({ version: "2.0.78", policy: { onNewer: "fail" } });
    expect(outcome).toMatchObject({ status: "newer", accepted: false, error: { code: "newer", message: note } });
    expect(requests.map(({ what }) => what)).toEqual(["look"]);
  });

  it("are an error when the upgrade itself went too far", async () => {
    const world = new World(many(1, OLD, { fates: [{ to: "2.0.80.1" }] }));
    const { outcome } = await world.up({ version: "2.0.78", policy: { onNewer: "fail" } });
    expect(outcome).toMatchObject({
      status: "newer",
      accepted: false,
      error: { code: "newer" },
      upgrade: { state: "succeeded" },
    });
  });
});

describe("a pin that can never be had", () => {
  const finding = { code: "passed-over", property: "version", message: "The newest is 2.0.80.", remedy: "Write >=." };

  it("is refused before any call, and the first member is named", async () => {
    const world = new World(many(3, OLD));
    const { outcome, requests } = await world.up({ findings: { i002: finding, i003: finding } });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "blocked" } });
    expect(outcome.error?.message).toBe(
      "Orders fleet: the upgrade was not started. version: i002: The newest is 2.0.80. Write >=.",
    );
    expect(requests.map(({ what }) => what)).toEqual(["look"]);
  });

  it("is a problem of that member alone once others were asked for", async () => {
    let first = true;
    const world = new World(many(2, OLD));
    const { outcome } = await world.up({
      told: (members) => {
        if (first) return members;
        return members.map((one) =>
          one.name === "i002" && one.activity === undefined && one.standing === "behind"
            ? { ...one, activity: { kind: "blocked" as const, finding } }
            : one,
        );
      },
      mostPerRequest: 1,
      on: (moment) => {
        if (moment === "call:end") first = false;
      },
      faults: ["fine", "busy"],
    });
    expect(outcome).toMatchObject({ status: "behind", problems: { i002: "The newest is 2.0.80. Write >=." } });
    expect(outcome.upgrade).toMatchObject({ state: "failed", kind: "kernel upgrade of 1 instance" });
  });

  it("leaves an upgrade of an earlier run to the next", async () => {
    const world = new World(many(2, OLD));
    await world.up({ policy: { wait: false } });
    const { outcome } = await world.up({ findings: { i001: finding } });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code: "blocked" } });
    expect(world.remembered?.state).toBe("running");
  });
});

describe("a look that is not complete", () => {
  it("is no answer: a member that is neither shown nor absent is waited for", async () => {
    let looks = 0;
    const world = new World(many(2, NEW));
    const { outcome } = await world.up({ told: (members) => (++looks < 4 ? members.slice(1) : members) });
    expect(outcome.status).toBe("current");
    expect(looks).toBe(4);
  });

  it("is given up when it stays so", async () => {
    const world = new World(many(2, NEW));
    const { outcome, took } = await world.up({ told: (members) => members.slice(1) });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "unreachable" } });
    expect(outcome.error?.message).toContain("no version was reported for i001");
    expect(took).toBeLessThan(21 * MINUTE);
  });
});

describe("silence", () => {
  it("during an upgrade is waited on", async () => {
    const world = new World(many(2, OLD));
    const { outcome, calls } = await world.up({ silence: [[MINUTE, 19 * MINUTE]] });
    expect(outcome.status).toBe("current");
    expect(calls).toHaveLength(1);
  });

  it("that lasts too long hands the upgrade over", async () => {
    const world = new World(many(2, OLD, { fates: [{ takes: HOUR }] }));
    const { outcome } = await world.up({ silence: [[MINUTE, 24 * HOUR]] });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, error: { code: "unreachable" } });
    const next = await world.up();
    expect(next.outcome.status).toBe("current");
    expect(next.calls).toEqual([]);
  });

  it("from the beginning is given up sooner", async () => {
    const { outcome, took, calls } = await new World(many(2, OLD)).up({ silence: [[0, HOUR]] });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "unreachable" } });
    expect(outcome.observation).toBeUndefined();
    expect(calls).toEqual([]);
    expect(took).toBeLessThan(MINUTE + 10 * SECOND);
  });
});

describe("the pace of looks", () => {
  it("is bounded, however long an upgrade takes and whatever percentage it tells", async () => {
    const world = new World(many(1, OLD, { fates: [{ takes: 3 * HOUR }] }));
    const { requests, took } = await world.up({
      told: (members) =>
        members.map((one) =>
          one.activity?.kind === "running" ? { ...one, activity: { ...one.activity, percent: 100 } } : one,
        ),
    });
    expect(took).toBeGreaterThan(3 * HOUR);
    expect(requests.length).toBeLessThan(1_500);
    expect(requests.length * LOOK).toBeLessThan(took);
  });
});
