/** @module-tag long */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ACTS, play } from "../../examples/demo/acts";
import { Narrator } from "../../examples/demo/narrator";
import { openOceanBase } from "../../examples/demo/oceanbase";
import { parseOptions, SYSTEMS } from "../../examples/demo/options";
import type { Stage } from "../../examples/demo/stage";
import { blocksOf, page, ROOT } from "./pages";
import { squeezed } from "./previews";

/** The demo, whose acts fail when they do not show what they say, and the lines of a run that pages show. */

const dir = mkdtempSync(join(tmpdir(), "demo-"));
const log = join(dir, "engine.log");
const narrated: string[] = [];
let printed: readonly string[];

beforeAll(async () => {
  const stage = await openOceanBase();
  try {
    await play(ACTS, stage, new Narrator(log, (line) => void narrated.push(line)), dir);
  } finally {
    await stage.close();
  }
  printed = readFileSync(log, "utf8").split("\n").map(timeless);
}, 400_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

describe("the demo", () => {
  it("has at most 120 lines of at most 100 columns", () => {
    expect(narrated.length).toBeLessThanOrEqual(116); // and the four lines around the acts
    expect(narrated.filter((line) => line.length > 100)).toEqual([]);
  });

  it("has a heading and a paragraph for each act, and what the engine says of it", () => {
    for (const { title } of ACTS) {
      const at = narrated.indexOf(title);
      expect(at, title).toBeGreaterThan(0);
      expect(narrated[at + 1]?.length, title).toBeGreaterThan(40);
    }
    for (const shown of [
      /^ {2}\+ orders .*4\.2\.1\.8 → 4\.3\.5\.2, rolling over 3 zones$/,
      /^ {2}\+ orders .*\d+%/,
      /^ {2}no changes$/,
      /^ {2}~ orders /,
      /\[interrupted\]$/,
      /joins running upgrade/,
      /no space left on device/,
      /databases\.html$/,
    ]) {
      expect(narrated.filter((line) => shown.test(line)).length, String(shown)).toBeGreaterThan(0);
    }
  });

  it.each([
    ["plan", "no plan"],
    ["no-op", "sent a request"],
    ["drift", "found no drift"],
    ["interruption", "succeeded"],
    ["failure", "was not reported"],
  ])("fails in the act %s when it does not show what it says", async (name, reason) => {
    const acts = ACTS.filter((act) => act.name === name);
    const narrator = new Narrator(join(dir, "idle.log"), () => {});
    await expect(Promise.all(acts.map((act) => act.play(idle(), narrator, dir)))).rejects.toThrow(reason);
  });

  it("takes a system, an act, or everything", () => {
    const acts = ACTS.map(({ name }) => name);
    expect(parseOptions([])).toEqual({ help: false, systems: ["oceanbase"], acts });
    expect(parseOptions(["--system", "taurusdb", "--act", "drift"])).toEqual({
      help: false,
      systems: ["taurusdb"],
      acts: ["drift"],
    });
    expect(parseOptions(["--full"]).systems).toEqual(SYSTEMS);
    expect(parseOptions(["--act", "estates"])).toEqual({ help: false, systems: [], acts: ["estates"] });
    expect(() => parseOptions(["--act", "estates", "--full"])).toThrow("uses all systems; omit --system and --full");
    expect(() => parseOptions(["--system", "mysql"])).toThrow('"mysql" is not one of oceanbase, taurusdb');
    expect(() => parseOptions(["--act", "dance"])).toThrow('"dance" is not one of plan, upgrade');
    expect(() => parseOptions(["--nothing"])).toThrow("Unknown option");
  });

  it("ends with 1 for options that it does not know, and explains them on --help", { timeout: 60_000 }, () => {
    const demo = (option: string) =>
      spawnSync(process.execPath, ["--import", "tsx", join(ROOT, "examples", "demo.ts"), option], {
        cwd: ROOT,
        encoding: "utf8",
      });
    expect(demo("--nothing")).toMatchObject({ status: 1, stdout: "" });
    expect(demo("--help")).toMatchObject({ status: 0, stdout: expect.stringMatching(/^usage: npm run demo/) });
  });
});

/** A stage where nothing ever happens. */
function idle(): Stage {
  const run = { ok: true, output: "", changes: {}, steps: [], diagnostics: [], outputs: {}, durationMs: 0 };
  const operation = () =>
    Object.assign(Promise.resolve(run), {
      cancel: () => {},
      kill: async () => {},
      killPlugin: async () => 0,
      plugins: async () => [],
      seen: async () => "",
    });
  return {
    title: "",
    engine: {
      name: "idle",
      dir,
      preview: operation,
      up: operation,
      refresh: operation,
      destroy: operation,
      exportState: async () => ({ version: 3, deployment: { manifest: {} } }),
      configure: async () => {},
      importState: async () => {},
      unlock: async () => {},
      close: async () => {},
    },
    resource: "orders",
    target: "4.3.5.2",
    upgrades: () => 0,
    requests: () => 1,
    forget: () => {},
    setBack: () => "",
    hold: () => {},
    held: /held/,
    release: () => {},
    fail: () => "the vendor's reason",
    repair: () => "",
    close: async () => {},
  };
}

/** Lines of an engine in the blocks of a page that have no language. */
function shownOn(path: string): string[] {
  return blocksOf(page(path))
    .filter(({ language }) => language === "")
    .flatMap(({ text }) => text.split("\n"))
    .filter((line) => /^ [+~-] |^\* /.test(line));
}

describe("the lines that are shown on", () => {
  it.each([
    ["examples/oceanbase/README.md", 2],
    ["docs/guides/drift.md", 3],
    ["docs/guides/interrupted-runs.md", 1],
  ])("%s are of a real run, but for what depends on time", (path, count) => {
    const told = shownOn(path);
    expect(told).toHaveLength(count);
    expect(told.filter((line) => !printed.includes(timeless(line)))).toEqual([]);
  });
});

/** Ports are the system's, tasks are numbered; what stands behind a step that is done differs between the engines. */
function timeless(line: string): string {
  return squeezed(line)
    .replace(/ \(\d+(\.\d+)?s\)/, "")
    .replace(/( (?:created|updated)(?: \[diff: [^\]]*\])?).*/, "$1")
    .replace(/127\.0\.0\.1:\d+/, "127.0.0.1:port");
}
