import { defineConfig } from "vitest/config";

/** Tests that start processes, measure the memory of their own, or put something in the place of a module. */
const APART = [
  "test/{cli/process,contract,docs,e2e,engine,hostile,many,package,sdk}/**",
  "test/oceanbase/upload-*",
  "test/frontend/watchdog*",
  "test/report/browser*",
];

/**
 * The one mark of a test: `npm test` runs the tests without it, `npm run test:all` those with it. Which tests have it is
 * a rule of CONTRIBUTING.md, "Tests".
 */
const LONG = { name: "long", description: "takes long, or repeats in another setting what an unmarked test shows" };

export default defineConfig({
  test: {
    tags: [LONG],
    pool: "forks",
    // Most of the time of those that start processes is waiting for them.
    maxWorkers: 3,
    globalSetup: ["test/engine/announce.ts", "test/engine/warm.ts"],
    // A busy machine takes seconds to start a process. Nothing is asserted about how long a test takes.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 60_000 } },
    projects: [
      { extends: true, test: { name: "apart", include: APART.map((path) => `${path}.test.ts`) } },
      {
        extends: true,
        test: {
          name: "together",
          include: ["test/**/*.test.ts"],
          exclude: APART,
          // A test that asserts nothing, such as one whose loop has nothing to go over, cannot fail.
          expect: { requireAssertions: true },
          // Nothing of theirs outlives a test; to load the modules again for each file takes longer than most of them.
          isolate: false,
        },
      },
    ],
  },
});
