import { describe, expect, it } from "vitest";
import { canonical } from "../../provider/base/json";
import type { Plan } from "../../provider/core/decision/plan";
import { Refused } from "../../provider/core/errors";
import { digest, type Json, type Request, requestOf } from "../../provider/core/request";
import type { Unit } from "../../provider/core/unit";
import type { VirtualClock } from "../support/virtual-clock";
import { many, SECOND, World } from "./fleet/world";
import { play, running, satisfied, step, succeeded, task, upgrade, upgradeWith, waiting } from "./scripted-driver";

const ENDED = [running, succeeded];
/** When virtual time begins. */
const START = Date.UTC(2026, 0, 1);

/** An upgrade whose request says so. */
function asking(body: Json): Plan {
  return { kind: "upgrade", upgrade: { ...upgradeWith(), step: { ...step, item: body } } };
}
const both = asking({ modules: ["search", "ReJSON"] });
const one = asking({ modules: ["ReJSON"] });

function differing(unit: Unit, { offered, version }: { readonly offered?: string; readonly version?: string }): Unit {
  const { upgrade } = unit;
  if (upgrade?.step === undefined) return unit;
  const { from, to } = upgrade.step;
  return { ...unit, upgrade: { ...upgrade, step: { ...upgrade.step, from: version ?? from, to: offered ?? to } } };
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
    const item = { modules: ["search", "ReJSON"] };
    expect(sent).toEqual([requestOf([{ ...step, item }])]);
  });

  it.each([
    ["goes to another version", { offered: "2.0.81.260900" }],
    ["comes from another version", { version: "2.0.75.28" }],
  ] as const)("for one of many that %s in the second read is confirmed by another", async (_, other) => {
    const world = new World(many(2, "2.0.69.250900"));
    let reads = 0;
    const { outcome, requests } = await world.up({
      told: (units) => {
        reads += 1;
        return reads !== 2 ? units : units.map((unit) => (unit.name === "i001" ? differing(unit, other) : unit));
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

describe("the digest of a step", () => {
  const known = {
    unit: "orders",
    from: "4.2.1.8",
    to: "4.3.5.2",
    method: "POST",
    path: "/upgrade",
    item: { version: "4.3.5.2", options: { b: 1, a: [true, null] } },
    uploads: [{ name: "a.rpm", sha256: "00" }],
  } as const;

  it("is the same in every process and on every version of Node", () => {
    expect(digest(known)).toBe("a386f44b41babfca1e0f2b73e8a53f995018d8046bc06ba36b9a6d702a81bb09");
  });

  it("is the same whatever the order of keys, and where keys have no value", () => {
    const { uploads, item, ...rest } = known;
    const reordered = { options: { a: item.options.a, b: 1, c: undefined }, version: item.version };
    expect(digest({ uploads, item: reordered, ...rest, group: undefined })).toBe(digest(known));
  });

  it.each([
    { unit: "other" },
    { from: "4.2.1.7" },
    { to: "4.3.5.3" },
    { path: "/other" },
    { group: "4.2" },
    { item: { version: "4.3.5.2", options: { b: 1, a: [null, true] } } },
    { uploads: [{ name: "a.rpm", sha256: "01" }] },
  ])("tells %o apart", (other) => {
    expect(digest({ ...known, ...other })).not.toBe(digest(known));
  });
});

describe("the canonical form", () => {
  it("is the same for equal values, and tells different ones apart", () => {
    expect(canonical({ b: [{ d: 1, c: "x" }], a: null })).toBe('{"a":null,"b":[{"c":"x","d":1}]}');
    expect(canonical([1, 2])).not.toBe(canonical([2, 1]));
    expect(canonical({ a: undefined })).toBe("{}");
  });
});
