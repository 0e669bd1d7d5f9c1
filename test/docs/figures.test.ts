import { describe, expect, it } from "vitest";
import { PRINTED } from "../base/printed";
import { MUTATIONS, REPLACEMENTS } from "../hostile/mutations";
import { formsOf } from "../secrets/canary";
import { ECHOES } from "../secrets/echo";
import { loadKind, RESOURCE_TYPES } from "../systems";
import { page } from "./pages";

/** Figures that a page states and the code has. */

const SECOND = 1_000;

describe("docs/guides/durations.md", () => {
  const text = page("docs/guides/durations.md").text;
  const row = text.split("\n").find((line) => line.includes("the read that confirms it")) ?? "";

  it.each(RESOURCE_TYPES.map(({ type }) => type))(
    "has the time between the two reads before an upgrade request: %s",
    async (type) => {
      const { times } = await loadKind(type);
      const named =
        { "taurusdb:KernelVersion": "TaurusDB kernels ", "taurusdb:StarRocksVersion": "StarRocks " }[type] ?? "| ";
      expect(row).toMatch(new RegExp(`${named.replace("|", "\\|")}${times.spacing / SECOND} s\\b`));
    },
  );
});

describe("docs/reliability.md", () => {
  const text = page("docs/reliability.md").text;

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
  ])("has the number of %s", (_, count, words) => {
    expect(text).toContain(words(count));
  });

  it("has the number of forms of a secret", () => {
    expect(text).toContain("repeats every secret in ten forms");
    expect(formsOf("a<b>&c/d+e")).toHaveLength(10);
  });

  it("has the number of forms in which tools print credentials, about", () => {
    const [, count] = /in about (\d+) forms/.exec(text) ?? [];
    expect(Math.abs(Object.values(PRINTED).flat().length - Number(count))).toBeLessThan(10);
  });
});
