import { describe, expect, it } from "vitest";
import { type RefusalKind, Refused, Unreachable, UpgradeError } from "../../provider/core/errors";
import { SOON_TRIES } from "../../provider/core/policy";
import { joining, newer, play, running, satisfied, succeeded, TITLE, task, upgrade, waiting } from "./scripted-driver";

const ENDED = [running, succeeded];
const refused = (refusal: RefusalKind) => new Refused("refused the upgrade call: not now.", { refusal });
const lost = () => new Unreachable("socket hang up", { sent: true, heard: false });
const notSent = () => new Unreachable("connection refused", { sent: false, heard: false });

describe("a call that is refused", () => {
  it("because something runs waits for it as long as it takes, and is made again after two looks", async () => {
    const { outcome, starts, journal } = await play({
      looks: [upgrade(), upgrade(), waiting(), upgrade(), upgrade(), satisfied],
      starts: [refused("busy"), task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(2);
    expect(journal.slice(0, 7)).toEqual(["look", "look", "start", "look", "look", "look", "start"]);
  });

  it("because something runs is tried far more often than one that was not ready", async () => {
    const busy = Array<Refused>(3 * SOON_TRIES).fill(refused("busy"));
    const { outcome, starts } = await play({
      looks: [...Array(2 * (busy.length + 1)).fill(upgrade()), satisfied],
      starts: [...busy, task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(busy.length + 1);
  });

  it("because something runs joins when that proves to be our upgrade", async () => {
    const { outcome, starts } = await play({
      looks: [upgrade(), upgrade(), joining, satisfied],
      starts: [refused("busy")],
      inspections: ENDED,
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "11", state: "succeeded" } });
    expect(starts).toBe(1);
  });

  it("because the server was not ready is made again, with a pause and two looks before each", async () => {
    const { outcome, starts, journal, took } = await play({
      looks: [upgrade(), upgrade(), upgrade(), upgrade(), upgrade(), upgrade(), satisfied],
      starts: [refused("soon"), refused("soon"), task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(3);
    expect(journal.join(" ")).toMatch(/^(look look start ){3}/);
    expect(took).toBeGreaterThan(1_000);
  });

  it("because the server was not ready is given up after a few tries, and nothing is left behind", async () => {
    const cause = refused("soon");
    const { outcome, starts } = await play({ looks: [upgrade()], starts: [cause] });
    expect(outcome).toMatchObject({ status: "behind", accepted: false });
    expect(outcome.error).toBe(cause);
    expect(outcome.upgrade).toBeUndefined();
    expect(starts).toBe(SOON_TRIES + 1);
  });

  it("for good is not made again", async () => {
    const cause = refused("final");
    const { outcome, starts } = await play({ looks: [upgrade()], starts: [cause] });
    expect(outcome).toMatchObject({ status: "behind", accepted: false });
    expect(outcome.error).toBe(cause);
    expect(starts).toBe(1);
  });

  it.each([
    ["current", satisfied, "current"],
    ["newer", newer, "newer"],
  ] as const)("for good is no error when the look after it shows %s", async (_, third, status) => {
    const { outcome, starts } = await play({ looks: [upgrade(), upgrade(), third], starts: [refused("final")] });
    expect(outcome.status).toBe(status);
    expect(outcome.error).toBeUndefined();
    expect(starts).toBe(1);
  });

  it("for good is no error when the look after it shows our upgrade", async () => {
    const { outcome, starts } = await play({
      looks: [upgrade(), upgrade(), joining, satisfied],
      starts: [refused("final")],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(outcome.error).toBeUndefined();
    expect(starts).toBe(1);
  });
});

describe("a call whose answer is lost", () => {
  it("is looked for and joined, never sent again", async () => {
    const { outcome, starts, warnings } = await play({
      looks: [upgrade(), upgrade(), upgrade(), upgrade(), joining, satisfied],
      starts: [lost(), task],
      inspections: ENDED,
    });
    expect(outcome).toMatchObject({
      status: "current",
      upgrade: { task: "11", kind: "rolling upgrade", to: "4.3.5.2", state: "succeeded" },
    });
    expect(starts).toBe(1);
    expect(warnings).toEqual([
      "The response to the upgrade request was lost (socket hang up). Searching for the upgrade.",
    ]);
  });

  it("is found although it is over by then", async () => {
    const { outcome, starts } = await play({ looks: [upgrade(), upgrade(), upgrade(), satisfied], starts: [lost()] });
    expect(outcome.status).toBe("current");
    expect(outcome.error).toBeUndefined();
    expect(starts).toBe(1);
  });

  it("is found although the looks themselves meet silence", async () => {
    const { outcome, starts } = await play({
      looks: [upgrade(), upgrade(), notSent(), notSent(), notSent(), joining, satisfied],
      starts: [lost()],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(1);
  });

  it("may still take effect when something else satisfies the target: that is waited for", async () => {
    const { outcome, starts, took } = await play({
      looks: [upgrade(), upgrade(), { kind: "satisfied", at: "4.2.5.1" }],
      starts: [lost()],
    });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "succeeded" } });
    expect(starts).toBe(1);
    expect(took).toBeGreaterThanOrEqual(29_000);
  });

  it("is not sent again when no upgrade appears, but told as unconfirmed", async () => {
    const cause = lost();
    const { outcome, starts, took } = await play({ looks: [upgrade()], starts: [cause, task] });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "unconfirmed", cause } });
    expect(outcome.error?.message).toMatch(
      /^Orders database: the response to the upgrade request was lost, and no upgrade appeared within 3\d s\. It was not sent again\.$/,
    );
    expect(outcome.upgrade).toMatchObject({ task: "unknown", state: "failed" });
    expect(starts).toBe(1);
    expect(took).toBeGreaterThanOrEqual(30_000);
    expect(took).toBeLessThan(35_000);
  });

  it("is never sent again, whatever is seen in between", async () => {
    const { outcome, starts } = await play({
      looks: [upgrade(), upgrade(), waiting(), upgrade(), upgrade(), waiting(), upgrade()],
      starts: [lost(), task],
    });
    expect(outcome.error?.code).toBe("unconfirmed");
    expect(starts).toBe(1);
  });
});

describe("a call that certainly was not sent", () => {
  it("is made again after two looks", async () => {
    const { outcome, starts, journal } = await play({
      looks: [upgrade(), upgrade(), upgrade(), upgrade(), satisfied],
      starts: [notSent(), task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(2);
    expect(journal.slice(0, 6)).toEqual(["look", "look", "start", "look", "look", "start"]);
  });

  it("is given up after as long as nobody may answer, and nothing is left behind", async () => {
    const { outcome, took } = await play({ looks: [upgrade()], starts: [notSent()] });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "unreachable" } });
    expect(outcome.error?.message).toMatch(/^Orders database: the upgrade request could not be sent for 20 min/);
    expect(outcome.upgrade).toBeUndefined();
    expect(took).toBeGreaterThanOrEqual(20 * 60_000);
  });
});

describe("a call that ends in any other error", () => {
  it("ends the run with that error", async () => {
    const cause = new UpgradeError("unauthorized", "The agent refused the credentials.");
    const { outcome, starts } = await play({ looks: [upgrade()], starts: [cause, task] });
    expect(outcome).toMatchObject({ status: "behind", accepted: false });
    expect(outcome.error).toBe(cause);
    expect(starts).toBe(1);
  });
});

describe("a look", () => {
  it("that ends in an error of another kind ends the run, typed", async () => {
    const cause = new TypeError("cannot read properties of undefined");
    const { outcome, starts } = await play({ looks: [cause] });
    expect(outcome).toMatchObject({ status: "behind", error: { code: "unexpected", cause } });
    expect(outcome.observation).toBeUndefined();
    expect(starts).toBe(0);
  });

  it("that cannot tell the versions is repeated within the budget, and nothing follows from it", async () => {
    const unknown = { kind: "unknown", reason: "the database does not respond to its agents" } as const;
    const { outcome, starts, reports } = await play({ looks: [...Array(40).fill(unknown), satisfied] });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(0);
    expect(reports.at(-1)).toBe("no response");
  });

  it("that never can tell the versions ends as unreachable, without an observation", async () => {
    const { outcome, starts, took } = await play({ looks: [{ kind: "unknown", reason: "no members" }] });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "unreachable" } });
    expect(outcome.error?.message).toContain(`${TITLE} could not be read for 20 min`);
    expect(outcome.observation).toBeUndefined();
    expect(starts).toBe(0);
    expect(took).toBeGreaterThanOrEqual(20 * 60_000);
  });
});
