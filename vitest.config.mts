import { defineConfig } from "vitest/config";

/** `--mode brief`: without the scenarios that `npm run e2e` alone plays. */
export default defineConfig(({ mode }) => ({
  test: {
    env: { SCENARIOS: mode === "brief" ? "brief" : "all" },
    include: ["test/**/*.test.ts"],
    pool: "forks",
    // Most of the time of the end-to-end scenarios is waiting for other processes.
    maxWorkers: 3,
    globalSetup: "test/engine/announce.ts",
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
}));
