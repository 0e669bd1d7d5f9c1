import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { damage } from "./damage";
import { explore, replay } from "./explore";
import { generate } from "./generate";
import { installIdealRsa } from "./ideal-rsa";
import { MUTANTS, mutated } from "./mutants";
import { isKept, previewOf, showsAll, type WriteKind } from "./preview";
import { oceanbaseClusterVersion } from "./worlds/oceanbase";

const MINUTE = 60_000;

describe("the fault explorer", () => {
  it.each(Object.entries(MUTANTS))("detects a provider that %s", { timeout: MINUTE }, async (_, mutant) => {
    const type = mutated(oceanbaseClusterVersion, mutant);
    const { failures } = await explore(type, { seed: mutant.seed ?? 1, histories: 300, failures: 1 });
    expect(failures).toHaveLength(1);
    expect(mutant.breaks).toContain(failures[0]?.violation.rule);
  });

  it("shrinks a history that breaks a rule", { timeout: MINUTE }, async () => {
    const mutant = MUTANTS["repeats an upgrade request whose response was lost"] ?? expect.fail();
    const type = mutated(oceanbaseClusterVersion, mutant);
    const { failures } = await explore(type, { seed: mutant.seed ?? 1, histories: 300, failures: 1 });
    expect(failures).toHaveLength(1);
    for (const { smallest } of failures) {
      expect(smallest.runs).toHaveLength(1);
      expect(smallest.runs[0]?.faults.length).toBeLessThanOrEqual(2);
    }
  });
});

describe("a history", () => {
  let restore: (() => void) | undefined;
  beforeAll(() => {
    restore = installIdealRsa();
  });
  afterAll(() => restore?.());

  it("is the same for the same seed, and has the same result each time", async () => {
    for (let seed = 1; seed <= 10; seed++) {
      const history = generate(oceanbaseClusterVersion, seed);
      expect(generate(oceanbaseClusterVersion, seed)).toEqual(history);
      const [first, second] = [
        await replay(history, oceanbaseClusterVersion),
        await replay(history, oceanbaseClusterVersion),
      ];
      expect(second).toEqual(first);
    }
  });

  it("has the same result with real RSA", async () => {
    const history = generate(oceanbaseClusterVersion, 64);
    const really = await replay(history, oceanbaseClusterVersion);
    const ideally = await replay({ ...history }, oceanbaseClusterVersion);
    expect(ideally.log).toEqual(really.log);
  });

  it("can be replayed from the JSON that a failure prints", () => {
    const history = generate(oceanbaseClusterVersion, 7);
    expect(JSON.parse(JSON.stringify(history))).toEqual(history);
  });
});

describe("damage", () => {
  const text = JSON.stringify({ version: "4.3.5.2", state: "RUNNING", list: [1, 2], name: "orders" });

  it.each(["missing", "null", "retyped", "version", "state", "number", "text", "list", "key"] as const)(
    "of kind %s changes a JSON text and keeps it valid",
    (how) => {
      const damaged = Array.from({ length: 20 }, (_, pick) => damage(text, how, pick * 7_919).text);
      for (const one of damaged) expect(() => JSON.parse(one)).not.toThrow();
      expect(damaged.some((one) => one !== text)).toBe(true);
    },
  );

  it("returns the changed texts, and the versions near them", () => {
    const database = JSON.stringify({ uid: 1, version: "7.2.4", redis_version: "7.2" });
    const { text: changed, falseTexts } = damage(database, "version", 1);
    expect(falseTexts.length).toBeGreaterThan(1);
    for (const one of falseTexts) expect(changed).toContain(JSON.stringify(one));
    expect(falseTexts.some((one) => !database.includes(JSON.stringify(one)))).toBe(true);
  });
});

describe("a preview", () => {
  const sent = (kinds: readonly WriteKind[], ...units: string[]) => ({ kinds: new Set(kinds), units: new Set(units) });
  const preview = (...lines: string[]) =>
    previewOf(lines.map((message) => ({ severity: "INFO", message, ephemeral: false, urn: "" })));

  it.each<[string, ReturnType<typeof preview>, ReturnType<typeof sent>, { all: boolean; kept: boolean }]>([
    ["nothing, as shown", preview("already at 2.0"), sent([]), { all: true, kept: true }],
    ["an upgrade that is not shown", preview("already at 2.0"), sent(["upgrade"], "a"), { all: false, kept: true }],
    ["the upgrade that is shown", preview("1.0 → 2.0, at once"), sent(["upgrade"], "a"), { all: true, kept: true }],
    ["nothing instead of an upgrade", preview("1.0 → 2.0, at once"), sent([]), { all: true, kept: false }],
    [
      "more units than are shown",
      preview("1.0 → 2.0, 1 of 3 instances in 1 request, now"),
      sent(["upgrade"], "a", "b"),
      { all: false, kept: true },
    ],
    [
      "a cancellation that is not shown",
      preview("1.0 → 2.0, at once"),
      sent(["upgrade", "cancel"], "a"),
      { all: false, kept: true },
    ],
    [
      "nothing while an earlier upgrade may appear",
      preview("1.0 → 2.0, now", "no request is sent while the upgrade that an earlier run requested may still appear"),
      sent([]),
      { all: true, kept: true },
    ],
  ])("is compared with a run that sent %s", (_, shown, requests, { all, kept }) => {
    expect(showsAll(shown, requests, false)).toBe(all);
    expect(isKept(shown, requests)).toBe(kept);
  });
});
