import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stackRules } from "../../provider/frontend/resource/stack-settings";
import { blocksOf, page, ROOT } from "./pages";

const SETTING = /^pulumi config set dbversion:(?!proxy)(\w+) (?:'([^']*)'|"([^"]*)"|(\S+))/gm;

const guides = readdirSync(join(ROOT, "docs", "guides")).map((file) => `docs/guides/${file}`);
const settings = guides.flatMap((guide) =>
  blocksOf(page(guide)).flatMap(({ text }) =>
    [...text.matchAll(SETTING)].map(([, key = "", ...values]) => ({ guide, key, value: values.join("") })),
  ),
);

describe("settings of a stack that a guide sets", () => {
  it("are those for reads that fail, too", () => {
    expect(settings).toContainEqual({ guide: "docs/guides/ci.md", key: "onUnreachable", value: "fail" });
  });

  it.each(settings)("$guide: $key is read, and valid", async ({ key, value }) => {
    const read: string[] = [];
    const { problem } = await stackRules((name) => {
      read.push(name);
      return name === `dbversion:${key}` ? value : "";
    });
    expect(read).toContain(`dbversion:${key}`);
    expect(problem).toBeUndefined();
  });
});
