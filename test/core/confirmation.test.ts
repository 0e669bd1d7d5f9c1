import { describe, expect, it } from "vitest";
import { Refused } from "../../provider/core/errors";
import type { Plan, UpgradeCall } from "../../provider/core/pin";
import { canonical, type Json, type Request } from "../../provider/core/request";
import { parseVersion, type Version } from "../../provider/core/version";
import type { VirtualClock } from "../support/virtual-clock";
import { many, SECOND, World } from "./fleet/world";
import { callWith, play, request, running, satisfied, succeeded, task, upgrade, waiting } from "./scripted-pin";

const ENDED = [running, succeeded];
/** When virtual time begins. */
const START = Date.UTC(2026, 0, 1);

/** An upgrade whose request says so. */
function asking(body: Json): Plan {
  const call: UpgradeCall = { ...callWith(), requests: [{ ...request, body }] };
  return { kind: "upgrade", call };
}
const both = asking({ modules: ["search", "ReJSON"] });
const one = asking({ modules: ["ReJSON"] });

function parsed(text: string): Version {
  return parseVersion(text) ?? expect.fail();
}

describe("a request", () => {
  it("is sent only when two consecutive reads lead to the same", async () => {
    const { outcome, journal } = await play({
      looks: [both, one, both, both, satisfied],
      starts: [task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(journal.slice(0, 5)).toEqual(["look", "look", "look", "look", "start"]);
  });

  it("is never sent while every read leads to another", async () => {
    const { starts, took } = await play({ looks: [both, one, both, one, both, satisfied], starts: [task] });
    expect(starts).toBe(0);
    // It does not read at the speed of the network.
    expect(took).toBeGreaterThanOrEqual(3 * SECOND);
  });

  it("is the same whatever the order of its keys", async () => {
    const { journal } = await play({
      looks: [asking({ a: 1, b: { c: 2, d: undefined } }), asking({ b: { c: 2 }, a: 1 }), satisfied],
      starts: [task],
      inspections: ENDED,
    });
    expect(journal.slice(0, 3)).toEqual(["look", "look", "start"]);
  });

  it("is sent exactly as it was planned", async () => {
    const sent: Request[] = [];
    await play({ looks: [both, both, satisfied], starts: [task], inspections: ENDED, sent });
    expect(sent).toEqual(both.kind === "upgrade" ? both.call.requests : []);
  });

  it.each([
    ["goes to another version", { offered: "2.0.81.260900" }],
    ["comes from another version", { version: "2.0.75.28" }],
  ] as const)("for one of many that %s in the second read is confirmed by another", async (_, other) => {
    const world = new World(many(2, "2.0.69.250900"));
    let reads = 0;
    const { outcome, requests } = await world.up({
      told: (members) => {
        reads += 1;
        if (reads !== 2) return members;
        return members.map((member) =>
          member.name === "i001"
            ? { ...member, ...("offered" in other ? { target: other.offered } : { version: parsed(other.version) }) }
            : member,
        );
      },
    });
    expect(outcome.status).toBe("current");
    const calls = requests.filter(({ what }) => what === "call");
    expect(calls.map(({ names }) => names)).toEqual([["i002"], ["i001"]]);
  });
});

describe("the second read", () => {
  const policy = { spacing: 10 * SECOND };
  const slow =
    <T>(value: T) =>
    async ({ clock }: { clock: VirtualClock }) => {
      await clock.sleep(SECOND);
      return value;
    };

  it("begins that long after the first one that led to a request", async () => {
    const reads: number[] = [];
    const { starts } = await play({
      looks: Array.from({ length: 3 }, (_, nth) => async ({ clock }: { clock: VirtualClock }) => {
        reads.push(clock.elapsed());
        await clock.sleep(SECOND);
        return nth < 2 ? upgrade() : satisfied;
      }),
      starts: [task],
      inspections: [succeeded],
      policy,
    });
    expect(starts).toBe(1);
    expect((reads[1] ?? 0) - (reads[0] ?? 0)).toBe(11 * SECOND);
  });

  it("costs nothing where nothing is to be done, or nothing can be", async () => {
    expect((await play({ looks: [satisfied], policy })).took).toBe(0);
    const finding = { code: "a", message: "An agent does not run.", remedy: "Start it." };
    const { outcome, took } = await play({ looks: [upgrade(finding)], policy });
    expect(outcome.error?.code).toBe("blocked");
    expect(took).toBe(0);
  });

  it("is not early either when the first one had findings", async () => {
    const finding = { code: "a", message: "Not yet.", remedy: "Wait." };
    const { starts, took } = await play({
      looks: [upgrade(finding), upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: [succeeded],
      policy,
    });
    expect(starts).toBe(1);
    expect(took).toBeGreaterThanOrEqual(10 * SECOND);
  });

  it("is waited for once in a run", async () => {
    const { outcome, took } = await play({
      looks: [slow(upgrade()), upgrade(), waiting(), upgrade(), upgrade(), satisfied],
      starts: [new Refused("busy", { refusal: "busy" }), task],
      inspections: [succeeded],
      policy,
    });
    expect(outcome.status).toBe("current");
    expect(took).toBeLessThan(20 * SECOND);
  });

  it("shows the upgrade of a run that was killed a moment ago", async () => {
    const { outcome, starts } = await play({
      looks: [upgrade(), ({ clock }) => (clock.elapsed() >= START + 9 * SECOND ? satisfied : upgrade())],
      starts: [task],
      policy,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(0);
  });

  it("begins that late for many, too", async () => {
    const world = new World(many(2, "2.0.69.250900"));
    const { requests, outcome } = await world.up({ policy });
    expect(outcome.status).toBe("current");
    const [first, second, call] = requests;
    expect([first?.what, second?.what, call?.what]).toEqual(["look", "look", "call"]);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(10 * SECOND);
  });
});

describe("the canonical form", () => {
  it("is the same for equal values, and tells different ones apart", () => {
    expect(canonical({ b: [{ d: 1, c: "x" }], a: null })).toBe('{"a":null,"b":[{"c":"x","d":1}]}');
    expect(canonical([1, 2])).not.toBe(canonical([2, 1]));
    expect(canonical({ a: undefined })).toBe("{}");
  });
});
