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

/** An upgrade whose request has this body. */
function upgradeWithBody(body: Json): Plan {
  return { kind: "upgrade", upgrade: { ...upgradeWith(), step: { ...step, item: body } } };
}
const both = upgradeWithBody({ modules: ["search", "ReJSON"] });
const one = upgradeWithBody({ modules: ["ReJSON"] });

function differing(unit: Unit, { offered, version }: { readonly offered?: string; readonly version?: string }): Unit {
  const { upgrade } = unit;
  if (upgrade?.step === undefined) return unit;
  const { from, to } = upgrade.step;
  return { ...unit, upgrade: { ...upgrade, step: { ...upgrade.step, from: version ?? from, to: offered ?? to } } };
}

describe("an upgrade request", () => {
  it("is sent only after two consecutive reads lead to the same request", async () => {
    const { outcome, journal } = await play({
      reads: [both, one, both, both, satisfied],
      starts: [task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(journal.slice(0, 5)).toEqual(["read", "read", "read", "read", "start"]);
  });

  it("is not sent while consecutive reads lead to different requests", async () => {
    const { starts, took } = await play({ reads: [both, one, both, one, both, satisfied], starts: [task] });
    expect(starts).toBe(0);
    // Reads are paced, not repeated as fast as the network allows.
    expect(took).toBeGreaterThanOrEqual(3 * SECOND);
  });

  it("is considered the same regardless of key order", async () => {
    const { journal } = await play({
      reads: [upgradeWithBody({ a: 1, b: { c: 2, d: undefined } }), upgradeWithBody({ b: { c: 2 }, a: 1 }), satisfied],
      starts: [task],
      inspections: ENDED,
    });
    expect(journal.slice(0, 3)).toEqual(["read", "read", "start"]);
  });

  it("is sent exactly as it was planned", async () => {
    const sent: Request[] = [];
    await play({ reads: [both, both, satisfied], starts: [task], inspections: ENDED, sent });
    const item = { modules: ["search", "ReJSON"] };
    expect(sent).toEqual([requestOf([{ ...step, item }])]);
  });

  it.each([
    ["offers another version", { offered: "2.0.81.260900" }],
    ["shows another current version", { version: "2.0.75.28" }],
  ] as const)("needs a third read for the unit whose second read %s", async (_, other) => {
    const world = new World(many(2, "2.0.69.250900"));
    let reads = 0;
    const { outcome, journal } = await world.up({
      mapUnits: (units) => {
        reads += 1;
        return reads !== 2 ? units : units.map((unit) => (unit.name === "i001" ? differing(unit, other) : unit));
      },
    });
    expect(outcome.status).toBe("current");
    const requests = journal.filter(({ what }) => what === "start");
    expect(requests.map(({ names }) => names)).toEqual([["i002"], ["i001"]]);
  });
});

describe("the confirming read", () => {
  const policy = { spacing: 10 * SECOND };
  const slow =
    <T>(value: T) =>
    async ({ clock }: { clock: VirtualClock }) => {
      await clock.sleep(SECOND);
      return value;
    };

  it("begins the configured spacing after the first read that led to a request", async () => {
    const reads: number[] = [];
    const { starts } = await play({
      reads: Array.from({ length: 3 }, (_, nth) => async ({ clock }: { clock: VirtualClock }) => {
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

  it("does not delay a run without an upgrade, or with a blocked one", async () => {
    expect((await play({ reads: [satisfied], policy })).took).toBe(0);
    const finding = { code: "a", message: "An agent does not run.", remedy: "Start it." };
    const { outcome, took } = await play({ reads: [upgrade(finding)], policy });
    expect(outcome.error?.code).toBe("blocked");
    expect(took).toBe(0);
  });

  it("keeps the spacing if the first read had findings", async () => {
    const finding = { code: "a", message: "Not yet.", remedy: "Wait." };
    const { starts, took } = await play({
      reads: [upgrade(finding), upgrade(), upgrade(), satisfied],
      starts: [task],
      inspections: [succeeded],
      policy,
    });
    expect(starts).toBe(1);
    expect(took).toBeGreaterThanOrEqual(10 * SECOND);
  });

  it("is delayed only once in a run", async () => {
    const { outcome, took } = await play({
      reads: [slow(upgrade()), upgrade(), waiting(), upgrade(), upgrade(), satisfied],
      starts: [new Refused("busy", { refusal: "busy" }), task],
      inspections: [succeeded],
      policy,
    });
    expect(outcome.status).toBe("current");
    expect(took).toBeLessThan(20 * SECOND);
  });

  it("comes late enough to show the upgrade of a run that was just killed", async () => {
    const { outcome, starts } = await play({
      reads: [upgrade(), ({ clock }) => (clock.elapsed() >= START + 9 * SECOND ? satisfied : upgrade())],
      starts: [task],
      policy,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(0);
  });

  it("keeps the spacing for a fleet", async () => {
    const world = new World(many(2, "2.0.69.250900"));
    const { journal, outcome } = await world.up({ policy });
    expect(outcome.status).toBe("current");
    const [first, second, request] = journal;
    expect([first?.what, second?.what, request?.what]).toEqual(["read", "read", "start"]);
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

  it("ignores key order and keys without a value", () => {
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
  ])("changes with %o", (other) => {
    expect(digest({ ...known, ...other })).not.toBe(digest(known));
  });
});

describe("canonical JSON", () => {
  it("is equal for equal values and different for different ones", () => {
    expect(canonical({ b: [{ d: 1, c: "x" }], a: null })).toBe('{"a":null,"b":[{"c":"x","d":1}]}');
    expect(canonical([1, 2])).not.toBe(canonical([2, 1]));
    expect(canonical({ a: undefined })).toBe("{}");
  });
});
