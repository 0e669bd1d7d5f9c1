import { describe, expect, it } from "vitest";
import { canonical } from "../../../provider/base/json";
import type { Plan } from "../../../provider/core/decision/plan";
import { type RefusalKind, Refused, Unreachable, UpgradeError } from "../../../provider/core/errors";
import { SOON_TRIES } from "../../../provider/core/policy";
import { digest, type Json, type Request, requestOf } from "../../../provider/core/request";
import { batchesOf, type Unit } from "../../../provider/core/unit";
import { Attempts } from "../../../provider/core/upgrades/attempts";
import type { VirtualClock } from "../../support/virtual-clock";
import { member, NEW, OLD } from "./facts";
import { play, running, satisfied, step, succeeded, task, upgrade, upgradeWith, waiting } from "./scripted-driver";
import { MINUTE, many, READ, SECOND, World } from "./world";

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

const batchesFor = (units: readonly Unit[], attempts: Attempts) =>
  batchesOf(100, units, (name) => attempts.limit(name));

function members(count: number, at?: string, first = 1): Unit[] {
  return Array.from({ length: count }, (_, i) =>
    member({ name: `i${first + i}`, ...(at === undefined ? {} : { at }) }),
  );
}
function sizes(all: readonly Unit[], attempts = new Attempts()): number[] {
  return batchesFor(all, attempts).map((batch) => batch.length);
}
function refuse(attempts: Attempts, batch: readonly Unit[], refusal: RefusalKind) {
  attempts.refused(batch, new Refused("No.", { refusal }));
}

describe("the batches of upgrade requests", () => {
  it("are empty without units", () => {
    expect(sizes([])).toEqual([]);
  });

  it.each([
    [1, [1]],
    [100, [100]],
    [101, [100, 1]],
    [250, [100, 100, 50]],
  ])("have at most 100 units: %i", (count, expected) => {
    expect(sizes(members(count))).toEqual(expected);
  });

  it("contain units of one group, and every unit once", () => {
    const all = [...members(70, "2.0.48.1"), ...members(150, "2.0.51.1", 71), ...members(30, "2.0.75.1", 221)];
    const mixed = all.map((_, at) => all[(at * 97) % all.length]).filter((one) => one !== undefined);
    const batches = batchesFor(mixed, new Attempts());
    expect(batches.map((batch) => batch.length).sort((a, b) => a - b)).toEqual([30, 50, 70, 100]);
    for (const batch of batches) expect(new Set(batch.map(({ from }) => from)).size).toBe(1);
    expect(new Set(batches.flat().map(({ name }) => name)).size).toBe(250);
  });

  it("are halved after a final rejection, down to one unit", () => {
    const all = members(100);
    const attempts = new Attempts();
    const found: number[][] = [];
    for (let batch = batchesFor(all, attempts)[0] ?? []; batch.length > 1; batch = batchesFor(all, attempts)[0] ?? []) {
      refuse(attempts, batch, "final");
      found.push(sizes(all, attempts));
    }
    expect(found[0]).toEqual([50, 50]);
    expect(found[1]).toEqual([25, 25, 50]);
    expect(found.at(-1)?.slice(0, 2)).toEqual([1, 1]);
    expect(found).toHaveLength(7);
  });

  it.each(["busy", "soon"] as const)("are retried once unchanged after a temporary rejection: %s", (refusal) => {
    const all = members(10);
    const attempts = new Attempts();
    refuse(attempts, all, refusal);
    expect(sizes(all, attempts)).toEqual([10]);
    refuse(attempts, all, refusal);
    expect(sizes(all, attempts)).toEqual([5, 5]);
  });

  it("return to full size after an accepted request", () => {
    const all = members(10);
    const attempts = new Attempts();
    refuse(attempts, all, "final");
    attempts.sent(all.slice(0, 5), 0, 0, undefined);
    expect(sizes(all, attempts)).toEqual([5, 5]);
    attempts.sent(all.slice(5), 0, 0, undefined);
    expect(sizes(all, attempts)).toEqual([10]);
  });
});

describe("a unit that is rejected alone", () => {
  it("is retried without limit while it is busy", () => {
    const attempts = new Attempts();
    for (let tries = 0; tries < 50; tries++) refuse(attempts, members(1), "busy");
    expect(attempts.refusal("i1")).toBeUndefined();
  });

  it("is a problem if the vendor is never ready for it", () => {
    const attempts = new Attempts();
    for (let tries = 0; tries < SOON_TRIES; tries++) {
      refuse(attempts, members(1), "soon");
      expect(attempts.refusal("i1")).toBeUndefined();
    }
    refuse(attempts, members(1), "soon");
    expect(attempts.refusal("i1")).toMatchObject({ code: "refused" });
  });
});

describe("the upgrade requests of a run", () => {
  it("are none for a fleet that is up to date", async () => {
    const { outcome, journal } = await new World(many(120, NEW)).up();
    expect(outcome).toMatchObject({ status: "current", accepted: false });
    expect(outcome.upgrade).toBeUndefined();
    expect(outcome.error).toBeUndefined();
    expect(journal.map(({ what }) => what)).toEqual(["read"]);
  });

  it("are as few as the vendor allows: 250 instances of three versions", async () => {
    const world = new World([
      ...many(170, OLD),
      ...many(60, "2.0.51.240305", {}, 171),
      ...many(20, "2.0.75.28", {}, 231),
      ...many(30, NEW, {}, 251),
    ]);
    const { outcome, requests, messages, journal, took } = await world.up();
    expect(outcome).toMatchObject({
      status: "current",
      upgrade: { task: "batch", kind: "kernel upgrade of 250 instances", from: OLD, to: NEW, state: "succeeded" },
    });
    expect(requests.map((names) => names.length)).toEqual([100, 70, 60, 20]);
    expect(new Set(requests.flat()).size).toBe(250);
    expect(messages).toEqual([
      `requested the kernel upgrade of 100 instances: ${OLD} → ${NEW}`,
      `requested the kernel upgrade of 70 instances: ${OLD} → ${NEW}`,
      `requested the kernel upgrade of 60 instances: 2.0.51.240305 → ${NEW}`,
      `requested the kernel upgrade of 20 instances: 2.0.75.28 → ${NEW}`,
    ]);
    expect(world.vendor.broken).toEqual([]);
    expect(took).toBeLessThan(11 * MINUTE);
    expect(journal.length).toBeLessThan(150);
  });

  it("are none in the next run", async () => {
    const world = new World(many(3, OLD));
    await world.up();
    const { outcome, journal } = await world.up();
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "succeeded" } });
    expect(journal.map(({ what }) => what)).toEqual(["read"]);
  });

  it("follow two consecutive reads that both need them", async () => {
    const { journal } = await new World(many(2, OLD)).up();
    expect(journal.slice(0, 3).map(({ what, at }) => [what, at - (journal[0]?.at ?? 0)])).toEqual([
      ["read", 0],
      ["read", READ],
      ["start", 2 * READ],
    ]);
  });

  it("leave out an instance whose upgrade appears in the second read", async () => {
    const world = new World(many(2, OLD, { fates: [{ startsAfter: 1 }] }));
    const { requests } = await world.up({
      on: (moment, nth) => {
        if (moment === "read:end" && nth === 1) world.vendor.elsewhere("i002");
      },
    });
    expect(requests).toEqual([["i001"]]);
    expect(world.vendor.broken).toEqual([]);
  });

  it("include a busy instance once it is free", async () => {
    const world = new World([...many(2, OLD), ...many(1, OLD, { busy: [0, 3 * MINUTE] }, 3)]);
    const { outcome, requests, reports } = await world.up();
    expect(outcome.status).toBe("current");
    expect(requests).toEqual([["i001", "i002"], ["i003"]]);
    expect(reports).toContain("0 of 3 done; 2 accepted, not started yet, 1 in backup");
  });

  it("are sent within a minute of the reads that need them, the remaining ones after two more reads", async () => {
    const { journal, outcome } = await new World(many(5, OLD)).up({ mostPerRequest: 1, requestTakes: 25 * SECOND });
    expect(outcome.status).toBe("current");
    const kinds = journal.map(({ what }) => what).slice(0, 9);
    expect(kinds).toEqual(["read", "read", "start", "start", "start", "read", "read", "start", "start"]);
  });
});

describe("a batch that is rejected because of one instance", () => {
  it("is halved until that instance is found, and all others are upgraded", async () => {
    const world = new World(
      many(100, OLD).map((spec) => (spec.name === "i037" ? { ...spec, refuses: { kind: "final" as const } } : spec)),
    );
    const { outcome, requests, journal } = await world.up();
    expect(outcome).toMatchObject({
      status: "behind",
      accepted: false,
      problems: { i037: "i037 refuses." },
      error: { code: "refused" },
      upgrade: { kind: "kernel upgrade of 99 instances", state: "failed" },
    });
    expect(outcome.error?.sentence).toBe(
      "Orders fleet: 1 of 100 instances was not upgraded successfully. i037: i037 refuses. " +
        "Fix the causes, then run {apply} again. Only the rest is requested.",
    );
    expect(requests.filter((names) => names.includes("i037"))).toHaveLength(8);
    expect(requests).toHaveLength(15);
    expect(world.vendor.broken).toEqual([]);
    const accepted = requests.filter((names) => !names.includes("i037")).flat();
    expect(accepted).toHaveLength(99);
    expect(new Set(accepted).size).toBe(99);
    const found = journal.findIndex(({ names }) => names.length === 1 && names[0] === "i037");
    expect(found).toBeLessThan(50);
  });

  it("does not delay other batches", async () => {
    const world = new World([
      ...many(4, OLD, { refuses: { kind: "busy", until: 20 * MINUTE } }),
      ...many(4, "2.0.75.28", {}, 5),
    ]);
    const { outcome, requests } = await world.up();
    expect(outcome.status).toBe("current");
    expect(requests[1]).toEqual(["i005", "i006", "i007", "i008"]);
    expect(world.vendor.accepted.get("i005")?.[0]).toBeLessThan(5 * SECOND);
  });

  it("is retried once unchanged after a temporary rejection and a pause", async () => {
    const { outcome, requests, journal } = await new World(many(4, OLD)).up({ faults: ["busy"] });
    expect(outcome.status).toBe("current");
    expect(requests.map((names) => names.length)).toEqual([4, 4]);
    const [first = 0, second = 0] = journal.filter(({ what }) => what === "start").map(({ at }) => at);
    expect(second - first).toBeGreaterThan(5 * SECOND);
  });

  it("is halved if one instance stays busy, and that one is waited for", async () => {
    const world = new World([...many(7, OLD), ...many(1, OLD, { refuses: { kind: "busy", until: 30 * MINUTE } }, 8)]);
    const { outcome, requests, took } = await world.up();
    expect(outcome.status).toBe("current");
    expect(world.vendor.accepted.get("i001")?.[0]).toBeLessThan(20 * SECOND);
    expect(world.vendor.accepted.get("i008")?.[0]).toBeGreaterThanOrEqual(30 * MINUTE);
    expect(took).toBeLessThan(42 * MINUTE);
    expect(requests.length).toBeLessThan(150);
  });

  it("is a problem of the instance that the vendor is never ready for", async () => {
    const world = new World([...many(7, OLD), ...many(1, OLD, { refuses: { kind: "soon" } }, 8)]);
    const { outcome } = await world.up();
    expect(outcome).toMatchObject({ status: "behind", problems: { i008: "i008 refuses." } });
    expect(outcome.observation?.units.filter(({ standing }) => standing === "current")).toHaveLength(7);
  });

  it("needs a limited number of requests if every instance is rejected", async () => {
    const world = new World(many(64, OLD, { refuses: { kind: "final" } }));
    const { outcome, requests, journal } = await world.up();
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "refused" } });
    expect(outcome.upgrade).toBeUndefined();
    expect(Object.keys(outcome.problems ?? {})).toHaveLength(64);
    expect(requests).toHaveLength(127);
    // Halves of one size follow from the same two reads.
    expect(journal.filter(({ what }) => what === "read").length).toBe(17);
  });

  it("does not retry without limit if the next round is rejected", async () => {
    const world = new World(many(1, OLD, { fates: [{ to: "2.0.51.240305" }] }));
    const { outcome, requests } = await world.up({ faults: ["fine", "final"] });
    expect(outcome).toMatchObject({ status: "behind", problems: { i001: "Not now." }, error: { code: "refused" } });
    expect(requests).toHaveLength(2);
  });
});

describe("an upgrade request that does not reach the vendor", () => {
  it("is sent again", async () => {
    const { outcome, requests } = await new World(many(2, OLD)).up({ faults: Array(12).fill("unsent") });
    expect(outcome.status).toBe("current");
    expect(requests).toHaveLength(13);
  });

  it("fails the run after the unreachable budget, without a record", async () => {
    const { outcome, took } = await new World(many(2, OLD)).up({ faults: Array(2_000).fill("unsent") });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "unreachable" } });
    expect(outcome.error?.sentence).toMatch(
      /^Orders fleet: the upgrade request could not be sent for 20 min \d+ s: Throttled\. When the vendor can be reached, run \{apply\} again\. Only the remaining upgrades are requested\.$/,
    );
    expect(outcome.upgrade).toBeUndefined();
    expect(took).toBeLessThan(21 * MINUTE);
  });

  it("keeps the requests accepted before in the record for the next run", async () => {
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
    expect(next.requests).toEqual([["i003", "i004"]]);
    expect(world.vendor.broken).toEqual([]);
  });
});

describe("an upgrade request that fails with an error", () => {
  it("about credentials fails the run, and requests accepted before stay in the record", async () => {
    const world = new World([...many(2, OLD), ...many(2, "2.0.75.28", {}, 3)]);
    const { outcome, requests } = await world.up({
      on: (moment, nth) => {
        if (moment === "start:begin" && nth === 2) throw new UpgradeError("unauthorized", "The token has expired.");
      },
    });
    expect(outcome).toMatchObject({
      status: "upgrading",
      accepted: true,
      error: { code: "unauthorized" },
      upgrade: { state: "running", kind: "kernel upgrade of 2 instances" },
    });
    expect(requests).toHaveLength(1);
    const next = await world.up();
    expect(next.outcome.status).toBe("current");
    expect(next.requests).toEqual([["i003", "i004"]]);
    expect(world.vendor.broken).toEqual([]);
  });

  it("of this tool may have been sent: it is searched for, and not sent again", async () => {
    const world = new World(many(2, OLD));
    const { outcome, requests, warnings } = await world.up({
      on: (moment) => {
        if (moment === "start:end") throw new TypeError("undefined is not a function");
      },
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(requests).toHaveLength(1);
    expect(warnings).toEqual([
      "Searching for the upgrades, because the response to the upgrade request was lost (undefined is not a function).",
    ]);
  });
});

function names(requests: readonly Request[], name: string): boolean {
  return requests.some(({ units }) => units.some(({ unit }) => unit === name));
}

describe("prepare, which a vendor requires before an upgrade request", () => {
  it("is called before every request, and everything is read again after it", async () => {
    const prepared = new Set<string>();
    const { outcome, journal } = await new World(many(3, OLD)).up({
      prepare: async (named) => {
        const open = named.flatMap(({ units }) => units).filter(({ unit }) => !prepared.has(unit));
        for (const { unit } of open) prepared.add(unit);
        return open.length > 0;
      },
    });
    expect(outcome.status).toBe("current");
    expect(journal.slice(0, 7).map(({ what }) => what)).toEqual([
      "read",
      "read",
      "prepare",
      "read",
      "read",
      "prepare",
      "start",
    ]);
  });

  it("is retried while the vendor is unreachable", async () => {
    let tries = 0;
    const { outcome, requests } = await new World(many(3, OLD)).up({
      prepare: async () => {
        tries += 1;
        if (tries < 4) throw new Unreachable("no response", { sent: false, responded: false });
        return false;
      },
    });
    expect(outcome.status).toBe("current");
    expect(requests).toHaveLength(1);
  });

  it("is called for halves if it is rejected because of one instance, and the others are upgraded", async () => {
    const world = new World([...many(6, OLD), ...many(3, "2.0.75.28", {}, 7)]);
    const { outcome, requests, journal } = await world.up({
      prepare: async (named) => {
        if (!names(named, "i002")) return false;
        throw new Refused("i002 cannot be checked.", { refusal: "final" });
      },
    });
    expect(outcome).toMatchObject({ status: "behind", problems: { i002: "i002 cannot be checked." } });
    expect(requests.flat()).not.toContain("i002");
    expect(new Set(requests.flat()).size).toBe(8);
    expect(journal.filter(({ what }) => what === "prepare").length).toBeLessThan(20);
  });

  it("does not delay other requests while it is rejected for a busy instance", async () => {
    const world = new World([...many(2, OLD), ...many(3, "2.0.75.28", {}, 3)]);
    const sent: number[] = [];
    const { outcome, requests } = await world.up({
      prepare: async (named) => {
        const refused = world.vendor.age < 30 * MINUTE && names(named, "i001");
        if (refused) throw new Refused("i001 is busy.", { refusal: "busy" });
        return false;
      },
      afterRequest: () => sent.push(world.vendor.age),
    });
    expect(outcome.status).toBe("current");
    expect(requests).toEqual([["i003", "i004", "i005"], ["i002"], ["i001"]]);
    expect(sent[0]).toBeLessThan(MINUTE);
    expect(sent[1]).toBeLessThan(2 * MINUTE);
    expect(sent[2]).toBeGreaterThanOrEqual(30 * MINUTE);
  });

  it("restarts the unreachable budget if it is rejected, because the vendor was reached", async () => {
    const world = new World(many(2, OLD));
    let attempts = 0;
    const { outcome, requests } = await world.up({
      // Neither request arrives: one before the rejections, one after them.
      faults: ["unsent", "unsent"],
      prepare: async () => {
        attempts += 1;
        const refused = attempts > 1 && world.vendor.age < 30 * MINUTE;
        if (refused) throw new Refused("They are busy.", { refusal: "busy" });
        return false;
      },
    });
    expect(outcome.status).toBe("current");
    // The two that did not arrive, and then each alone after the rejections of both together.
    expect(requests.map((names) => names.length)).toEqual([2, 1, 1, 1]);
  });
});
