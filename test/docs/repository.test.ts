import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { RESOURCE_TYPES, titleOf } from "../systems";
import { namesIn, page, pages, ROOT, rowsOf, scriptsIn } from "./pages";

/** What a contributor and the repository's own services read. */

const text = (path: string) => readFileSync(join(ROOT, path), "utf8");
const manifest = z
  .looseObject({
    version: z.string(),
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

  it("has a line for each script of the manifest, and no other", () => {
    expect([...listed].sort()).toEqual(Object.keys(manifest.scripts).sort());
  });

  it("says of the commands that the README has as well what the README says", () => {
    const ours = new Map(rowsOf(page("CONTRIBUTING.md"), "command").map(([command, what]) => [command, what]));
    const told = rowsOf(page("README.md"), "command");
    expect(told.length).toBeGreaterThan(3);
    const scripts = told.flatMap(([cell = ""]) => namesIn(cell).flatMap(scriptsIn));
    expect(scripts.filter((script) => !listed.includes(script))).toEqual([]);
    const both = told.filter(([command = ""]) => ours.has(command));
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

it("CHANGELOG.md has the version of the package behind what is unreleased, and every resource type", () => {
  const [, version] = /^## (\d\S*)/m.exec(text("CHANGELOG.md")) ?? [];
  expect(version).toBe(manifest.version);
  expect([...TYPES].sort()).toEqual(RESOURCE_TYPES.map(titleOf).sort());
  expect(TYPES.filter((type) => !text("CHANGELOG.md").includes(`\`${type}\``))).toEqual([]);
});

it("the form for faults offers every resource type", () => {
  const form = z.object({ body: z.array(z.looseObject({ id: z.string().optional(), attributes: z.unknown() })) });
  const { body } = form.parse(parse(text(".github/ISSUE_TEMPLATE/fault.yml")));
  const options = z.looseObject({ options: z.array(z.string()) });
  const offered = options.parse(body.find(({ id }) => id === "resource")?.attributes).options;
  expect(offered.slice(0, -1).sort()).toEqual([...TYPES].sort());
});

describe("docs/reliability.md", () => {
  /** Whether a file, a folder or a pattern has tests that are not marked as long as a whole. */
  const isShort = (name: string) =>
    globSync(`test/${name.replace(/\/$/, "/**/*.test.ts")}`, { cwd: ROOT }).some(
      (path) => path.endsWith(".test.ts") && !path.endsWith(".long.test.ts"),
    );

  it("names a test of `npm test` for every guarantee", () => {
    const guarantees = rowsOf(page("docs/reliability.md"), "guarantee");
    expect(guarantees).toHaveLength(12);
    const unheld = guarantees.filter(([, , heldBy = ""]) => !namesIn(heldBy).some(isShort));
    expect(unheld.map(([guarantee]) => guarantee)).toEqual([]);
  });
});

it("files of long tests only say so in their name and in their first line", () => {
  const files = globSync("test/**/*.test.ts", { cwd: ROOT });
  const tagged = files.filter((path) => text(path).startsWith("/** @module-tag " + "long */\n"));
  expect(tagged.length).toBeGreaterThan(10);
  expect(tagged.sort()).toEqual(files.filter((path) => path.endsWith(".long.test.ts")).sort());
});

it("editors keep what the formatter wants", () => {
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
