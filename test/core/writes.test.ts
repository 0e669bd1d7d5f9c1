import { describe, expect, it } from "vitest";
import { beforeSending, sending, Unreachable, UpgradeError } from "../../provider/core/errors";
import { Recovery } from "../../provider/core/reconcile/recovery";
import { HttpClient } from "../../provider/http/client";
import { INCOMPLETE, TransportError } from "../../provider/http/transport";
import { VirtualClock } from "../support/virtual-clock";
import { fleet, windowed } from "./fleet/windows";
import { many, World } from "./fleet/world";
import {
  failure,
  interrupted,
  joining,
  play,
  record,
  running,
  type Stage,
  satisfied,
  succeeded,
  task,
  upgrade,
} from "./scripted-driver";

/** What nobody expects to be thrown once a write was handed over. */
const ODD: readonly (readonly [string, unknown])[] = [
  ["a TypeError", new TypeError("x is not a function")],
  ["an AbortError of somebody else", new DOMException("This operation was aborted", "AbortError")],
  ["a string", "socket hang up"],
  ["nothing", undefined],
  ["an object without a text", Object.create(null)],
];
const window = { opens: "2026-01-01T18:00:00.000Z", closes: "2026-01-01T22:00:00.000Z" };

function throwing(thrown: unknown): () => never {
  return () => {
    throw thrown;
  };
}

describe.each(ODD)("after %s, nobody knows whether the vendor received", (_, thrown) => {
  it("an upgrade request: it is looked for, joined, and never sent again", async () => {
    const { outcome, starts, warnings } = await play({
      looks: [upgrade(), upgrade(), upgrade(), joining, satisfied],
      starts: [throwing(thrown), task],
      inspections: [running, succeeded],
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { task: "11", state: "succeeded" } });
    expect(outcome.upgrade).not.toHaveProperty("joined");
    expect(starts).toBe(1);
    expect(warnings).toEqual([expect.stringMatching(/^The response to the upgrade request was lost/)]);
  });

  it("an upgrade request that is not found: it is told as unconfirmed", async () => {
    const { outcome, starts } = await play({ looks: [upgrade()], starts: [throwing(thrown), task] });
    expect(outcome.error?.code).toBe("unconfirmed");
    expect(starts).toBe(1);
  });

  it("an upgrade request of a run that ends: the state remembers it", async () => {
    const ending = ({ abort }: Stage) => {
      abort(interrupted());
      return upgrade();
    };
    const { outcome } = await play({ looks: [upgrade(), upgrade(), ending], starts: [throwing(thrown)] });
    expect(outcome).toMatchObject({ status: "upgrading", accepted: true, upgrade: { state: "unknown" } });
  });

  it("a request for many: they are looked for, and it is not sent again", async () => {
    const world = new World(many(2, "2.0.69.250900"));
    const { outcome, calls } = await world.up({
      on: (moment) => {
        if (moment === "call:end") throw thrown;
      },
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "succeeded" } });
    expect(calls).toHaveLength(1);
  });

  it("RETRY or ROLLBACK: the task tells", async () => {
    const warnings: string[] = [];
    const quiet = { report: () => undefined, inform: () => undefined, conceal: () => undefined };
    const signal = new AbortController().signal;
    const warn = (message: string) => warnings.push(message);
    const clock = new VirtualClock();
    const runtime = { clock, wall: clock, signal, random: () => 0.5, ...quiet, warn };
    const reopen = async () => throwing(thrown)();
    const permissive = { forgetBackups: () => undefined, tryBackups: async () => undefined, require: () => undefined };
    const ours = { owns: () => true, upgrade: undefined };
    const recovery = new Recovery(
      { title: "x", reopen },
      { onFailure: "rollback", firstContact: 0 },
      permissive,
      runtime,
      ours,
    );
    const unit = { name: "orders", members: [], standing: "behind", at: "", from: "", ahead: [] } as const;
    expect(await recovery.reopen(unit, task, { ...failure, ways: ["rollback"] }, "just now")).toBe(true);
    expect(warnings.at(-1)).toMatch(/; looking at upgrade 11$/);
  });

  it("a cancellation: the task is looked at, and it is sent again", async () => {
    const { outcome, journal } = await play({
      looks: [{ kind: "satisfied", at: "4.2.1.8" }],
      inspections: [{ kind: "scheduled", window }],
      cancellations: [throwing(thrown), () => undefined],
      remembered: record("deferred", { window }),
    });
    expect(outcome).toMatchObject({ status: "current", upgrade: { state: "withdrawn" } });
    expect(journal.filter((entry) => entry === "cancel 11")).toHaveLength(2);
  });

  it("the cancellation of many: they are looked at, and none is run twice", async () => {
    const world = fleet();
    await world.up(windowed);
    let first = true;
    const { outcome, calls } = await world.up({
      on: (moment) => {
        if (moment !== "withdraw:end" || !first) return;
        first = false;
        throw thrown;
      },
    });
    expect(outcome.status).toBe("current");
    expect(calls).toHaveLength(1);
    expect(world.vendor.broken).toEqual([]);
  });

  it("what is sent by the HTTP client", async () => {
    const transport = { send: async () => throwing(thrown)(), close: async () => undefined };
    const http = new HttpClient({ transport, clock: new VirtualClock(), signal: new AbortController().signal });
    const error = await http.write({ origin: "http://x", target: "/", body: "" }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(TransportError);
    expect(error).toMatchObject({ sent: true, tls: false });
  });

  it("but half a body has no effect", async () => {
    const transport = { send: async () => throwing(thrown)(), close: async () => undefined };
    const http = new HttpClient({ transport, clock: new VirtualClock(), signal: new AbortController().signal });
    const stream = { length: 2, chunks: () => (async function* () {})() };
    const sent = http.upload({ origin: "http://x", target: "/", stream, answerTimeout: 1 });
    expect(await sent.catch((reason: unknown) => reason)).toMatchObject({ code: INCOMPLETE, sent: false });
  });

  it("but what comes before it was certainly not sent", async () => {
    const error = await beforeSending(throwing(thrown)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UpgradeError);
    expect(await sending(async () => Promise.reject(error)).catch((reason: unknown) => reason)).toBe(error);
    const { outcome, starts } = await play({
      looks: [upgrade()],
      starts: [() => beforeSending<typeof task>(throwing(thrown))],
    });
    expect(outcome).toMatchObject({ status: "behind", accepted: false, error: { code: "unexpected" } });
    expect(outcome.upgrade).toBeUndefined();
    expect(starts).toBe(1);
  });
});

describe("what a driver states of a write", () => {
  it("is kept as it is", async () => {
    const said = new Unreachable("throttled", { sent: false, heard: true });
    expect(await sending(async () => Promise.reject(said)).catch((reason: unknown) => reason)).toBe(said);
  });
});
