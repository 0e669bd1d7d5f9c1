import { describe, expect, it } from "vitest";
import { proposalOf, usedBy } from "../../../provider/core/control/approval";
import { type ChangeRules, NO_RULES } from "../../../provider/core/control/control";
import { HOUR, MINUTE, many, type Up, World } from "./world";

const NEW = "2.0.78.260600";
const OLD = "2.0.48.231200";

const rules = (change: Partial<ChangeRules>): NonNullable<Up["policy"]> => ({ changes: { ...NO_RULES, ...change } });
/** The worlds begin on 2026-01-01 00:00 UTC. */
const WINDOW = { from: "02:00", to: "06:00", timeZone: "UTC" };

function approvalOf(name: string, change: { digest?: string } = {}, schedules = false) {
  const item = { name, schedules };
  const step = { unit: name, from: OLD, to: NEW, method: "POST", path: "/upgrade", item, group: OLD } as const;
  const proposal = proposalOf({ from: OLD, route: `${OLD} → ${NEW}`, how: "now", findings: [], step });
  if (proposal === undefined) throw new Error("nothing is proposed");
  return { ...proposal, approvedAt: "2025-12-30T12:00:00Z", approvedBy: "Anna", ...change };
}

describe("a fleet whose upgrades are held", () => {
  it("sends nothing, and ends well with one warning", async () => {
    const { outcome, calls, warnings } = await new World(many(3, OLD)).up({ policy: rules({ freezes: ["incident"] }) });
    expect(outcome).toMatchObject({
      status: "held",
      accepted: false,
      hold: { code: "freeze", message: "3 of 3 held: changes are frozen: incident" },
    });
    expect(outcome.error).toBeUndefined();
    expect(calls).toEqual([]);
    expect(warnings).toHaveLength(1);
  });

  it("waits for what runs all the same", async () => {
    const world = new World(many(3, OLD));
    await world.up({ abortAfter: MINUTE });
    const { outcome, calls } = await world.up({ policy: rules({ freezes: ["incident"] }) });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(calls).toEqual([]);
    expect(world.vendor.broken).toEqual([]);
  });

  it("does not wait until something else has ended", async () => {
    const world = new World(many(3, OLD, { busy: [0, 10 * HOUR] }));
    const { outcome, requests } = await world.up({ policy: rules({ freezes: ["incident"] }) });
    expect(outcome).toMatchObject({ status: "held", hold: { message: expect.stringMatching(/^3 of 3 held/) } });
    expect(requests.map(({ what }) => what)).toEqual(["look"]);
  });

  it("waits until something else has ended for those alone that nothing holds", async () => {
    const approved = many(1, OLD, { busy: [0, HOUR] });
    const world = new World([...approved, ...many(2, OLD, { busy: [0, 10 * HOUR] }, 2)]);
    const approvals = { units: { i001: approvalOf("i001") }, used: {} };
    const { outcome, calls, took } = await world.up({ policy: rules({ approvals }) });
    expect(calls).toEqual([["i001"]]);
    expect(outcome).toMatchObject({ status: "held", hold: { code: "approval" }, upgrade: { state: "succeeded" } });
    expect(took).toBeLessThan(2 * HOUR);
  });

  it("waits for the window where that is asked for, and sends each once", async () => {
    const world = new World(many(3, OLD));
    const { outcome, calls, took, requests } = await world.up({ policy: rules({ windows: [WINDOW], onHeld: "wait" }) });
    expect(outcome).toMatchObject({ status: "current" });
    expect(outcome.hold).toBeUndefined();
    expect(calls).toEqual([["i001", "i002", "i003"]]);
    expect(took).toBeGreaterThan(2 * HOUR);
    expect(requests.filter(({ at }) => at < world.clock.now() - took + 2 * HOUR - MINUTE)).toHaveLength(1);
  });

  it("fails where that is asked for", async () => {
    const { outcome, calls } = await new World(many(3, OLD)).up({
      policy: rules({ windows: [WINDOW], onHeld: "fail" }),
    });
    expect(outcome).toMatchObject({ status: "held", error: { code: "held" } });
    expect(calls).toEqual([]);
  });

  it("tells problems before holds", async () => {
    const world = new World([...many(1, OLD), { name: "broken", version: OLD, offered: NEW, broken: "It is frozen." }]);
    const { outcome } = await world.up({ policy: rules({ freezes: ["incident"] }) });
    expect(outcome).toMatchObject({ error: { code: "blocked" }, hold: { code: "freeze" } });
  });
});

describe("a window that closes while batches are sent", () => {
  it("keeps the rest back for the next run", async () => {
    const world = new World(many(6, OLD));
    // Each request takes a second, and the window is open for two and a half.
    const policy = rules({ windows: [{ from: "00:00", to: "00:01", timeZone: "UTC" }] });
    await world.clock.sleep(58_000);
    const { outcome, calls } = await world.up({ policy, mostPerRequest: 2 });
    expect(calls.length).toBeGreaterThan(0);
    expect(calls.length).toBeLessThan(3);
    expect(outcome).toMatchObject({ status: "held", hold: { code: "window" }, upgrade: { state: "succeeded" } });
    const next = await world.up({ mostPerRequest: 2 });
    expect(next.outcome.status).toBe("current");
    expect([...calls, ...next.calls].flat().sort()).toEqual(["i001", "i002", "i003", "i004", "i005", "i006"]);
    expect(world.vendor.broken).toEqual([]);
  });
});

describe("a window that closes before a request leaves", () => {
  const windows = [{ from: "00:00", to: "00:30", timeZone: "UTC" }];

  it("holds all of it", async () => {
    const world = new World(many(3, OLD));
    const { outcome, calls } = await world.up({ policy: rules({ windows }), faults: ["login"] });
    expect(outcome).toMatchObject({ status: "held", hold: { code: "window" } });
    expect(calls).toEqual([]);
  });

  it("is waited for again where that is asked for", async () => {
    const world = new World(many(3, OLD));
    const policy = rules({ windows, onHeld: "wait" });
    const { outcome, calls, took } = await world.up({ policy, faults: ["login"] });
    expect(outcome).toMatchObject({ status: "current" });
    expect(calls).toEqual([["i001", "i002", "i003"]]);
    expect(took).toBeGreaterThan(24 * HOUR);
  });
});

describe("a fleet that is not waited for, of which some are held", () => {
  const approvals = { units: { i001: approvalOf("i001") }, used: {} };
  const message = "2 of 3 held: not approved";

  it("ends with one warning while the others are upgraded", async () => {
    const world = new World(many(3, OLD));
    const { outcome, calls, warnings } = await world.up({ policy: { wait: false, ...rules({ approvals }) } });
    expect(calls).toEqual([["i001"]]);
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, hold: { code: "approval", message } });
    expect(outcome.error).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining(`the upgrade is held: ${message}. It was not requested.`)]);
    // Once those have ended, the others alone are left.
    await world.clock.sleep(HOUR);
    const next = await world.up({ policy: { wait: false, ...rules({ approvals }) } });
    expect(next.outcome).toMatchObject({ status: "held", accepted: false, hold: { message } });
    expect(next.calls).toEqual([]);
  });

  it("fails where that is asked for, and remembers what runs", async () => {
    const world = new World(many(3, OLD));
    const policy = { wait: false, ...rules({ approvals, onHeld: "fail" }) };
    const { outcome, calls, warnings } = await world.up({ policy });
    expect(calls).toEqual([["i001"]]);
    expect(outcome).toMatchObject({
      status: "upgrading",
      accepted: true,
      error: { code: "held", message: expect.stringContaining(message) },
      hold: { message },
      upgrade: { state: "running" },
    });
    expect(warnings).toEqual([]);
    await world.clock.sleep(HOUR);
    const next = await world.up({ policy });
    expect(next.outcome).toMatchObject({ status: "held", accepted: false, error: { code: "held" } });
    expect(next.outcome.upgrade).toMatchObject({ state: "succeeded" });
  });
});

describe("backups of a fleet", () => {
  const policy = rules({ backup: { maxAge: 24 * HOUR } });

  it("that take more than a minute to be read lead to another read of the instances before a request", async () => {
    const world = new World(many(3, OLD));
    const finished = { kind: "finished", at: world.clock.now() } as const;
    const backups = async () => {
      await world.clock.sleep(61_000);
      return finished;
    };
    const { outcome, requests } = await world.up({ policy, backups });
    expect(outcome.status).toBe("current");
    const steps = requests.map(({ what }) => what);
    expect(steps.slice(0, 6)).toEqual(["look", "look", "backups", "look", "look", "call"]);
  });
});

describe("approvals of a fleet", () => {
  it("are for each instance: the approved ones are upgraded, the others held", async () => {
    const world = new World(many(3, OLD));
    const units = { i001: approvalOf("i001"), i002: approvalOf("i002", { digest: "0" }) };
    const { outcome, calls } = await world.up({ policy: rules({ approvals: { units, used: {} } }) });
    expect(calls).toEqual([["i001"]]);
    expect(outcome).toMatchObject({ status: "held", hold: { code: "approval" }, upgrade: { state: "succeeded" } });
  });

  it.each([
    ["report", "held"],
    ["fail", "deferred"],
  ] as const)("leave the others held while one waits for its window: onHeld %s", async (onHeld, status) => {
    const specs = many(2, OLD).map((spec) => ({ ...spec, window: [6 * HOUR, 10 * HOUR] as const }));
    const approvals = { units: { i001: approvalOf("i001", {}, true) }, used: {} };
    const { outcome } = await new World(specs).up({ schedules: true, policy: rules({ approvals, onHeld }) });
    expect(outcome).toMatchObject({ status, hold: { code: "approval" }, upgrade: { state: "deferred" } });
    expect(outcome.error?.code).toBe(onHeld === "fail" ? "held" : undefined);
  });

  it("are remembered for each once they have served, however many there are", async () => {
    const specs = many(320, OLD);
    const approvals = { units: Object.fromEntries(specs.map(({ name }) => [name, approvalOf(name)])), used: {} };
    const { outcome } = await new World(specs).up({ policy: rules({ approvals }) });
    expect(outcome.status).toBe("current");
    const used = usedBy(approvals, outcome.units ?? [], outcome.upgrade);
    expect(Object.keys(used)).toHaveLength(specs.length);
    // All of them are restored, and the file of approvals is the same.
    const again = await new World(specs).up({ policy: rules({ approvals: { ...approvals, used } }) });
    expect(again.calls).toEqual([]);
    expect(again.outcome).toMatchObject({
      status: "held",
      hold: { code: "approval", message: expect.stringMatching(/^320 of 320 held: the approval has been used/) },
    });
  });
});
