import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it, vi } from "vitest";
import { Crowd } from "../../provider/frontend/dynamic/crowd";

/** Makes 20,000 objects again and again, of which the last fifty lots are kept, and prints the most memory in kilobytes. */
const CHURN = `
  const kept = [];
  for (let round = 0; round < 200; round++) kept[round % 50] = Array.from({ length: 20_000 }, (_, at) => ({ at, round }));
  console.log(process.resourceUsage().maxRSS);
`;

/** With these V8 is as generous on every machine as on one with much memory. */
const GENEROUS = ["--max-old-space-size=8192", "--max-semi-space-size=64"];

/** The most memory of a process of its own. */
async function churn(before: string): Promise<number> {
  const args = [...GENEROUS, "--import", "tsx", "--eval", before + CHURN];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  expect(stderr).toBe("");
  return Number(stdout);
}

/** Work that is done when it is told to be. */
function piece() {
  return Promise.withResolvers<string>();
}

describe("a crowd", () => {
  it("is relieved once, when so many are there at the same time", async () => {
    const relieve = vi.fn();
    const crowd = new Crowd(relieve, 3);
    const [first, second, third] = [piece(), piece(), piece()];
    const one = crowd.with(() => first.promise);
    const two = crowd.with(() => second.promise);
    expect(relieve).not.toHaveBeenCalled();
    const three = crowd.with(() => third.promise);
    expect(relieve).toHaveBeenCalledTimes(1);
    for (const [at, { resolve }] of [first, second, third].entries()) resolve(`${at}`);
    expect(await Promise.all([one, two, three])).toEqual(["0", "1", "2"]);
    await Promise.all(Array.from({ length: 5 }, () => crowd.with(async () => "again")));
    expect(relieve).toHaveBeenCalledTimes(1);
  });

  it("does not count those that are done, nor those that failed", async () => {
    const relieve = vi.fn();
    const crowd = new Crowd(relieve, 2);
    for (let at = 0; at < 5; at++) {
      await crowd.with(async () => "done");
      await expect(crowd.with(() => Promise.reject(new Error("failed")))).rejects.toThrow("failed");
      await expect(
        crowd.with(() => {
          throw new Error("failed at once");
        }),
      ).rejects.toThrow("failed at once");
    }
    expect(relieve).not.toHaveBeenCalled();
  });

  it("makes V8 keep less, in words that V8 knows", async () => {
    const crowd = `const { Crowd } = require(${JSON.stringify(require.resolve("../../provider/frontend/dynamic/crowd.ts"))});
      void new Crowd(undefined, 1).with(async () => undefined);`;
    const [frugal, usual] = [await churn(crowd), await churn("")];
    expect(frugal / usual).toBeLessThan(0.8);
  });
});
