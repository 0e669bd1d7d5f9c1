import { describe, expect, it } from "vitest";
import { type LogLine, reporterFor } from "../../provider/frontend/resource/log";
import { rig as obshell } from "../oceanbase/rig";
import { VirtualClock } from "../support/virtual-clock";
import { kernelRig } from "../taurusdb/kernel-rig";
import { Checkpoint } from "./local/checkpoint";
import { EMPTY_GOAL, newState } from "./local/new-state";
import type { ResourceState, Snapshot } from "./local/state";
import { drawTree, infoSeen, type Size, type TreeRow } from "./local/tree";
import { Secret } from "./local/value";

const TYPE = "pulumi-nodejs:dynamic/trial:Thing";

function thing(change: Partial<ResourceState> = {}): ResourceState {
  const urn = `urn:pulumi:dev::shop::${TYPE}::thing`;
  const state = newState(urn, { ...EMPTY_GOAL, type: TYPE, name: "thing", custom: true }, undefined);
  return { ...state, id: "1", inputs: { a: [1] }, outputs: { a: [1], b: new Secret("x") }, ...change };
}

function opened(...resources: ResourceState[]) {
  const written: Snapshot[] = [];
  const checkpoint = new Checkpoint({ resources, pendingOperations: [] }, (snapshot) => written.push(snapshot));
  return { checkpoint, written };
}

describe("the checkpoint of an unchanged resource", () => {
  it("is written only at the end if its state is the same", () => {
    const [old, current] = [thing(), thing({ initErrors: ["advisory"], inputs: { a: [1], none: null } })];
    const { checkpoint, written } = opened(old);
    checkpoint.keep(old, current);
    expect(written).toEqual([]);
    checkpoint.flush();
    checkpoint.flush();
    expect(written.map(({ resources }) => resources)).toEqual([[current]]);
  });

  it("is written together with the next changed resource, and not again", () => {
    const [old, other] = [thing(), thing({ urn: "other" })];
    const { checkpoint, written } = opened(old, other);
    checkpoint.keep(old, thing());
    checkpoint.keep(other, thing({ urn: "other", protect: true }));
    expect(written.map(({ resources }) => resources.length)).toEqual([2]);
    checkpoint.flush();
    expect(written).toHaveLength(1);
  });

  it.each<[string, Partial<ResourceState>]>([
    ["an input", { inputs: { a: [2] } }],
    ["an output", { outputs: { a: [1], b: new Secret("y") } }],
    ["a secret marker", { outputs: { a: [1], b: "x" } }],
    ["the provider", { provider: "urn::id" }],
    ["the parent", { parent: "urn" }],
    ["its protection", { protect: true }],
    ["a dependency", { dependencies: ["urn"] }],
    ["a time limit", { customTimeouts: { create: 1, update: 0, delete: 0, read: 0 } }],
    ["retainOnDelete", { retainOnDelete: true }],
    ["deletedWith", { deletedWith: "urn" }],
  ])("is written immediately if it differs in %s", (_, change) => {
    const old = thing();
    const { checkpoint, written } = opened(old);
    checkpoint.keep(old, thing(change));
    expect(written).toHaveLength(1);
  });

  it("is not written for another order of dependencies", () => {
    const old = thing({ dependencies: ["a", "b"] });
    const { checkpoint, written } = opened(old);
    checkpoint.keep(old, thing({ dependencies: ["b", "a"] }));
    expect(written).toEqual([]);
  });
});

/** Terminals, and the number of characters of progress that the CLI shows in each: none at 80 columns. */
const SIZES = [
  [{ columns: 80, rows: 24 }, 0],
  [{ columns: 120, rows: 40 }, 31],
  [{ columns: 200, rows: 50 }, 111],
] as const;

const STACK = {
  sign: "+",
  type: "pulumi:pulumi:Stack",
  name: "shop-dev",
  status: "creating (10s)...",
  info: "",
  depth: 0,
};

/** The tree while one resource is upgraded. */
function tree(type: string, info: string, size: Size): string[] {
  const row = { sign: "+", type: `pulumi-nodejs:dynamic/${type}`, name: "orders", status: "creating (7s)..", info };
  return drawTree([STACK, { ...row, depth: 1 }], size);
}

/** The visible part of a progress line in a terminal. */
function seen(type: string, info: string, size: Size): string {
  const [header = "", , line = ""] = tree(type, info, size);
  return infoSeen(line, header);
}

const ephemeralLines = (lines: readonly LogLine[]) =>
  lines.filter(({ ephemeral }) => ephemeral).map(({ message }) => message);

async function ofOceanBase(): Promise<string[]> {
  const { lifecycle, inputs, lines } = obshell();
  await lifecycle.create(inputs());
  return ephemeralLines(lines);
}

async function ofKernels(): Promise<string[]> {
  const { lifecycle, inputs, lines } = kernelRig({ instances: 8 });
  await lifecycle.create(inputs());
  return ephemeralLines(lines);
}

describe.each(SIZES)("a terminal of %j", (size, width) => {
  it("shows percentage and stage of an upgrade in stages first", async () => {
    const lines = await ofOceanBase();
    const stages = lines.filter((line) => /^\d+% \d+\/30/.test(line));
    expect(stages.length).toBeGreaterThan(20);
    for (const line of stages) {
      const text = seen("oceanbase:ClusterVersion", line, size);
      expect(text.length).toBeLessThanOrEqual(Math.max(width, line.length));
      if (width > 0) expect(text).toMatch(/^\d+% \d+\/30 [A-Z][a-z]+/);
      else expect(text).toBe("");
    }
  });

  it("shows the number of finished units of a fleet first", async () => {
    const lines = (await ofKernels()).filter((line) => line.includes(" done"));
    expect(lines.length).toBeGreaterThan(2);
    const texts = lines.map((line) => seen("taurusdb:KernelVersion", line, size));
    if (width === 0) expect(new Set(texts)).toEqual(new Set([""]));
    else for (const text of texts) expect(text).toMatch(/^\d+% \d of 8 done/);
  });

  it("shows that the server is unreachable, and for how long", async () => {
    const lines: LogLine[] = [];
    const clock = new VirtualClock();
    const log = { write: (line: LogLine) => void lines.push(line), flush: async () => undefined };
    const rhythm = { change: 0, repeat: 0 };
    const { report } = reporterFor({ log, urn: "", clock, rhythm, redact: (text) => text });
    report({
      message: "no response",
      unreachableFor: 40_000,
      detail: "retrying: http://10.0.0.1:2886: connection refused",
    });
    const [line = ""] = ephemeralLines(lines);
    expect(line).toBe("no response for 40 s · retrying: http://10.0.0.1:2886: connection refused");
    expect(seen("oceanbase:ClusterVersion", line, size)).toMatch(width > 0 ? /^no response for 40 s/ : /^$/);
  });

  it("shows different progress lines differently within its width", async () => {
    const lines = [...new Set((await ofOceanBase()).map((line) => line.replace(/ · .*$/, "")))];
    const texts = lines.map((line) => seen("oceanbase:ClusterVersion", line, size));
    expect(lines.length).toBeGreaterThan(20);
    expect(new Set(texts).size).toBe(width > 0 ? lines.length : 1);
  });

  it("never gets a wider line or more lines than fit", () => {
    const rows: TreeRow[] = [
      STACK,
      ...Array.from({ length: 60 }, () => ({ ...STACK, info: "x".repeat(300), depth: 1 })),
    ];
    const drawn = drawTree(rows, size);
    expect(Math.max(...drawn.map((line) => line.length))).toBeLessThan(size.columns);
    expect(drawn.length).toBeLessThan(size.rows);
  });
});

/** As the Pulumi CLI 3.260 draws it, in tmux. */
it.each([
  [
    { columns: 80, rows: 24 },
    [
      "     Type                                               Name      Status",
      " +   pulumi:pulumi:Stack                                shop-dev  creating (10s",
      " +   └─ pulumi-nodejs:dynamic/oceanbase:ClusterVersion  orders    creating (7s)",
    ],
  ],
  [
    { columns: 120, rows: 40 },
    [
      "     Type                                               Name      Status             Info",
      " +   pulumi:pulumi:Stack                                shop-dev  creating (10s)...",
      " +   └─ pulumi-nodejs:dynamic/oceanbase:ClusterVersion  orders    creating (7s)..    63% 20/30 Reinstall and restart ob",
    ],
  ],
  [
    { columns: 200, rows: 50 },
    [
      "     Type                                               Name      Status             Info",
      " +   pulumi:pulumi:Stack                                shop-dev  creating (10s)...",
      " +   └─ pulumi-nodejs:dynamic/oceanbase:ClusterVersion  orders    creating (7s)..    63% 20/30 Reinstall and restart observer · 5 s",
    ],
  ],
])("drawTree draws the tree for %j", (size, lines) => {
  expect(tree("oceanbase:ClusterVersion", "63% 20/30 Reinstall and restart observer · 5 s", size)).toEqual(lines);
});
