import { describe, expect, it } from "vitest";
import type { TaskStatus } from "../../../provider/core/task";
import {
  play as playScript,
  record,
  type Script,
  satisfied,
  succeeded,
  task,
  upgrade,
  waiting,
} from "../scripted-driver";
import { HELD, HOUR, rules, WINDOW } from "./holds";

const play = (script: Script) => playScript({ schedules: false, ...script });

describe("an upgrade that has to wait for something else", () => {
  // Backups are read when it has ended: it may be one.
  const held = HELD.filter(([name]) => name !== "no backup");

  it.each(held)("and that %s holds is held at once", async (_, policy, reason) => {
    const { outcome, journal, took, reports } = await play({ looks: [waiting(), satisfied], policy });
    expect(outcome).toMatchObject({ status: "held", hold: { message: expect.stringContaining(reason) } });
    expect(outcome.error).toBeUndefined();
    expect([journal, reports, took]).toEqual([["look"], [], 0]);
  });

  it("waits for its window without a read where that is asked for", async () => {
    const policy = rules({ windows: [WINDOW], onHeld: "wait" });
    const looks = [waiting(), upgrade(), upgrade(), satisfied];
    const { outcome, journal, took } = await play({ looks, starts: [task], inspections: [succeeded], policy });
    expect(outcome.status).toBe("current");
    expect(journal).toEqual(["look", "look", "look", "start", "inspect 11", "look"]);
    expect(took).toBeGreaterThanOrEqual(2 * HOUR);
  });

  it("is blocked first, if a person has to act before the hold ends", async () => {
    const finding = { code: "mode", property: "mode", message: "Not rolling.", remedy: "Set it." };
    const { outcome } = await play({ looks: [waiting(finding)], policy: rules({ freezes: ["x"] }) });
    expect(outcome).toMatchObject({ status: "behind", error: { code: "blocked" } });
  });

  it("is waited for, whatever holds it, while one of an earlier run may still go on", async () => {
    const policy = rules({ freezes: ["x"] });
    const { outcome } = await play({ looks: [waiting(), satisfied], policy, remembered: record("running") });
    expect(outcome.status).toBe("current");
  });

  it.each<[string, TaskStatus]>([
    ["has succeeded", succeeded],
    ["is no longer known", { kind: "gone" }],
  ])("is not held after its request: its task %s, and the new version does not show yet", async (_, status) => {
    const looks = [upgrade(), upgrade(), waiting(), satisfied];
    // The window closes while the upgrade runs.
    const policy = rules({ windows: [{ from: "00:00", to: "01:00", timeZone: "UTC" }] });
    const inspections: Script["inspections"] = [({ clock }) => clock.sleep(2 * HOUR).then(() => status)];
    const { outcome, starts } = await play({ looks, starts: [task], inspections, policy });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(1);
  });
});
