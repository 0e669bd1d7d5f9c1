/** @module-tag long */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ACTS, play } from "../../examples/demo/acts";
import { playEstates } from "../../examples/demo/estates/play";
import { readsOf, type Step, writesOf } from "../../examples/demo/estates/steps";
import { INSTANCES } from "../../examples/demo/estates/systems";
import { Narrator } from "../../examples/demo/narrator";
import { openOceanBase } from "../../examples/demo/oceanbase";
import { parseOptions, SYSTEMS } from "../../examples/demo/options";
import type { Stage } from "../../examples/demo/stage";
import { blocksOf, page, ROOT } from "./pages";
import { squeezed } from "./previews";

/** A stage whose operations have no effect. */
function idle(dir: string): Stage {
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

/** Removes what differs between runs and engines: times, ports, and text after a completed step. */
function withoutRunDetails(line: string): string {
  return squeezed(line)
    .replace(/ \(\d+(\.\d+)?s\)/, "")
    .replace(/( (?:created|updated)(?: \[diff: [^\]]*\])?).*/, "$1")
    .replace(/127\.0\.0\.1:\d+/, "127.0.0.1:port");
}

/** The acts of the demo fail if they do not show what they describe. Pages show lines of its engine output. */
describe("npm run demo", () => {
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
    printed = readFileSync(log, "utf8").split("\n").map(withoutRunDetails);
  }, 400_000);
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  describe("the demo", () => {
    it("has at most 120 lines of at most 100 columns", () => {
      expect(narrated.length).toBeLessThanOrEqual(116); // and the four lines around the acts
      expect(narrated.filter((line) => line.length > 100)).toEqual([]);
    });

    it("has a heading and a paragraph for each act, and the engine's output", () => {
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
    ])("fails in the act %s if the act does not show what it describes", async (name, reason) => {
      const acts = ACTS.filter((act) => act.name === name);
      const narrator = new Narrator(join(dir, "idle.log"), () => {});
      await expect(Promise.all(acts.map((act) => act.play(idle(dir), narrator, dir)))).rejects.toThrow(reason);
    });

    it("accepts a system, an act, or everything", () => {
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

    it("exits with 1 for unknown options, and prints its usage with --help", { timeout: 60_000 }, () => {
      const demo = (option: string) =>
        spawnSync(process.execPath, ["--import", "tsx", join(ROOT, "examples", "demo.ts"), option], {
          cwd: ROOT,
          encoding: "utf8",
        });
      expect(demo("--nothing")).toMatchObject({ status: 1, stdout: "" });
      expect(demo("--help")).toMatchObject({ status: 0, stdout: expect.stringMatching(/^usage: npm run demo/) });
    });
  });

  describe("the engine output on pages", () => {
    it.each([
      ["examples/oceanbase/README.md", 2],
      ["docs/guides/drift.md", 3],
      ["docs/guides/interrupted-runs.md", 1],
    ])("of %s is that of a real run, except for times", (path, count) => {
      const shown = shownOn(path);
      expect(shown).toHaveLength(count);
      expect(shown.filter((line) => !printed.includes(withoutRunDetails(line)))).toEqual([]);
    });
  });
});

/** `discover taurusdb --write ts`, `pulumi preview`; the same step of both programs has one name. */
function nameOf({ command }: Step): string {
  const [, operation] = /^pulumi -C \w+ (\w+)/.exec(command) ?? [];
  if (operation !== undefined) return `pulumi ${operation}`;
  const [, verb = "", system = ""] = command.split(" ");
  return [verb, system, ...(/--write \w+|old\.pem/.exec(command) ?? [])].join(" ");
}

/** The act fails if it does not show what it describes. The guide contains its numbers. */
describe("npm run demo -- --act estates", () => {
  const dir = mkdtempSync(join(tmpdir(), "estates-"));
  const narrated: string[] = [];
  let steps: readonly Step[];

  beforeAll(async () => {
    const narrator = new Narrator(join(dir, "engine.log"), (line) => void narrated.push(line));
    steps = await playEstates(narrator, join(dir, "databases"));
  }, 600_000);
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  /** The steps whose commands begin with this text. */
  function stepsOf(start: string): readonly Step[] {
    return steps.filter(({ command }) => command.startsWith(start));
  }

  function outputOf(start: string): string {
    return stepsOf(start)
      .map(({ output }) => output.replaceAll(/\s+/g, " "))
      .join("\n");
  }

  describe("the act from an empty directory to managed databases", () => {
    it("has about 150 lines of at most 100 columns", () => {
      expect(narrated.length).toBeLessThanOrEqual(155);
      expect(narrated.filter((line) => line.length > 100)).toEqual([]);
    });

    it("shows time and requests of every command, without writes", () => {
      const measured = narrated.filter((line) =>
        /^ {2}\((exit code \d · )?\d+\.\d s · \d+ reads, 0 writes\)$/.test(line),
      );
      expect(measured).toHaveLength(steps.length);
      expect(writesOf(steps)).toBe(0);
    });

    it("exits commands with 1 only if there are problems", () => {
      const failed = steps.flatMap(({ command, code = 0 }) => (code === 0 ? [] : [`${code} ${command}`]));
      expect(failed).toEqual([
        "1 pulumi-dbversion doctor redis-enterprise $CACHE --ca-certificate old.pem | tail -12",
        "1 pulumi-dbversion doctor oceanbase $ORDERS | tail -14",
      ]);
    });

    it("lists the databases", () => {
      expect(outputOf("pulumi-dbversion discover oceanbase $ORDERS")).toMatch(
        /orders oceanbase\.ClusterVersion .* blocked 1 /,
      );
      expect(outputOf("pulumi-dbversion discover taurusdb $SHOPS | head")).toMatch(/db1 taurusdb\.KernelVersion /);
      expect(outputOf("pulumi-dbversion discover redis-enterprise")).toMatch(
        /sessions redisenterprise\.DatabaseVersion /,
      );
    });

    it("previews no upgrades, adopts the databases, and then has no changes", () => {
      const plans = narrated.filter((line) => line.startsWith("  + "));
      expect(plans).toHaveLength(9);
      expect(plans.filter((line) => !/ already at [\w. ]+$/.test(line))).toEqual([]);
      expect(narrated.filter((line) => line === "  no changes")).toHaveLength(2);
      expect(
        stepsOf("pulumi -C")
          .slice(-2)
          .map((step) => readsOf([step])),
      ).toEqual([0, 0]);
    });

    it.each([
      [
        "the wrong CA",
        "redis-enterprise $CACHE --ca-certificate old.pem",
        /✗ TLS: the certificate is not trusted .*→ The file given as --ca-certificate .* contains neither this certificate nor the CA that signed it\. Set it to one that does\./,
      ],
      [
        "the failed task",
        "oceanbase $ORDERS",
        /✗ orders .* maintenance task 11 \(Scale out\) failed and keeps the lock\. → .*`obshell task retry -i 11` or `obshell task rollback -i 11`/,
      ],
      ["nothing against an upgrade of TaurusDB", "taurusdb $SHOPS", /db451.* and 45 more .* no problems $/],
      ["no problem with the right CA", "redis-enterprise $CACHE --ca-certificate ca.pem", / no problems $/],
    ])("reports with doctor: %s", (_, start, finding) => {
      expect(outputOf(`pulumi-dbversion doctor ${start}`)).toMatch(finding);
    });

    it("reads instances in pages of 100 and details in groups of 20, and requests each instance twice", () => {
      const each = INSTANCES / 2;
      const bound = 2 * (2 * each + Math.ceil(each / 20) + Math.ceil(each / 100));
      const cloud = [...stepsOf("pulumi-dbversion discover taurusdb"), ...stepsOf("pulumi-dbversion doctor taurusdb")];
      expect(cloud).toHaveLength(3);
      for (const step of cloud) {
        // Lists of tasks, and the StarRocks instance.
        expect(readsOf([step]), step.command).toBeLessThanOrEqual(bound + 20);
        expect(readsOf([step]), step.command).toBeGreaterThanOrEqual(bound);
      }
    });
  });

  describe("the guide to the command line", () => {
    it("has the number of requests of every step", () => {
      const rows = [...page("docs/guides/command-line.md").text.matchAll(/^\| `([^`]+)` \|.*\| (\d+) \| \d+ s \|$/gm)];
      const shown = rows.map(([, command = "", requests = ""]) => [command, Number(requests)] as const);
      const counts: [string, number][] = [];
      for (const step of steps) {
        const last = counts.at(-1);
        if (last?.[0] === nameOf(step)) last[1] += readsOf([step]);
        else counts.push([nameOf(step), readsOf([step])]);
      }
      expect(shown.map(([name]) => name)).toEqual(counts.map(([name]) => name));
      // On a slow machine resources share fewer reads.
      const far = counts.filter(([, count], at) => Math.abs(count - (shown[at]?.[1] ?? 0)) > count / 10);
      expect(far).toEqual([]);
    });
  });
});
