/** @module-tag long */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { playEstates } from "../../examples/demo/estates/play";
import { readsOf, type Step, writesOf } from "../../examples/demo/estates/steps";
import { INSTANCES } from "../../examples/demo/estates/systems";
import { Narrator } from "../../examples/demo/narrator";
import { page } from "./pages";

/** `npm run demo -- --act estates`, which fails when it does not show what it says, and the numbers that the guide has of it. */

const dir = mkdtempSync(join(tmpdir(), "estates-"));
const narrated: string[] = [];
let steps: readonly Step[];

beforeAll(async () => {
  const narrator = new Narrator(join(dir, "engine.log"), (line) => void narrated.push(line));
  steps = await playEstates(narrator, join(dir, "databases"));
}, 600_000);
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** The steps whose commands begin so. */
function stepsOf(start: string): readonly Step[] {
  return steps.filter(({ command }) => command.startsWith(start));
}

function outputOf(start: string): string {
  return stepsOf(start)
    .map(({ output }) => output.replaceAll(/\s+/g, " "))
    .join("\n");
}

describe("from an empty directory to managed databases", () => {
  it("is shown in about 150 lines of at most 100 columns", () => {
    expect(narrated.length).toBeLessThanOrEqual(155);
    expect(narrated.filter((line) => line.length > 100)).toEqual([]);
  });

  it("shows seconds and requests of every command, none of them a write", () => {
    const measured = narrated.filter((line) =>
      /^ {2}\((exit code \d · )?\d+\.\d s · \d+ reads, 0 writes\)$/.test(line),
    );
    expect(measured).toHaveLength(steps.length);
    expect(writesOf(steps)).toBe(0);
  });

  it("ends commands with 1 where there are problems, and only there", () => {
    const failed = steps.flatMap(({ command, code = 0 }) => (code === 0 ? [] : [`${code} ${command}`]));
    expect(failed).toEqual([
      "1 pulumi-dbversion doctor redis-enterprise $CACHE --ca-certificate old.pem | tail -12",
      "1 pulumi-dbversion doctor oceanbase $ORDERS | tail -14",
    ]);
  });

  it("lists what there is", () => {
    expect(outputOf("pulumi-dbversion discover oceanbase $ORDERS")).toMatch(
      /orders oceanbase\.ClusterVersion .* blocked 1 /,
    );
    expect(outputOf("pulumi-dbversion discover taurusdb $SHOPS | head")).toMatch(/db1 taurusdb\.KernelVersion /);
    expect(outputOf("pulumi-dbversion discover redis-enterprise")).toMatch(
      /sessions redisenterprise\.DatabaseVersion /,
    );
  });

  it("previews no upgrade, adopts, and has no changes then", () => {
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
  ])("has doctor find %s", (_, start, finding) => {
    expect(outputOf(`pulumi-dbversion doctor ${start}`)).toMatch(finding);
  });

  it("reads instances by pages of 100 and details by 20, and asks each instance twice", () => {
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
  it("has the requests of every step", () => {
    const rows = [...page("docs/guides/command-line.md").text.matchAll(/^\| `([^`]+)` \|.*\| (\d+) \| \d+ s \|$/gm)];
    const shown = rows.map(([, command = "", requests = ""]) => [command, Number(requests)] as const);
    const counts: [string, number][] = [];
    for (const step of steps) {
      const last = counts.at(-1);
      if (last?.[0] === nameOf(step)) last[1] += readsOf([step]);
      else counts.push([nameOf(step), readsOf([step])]);
    }
    expect(shown.map(([name]) => name)).toEqual(counts.map(([name]) => name));
    // On a slow machine two resources share fewer reads.
    const far = counts.filter(([, count], at) => Math.abs(count - (shown[at]?.[1] ?? 0)) > count / 10);
    expect(far).toEqual([]);
  });
});

/** `discover taurusdb --write ts`, `pulumi preview`; those of both programs count as one. */
function nameOf({ command }: Step): string {
  const [, operation] = /^pulumi -C \w+ (\w+)/.exec(command) ?? [];
  if (operation !== undefined) return `pulumi ${operation}`;
  const [, verb = "", system = ""] = command.split(" ");
  return [verb, system, ...(/--write \w+|old\.pem/.exec(command) ?? [])].join(" ");
}
