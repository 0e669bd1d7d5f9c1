/** @module-tag long */
import { describe, expect, test } from "vitest";
import { type EngineKind, engines } from "../engine";
import { normalState } from "./agreement-normal";
import { SCENARIOS, type Scenario } from "./agreement-scenarios";

const WITHOUT_CLI =
  "there is no Pulumi CLI on the PATH or in the Pulumi home: the local engine's state files were compared with nothing";

/** Why nothing is compared in this run, for a warning and the title of a skipped test. */
const missing = engines().includes("cli") ? undefined : WITHOUT_CLI;
if (missing !== undefined) console.warn(`NOT RUN: ${missing}`);

/** The states of a scenario on one engine. */
async function statesOf(scenario: Scenario, prefer: EngineKind): Promise<Record<string, unknown>> {
  const states: Record<string, unknown> = {};
  await scenario.run(prefer, (exportState) => async (moment) => {
    states[moment] = normalState(await exportState());
  });
  return states;
}

describe.skipIf(missing !== undefined)("both engines write the same state", { timeout: 600_000 }, () => {
  test.each(SCENARIOS)("$name", async (scenario) => {
    const real = await statesOf(scenario, "cli");
    const local = await statesOf(scenario, "local");
    expect(Object.keys(local)).toEqual(Object.keys(real));
    for (const [moment, state] of Object.entries(real)) expect(local[moment], moment).toEqual(state);
  });
});

test.runIf(missing !== undefined)(`NOT COMPARED: ${missing}`, ({ skip }) => skip(missing));
