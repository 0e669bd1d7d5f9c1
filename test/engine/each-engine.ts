import { describe } from "vitest";
import { engines } from "./index";
import type { EngineKind } from "./types";

/** An operation starts three processes, so a test with a few of them is slow on a busy machine. */
const TIMEOUT_MS = 90_000;

/** Declares the same tests for each available engine. The engines run concurrently, the tests of one engine in sequence. */
export function onEachEngine(subject: string, tests: (prefer: EngineKind) => void): void {
  const options = { concurrent: true, timeout: TIMEOUT_MS };
  describe.each(engines())(`%s engine: ${subject}`, options, (prefer) => {
    describe(prefer, { concurrent: false }, () => tests(prefer));
  });
}
