import { describe, expect, it } from "vitest";
import type { WireResponse } from "../../provider/http/transport";
import { inTurns } from "../support/turns";
import { RESOURCE_TYPES, type ResourceType } from "../systems";
import { MUTATIONS, REPLACEMENTS } from "./mutations";
import { type Ending, type Hostile, POSITIONS, trial } from "./trial";

/** What must not reach a terminal: control characters, and what turns writing round or hides in it. */
const HARMFUL = /[\p{Cc}\p{Cf}]/u;
/** A line for people; the parts of an error are bounded already. */
const LONGEST_LINE = 8_000;
/** Virtual time of the longest run: what goes on in a state that nobody knows is waited for up to the time limit. */
const LIMIT = 20 * 60_000 + 5_000;

const mutated =
  (change: (text: string) => string): Hostile =>
  ({ status, headers, body }): WireResponse => ({
    status,
    headers,
    body: Buffer.from(change(Buffer.from(body).toString("utf8"))),
  });

const ANSWERS: Readonly<Record<string, Hostile>> = {
  ...Object.fromEntries(Object.entries(MUTATIONS).map(([name, change]) => [name, mutated(change)])),
  ...REPLACEMENTS,
};

/** What is demanded of every run, whatever it was answered. */
function judge(ending: Ending): void {
  expect(ending.harms).toBeGreaterThan(0);
  if (ending.error !== undefined) expect(ending.error).toMatch(/ \[[a-z-]+\]$/);
  expect(ending.code, ending.error).not.toBe("unexpected");
  expect(ending.accepted).toBeLessThanOrEqual(1);
  expect(ending.texts.filter((text) => HARMFUL.test(text))).toEqual([]);
  expect(ending.texts.filter((text) => /native code|\[object |NaN/.test(text))).toEqual([]);
  expect(ending.longest).toBeLessThan(LONGEST_LINE);
  expect(ending.took).toBeLessThan(LIMIT);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
}

/** Where an answer is hostile, and whether all after it are. */
const CASES = [false, true].flatMap((ever) => POSITIONS.map((position) => ({ position, ever })));

/** Another one for each type, so that every answer meets every one of them at one type. */
function caseFor(turn: number): (typeof CASES)[number] {
  return CASES[turn % CASES.length] ?? expect.fail();
}

async function survives(of: ResourceType, hostile: Hostile, { position, ever }: (typeof CASES)[number]): Promise<void> {
  const ending = await trial(of, { position, ever, hostile });
  judge(ending);
  // One call, unless the vendor was heard to refuse it.
  if (position !== "answer to the write") expect(ending.calls).toBeLessThanOrEqual(1);
  if (!ever && position === "inspection") expect(ending.accepted).toBe(1);
}

describe.each(RESOURCE_TYPES.map((of, nth) => ({ type: of.type, of, nth })))("$type", ({ of, nth }) => {
  it("gets there when nothing is hostile", async () => {
    const ending = await trial(of, { position: "first read", hostile: (genuine) => genuine });
    expect(ending).toMatchObject({ error: undefined, calls: 1, accepted: 1, outputs: { status: "current" } });
  });

  const casesOf = (shift: number) =>
    Object.entries(ANSWERS).map(([name, hostile], answer) => ({ name, hostile, ...caseFor(nth + answer + shift) }));
  const title = "survives $name at the $position, also from then on: $ever";

  const shares = [...inTurns(casesOf(0), nth, 3), { cases: casesOf(CASES.length / 2), tags: ["long"] }];

  for (const { cases, tags } of shares)
    it.each(cases)(title, { timeout: 60_000, tags }, ({ hostile, ...where }) => survives(of, hostile, where));
});
