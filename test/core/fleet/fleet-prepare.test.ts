import { describe, expect, it } from "vitest";
import { Refused, Unreachable } from "../../../provider/core/errors";
import type { Request } from "../../../provider/core/request";
import { MINUTE, many, World } from "./world";

const OLD = "2.0.48.231200";

function names(requests: readonly Request[], name: string): boolean {
  return requests.some(({ units }) => units.some(({ unit }) => unit === name));
}

describe("what the vendor wants to be asked before a call", () => {
  it("is asked before every call, and everything is looked at again after it", async () => {
    const asked = new Set<string>();
    const { outcome, requests } = await new World(many(3, OLD)).up({
      prepare: async (named) => {
        const open = named.flatMap(({ units }) => units).filter(({ unit }) => !asked.has(unit));
        for (const { unit } of open) asked.add(unit);
        return open.length > 0;
      },
    });
    expect(outcome.status).toBe("current");
    expect(requests.slice(0, 7).map(({ what }) => what)).toEqual([
      "look",
      "look",
      "prepare",
      "look",
      "look",
      "prepare",
      "call",
    ]);
  });

  it("is asked again when nobody answers", async () => {
    let tries = 0;
    const { outcome, calls } = await new World(many(3, OLD)).up({
      prepare: async () => {
        tries += 1;
        if (tries < 4) throw new Unreachable("nobody answers", { sent: false, heard: false });
        return false;
      },
    });
    expect(outcome.status).toBe("current");
    expect(calls).toHaveLength(1);
  });

  it("is asked for halves when it is refused for one member, and the others are upgraded", async () => {
    const world = new World([...many(6, OLD), ...many(3, "2.0.75.28", {}, 7)]);
    const { outcome, calls, requests } = await world.up({
      prepare: async (named) => {
        if (!names(named, "i002")) return false;
        throw new Refused("i002 cannot be checked.", { refusal: "final" });
      },
    });
    expect(outcome).toMatchObject({ status: "behind", problems: { i002: "i002 cannot be checked." } });
    expect(calls.flat()).not.toContain("i002");
    expect(new Set(calls.flat()).size).toBe(8);
    expect(requests.filter(({ what }) => what === "prepare").length).toBeLessThan(20);
  });

  it("holds up no other call while it is refused for a member that is busy", async () => {
    const world = new World([...many(2, OLD), ...many(3, "2.0.75.28", {}, 3)]);
    const sent: number[] = [];
    const { outcome, calls } = await world.up({
      prepare: async (named) => {
        const refused = world.vendor.age < 30 * MINUTE && names(named, "i001");
        if (refused) throw new Refused("i001 is busy.", { refusal: "busy" });
        return false;
      },
      onSent: () => sent.push(world.vendor.age),
    });
    expect(outcome.status).toBe("current");
    expect(calls).toEqual([["i003", "i004", "i005"], ["i002"], ["i001"]]);
    expect(sent[0]).toBeLessThan(MINUTE);
    expect(sent[1]).toBeLessThan(2 * MINUTE);
    expect(sent[2]).toBeGreaterThanOrEqual(30 * MINUTE);
  });

  it("shows by a refusal that it is reached: the time in which no call gets there begins again", async () => {
    const world = new World(many(2, OLD));
    let asked = 0;
    const { outcome, calls } = await world.up({
      // Both do not get there: one before the refusals, one after them.
      faults: ["unsent", "unsent"],
      prepare: async () => {
        asked += 1;
        const refused = asked > 1 && world.vendor.age < 30 * MINUTE;
        if (refused) throw new Refused("They are busy.", { refusal: "busy" });
        return false;
      },
    });
    expect(outcome.status).toBe("current");
    // The two that did not get there, and then each alone after the refusals of both together.
    expect(calls.map((names) => names.length)).toEqual([2, 1, 1, 1]);
  });
});
