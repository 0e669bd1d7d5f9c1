import { existsSync, globSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { PRINTED } from "../base/printed";
import { MUTATIONS, REPLACEMENTS } from "../hostile/mutations";
import { formsOf } from "../secrets/canary";
import { ECHOES } from "../secrets/echo";
import { RESOURCE_TYPES, titleOf } from "../systems";
import { anchorsOf, localLinksOf, namesIn, type Page, page, pages, ROOT, rowsOf, scriptsIn } from "./pages";

/** Files for contributors and for the services of the repository. */

const text = (path: string) => readFileSync(join(ROOT, path), "utf8");
const manifest = z
  .looseObject({
    version: z.string(),
    engines: z.object({ node: z.string() }),
    scripts: z.record(z.string(), z.string()),
    homepage: z.string(),
    bugs: z.string(),
    repository: z.object({ type: z.literal("git"), url: z.string() }),
  })
  .parse(JSON.parse(text("package.json")));
const TYPES = [...text("README.md").matchAll(/^\| \[`([\w.]+)`\]/gm)].map(([, type]) => type);

describe("CONTRIBUTING.md", () => {
  const listed = rowsOf(page("CONTRIBUTING.md"), "command").flatMap(([cell = ""]) =>
    namesIn(cell).flatMap((name) => scriptsIn(name)),
  );

  it("lists exactly the scripts of the manifest", () => {
    expect([...listed].sort()).toEqual(Object.keys(manifest.scripts).sort());
  });

  it("describes commands of the README as the README does", () => {
    const ours = new Map(rowsOf(page("CONTRIBUTING.md"), "command").map(([command, what]) => [command, what]));
    const readmeRows = rowsOf(page("README.md"), "command");
    expect(readmeRows.length).toBeGreaterThan(3);
    const scripts = readmeRows.flatMap(([cell = ""]) => namesIn(cell).flatMap(scriptsIn));
    expect(scripts.filter((script) => !listed.includes(script))).toEqual([]);
    const both = readmeRows.filter(([command = ""]) => ours.has(command));
    expect(both.length).toBeGreaterThan(0);
    for (const [command = "", what] of both) expect(what).toBe(ours.get(command)?.split(";")[0]);
  });
});

it("package.json, the pages and the forms name one repository", () => {
  const home = manifest.repository.url.replace(/^git\+|\.git$/g, "");
  expect(home).toMatch(/^https:\/\/github\.com\/[\w-]+\/pulumi-dbversion$/);
  expect(manifest).toMatchObject({ homepage: `${home}#readme`, bugs: `${home}/issues` });
  const texts = [...pages().map((one) => one.text), text(".github/ISSUE_TEMPLATE/config.yml")];
  const named = texts.flatMap((one) => one.match(/https:\/\/github\.com\/[\w-]+\/pulumi-dbversion\b/g) ?? []);
  expect(named.length).toBeGreaterThan(0);
  expect([...new Set(named)]).toEqual([home]);
});

it("CHANGELOG.md has the current version below the unreleased changes, and names every resource type", () => {
  const [, version] = /^## (\d\S*)/m.exec(text("CHANGELOG.md")) ?? [];
  expect(version).toBe(manifest.version);
  expect([...TYPES].sort()).toEqual(RESOURCE_TYPES.map(titleOf).sort());
  expect(TYPES.filter((type) => !text("CHANGELOG.md").includes(`\`${type}\``))).toEqual([]);
});

it("the form for bug reports offers every resource type", () => {
  const form = z.object({ body: z.array(z.looseObject({ id: z.string().optional(), attributes: z.unknown() })) });
  const { body } = form.parse(parse(text(".github/ISSUE_TEMPLATE/fault.yml")));
  const options = z.looseObject({ options: z.array(z.string()) });
  const offered = options.parse(body.find(({ id }) => id === "resource")?.attributes).options;
  expect(offered.slice(0, -1).sort()).toEqual([...TYPES].sort());
});

describe("docs/reliability.md", () => {
  const reliability = page("docs/reliability.md");
  /** Whether a file, a folder or a pattern has test files that are not long. */
  const isShort = (name: string) =>
    globSync(`test/${name.replace(/\/$/, "/**/*.test.ts")}`, { cwd: ROOT }).some(
      (path) => path.endsWith(".test.ts") && !path.endsWith(".long.test.ts"),
    );

  it("names a test of `npm test` for every guarantee", () => {
    const guarantees = rowsOf(reliability, "guarantee");
    expect(guarantees).toHaveLength(12);
    const untested = guarantees.filter(([, , tests = ""]) => !namesIn(tests).some(isShort));
    expect(untested.map(([guarantee]) => guarantee)).toEqual([]);
  });

  it.each([
    [
      "kinds of refusals that repeat secrets",
      ECHOES.flatMap(({ echoes }) => echoes).length,
      (count: number) => `in ${count} kinds of refusals`,
    ],
    [
      "hostile responses",
      Object.keys({ ...MUTATIONS, ...REPLACEMENTS }).length,
      (count: number) => `| ${count} responses for each type`,
    ],
  ])("states the number of %s", (_, count, words) => {
    expect(reliability.text).toContain(words(count));
  });

  it("states the number of forms of a secret", () => {
    expect(reliability.text).toContain("repeats every secret in ten forms");
    expect(formsOf("a<b>&c/d+e")).toHaveLength(10);
  });

  it("states the approximate number of forms in which tools print credentials", () => {
    const [, count] = /in about (\d+) forms/.exec(reliability.text) ?? [];
    expect(Math.abs(Object.values(PRINTED).flat().length - Number(count))).toBeLessThan(10);
  });
});

it("files with only long tests have `long` in their name and in their first line", () => {
  const files = globSync("test/**/*.test.ts", { cwd: ROOT });
  const tagged = files.filter((path) => text(path).startsWith("/** @module-tag " + "long */\n"));
  expect(tagged.length).toBeGreaterThan(10);
  expect(tagged.sort()).toEqual(files.filter((path) => path.endsWith(".long.test.ts")).sort());
});

it("the editor settings match those of the formatter", () => {
  const biome = z
    .looseObject({
      formatter: z.looseObject({ indentStyle: z.string(), indentWidth: z.number(), lineWidth: z.number() }),
    })
    .parse(JSON.parse(text("biome.json")));
  const { indentStyle, indentWidth, lineWidth } = biome.formatter;
  const [general = ""] = text(".editorconfig").split(/^\[\*\.md\]/m);
  for (const [key, value] of [
    ["indent_style", indentStyle],
    ["indent_size", indentWidth],
    ["max_line_length", lineWidth],
  ]) {
    expect(general).toContain(`\n${key} = ${value}\n`);
  }
});

const FOLDER = ".github/workflows";

const permissions = z.record(z.string(), z.enum(["read", "write"]));
const step = z.looseObject({ run: z.string().optional(), uses: z.string().optional(), if: z.string().optional() });
const job = z.looseObject({
  needs: z.string().optional(),
  if: z.string().optional(),
  permissions: permissions.optional(),
  "timeout-minutes": z.number(),
  steps: z.array(step),
  strategy: z.looseObject({ matrix: z.record(z.string(), z.array(z.string())) }).optional(),
});
type Job = z.infer<typeof job>;
const workflow = z.looseObject({
  on: z.record(z.string(), z.unknown()),
  permissions,
  jobs: z.record(z.string(), job),
});

const workflowNames = readdirSync(join(ROOT, FOLDER)).sort();
const workflows = new Map(workflowNames.map((name) => [name, workflow.parse(parse(text(`${FOLDER}/${name}`)))]));
const jobs = [...workflows].flatMap(([name, each]) =>
  Object.entries(each.jobs).map(([title, one]): [string, Job] => [`${name} ${title}`, one]),
);
const commandsOf = ({ steps }: Job) => steps.flatMap(({ run = [] }) => run);
const jobsOf = (name: string) => workflows.get(name)?.jobs ?? {};

describe("the workflows", () => {
  it("pin every action to a commit, with the release in a comment", () => {
    const uses = workflowNames.flatMap((name) => text(`${FOLDER}/${name}`).match(/^.*\buses:.*$/gm) ?? []);
    expect(uses.length).toBeGreaterThan(10);
    const pinned = /^ +(- )?uses: [\w.-]+(\/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;
    expect(uses.filter((line) => !pinned.test(line))).toEqual([]);
    const commits = new Map<string, Set<string>>();
    for (const [, owner = "", commit = ""] of uses.map((line) => /uses: ([\w.-]+\/[\w.-]+)\S*@(.*)/.exec(line) ?? [])) {
      commits.set(owner, (commits.get(owner) ?? new Set()).add(commit));
    }
    expect([...commits].filter(([, each]) => each.size > 1)).toEqual([]);
  });

  it("have only the permissions that they need", () => {
    for (const [name, each] of workflows) {
      expect(Object.values(each.permissions), name).not.toContain("write");
      expect(Object.keys(each.on), name).not.toContain("pull_request_target");
    }
    const writes = jobs.flatMap(([name, { permissions = {} }]) =>
      Object.entries(permissions).flatMap(([scope, access]) => (access === "write" ? [`${name}: ${scope}`] : [])),
    );
    expect(writes).toEqual([
      "codeql.yml analyze: security-events",
      "release.yml publish: id-token",
      "release.yml announce: contents",
      "scorecard.yml analyze: id-token",
      "scorecard.yml analyze: security-events",
    ]);
    const kept = jobs.flatMap(([name, { steps }]) =>
      steps
        .filter(({ uses = "", with: given }) => uses.startsWith("actions/checkout@") && !leavesNoToken(given))
        .map(() => name),
    );
    expect(kept).toEqual([]);
    expect(workflowNames.filter((name) => text(`${FOLDER}/${name}`).includes("secrets."))).toEqual([]);
  });

  it("use no input from others in commands", () => {
    expect(jobs.flatMap(([, each]) => commandsOf(each)).filter((command) => command.includes("github."))).toEqual([]);
  });

  it("run scripts, tests and folders that exist", () => {
    const commands = jobs.flatMap(([, each]) => commandsOf(each));
    expect(commands.flatMap(scriptsIn).filter((script) => !(script in manifest.scripts))).toEqual([]);
    const paths = commands.flatMap((command) => command.match(/\b(?:test|node_modules)\/\S+/g) ?? []);
    expect(paths).toContain("test/e2e");
    expect(paths.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});

/** Whether a checkout does not store the job's token in the configuration of git. */
function leavesNoToken(given: unknown): boolean {
  return z.looseObject({ "persist-credentials": z.literal(false) }).safeParse(given).success;
}

describe("the release workflow", () => {
  const { prepare, publish, announce } = jobsOf("release.yml");

  it("runs the same steps for a version tag and a pull request", () => {
    expect(workflows.get("release.yml")?.on).toEqual({ push: { tags: ["v*"] }, pull_request: null });
    const always = prepare?.steps.filter((each) => each.if === undefined).flatMap(({ run = [] }) => run);
    expect(always).toEqual(["npm ci", "npm run build", 'npm run release -- --out release --tag "$TAG"']);
    const dry = prepare?.steps.filter((each) => each.if === "github.event_name == 'pull_request'") ?? [];
    expect(dry.flatMap(({ run = [] }) => run).join()).toMatch(/sha256sum --check[\s\S]*npm publish .*--dry-run/);
  });

  it("passes all tests before it publishes", () => {
    const tagged = prepare?.steps.filter((each) => each.if === "github.ref_type == 'tag'");
    expect(tagged?.flatMap(({ run = [] }) => run)).toEqual(["npm test", "npm run test:all"]);
    expect([publish?.needs, announce?.needs]).toEqual(["prepare", "publish"]);
  });

  it("publishes only from a tag, with provenance, and runs no project code with publishing permissions", () => {
    expect(publish?.if).toBe("github.event_name == 'push' && github.ref_type == 'tag'");
    for (const each of [publish, announce]) {
      const uses = each?.steps.flatMap(({ uses = [] }) => uses) ?? [];
      expect(uses.some((action) => action.startsWith("actions/checkout@"))).toBe(false);
      expect(each?.steps.flatMap(({ run = "" }) => scriptsIn(run))).toEqual([]);
    }
    expect(publish === undefined ? [] : commandsOf(publish).join()).toMatch(/npm publish .*--provenance/);
  });
});

describe("the test workflow", () => {
  const tests = jobsOf("tests.yml");
  const commands = Object.values(tests).flatMap(commandsOf);

  it("runs all tests: short and long ones, and those of engine processes through the CLI", () => {
    expect(commands).toContain("npm test");
    expect(commands).toContain("npm run test:all");
    expect(manifest.scripts["test"]).toMatch(/ --tags-filter=!long --exclude "\*\*\/\*\.long\.test\.ts"$/);
    expect(manifest.scripts["test:all"]).toMatch(/ --tags-filter=long$/);
    for (const folder of ["test/e2e", "test/contract"]) {
      const runs = commands.filter((command) => command.includes(folder));
      expect(runs.length, folder).toBeGreaterThan(0);
      expect(runs.filter((command) => command.includes("--tags-filter"))).toEqual([]);
    }
    expect(manifest.scripts["e2e"]).toMatch(/ vitest run test\/e2e test\/contract\/kill-points$/);
  });

  it("runs fault histories for every resource type", () => {
    const types = tests["faults"]?.strategy?.matrix["type"] ?? [];
    expect(types.map((type) => type.replace(":", ".")).sort()).toEqual(RESOURCE_TYPES.map(titleOf).sort());
  });

  it("uses the oldest supported Node and the newest", () => {
    const nodes = Object.values(tests).flatMap(({ strategy }) => strategy?.matrix["node"] ?? []);
    expect(nodes).toContain(manifest.engines.node.replace(/^>=/, ""));
    expect(nodes).toContain(process.versions.node.split(".")[0]);
  });
});

/** The problem of a link; undefined if its target exists. */
function problem(from: Page, target: string): string | undefined {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? from.path : join(dirname(from.path), path);
  if (!existsSync(join(ROOT, file))) return `${target}: there is no ${file}`;
  if (anchor === undefined) return undefined;
  if (statSync(join(ROOT, file)).isDirectory()) return `${target}: a directory has no anchors`;
  return anchorsOf(page(file)).includes(anchor) ? undefined : `${target}: ${file} has no such heading`;
}

/** The folders that paths of sources on pages are relative to. */
const FOLDERS = ["", "provider", "test"];

/** Paths of sources on a page: `core/decision/plan.ts`. */
function sourcesNamedIn({ text }: Page): string[] {
  return [...text.matchAll(/`((?:[\w.-]+\/)+[\w.-]+\.m?ts)`/g)].map(([, name = ""]) => name);
}

function isSource(name: string): boolean {
  return FOLDERS.some((folder) => existsSync(join(ROOT, folder, name)));
}

describe("the links of the documentation", () => {
  it.each(pages().map((one) => [one.path, one] as const))("of %s lead to existing files and headings", (_, one) => {
    expect(localLinksOf(one).flatMap((target) => problem(one, target) ?? [])).toEqual([]);
  });

  it("are found, and broken links are reported", () => {
    const links = pages().flatMap(localLinksOf);
    expect(links.length).toBeGreaterThan(40);
    const from = page("README.md");
    expect(problem(from, "docs/nothing.md")).toContain("there is no docs/nothing.md");
    expect(problem(from, "docs/errors.md#nothing")).toContain("no such heading");
    expect(problem(from, "docs/errors.md#errors")).toBeUndefined();
  });

  it.each(pages().map((one) => [one.path, one] as const))("to sources in %s lead to existing files", (_, one) => {
    expect(sourcesNamedIn(one).filter((name) => !isSource(name) && !isPlanned(one.path, name))).toEqual([]);
  });

  it("to sources are found, and missing sources are reported", () => {
    expect(pages().flatMap(sourcesNamedIn).length).toBeGreaterThan(100);
    expect(
      ["core/decision/plan.ts", "core/plan.test.ts", "vitest.config.mts"].filter((name) => !isSource(name)),
    ).toEqual([]);
    expect(isSource("core/nothing.ts")).toBe(false);
  });

  it("lead from the README to every page", () => {
    const reached = new Set(["README.md"]);
    for (const path of reached) {
      for (const target of localLinksOf(page(path))) {
        const file = join(dirname(path), target.split("#")[0] ?? "");
        if (file.endsWith(".md")) reached.add(file);
      }
    }
    const docs = pages().filter(({ path }) => path.includes("/"));
    expect(docs.map(({ path }) => path).filter((path) => !reached.has(path))).toEqual([]);
  });
});

describe("the table of contents", () => {
  it("lists every page, each with a description", () => {
    const rows = rowsOf(page("docs/README.md"), "page");
    const listed = rows.map(([link = ""]) => join("docs", /\]\(([^)#]+)\)/.exec(link)?.[1] ?? ""));
    const docs = pages().map(({ path }) => path);
    expect(listed.sort()).toEqual(docs.filter((path) => /^docs\/(?!README)/.test(path)).sort());
    expect(rows.filter(([, line = ""]) => line.length < 15)).toEqual([]);
  });
});

/** The page about adding a system names files of the example system. */
function isPlanned(page: string, name: string): boolean {
  return page === "docs/adding-a-system.md" && /(?:^|\/)rds[/.-]/.test(name);
}
