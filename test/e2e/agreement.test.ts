import { describe, expect, test } from "vitest";
import { type EngineKind, engines } from "../engine";
import { normalState } from "./agreement-normal";
import { STORIES, type Story } from "./agreement-stories";

const WITHOUT_CLI =
  "there is no Pulumi CLI on the PATH or in the Pulumi home: the local engine's state files were compared with nothing";

const cli = engines().includes("cli");
if (!cli) console.warn(`NOT RUN: ${WITHOUT_CLI}`);

/** The state at every moment of a story, told to one engine. */
async function statesOf(story: Story, prefer: EngineKind): Promise<Record<string, unknown>> {
  const states: Record<string, unknown> = {};
  await story.tell(prefer, (exportState) => async (moment) => {
    states[moment] = normalState(await exportState());
  });
  return states;
}

describe.skipIf(!cli)("both engines write the same state for pins", { timeout: 600_000 }, () => {
  test.each(STORIES)("$name", async (story) => {
    const real = await statesOf(story, "cli");
    const local = await statesOf(story, "local");
    expect(Object.keys(local)).toEqual(Object.keys(real));
    for (const [moment, state] of Object.entries(real)) expect(local[moment], moment).toEqual(state);
  });
});

test.runIf(!cli)(`NOT COMPARED: ${WITHOUT_CLI}`, ({ skip }) => skip(WITHOUT_CLI));
