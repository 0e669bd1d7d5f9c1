import { describe, expect, it } from "vitest";
import { UpgradeError } from "../../provider/core/errors";
import { summaryOf } from "../../provider/core/run";
import { record } from "./scripted-driver";

const finishedAt = "2026-01-01T00:01:28.000Z";
const startedAt = "2026-01-01T00:00:00.000Z";
const done = record("succeeded", { startedAt, finishedAt });

describe("an upgrade that has ended well", () => {
  it.each([
    ["with its stages, where the vendor counts them", done, undefined, { stages: 30 }, " in 1 min 28 s, 30 stages"],
    ["without them elsewhere", done, undefined, {}, " in 1 min 28 s"],
    ["over the runs that waited", done, record("running", { startedAt }), {}, " in 1 min 28 s"],
    ["without a time that nobody took", done, record("running", { startedAt }), undefined, ""],
    [
      "as seen, when somebody else began it",
      { ...done, joined: true as const },
      undefined,
      {},
      ", seen running for 1 min 28 s",
    ],
    [
      "in no time, when the clock was put back",
      { ...done, finishedAt: "2025-12-31T23:00:00.000Z" },
      undefined,
      {},
      " in 0 ms",
    ],
  ])("is summed up %s", (_, upgrade, remembered, heard, rest) => {
    expect(summaryOf({ upgrade }, remembered, heard)).toBe(`upgraded 4.2.1.8 → 4.3.5.2${rest}`);
  });

  it("names what it has moved, where versions have names", () => {
    const modules = { ...done, from: "ReJSON 2.8.4, search 2.10.17, bf 2.8.7", to: "ReJSON 2.8.10, bf 2.8.9" };
    const line = summaryOf({ upgrade: modules }, undefined, undefined);
    expect(line).toBe("upgraded ReJSON 2.8.4, bf 2.8.7 → ReJSON 2.8.10, bf 2.8.9");
  });

  it("names the version that came of a release that was requested", () => {
    const release = { ...done, from: "7.2.7", to: "7.4" };
    const seen = (parts: bigint[]) => ({ members: [{ name: "bdb:1", version: { parts } }] });
    expect(summaryOf({ upgrade: release, observation: seen([7n, 4n, 2n]) }, undefined, undefined)).toBe(
      "upgraded 7.2.7 → 7.4.2",
    );
    expect(summaryOf({ upgrade: release, observation: seen([7n, 40n]) }, undefined, undefined)).toBe(
      "upgraded 7.2.7 → 7.4",
    );
  });

  it("is summed up once", () => {
    expect(summaryOf({ upgrade: done }, done, {})).toBeUndefined();
  });

  it("and left an old version running is told by the error", () => {
    expect(
      summaryOf({ upgrade: done, error: new UpgradeError("not-upgraded", "Still old.") }, undefined, {}),
    ).toBeUndefined();
  });
});

it.each(["running", "deferred", "failed", "rolled-back", "withdrawn", "unknown", "gone"] as const)(
  "an upgrade that is %s has no summary",
  (state) => {
    expect(summaryOf({ upgrade: record(state, { finishedAt }) }, undefined, {})).toBeUndefined();
  },
);

it("no upgrade has none", () => {
  expect(summaryOf({}, undefined, undefined)).toBeUndefined();
});
