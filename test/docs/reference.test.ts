import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { loadKind, RESOURCE_TYPES, titleOf as titleOfType, typeOf } from "../systems";
import { partsOfSource, regeneratedSource, sdkSources, withoutGeneratedSource } from "./declarations";
import { partsOf, regenerated } from "./generated";
import { declared, propertiesOf } from "./interfaces";
import { anchorsOf, namesIn, type Page, page, pages, ROOT, rowsOf } from "./pages";
import { RESOURCES, titleOf } from "./resources";
import { sourcesIn } from "./sources";
import { textsOf } from "./texts";

const titled = RESOURCES.map((resource) => [titleOf(resource), resource] as const);

/** The sections of the page of a resource, in this order. */
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

it("the documentation has a page for each resource type", () => {
  expect(RESOURCES.map(titleOf).sort()).toEqual(RESOURCE_TYPES.map(titleOfType).sort());
});

describe.each(titled)("the page of %s", (title, resource) => {
  const { args, outputs } = declared(resource.vendor, resource.name);

  it("lists exactly the arguments that the provider accepts", async () => {
    const { inputs } = await kindOf(title);
    if (!(inputs instanceof z.ZodObject)) throw new Error("the arguments are not an object");
    const taken = Object.keys(inputs.shape).sort();
    expect(args.map(({ name }) => name).sort()).toEqual(taken);
    expect(namesUnder(resource.page, "argument").sort()).toEqual(taken);
  });

  it("shows type, default and meaning of each argument", () => {
    const rows = rowsOf(page(resource.page), "argument");
    expect(rows.filter((cells) => cells.length !== 4 || cells.includes("") || cells.includes("``"))).toEqual([]);
    expect(args.filter(({ text }) => text.length < 10)).toEqual([]);
  });

  it("lists every output with its meaning, and the fields of lastUpgrade", () => {
    expect(namesUnder(resource.page, "output")).toEqual(outputs.map(({ name }) => name));
    expect(outputs.filter(({ text, type }) => text.length < 10 || type === "")).toEqual([]);
    const fields = propertiesOf("resource", "Upgrade").filter(({ name }) => !resource.without.includes(name));
    expect(namesUnder(resource.page, "field")).toEqual(fields.map(({ name }) => name));
    expect(fields.filter(({ text }) => text.length < 10)).toEqual([]);
  });

  it("explains every value of `status` that the type can have", () => {
    const statusRows = rowsOf(page(resource.page), "output").filter(([names = ""]) =>
      namesIn(names).includes("status"),
    );
    const values = statusRows.flatMap(([, , meaning = ""]) => namesIn(meaning));
    const deferred = args.some(({ name }) => name === "schedule") ? ["deferred"] : [];
    expect(values.sort()).toEqual(["current", "behind", "newer", "upgrading", ...deferred, "held", "failed"].sort());
  });

  it("lists every error code that the type can end with", () => {
    const codes = codesOfErrors().filter((code) => !resource.without.includes(code));
    expect(namesUnder(resource.page, "code").sort()).toEqual(codes.sort());
    expect(rowsOf(page(resource.page), "code").filter((cells) => cells.some((cell) => cell.length < 5))).toEqual([]);
  });

  it("has its name as the title, and the sections in order", () => {
    const { text } = page(resource.page);
    expect(text.startsWith(`# \`${title}\`\n`)).toBe(true);
    const headings = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading ?? "");
    expect(headings.filter((heading) => SECTIONS.includes(heading))).toEqual(SECTIONS);
  });

  it("is linked from the README, with the time limit on both", async () => {
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

  it.each(titled)("lists every place where %s finds its credentials", async (title) => {
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
  it("lists exactly the codes of the provider", () => {
    const source = readFileSync(join(ROOT, "provider", "core", "errors.ts"), "utf8");
    const codes = [...source.matchAll(/^ {2}\| "([a-z-]+)"/gm)].map(([, code]) => code);
    expect(codes.length).toBeGreaterThan(10);
    expect(codesOfErrors().sort()).toEqual(codes.sort());
  });

  it("has an anchor for each code", () => {
    const anchors = anchorsOf(page("docs/errors.md"));
    expect(codesOfErrors().filter((code) => !anchors.includes(code))).toEqual([]);
  });

  it("contains the meaning and the remedy of each code", () => {
    const rows = rowsOf(page("docs/errors.md"), "code");
    expect(rows.filter((cells) => cells.length !== 3 || cells.some((cell) => cell.length < 5))).toEqual([]);
  });
});

/** `2 h`, `30 min` */
function durationOf(milliseconds: number): string {
  const minutes = milliseconds / 60_000;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}

const written = pages().filter((one) => partsOf(one) > 0);

describe("the generated parts of pages", { timeout: 60_000 }, () => {
  it("are on the page of every resource, and on those of errors and credentials", () => {
    expect(written.map(({ path }) => path).sort()).toEqual(
      [...RESOURCES.map((one) => one.page), "docs/errors.md", "docs/guides/credentials.md"].sort(),
    );
    for (const resource of RESOURCES) {
      const parts = ["arguments", "outputs", "lastUpgrade", "errors"].map((name) => `${name} of ${titleOf(resource)}`);
      const open = [...page(resource.page).text.matchAll(/<!-- generated: (.*) -->/g)].map(([, name]) => name);
      expect(open).toEqual(parts);
      expect(partsOf(page(resource.page))).toBe(parts.length);
    }
  });

  it.each(written.map((one) => [one.path, one] as const))("of %s are up to date with `npm run docs`", (_, one) => {
    expect(one.text).toBe(regenerated(one));
  });

  it("are replaced if they are wrong, and other parts are not changed", () => {
    const whole = page("docs/resources/oceanbase-agent-version.md");
    const wrong: Page = { ...whole, text: whole.text.replace("| `release` |", "| `relaese` |") };
    expect(wrong.text).not.toBe(whole.text);
    expect(regenerated(wrong)).toBe(whole.text);
    const own: Page = { ...whole, text: whole.text.replace("## Limits", "## Bounds") };
    expect(regenerated(own)).toBe(own.text);
  });

  it("omit common errors that the page explains itself", () => {
    const whole = page("docs/resources/oceanbase-agent-version.md");
    const row = "| `vanished` | as it is here | look |\n| `refused` |";
    const more: Page = { ...whole, text: whole.text.replace("| `refused` |", row) };
    expect(regenerated(more).match(/^\| `vanished` \|/gm)).toHaveLength(1);
  });

  it("omit only values that the sources of the vendor do not contain", () => {
    // Drivers use `scheduled`; it is stored as `deferred`.
    const driverValue = (value: string) => (value === "deferred" ? "scheduled" : value);
    for (const { vendor, without } of RESOURCES) {
      const containing = sourcesIn(vendor).filter(({ text }) =>
        without.some((value) => text.includes(`"${driverValue(value)}"`)),
      );
      expect(containing.map(({ fileName }) => fileName)).toEqual([]);
    }
    expect(sourcesIn("oceanbase").some(({ text }) => text.includes('"rolled-back"'))).toBe(true);
    expect(sourcesIn("taurusdb").some(({ text }) => text.includes('"scheduled"'))).toBe(true);
  });

  it("must have a known name", () => {
    const pageWith = (name: string): Page => ({ path: "x.md", text: `<!-- generated: ${name} -->\n\n<!-- end -->` });
    expect(() => regenerated(pageWith("arguments of oceanbase.Nothing"))).toThrow("no resource oceanbase.Nothing");
    expect(() => regenerated(pageWith("nothing of oceanbase.ClusterVersion"))).toThrow("nothing is called nothing");
    expect(() => regenerated(pageWith("texts of mongodb"))).toThrow("no texts are called mongodb");
  });
});

describe("the generated arguments in the SDK", { timeout: 60_000 }, () => {
  const sources = sdkSources();
  const generated = sources.filter(({ text }) => partsOfSource(text) > 0);

  it("are in the file of every vendor, in that of the common base and in that of Provider", () => {
    const vendors = new Set(RESOURCES.map(({ vendor }) => `sdk/${vendor}.ts`));
    expect(generated.map(({ path }) => path).sort()).toEqual([...vendors, "sdk/resource.ts", "sdk/provider.ts"].sort());
  });

  it.each(sources.map((one) => [one.path, one] as const))("of %s are up to date with `npm run docs`", (_, one) => {
    expect(one.text).toBe(regeneratedSource(one.text));
  });

  it("are not written by hand anywhere", () => {
    const hand = sources.flatMap(({ path, text }) => {
      const rest = withoutGeneratedSource(text);
      return rest.includes("pulumi.Input<") || /\bSECRETS = /.test(rest) ? [path] : [];
    });
    expect(hand).toEqual([]);
  });

  it("are replaced if they are wrong, and other parts are not changed", () => {
    const whole = generated.find(({ path }) => path === "sdk/oceanbase.ts")?.text ?? "";
    for (const [right, wrong] of [
      ["readonly mode?: ", "readonly mod?: "],
      ["zone by zone", "all at once"],
      ['const SECRETS = ["password"', 'const SECRETS = ["passwort"'],
    ] as const) {
      expect(whole).toContain(right);
      expect(regeneratedSource(whole.replace(right, wrong))).toBe(whole);
    }
    const own = whole.replace("Creating it adopts the cluster", "It adopts the cluster");
    expect(regeneratedSource(own)).toBe(own);
  });

  it("must have a known module and name", () => {
    const part = (name: string) => () => regeneratedSource(`// generated: ${name}\n// end\n`);
    expect(part("connection of provider/mongodb/arguments.ts")).toThrow("no arguments are defined in provider/mongodb");
    expect(part("nothing of provider/oceanbase/arguments.ts")).toThrow("exports no arguments nothing");
    expect(part("nothing")).toThrow("nothing is called nothing");
  });
});

describe("the texts of errors", { timeout: 60_000 }, () => {
  it.each([
    [
      "every-type",
      "`unconfirmed`",
      "the response to the upgrade request was lost (…), and no upgrade appeared within …",
    ],
    ["every-type", "`newer`", "is newer than the target version"],
    ["oceanbase", "`blocked`", "No uploaded package satisfies version …; uploaded: …."],
    [
      "oceanbase",
      "`blocked`",
      "The package … declares no compression / is compressed with …, but obshell supports only xz.",
    ],
    [
      "taurusdb",
      "a failed check of `version`",
      "… can no longer be reached: an upgrade always goes to the newest kernel offered, which is ….",
    ],
    ["redisenterprise", "a failed check of `mayDiscardData`", "has neither replication nor persistence"],
  ])("of %s contain the one with the code %s: %s", (of, code, text) => {
    expect(textsOf(of).filter((one) => one.code === code && one.message.includes(text))).toHaveLength(1);
  });

  it("are numerous, and each has searchable words", () => {
    const all = ["every-type", "oceanbase", "taurusdb", "redisenterprise"].flatMap(textsOf);
    expect(all.length).toBeGreaterThan(100);
    expect(all.filter(({ message }) => !/[a-z]{3,} [a-z]{2,}/i.test(message))).toEqual([]);
  });
});

const SECOND = 1_000;

describe("docs/guides/durations.md", () => {
  const text = page("docs/guides/durations.md").text;
  const row = text.split("\n").find((line) => line.includes("the read that confirms it")) ?? "";

  it.each(RESOURCE_TYPES.map(({ type }) => type))(
    "contains the time between the two reads before an upgrade request: %s",
    async (type) => {
      const { times } = await loadKind(type);
      const named =
        { "taurusdb:KernelVersion": "TaurusDB kernels ", "taurusdb:StarRocksVersion": "StarRocks " }[type] ?? "| ";
      expect(row).toMatch(new RegExp(`${named.replace("|", "\\|")}${times.spacing / SECOND} s\\b`));
    },
  );
});
