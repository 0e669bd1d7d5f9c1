import { describe, expect, it } from "vitest";
import { Unreachable } from "../../../provider/core/errors";
import { play, type Script, type Stage, satisfied, succeeded, task, upgrade } from "../scripted-driver";
import { HOUR, rules } from "./holds";

describe("reading backups", () => {
  const policy = rules({ backup: { maxAge: 24 * HOUR } });
  const finished = { kind: "finished", at: Date.UTC(2025, 11, 31, 20) } as const;
  const slowly = async ({ clock }: Stage) => {
    await clock.sleep(61_000);
    return finished;
  };
  const silence = new Unreachable("No answer.", { sent: true, heard: true });

  it.each<[string, NonNullable<Script["backups"]>]>([
    ["more than a minute", [slowly]],
    ["many tries", [...Array(60).fill(silence), slowly]],
  ])(
    "that takes %s leads to another read of the system before the request, and to none of the backups",
    async (_, backups) => {
      const { outcome, journal } = await play({
        schedules: false,
        looks: [upgrade(), upgrade(), upgrade(), upgrade(), satisfied],
        backups,
        starts: [task],
        inspections: [succeeded],
        policy,
      });
      expect(outcome.status).toBe("current");
      const steps = journal.filter((step, i) => step !== "backups" || journal[i - 1] !== "backups");
      expect(steps).toEqual(["look", "look", "backups", "look", "look", "start", "inspect 11", "look"]);
    },
  );
});
