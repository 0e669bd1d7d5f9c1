import { describe, expect, it } from "vitest";
import type { DynamicProvider } from "../../provider/frontend/dynamic/dynamic-provider";
import { type LogLine, type Rhythm, reporterFor, rhythmHere } from "../../provider/frontend/resource/log";
import { rig as oceanbase } from "../oceanbase/rig";
import { rig as redis } from "../redisenterprise/rig";
import { VirtualClock } from "../support/virtual-clock";
import { kernelRig } from "../taurusdb/kernel-rig";
import { rig as starRocks } from "../taurusdb/rig";

const URN = "urn:pulumi:dev::shop::x::orders";

function setUp(rhythm: Rhythm = { change: 1_000, repeat: 10_000 }) {
  const lines: LogLine[] = [];
  const clock = new VirtualClock();
  const news = reporterFor({
    log: { write: (line) => lines.push(line), flush: async () => undefined },
    urn: URN,
    clock,
    rhythm,
    redact: (text) => text.replaceAll("hunter2", "[secret]"),
  });
  return { ...news, clock, lines, texts: () => lines.map((line) => line.message) };
}

describe("a permanent message", () => {
  it("is logged for the resource, with its severity", () => {
    const { inform, warn, lines } = setUp();
    inform("started");
    warn("newer");
    expect(lines).toEqual([
      { severity: "INFO", urn: URN, message: "started", ephemeral: false },
      { severity: "WARNING", urn: URN, message: "newer", ephemeral: false },
    ]);
  });

  it("is never dropped, even if many follow each other immediately", () => {
    const { inform, texts } = setUp();
    for (let i = 0; i < 5; i++) inform("same");
    expect(texts()).toHaveLength(5);
  });
});

describe("progress", () => {
  it("is logged as an ephemeral message", () => {
    const { report, lines } = setUp();
    report({ message: "stage 2/9" });
    expect(lines).toEqual([{ severity: "INFO", urn: URN, message: "stage 2/9", ephemeral: true }]);
  });

  it("has its percentage and the elapsed time", async () => {
    const { report, clock, texts } = setUp();
    report({ message: "stage 2/9", percent: 0 });
    await clock.sleep(90_000);
    report({ message: "stage 3/9", percent: 22 });
    await clock.sleep(10_000);
    report({ message: "checking" });
    expect(texts()).toEqual(["0% stage 2/9", "22% stage 3/9 · 1 min 30 s", "checking · 1 min 40 s"]);
  });

  it("ends with the time since the last change, in whole minutes", async () => {
    const { report, clock, texts } = setUp();
    await clock.sleep(20 * 60_000);
    report({ message: "2/9 Download", percent: 11, still: 9 * 60_000 + 30_000 });
    expect(texts()).toEqual(["11% 2/9 Download · 20 min · no progress for 9 min"]);
  });

  it("is throttled if it changes", async () => {
    const { report, clock, texts } = setUp();
    report({ message: "one" });
    report({ message: "two" });
    await clock.sleep(999);
    report({ message: "three" });
    await clock.sleep(1);
    report({ message: "four" });
    expect(texts()).toEqual(["one", "four · 1 s"]);
  });

  it("is repeated only after a longer time if it does not change", async () => {
    const { report, clock, texts } = setUp();
    for (let i = 0; i <= 20; i++) {
      report({ message: "same" });
      await clock.sleep(1_000);
    }
    expect(texts()).toEqual(["same", "same · 10 s", "same · 20 s"]);
  });

  it("that was dropped is logged with the next report", async () => {
    const { report, clock, texts } = setUp();
    report({ message: "one" });
    report({ message: "two" });
    await clock.sleep(1_000);
    report({ message: "two" });
    expect(texts()).toEqual(["one", "two · 1 s"]);
  });
});

it("redacts secrets", () => {
  const { report, inform, warn, texts } = setUp({ change: 0, repeat: 0 });
  report({ message: "a hunter2" });
  inform("b hunter2");
  warn("c hunter2");
  expect(texts()).toEqual(["a [secret]", "b [secret]", "c [secret]"]);
});

describe("the interval", () => {
  it.each([{ CI: "true" }, { CI: "1" }, { TERM: "dumb" }])("is longer with %j than in a terminal", (env) => {
    const { change, repeat } = rhythmHere(env);
    expect(change).toBeGreaterThanOrEqual(1_000);
    expect(repeat).toBeGreaterThanOrEqual(30_000);
  });
});

interface Hung {
  readonly lifecycle: DynamicProvider;
  readonly lines: readonly LogLine[];
  readonly inputs: Record<string, unknown>;
}

/** A run of each type whose upgrade never ends, the beginning of its progress line, and its hint. */
const TYPES: readonly (readonly [string, () => Hung, RegExp, RegExp])[] = [
  [
    "oceanbase:ClusterVersion",
    () => {
      const { lifecycle, lines, inputs, cluster } = oceanbase();
      cluster.control.hang({ stage: "Execute upgrade pre script" });
      return { lifecycle, lines, inputs: inputs() };
    },
    /^37% 12\/30 Execute upgrade pre script · /,
    /`obshell task show -i 11 -d`/,
  ],
  [
    "redisenterprise:ModuleVersions",
    () => {
      const { lifecycle, lines, modules, cluster } = redis();
      cluster.control.hang();
      return { lifecycle, lines, inputs: modules() };
    },
    /^\d+% SMUpgradeBDB: \w+ · /,
    /`rladmin cluster running_actions`/,
  ],
  [
    "taurusdb:KernelVersion",
    () => {
      const { lifecycle, lines, inputs, cloud } = kernelRig();
      cloud.control.hang({ percent: 5 });
      return { lifecycle, lines, inputs: inputs() };
    },
    /^5% /,
    /console/,
  ],
  [
    "taurusdb:StarRocksVersion",
    () => {
      const { lifecycle, lines, inputs, cloud } = starRocks();
      cloud.control.hang({ percent: 5 });
      return { lifecycle, lines: lines ?? [], inputs: inputs() };
    },
    /^5% /,
    /console/,
  ],
];

describe.each(TYPES)("an upgrade of %s that hangs", (_, begin, start, where) => {
  it("is shown with the time since its last change, and once with a hint where to look", async () => {
    const { lifecycle, lines, inputs } = begin();
    const failure: unknown = await lifecycle
      .create({ ...inputs, __timeouts: { create: "12m" } })
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    const passing = lines.filter(({ ephemeral }) => ephemeral).map(({ message }) => message);
    const stalled = passing.filter((line) => line.includes("no progress for"));
    expect(stalled.length).toBeGreaterThan(3);
    for (const line of stalled) expect(line).toMatch(start);
    expect(stalled.some((line) => /no progress for (8|9) min$/.test(line))).toBe(true);
    expect(stalled.every((line) => !line.includes("no progress for 1 min"))).toBe(true);
    const hints = lines.filter(({ ephemeral, message }) => !ephemeral && message.includes("no progress for 5 min"));
    expect(hints).toHaveLength(1);
    expect(hints[0]?.message).toMatch(where);
  });
});
