import { describe, expect, it } from "vitest";
import { partsOfSource, renewedSource, sdkSources, withoutGeneratedSource } from "./declarations";
import { partsOf, renewed } from "./generated";
import { type Page, page, pages } from "./pages";
import { RESOURCES, titleOf } from "./resources";
import { sourcesIn } from "./sources";
import { textsOf } from "./texts";

const written = pages().filter((one) => partsOf(one) > 0);

describe("what is generated", { timeout: 60_000 }, () => {
  it("is on the page of every resource, and on those of errors and credentials", () => {
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

  it.each(written.map((one) => [one.path, one] as const))("on %s is as `npm run docs` writes it", (_, one) => {
    expect(one.text).toBe(renewed(one));
  });

  it("is written again where it is not right, and nothing else is", () => {
    const whole = page("docs/resources/oceanbase-agent-version.md");
    const wrong: Page = { ...whole, text: whole.text.replace("| `release` |", "| `relaese` |") };
    expect(wrong.text).not.toBe(whole.text);
    expect(renewed(wrong)).toBe(whole.text);
    const own: Page = { ...whole, text: whole.text.replace("## Limits", "## Bounds") };
    expect(renewed(own)).toBe(own.text);
  });

  it("leaves out of the common errors what a page explains itself", () => {
    const whole = page("docs/resources/oceanbase-agent-version.md");
    const told = "| `vanished` | as it is here | look |\n| `refused` |";
    const more: Page = { ...whole, text: whole.text.replace("| `refused` |", told) };
    expect(renewed(more).match(/^\| `vanished` \|/gm)).toHaveLength(1);
  });

  it("leaves out only words that nothing in the room of the vendor says", () => {
    // What a driver calls scheduled is stored as deferred.
    const driverWord = (word: string) => (word === "deferred" ? "scheduled" : word);
    for (const { vendor, without } of RESOURCES) {
      const said = sourcesIn(vendor).filter(({ text }) =>
        without.some((word) => text.includes(`"${driverWord(word)}"`)),
      );
      expect(said.map(({ fileName }) => fileName)).toEqual([]);
    }
    expect(sourcesIn("oceanbase").some(({ text }) => text.includes('"rolled-back"'))).toBe(true);
    expect(sourcesIn("taurusdb").some(({ text }) => text.includes('"scheduled"'))).toBe(true);
  });

  it("refuses a name that nothing has", () => {
    const strange = (name: string): Page => ({ path: "x.md", text: `<!-- generated: ${name} -->\n\n<!-- end -->` });
    expect(() => renewed(strange("arguments of oceanbase.Nothing"))).toThrow("no resource oceanbase.Nothing");
    expect(() => renewed(strange("nothing of oceanbase.ClusterVersion"))).toThrow("nothing is called nothing");
    expect(() => renewed(strange("texts of mongodb"))).toThrow("no texts are called mongodb");
  });
});

describe("the arguments in the SDK", { timeout: 60_000 }, () => {
  const sources = sdkSources();
  const generated = sources.filter(({ text }) => partsOfSource(text) > 0);

  it("are generated in the file of every vendor, in that of the common base and in that of Provider", () => {
    const vendors = new Set(RESOURCES.map(({ vendor }) => `sdk/${vendor}.ts`));
    expect(generated.map(({ path }) => path).sort()).toEqual([...vendors, "sdk/resource.ts", "sdk/provider.ts"].sort());
  });

  it.each(sources.map((one) => [one.path, one] as const))("of %s are as `npm run docs` writes them", (_, one) => {
    expect(one.text).toBe(renewedSource(one.text));
  });

  it("are nowhere written by hand", () => {
    const hand = sources.flatMap(({ path, text }) => {
      const rest = withoutGeneratedSource(text);
      return rest.includes("pulumi.Input<") || /\bSECRETS = /.test(rest) ? [path] : [];
    });
    expect(hand).toEqual([]);
  });

  it("are written again where they are not right, and nothing else is", () => {
    const whole = generated.find(({ path }) => path === "sdk/oceanbase.ts")?.text ?? "";
    for (const [right, wrong] of [
      ["readonly mode?: ", "readonly mod?: "],
      ["zone by zone", "all at once"],
      ['const SECRETS = ["password"', 'const SECRETS = ["passwort"'],
    ] as const) {
      expect(whole).toContain(right);
      expect(renewedSource(whole.replace(right, wrong))).toBe(whole);
    }
    const own = whole.replace("Creating it adopts the cluster", "It adopts the cluster");
    expect(renewedSource(own)).toBe(own);
  });

  it("cannot be of a module or a name that there is not", () => {
    const part = (name: string) => () => renewedSource(`// generated: ${name}\n// end\n`);
    expect(part("connection of provider/mongodb/arguments.ts")).toThrow("no arguments are defined in provider/mongodb");
    expect(part("nothing of provider/oceanbase/arguments.ts")).toThrow("exports no arguments nothing");
    expect(part("nothing")).toThrow("nothing is called nothing");
  });
});

describe("the texts of errors", { timeout: 60_000 }, () => {
  it.each([
    ["every-type", "`unconfirmed`", "the response to the upgrade request was lost, and no upgrade appeared within …"],
    ["every-type", "`newer`", "which is newer than the target version"],
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
  ])("of %s have the one that ends as %s: %s", (of, ends, text) => {
    expect(textsOf(of).filter((one) => one.ends === ends && one.message.includes(text))).toHaveLength(1);
  });

  it("are many, each with something to search for", () => {
    const all = ["every-type", "oceanbase", "taurusdb", "redisenterprise"].flatMap(textsOf);
    expect(all.length).toBeGreaterThan(100);
    expect(all.filter(({ message }) => !/[a-z]{3,} [a-z]{2,}/i.test(message))).toEqual([]);
  });
});
