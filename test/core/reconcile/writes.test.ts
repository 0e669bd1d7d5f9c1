import { describe, expect, it } from "vitest";
import {
  beforeSending,
  type RefusalKind,
  Refused,
  sending,
  Unreachable,
  UpgradeError,
} from "../../../provider/core/errors";
import { SOON_TRIES } from "../../../provider/core/policy";
import { Recovery } from "../../../provider/core/reconcile/recovery";
import { HttpClient } from "../../../provider/http/client";
import { INCOMPLETE, TransportError } from "../../../provider/http/transport";
import { VirtualClock } from "../../support/virtual-clock";
import { OLD } from "./facts";
import {
  failure,
  interrupted,
  joining,
  newer,
  play,
  record,
  running,
  type Stage,
  satisfied,
  succeeded,
  task,
  upgrade,
  waiting,
} from "./scripted-driver";
import { fleet, windowed } from "./windows";
import { HOUR, MINUTE, many, SECOND, SETTLE, World } from "./world";

const ENDED = [running, succeeded];
const refused = (refusal: RefusalKind) => new Refused("refused the upgrade call: not now.", { refusal });
const lost = () => new Unreachable("socket hang up", { sent: true, responded: false });
const notSent = () => new Unreachable("connection refused", { sent: false, responded: false });

describe("a rejected upgrade request", () => {
  it("is retried after another operation that caused the rejection has ended, and after two reads", async () => {
    const { outcome, starts, journal } = await play({
      reads: [upgrade(), upgrade(), waiting(), upgrade(), upgrade(), satisfied],
      starts: [refused("busy"), task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(2);
    expect(journal.slice(0, 7)).toEqual(["read", "read", "start", "read", "read", "read", "start"]);
  });

  it("is retried far more often for another operation in progress than for a server that is not ready", async () => {
    const busy = Array<Refused>(3 * SOON_TRIES).fill(refused("busy"));
    const { outcome, starts } = await play({
      reads: [...Array(2 * (busy.length + 1)).fill(upgrade()), satisfied],
      starts: [...busy, task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(busy.length + 1);
  });

  it("is followed by joining if the other operation is our upgrade", async () => {
    const { outcome, starts } = await play({
      reads: [upgrade(), upgrade(), joining, satisfied],
      starts: [refused("busy")],
      inspections: ENDED,
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "11", state: "succeeded" } });
    expect(starts).toBe(1);
  });

  it("is retried if the server was not ready, with a pause and two reads before each attempt", async () => {
    const { outcome, starts, journal, took } = await play({
      reads: [upgrade(), upgrade(), upgrade(), upgrade(), upgrade(), upgrade(), satisfied],
      starts: [refused("soon"), refused("soon"), task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(3);
    expect(journal.join(" ")).toMatch(/^(read read start ){3}/);
    expect(took).toBeGreaterThan(1_000);
  });

  it("fails the run after a few attempts if the server is never ready, without a record", async () => {
    const cause = refused("soon");
    const { outcome, starts } = await play({ reads: [upgrade()], starts: [cause] });
    expect(outcome).toMatchObject({ status: "behind", accepted: false });
    expect(outcome.error).toBe(cause);
    expect(outcome.upgrade).toBeUndefined();
    expect(starts).toBe(SOON_TRIES + 1);
  });

  it("is not retried if the rejection is final", async () => {
    const cause = refused("final");
    const { outcome, starts } = await play({ reads: [upgrade()], starts: [cause] });
    expect(outcome).toMatchObject({ status: "behind", accepted: false });
    expect(outcome.error).toBe(cause);
    expect(starts).toBe(1);
  });

  it.each([
    ["current", satisfied, "current"],
    ["newer", newer, "newer"],
  ] as const)("is no error if the next read shows %s", async (_, third, status) => {
    const { outcome, starts } = await play({ reads: [upgrade(), upgrade(), third], starts: [refused("final")] });
    expect(outcome.status).toBe(status);
    expect(outcome.error).toBeUndefined();
    expect(starts).toBe(1);
  });

  it("is no error if the next read shows our upgrade", async () => {
    const { outcome, starts } = await play({
      reads: [upgrade(), upgrade(), joining, satisfied],
      starts: [refused("final")],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(outcome.error).toBeUndefined();
    expect(starts).toBe(1);
  });
});

describe("an upgrade request whose response is lost", () => {
  it("is searched for and joined, and never sent again", async () => {
    const { outcome, starts, warnings } = await play({
      reads: [upgrade(), upgrade(), upgrade(), upgrade(), joining, satisfied],
      starts: [lost(), task],
      inspections: ENDED,
    });
    expect(outcome).toMatchObject({
      status: "current",
      upgrade: { task: "11", kind: "rolling upgrade", to: "4.3.5.2", state: "succeeded" },
    });
    expect(starts).toBe(1);
    expect(warnings).toEqual([
      "Searching for the upgrade, because the response to the upgrade request was lost (socket hang up).",
    ]);
  });

  it("is found although its upgrade has already ended", async () => {
    const { outcome, starts } = await play({ reads: [upgrade(), upgrade(), upgrade(), satisfied], starts: [lost()] });
    expect(outcome.status).toBe("current");
    expect(outcome.error).toBeUndefined();
    expect(starts).toBe(1);
  });

  it("is found although the vendor is unreachable for some reads", async () => {
    const { outcome, starts } = await play({
      reads: [upgrade(), upgrade(), notSent(), notSent(), notSent(), joining, satisfied],
      starts: [lost()],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(1);
  });

  it("is waited for although another version satisfies the target, because it may still take effect", async () => {
    const { outcome, starts, took } = await play({
      reads: [upgrade(), upgrade(), { kind: "satisfied", at: "4.2.5.1" }],
      starts: [lost()],
    });
    expect(outcome).toMatchObject({ status: "current", accepted: false, upgrade: { state: "succeeded" } });
    expect(starts).toBe(1);
    expect(took).toBeGreaterThanOrEqual(29_000);
  });

  it("is reported as unconfirmed if no upgrade appears, and not sent again", async () => {
    const cause = lost();
    const { outcome, starts, took } = await play({ reads: [upgrade()], starts: [cause, task] });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "unconfirmed", cause } });
    expect(outcome.error?.message).toMatch(
      /^Orders database: the response to the upgrade request was lost \(socket hang up\), and no upgrade appeared within 3\d s\. It was not sent again\.$/,
    );
    expect(outcome.upgrade).toMatchObject({ task: "unknown", state: "failed" });
    expect(starts).toBe(1);
    expect(took).toBeGreaterThanOrEqual(30_000);
    expect(took).toBeLessThan(35_000);
  });

  it("is never sent again, even if reads in between show another operation", async () => {
    const { outcome, starts } = await play({
      reads: [upgrade(), upgrade(), waiting(), upgrade(), upgrade(), waiting(), upgrade()],
      starts: [lost(), task],
    });
    expect(outcome.error?.code).toBe("unconfirmed");
    expect(starts).toBe(1);
  });
});

describe("an upgrade request that was certainly not sent", () => {
  it("is sent again after two reads", async () => {
    const { outcome, starts, journal } = await play({
      reads: [upgrade(), upgrade(), upgrade(), upgrade(), satisfied],
      starts: [notSent(), task],
      inspections: ENDED,
    });
    expect(outcome.status).toBe("current");
    expect(starts).toBe(2);
    expect(journal.slice(0, 6)).toEqual(["read", "read", "start", "read", "read", "start"]);
  });

  it("fails the run after the unreachable budget, without a record", async () => {
    const { outcome, took } = await play({ reads: [upgrade()], starts: [notSent()] });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "unreachable" } });
    expect(outcome.error?.message).toMatch(/^Orders database: the upgrade request could not be sent for 20 min/);
    expect(outcome.upgrade).toBeUndefined();
    expect(took).toBeGreaterThanOrEqual(20 * 60_000);
  });
});

describe("an upgrade request that fails with any other error", () => {
  it("fails the run with that error", async () => {
    const cause = new UpgradeError("unauthorized", "The agent refused the credentials.");
    const { outcome, starts } = await play({ reads: [upgrade()], starts: [cause, task] });
    expect(outcome).toMatchObject({ status: "behind", accepted: false });
    expect(outcome.error).toBe(cause);
    expect(starts).toBe(1);
  });
});

/** Unexpected values that a write may throw. */
const ODD: readonly (readonly [string, unknown])[] = [
  ["a TypeError", new TypeError("x is not a function")],
  ["an unrelated AbortError", new DOMException("This operation was aborted", "AbortError")],
  ["a string", "socket hang up"],
  ["nothing", undefined],
  ["an object without a message", Object.create(null)],
];
const window = { opens: "2026-01-01T18:00:00.000Z", closes: "2026-01-01T22:00:00.000Z" };

function throwing(thrown: unknown): () => never {
  return () => {
    throw thrown;
  };
}

describe.each(ODD)("an unexpected exception: %s", (_, thrown) => {
  it("of an upgrade request leads to a search and a join, and the request is never sent again", async () => {
    const { outcome, starts, warnings } = await play({
      reads: [upgrade(), upgrade(), upgrade(), joining, satisfied],
      starts: [throwing(thrown), task],
      inspections: [running, succeeded],
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "11", state: "succeeded" } });
    expect(outcome.upgrade).not.toHaveProperty("joined");
    expect(starts).toBe(1);
    expect(warnings).toEqual([expect.stringContaining("the response to the upgrade request was lost")]);
  });

  it("of an upgrade request that is not found is reported as unconfirmed", async () => {
    const { outcome, starts } = await play({ reads: [upgrade()], starts: [throwing(thrown), task] });
    expect(outcome.error?.code).toBe("unconfirmed");
    expect(starts).toBe(1);
  });

  it("of an upgrade request in an aborted run is stored in the state", async () => {
    const ending = ({ abort }: Stage) => {
      abort(interrupted());
      return upgrade();
    };
    const { outcome } = await play({ reads: [upgrade(), upgrade(), ending], starts: [throwing(thrown)] });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, upgrade: { state: "unknown" } });
  });

  it("of a request for several units leads to a search, and the request is not sent again", async () => {
    const world = new World(many(2, "2.0.69.250900"));
    const { outcome, requests } = await world.up({
      on: (moment) => {
        if (moment === "start:end") throw thrown;
      },
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(requests).toHaveLength(1);
  });

  it("of RETRY or ROLLBACK leads to a read of the task", async () => {
    const warnings: string[] = [];
    const quiet = { report: () => undefined, inform: () => undefined, conceal: () => undefined };
    const signal = new AbortController().signal;
    const warn = (message: string) => warnings.push(message);
    const clock = new VirtualClock();
    const runtime = { clock, wall: clock, signal, random: () => 0.5, ...quiet, warn };
    const reopen = async () => throwing(thrown)();
    const permissive = { discardBackups: () => undefined, tryBackups: async () => undefined, require: () => undefined };
    const ours = { owns: () => true, upgrade: undefined, reopened() {} };
    const recovery = new Recovery(
      { title: "x", reopen },
      { onFailure: "rollback", firstContact: 0 },
      permissive,
      runtime,
      ours,
    );
    const unit = { name: "orders", members: [], standing: "behind", at: "", from: "", ahead: [] } as const;
    expect(await recovery.reopen(unit, task, { ...failure, operators: ["rollback"] }, "just now")).toBe(true);
    expect(warnings.at(-1)).toMatch(/; reading upgrade 11$/);
  });

  it("of a cancellation leads to a read of the task and another cancellation", async () => {
    const { outcome, journal } = await play({
      reads: [{ kind: "satisfied", at: "4.2.1.8" }],
      inspections: [{ kind: "scheduled", window }],
      cancellations: [throwing(thrown), () => undefined],
      remembered: record("deferred", { window }),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "withdrawn" } });
    expect(journal.filter((entry) => entry === "cancel 11")).toHaveLength(2);
  });

  it("of a cancellation of several tasks leads to a read, and no upgrade runs twice", async () => {
    const world = fleet();
    await world.up(windowed);
    let first = true;
    const { outcome, requests } = await world.up({
      on: (moment) => {
        if (moment !== "cancel:end" || !first) return;
        first = false;
        throw thrown;
      },
    });
    expect(outcome.status).toBe("current");
    expect(requests).toHaveLength(1);
    expect(world.vendor.broken).toEqual([]);
  });

  it("of a request of the HTTP client is reported as possibly sent", async () => {
    const transport = { send: async () => throwing(thrown)(), close: async () => undefined };
    const http = new HttpClient({ transport, clock: new VirtualClock(), signal: new AbortController().signal });
    const error = await http.write({ origin: "http://x", target: "/", body: "" }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({ sent: true, tls: false });
  });

  it("of an incomplete upload is reported as not sent", async () => {
    const transport = { send: async () => throwing(thrown)(), close: async () => undefined };
    const http = new HttpClient({ transport, clock: new VirtualClock(), signal: new AbortController().signal });
    const stream = { length: 2, chunks: () => (async function* () {})() };
    const sent = http.upload({ origin: "http://x", target: "/", stream, responseTimeout: 1 });
    expect(await sent.catch((reason: unknown) => reason)).toMatchObject({ code: INCOMPLETE, sent: false });
  });

  it("before a request is reported as not sent", async () => {
    const error = await beforeSending(throwing(thrown)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UpgradeError);
    expect(await sending(async () => Promise.reject(error)).catch((reason: unknown) => reason)).toBe(error);
    const { outcome, starts } = await play({
      reads: [upgrade()],
      starts: [() => beforeSending<typeof task>(throwing(thrown))],
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "unexpected" } });
    expect(outcome.upgrade).toBeUndefined();
    expect(starts).toBe(1);
  });
});

describe("the result of a write that a driver reports", () => {
  it("is not changed", async () => {
    const error = new Unreachable("throttled", { sent: false, responded: true });
    expect(await sending(async () => Promise.reject(error)).catch((reason: unknown) => reason)).toBe(error);
  });
});

describe("a fleet", () => {
  /** How long a request with a lost response may take to appear: see `POLICY` in world.ts. */
  const LOST = SETTLE;

  describe("an upgrade request whose response was lost", () => {
    it("is found if it took effect, and never sent again", async () => {
      const world = new World(many(3, OLD));
      const { outcome, requests, warnings } = await world.up({ faults: ["lost-after"] });
      expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
      expect(requests).toHaveLength(1);
      expect(warnings).toEqual([
        "Searching for the upgrades, because the response to the upgrade request was lost (Connection reset.).",
      ]);
    });

    it("is searched for if it did not take effect, and not sent again in the same run", async () => {
      const world = new World(many(3, OLD));
      const { outcome, requests, took } = await world.up({ faults: ["lost-before"] });
      expect(outcome).toMatchObject({
        status: "behind",
        accepted: false,
        error: { code: "unconfirmed" },
        upgrade: { state: "failed" },
      });
      expect(outcome.problems?.["i001"]).toBe(
        "no upgrade appeared: the response to the upgrade request was lost (Connection reset.)",
      );
      expect(requests).toHaveLength(1);
      expect(took).toBeGreaterThan(LOST);
      expect(took).toBeLessThan(LOST + MINUTE);
      const next = await world.up();
      expect(next.outcome.status).toBe("current");
      expect(next.requests).toEqual([["i001", "i002", "i003"]]);
    });

    it("does not prevent other batches from being sent", async () => {
      const world = new World([...many(2, OLD), ...many(2, "2.0.75.28", {}, 3)]);
      const { outcome, requests } = await world.up({ faults: ["lost-before"] });
      expect(outcome).toMatchObject({ status: "behind", error: { code: "unconfirmed" } });
      expect(requests).toEqual([
        ["i001", "i002"],
        ["i003", "i004"],
      ]);
      expect(world.vendor.versionOf("i004")).toBe("2.0.78.260600");
    });

    it.each([
      ["after it took effect", "lost-after", 0],
      ["before it took effect", "lost-before", 1],
    ] as const)(
      "is waited for by the next run if it was lost %s and the run was interrupted",
      async (_, fault, again) => {
        const world = new World(many(2, OLD, { fates: [{ startsAfter: 4 * MINUTE }] }));
        const first = await world.up({ faults: [fault], abortAfter: 10 * SECOND });
        expect(first.outcome).toMatchObject({
          status: "upgrading",
          accepted: true,
          error: { code: "interrupted" },
          upgrade: { state: "unknown" },
        });
        expect(first.outcome.error?.message).toBe(
          "Interrupted: the upgrade request was sent to Orders fleet, but no response was received.",
        );
        const next = await world.up();
        expect(next.outcome.status).toBe("current");
        expect(next.requests).toHaveLength(again);
        const sentAgain = next.journal.find(({ what }) => what === "start")?.at;
        const sentFirst = Date.parse(first.outcome.upgrade?.startedAt ?? "");
        if (again > 0) expect((sentAgain ?? 0) - sentFirst).toBeGreaterThanOrEqual(LOST);
        expect(world.vendor.broken).toEqual([]);
      },
    );

    it("is recorded as accepted once its upgrades appear", async () => {
      const world = new World(many(2, OLD, { fates: [{ takes: HOUR }] }));
      const { outcome } = await world.up({ faults: ["lost-after"], abortAfter: 30 * MINUTE });
      expect(outcome).toMatchObject({ status: "upgrading", upgrade: { state: "running" } });
      expect(outcome.error?.message).toBe(
        "Interrupted: Orders fleet: the kernel upgrade of 2 instances to 2.0.78.260600 is still running.",
      );
    });
  });

  describe("a system clock that is set forward or back", () => {
    it.each([24 * HOUR, -24 * HOUR])("by %i ms right after an upgrade request has no effect", async (forward) => {
      const world = new World(many(2, OLD, { fates: [{ startsAfter: 4 * MINUTE }] }));
      const { outcome, requests, took } = await world.up({
        on: (moment, _, { clock }) => {
          if (moment === "start:end") clock.put(forward);
        },
      });
      expect(outcome.status).toBe("current");
      expect(requests).toHaveLength(1);
      expect(took).toBeLessThan(16 * MINUTE);
    });

    it.each([24 * HOUR, -24 * HOUR])(
      "by %i ms in an interrupted run does not hide its request from the next run",
      async (by) => {
        const world = new World(many(2, OLD, { fates: [{ startsAfter: 4 * MINUTE }] }));
        await world.up({
          faults: ["lost-after"],
          abortAfter: 5 * SECOND,
          on: (moment, nth, { clock }) => {
            if (moment === "read:end" && nth === 3) clock.put(by);
          },
        });
        const next = await world.up();
        expect(next.outcome.status).toBe("current");
        expect(next.requests).toEqual([]);
        expect(next.took).toBeLessThan(16 * MINUTE);
      },
    );
  });

  describe("upgrade requests at several times in one run", () => {
    it("are all waited for by the next run: the newest one that had not appeared counts", async () => {
      const slow = { startsAfter: 4 * MINUTE, takes: 20 * MINUTE };
      const world = new World(many(2, OLD, { fates: [{ to: "2.0.51.240305", takes: HOUR }, slow] }));
      // The second round is requested after an hour; the run ends before its upgrades appear.
      const first = await world.up({ abortAfter: HOUR + MINUTE });
      expect(first.requests).toHaveLength(2);
      expect(first.outcome.upgrade?.state).toBe("running");
      const next = await world.up();
      expect(next.outcome.status).toBe("current");
      expect(next.requests).toEqual([]);
      expect(world.vendor.broken).toEqual([]);
    });

    it("are still known to a later run", async () => {
      const world = new World([
        ...many(1, OLD, { fates: [{ ends: "fails", startsAfter: SECOND, takes: SECOND }, {}] }),
        ...many(1, "2.0.75.28", { fates: [{ startsAfter: 4 * MINUTE }] }, 2),
      ]);
      await world.up({ abortAfter: 20 * SECOND });
      // The first has failed and can be requested again; the second has been requested and does not appear yet.
      const next = await world.up({ faults: ["busy"] });
      expect(next.outcome.status).toBe("current");
      expect(next.requests).toEqual([["i001"], ["i001"]]);
      expect(next.warnings).toEqual([
        "Upgrades failed since the last run, and are requested again: i001 (t1: disk full.)",
      ]);
      expect(world.vendor.broken).toEqual([]);
    });

    it("are still waited for if the run that waited for them was interrupted as well", async () => {
      const world = new World(many(2, OLD, { fates: [{ startsAfter: 4 * MINUTE }] }));
      await world.up({ faults: ["lost-after"], abortAfter: 5 * SECOND });
      await world.up({ abortAfter: 5 * SECOND });
      await world.up({ abortAfter: 5 * SECOND, unreachable: [[0, HOUR]] });
      const last = await world.up();
      expect(last.outcome.status).toBe("current");
      expect(last.requests).toEqual([]);
    });
  });
});
