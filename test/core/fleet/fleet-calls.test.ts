import { describe, expect, it } from "vitest";
import { UpgradeError } from "../../../provider/core/errors";
import { LOOK, MINUTE, many, SECOND, World } from "./world";

const NEW = "2.0.78.260600";
const OLD = "2.0.48.231200";

describe("the calls of a run", () => {
  it("are none for a fleet that satisfies the pin already", async () => {
    const { outcome, requests } = await new World(many(120, NEW)).up();
    expect(outcome).toMatchObject({ status: "current", accepted: false });
    expect(outcome.upgrade).toBeUndefined();
    expect(outcome.error).toBeUndefined();
    expect(requests.map(({ what }) => what)).toEqual(["look"]);
  });

  it("are as few as the vendor allows: 250 members of three versions", async () => {
    const world = new World([
      ...many(170, OLD),
      ...many(60, "2.0.51.240305", {}, 171),
      ...many(20, "2.0.75.28", {}, 231),
      ...many(30, NEW, {}, 251),
    ]);
    const { outcome, calls, news, requests, took } = await world.up();
    expect(outcome).toMatchObject({
      status: "current",
      upgrade: { task: "batch", kind: "kernel upgrade of 250 instances", from: OLD, to: NEW, state: "succeeded" },
    });
    expect(calls.map((names) => names.length)).toEqual([100, 70, 60, 20]);
    expect(new Set(calls.flat()).size).toBe(250);
    expect(news).toEqual([
      `requested the kernel upgrade of 100 instances: ${OLD} → ${NEW}`,
      `requested the kernel upgrade of 70 instances: ${OLD} → ${NEW}`,
      `requested the kernel upgrade of 60 instances: 2.0.51.240305 → ${NEW}`,
      `requested the kernel upgrade of 20 instances: 2.0.75.28 → ${NEW}`,
    ]);
    expect(world.vendor.broken).toEqual([]);
    expect(took).toBeLessThan(11 * MINUTE);
    expect(requests.length).toBeLessThan(150);
  });

  it("are none in the next run", async () => {
    const world = new World(many(3, OLD));
    await world.up();
    const { outcome, requests } = await world.up();
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "succeeded" } });
    expect(requests.map(({ what }) => what)).toEqual(["look"]);
  });

  it("follow two looks in a row that both ask for them", async () => {
    const { requests } = await new World(many(2, OLD)).up();
    expect(requests.slice(0, 3).map(({ what, at }) => [what, at - (requests[0]?.at ?? 0)])).toEqual([
      ["look", 0],
      ["look", LOOK],
      ["call", 2 * LOOK],
    ]);
  });

  it("leave out a member whose upgrade shows in the second look only", async () => {
    const world = new World(many(2, OLD, { fates: [{ startsAfter: 1 }] }));
    const { calls } = await world.up({
      on: (moment, nth) => {
        if (moment === "look:end" && nth === 1) world.vendor.elsewhere("i002");
      },
    });
    expect(calls).toEqual([["i001"]]);
    expect(world.vendor.broken).toEqual([]);
  });

  it("name a busy member when it is free", async () => {
    const world = new World([...many(2, OLD), ...many(1, OLD, { busy: [0, 3 * MINUTE] }, 3)]);
    const { outcome, calls, reports } = await world.up();
    expect(outcome.status).toBe("current");
    expect(calls).toEqual([["i001", "i002"], ["i003"]]);
    expect(reports).toContain("0 of 3 done; 2 accepted, not started yet, 1 in backup");
  });

  it("are sent within a minute of the looks that ask for them, the rest after another two", async () => {
    const { requests, outcome } = await new World(many(5, OLD)).up({ mostPerRequest: 1, slowness: 25 * SECOND });
    expect(outcome.status).toBe("current");
    const kinds = requests.map(({ what }) => what).slice(0, 9);
    expect(kinds).toEqual(["look", "look", "call", "call", "call", "look", "look", "call", "call"]);
  });
});

describe("a batch that is refused for one of its members", () => {
  it("is halved until that one is found, and all others are upgraded", async () => {
    const world = new World(
      many(100, OLD).map((spec) => (spec.name === "i037" ? { ...spec, refuses: { kind: "final" as const } } : spec)),
    );
    const { outcome, calls, requests } = await world.up();
    expect(outcome).toMatchObject({
      status: "behind",
      accepted: false,
      problems: { i037: "i037 refuses." },
      error: { code: "refused" },
      upgrade: { kind: "kernel upgrade of 99 instances", state: "failed" },
    });
    expect(outcome.error?.sentence).toBe(
      "Orders fleet: 1 of 100 instances did not reach the target version. i037: i037 refuses. " +
        "Fix the causes, then run {apply} again. Only the rest is requested.",
    );
    expect(calls.filter((names) => names.includes("i037"))).toHaveLength(8);
    expect(calls).toHaveLength(15);
    expect(world.vendor.broken).toEqual([]);
    const asked = calls.filter((names) => !names.includes("i037")).flat();
    expect(asked).toHaveLength(99);
    expect(new Set(asked).size).toBe(99);
    const looks = requests.findIndex(({ names }) => names.length === 1 && names[0] === "i037");
    expect(looks).toBeLessThan(50);
  });

  it("does not keep other batches waiting", async () => {
    const world = new World([
      ...many(4, OLD, { refuses: { kind: "busy", until: 20 * MINUTE } }),
      ...many(4, "2.0.75.28", {}, 5),
    ]);
    const { outcome, calls } = await world.up();
    expect(outcome.status).toBe("current");
    expect(calls[1]).toEqual(["i005", "i006", "i007", "i008"]);
    expect(world.vendor.accepted.get("i005")?.[0]).toBeLessThan(5 * SECOND);
  });

  it("is sent once more as it was when the refusal may pass, after a rest", async () => {
    const { outcome, calls, requests } = await new World(many(4, OLD)).up({ faults: ["busy"] });
    expect(outcome.status).toBe("current");
    expect(calls.map((names) => names.length)).toEqual([4, 4]);
    const [first = 0, second = 0] = requests.filter(({ what }) => what === "call").map(({ at }) => at);
    expect(second - first).toBeGreaterThan(5 * SECOND);
  });

  it("is halved when one member stays busy, and that one is waited for", async () => {
    const world = new World([...many(7, OLD), ...many(1, OLD, { refuses: { kind: "busy", until: 30 * MINUTE } }, 8)]);
    const { outcome, calls, took } = await world.up();
    expect(outcome.status).toBe("current");
    expect(world.vendor.accepted.get("i001")?.[0]).toBeLessThan(20 * SECOND);
    expect(world.vendor.accepted.get("i008")?.[0]).toBeGreaterThanOrEqual(30 * MINUTE);
    expect(took).toBeLessThan(42 * MINUTE);
    expect(calls.length).toBeLessThan(150);
  });

  it("is a problem of the member that the vendor is never ready for", async () => {
    const world = new World([...many(7, OLD), ...many(1, OLD, { refuses: { kind: "soon" } }, 8)]);
    const { outcome } = await world.up();
    expect(outcome).toMatchObject({ status: "behind", problems: { i008: "i008 refuses." } });
    expect(outcome.observation?.units.filter(({ standing }) => standing === "holds")).toHaveLength(7);
  });

  it("costs a bounded number of calls when every member is refused", async () => {
    const world = new World(many(64, OLD, { refuses: { kind: "final" } }));
    const { outcome, calls, requests } = await world.up();
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "refused" } });
    expect(outcome.upgrade).toBeUndefined();
    expect(Object.keys(outcome.problems ?? {})).toHaveLength(64);
    expect(calls).toHaveLength(127);
    // Halves of one size follow from the same two looks.
    expect(requests.filter(({ what }) => what === "look").length).toBe(17);
  });

  it("does not ask for ever for a next round that is refused", async () => {
    const world = new World(many(1, OLD, { fates: [{ to: "2.0.51.240305" }] }));
    const { outcome, calls } = await world.up({ faults: ["fine", "final"] });
    expect(outcome).toMatchObject({ status: "behind", problems: { i001: "Not now." }, error: { code: "refused" } });
    expect(calls).toHaveLength(2);
  });
});

describe("a call that does not get to the vendor", () => {
  it("is sent again", async () => {
    const { outcome, calls } = await new World(many(2, OLD)).up({ faults: Array(12).fill("unsent") });
    expect(outcome.status).toBe("current");
    expect(calls).toHaveLength(13);
  });

  it("is given up after as long as nobody may answer, with nothing to remember", async () => {
    const { outcome, took } = await new World(many(2, OLD)).up({ faults: Array(2_000).fill("unsent") });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "unreachable" } });
    expect(outcome.error?.sentence).toMatch(
      /^Orders fleet: the upgrade request could not be sent for 20 min \d+ s: Throttled\. When the vendor can be reached, run \{apply\} again\. Only the remaining upgrades are requested\.$/,
    );
    expect(outcome.upgrade).toBeUndefined();
    expect(took).toBeLessThan(21 * MINUTE);
  });

  it("leaves what was accepted before to the next run", async () => {
    const world = new World([...many(2, OLD), ...many(2, "2.0.75.28", {}, 3)]);
    const { outcome } = await world.up({
      faults: ["fine", ...Array(2_000).fill("unsent")],
    });
    expect(outcome).toMatchObject({
      status: "upgrading",
      accepted: true,
      error: { code: "unreachable" },
      upgrade: { state: "running", kind: "kernel upgrade of 2 instances" },
    });
    const next = await world.up();
    expect(next.outcome.status).toBe("current");
    expect(next.calls).toEqual([["i003", "i004"]]);
    expect(world.vendor.broken).toEqual([]);
  });
});

describe("a call that ends in an error", () => {
  it("of the credentials ends the run, and what was accepted before is kept", async () => {
    const world = new World([...many(2, OLD), ...many(2, "2.0.75.28", {}, 3)]);
    const { outcome, calls } = await world.up({
      on: (moment, nth) => {
        if (moment === "call:begin" && nth === 2) throw new UpgradeError("unauthorized", "The token has expired.");
      },
    });
    expect(outcome).toMatchObject({
      status: "upgrading",
      accepted: true,
      error: { code: "unauthorized" },
      upgrade: { state: "running", kind: "kernel upgrade of 2 instances" },
    });
    expect(calls).toHaveLength(1);
    const next = await world.up();
    expect(next.outcome.status).toBe("current");
    expect(next.calls).toEqual([["i003", "i004"]]);
    expect(world.vendor.broken).toEqual([]);
  });

  it("of this tool may have been sent: it is looked for, and not sent again", async () => {
    const world = new World(many(2, OLD));
    const { outcome, calls, warnings } = await world.up({
      on: (moment) => {
        if (moment === "call:end") throw new TypeError("undefined is not a function");
      },
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(calls).toHaveLength(1);
    expect(warnings).toEqual([
      "The response to the upgrade request was lost (undefined is not a function). Searching for the upgrades.",
    ]);
  });
});
