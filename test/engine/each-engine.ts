import { describe } from "vitest";
import { engines } from "./index";
import type { EngineKind } from "./types";

/** An operation starts three processes; on a busy machine a test of a few of them takes its time. */
const TIMEOUT_MS = 90_000;

/** Declares the same tests for each engine there is. The engines run side by side, the tests of one after each other. */
export function onEachEngine(subject: string, tests: (prefer: EngineKind) => void): void {
  const options = { concurrent: true, timeout: TIMEOUT_MS };
  describe.each(engines())(`%s engine: ${subject}`, options, (prefer) => {
    describe(prefer, { concurrent: false }, () => tests(prefer));
  });
}
