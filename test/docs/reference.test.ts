import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { loadKind, RESOURCE_TYPES, titleOf as titleOfType, typeOf } from "../systems";
import { declared, propertiesOf } from "./interfaces";
import { anchorsOf, namesIn, page, ROOT, rowsOf } from "./pages";
import { RESOURCES, titleOf } from "./resources";

const titled = RESOURCES.map((resource) => [titleOf(resource), resource] as const);

/** What a person looks for on the page of a resource, in this order. */
const SECTIONS = [
  "Example",
  "Version constraints",
  "What a preview says",
  "What `up` does",
  "Arguments",
  "Outputs",
  "Credentials",
  "Time limits",
  "Permissions",
  "Errors",
  "Limits",
];

function kindOf(title: string) {
  return loadKind(typeOf(title).type);
}

/** Names in the first column of the tables of a page with this heading. */
function namesUnder(path: string, heading: string): string[] {
  return rowsOf(page(path), heading).flatMap(([first = ""]) => namesIn(first));
}

function codesOfErrors(): string[] {
  return namesUnder("docs/errors.md", "code");
}

it("has a page for each resource type", () => {
  expect(RESOURCES.map(titleOf).sort()).toEqual(RESOURCE_TYPES.map(titleOfType).sort());
});

describe.each(titled)("the page of %s", (title, resource) => {
  const { args, outputs } = declared(resource.vendor, resource.name);

  it("has every argument that the provider takes, and no other", async () => {
    const { inputs } = await kindOf(title);
    if (!(inputs instanceof z.ZodObject)) throw new Error("the arguments are no object");
    const taken = Object.keys(inputs.shape).sort();
    expect(args.map(({ name }) => name).sort()).toEqual(taken);
    expect(namesUnder(resource.page, "argument").sort()).toEqual(taken);
  });

  it("tells type, default and meaning of each", () => {
    const rows = rowsOf(page(resource.page), "argument");
    expect(rows.filter((cells) => cells.length !== 4 || cells.includes("") || cells.includes("``"))).toEqual([]);
    expect(args.filter(({ text }) => text.length < 10)).toEqual([]);
  });

  it("has every output with its meaning, and the fields of the last upgrade", () => {
    expect(namesUnder(resource.page, "output")).toEqual(outputs.map(({ name }) => name));
    expect(outputs.filter(({ text, type }) => text.length < 10 || type === "")).toEqual([]);
    const fields = propertiesOf("resource", "Upgrade").filter(({ name }) => !resource.without.includes(name));
    expect(namesUnder(resource.page, "field")).toEqual(fields.map(({ name }) => name));
    expect(fields.filter(({ text }) => text.length < 10)).toEqual([]);
  });

  it("explains every word of `status` that it can show", () => {
    const told = rowsOf(page(resource.page), "output").filter(([names = ""]) => namesIn(names).includes("status"));
    const words = told.flatMap(([, , meaning = ""]) => namesIn(meaning));
    const deferred = args.some(({ name }) => name === "schedule") ? ["deferred"] : [];
    expect(words.sort()).toEqual(["current", "behind", "newer", "upgrading", ...deferred, "held", "failed"].sort());
  });

  it("has every error code that it can end with", () => {
    const codes = codesOfErrors().filter((code) => !resource.without.includes(code));
    expect(namesUnder(resource.page, "code").sort()).toEqual(codes.sort());
    expect(rowsOf(page(resource.page), "code").filter((cells) => cells.some((cell) => cell.length < 5))).toEqual([]);
  });

  it("is headed by its name, and has everything in its place", () => {
    const { text } = page(resource.page);
    expect(text.startsWith(`# \`${title}\`\n`)).toBe(true);
    const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading ?? "");
    expect(headings.filter((heading) => SECTIONS.includes(heading))).toEqual(SECTIONS);
  });

  it("is where the README leads, with its time limit on both", async () => {
    const limit = durationOf((await kindOf(title)).timeout);
    const rows = rowsOf(page("README.md"), "resource").filter(([first = ""]) => namesIn(first).includes(title));
    expect(rows).toHaveLength(2);
    expect(rows[0]?.[0]).toContain(`](${resource.page})`);
    expect(rows[1]?.[3]).toBe(limit);
    expect(page(resource.page).text).toContain(`default to ${limit}`);
  });
});

describe("the guide to credentials", () => {
  const rows = rowsOf(page("docs/guides/credentials.md"), "system").map((cells) => cells.slice(1).map(namesIn));

  it.each(titled)("has every place where %s looks", async (title) => {
    const { credentials } = await kindOf(title);
    const missing = Object.entries(credentials).filter(
      ([argument, { config, env }]) =>
        !rows.some(
          ([names = [], configs = [], variables = []]) =>
            names.includes(argument) && configs.includes(config) && env.every((name) => variables.includes(name)),
        ),
    );
    expect(missing).toEqual([]);
  });
});

describe("the page of errors", () => {
  it("has every code of the provider, and no other", () => {
    const source = readFileSync(join(ROOT, "provider", "core", "errors.ts"), "utf8");
    const codes = [...source.matchAll(/^ {2}\| "([a-z-]+)"/gm)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(10);
    expect(codesOfErrors().sort()).toEqual(codes.sort());
  });

  it("has an anchor for each", () => {
    const anchors = anchorsOf(page("docs/errors.md"));
    expect(codesOfErrors().filter((code) => !anchors.includes(code))).toEqual([]);
  });

  it("says of each what it means and what to do", () => {
    const rows = rowsOf(page("docs/errors.md"), "code");
    expect(rows.filter((cells) => cells.length !== 3 || cells.some((cell) => cell.length < 5))).toEqual([]);
  });
});

/** `2 h`, `30 min` */
function durationOf(milliseconds: number): string {
  const minutes = milliseconds / 60_000;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}
