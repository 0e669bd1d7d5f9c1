/** @module-tag long */
import { describe, expect, test } from "vitest";
import { type EngineKind, engines } from "../engine";
import { normalState } from "./agreement-normal";
import { STORIES, type Story } from "./agreement-stories";

const WITHOUT_CLI =
  "there is no Pulumi CLI on the PATH or in the Pulumi home: the local engine's state files were compared with nothing";

/** Why nothing is compared in this run: said at its start, and in the title of a skipped test. */
const missing = engines().includes("cli") ? undefined : WITHOUT_CLI;
if (missing !== undefined) console.warn(`NOT RUN: ${missing}`);

/** The state at every moment of a story, told to one engine. */
async function statesOf(story: Story, prefer: EngineKind): Promise<Record<string, unknown>> {
  const states: Record<string, unknown> = {};
  await story.tell(prefer, (exportState) => async (moment) => {
    states[moment] = normalState(await exportState());
  });
  return states;
}

describe.skipIf(missing !== undefined)("both engines write the same state for pins", { timeout: 600_000 }, () => {
  test.each(STORIES)("$name", async (story) => {
    const real = await statesOf(story, "cli");
    const local = await statesOf(story, "local");
    expect(Object.keys(local)).toEqual(Object.keys(real));
    for (const [moment, state] of Object.entries(real)) expect(local[moment], moment).toEqual(state);
  });
});

test.runIf(missing !== undefined)(`NOT COMPARED: ${missing}`, ({ skip }) => skip(missing));
