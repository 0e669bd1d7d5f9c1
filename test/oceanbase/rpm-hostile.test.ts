import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PinError } from "../../provider/core/errors";
import { readRpm } from "../../provider/oceanbase/packages/rpm";
import { makeRpm } from "../support/rpm-package";
import { scratch } from "./upload-rig";

const good = makeRpm({ payload: Buffer.alloc(200, 1) });

/** Reads a file with these bytes; true when it was taken. Anything but a PinError fails the test. */
async function taken(path: string, bytes: Uint8Array): Promise<boolean> {
  await writeFile(path, bytes);
  try {
    await readRpm(path);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(PinError);
    expect(error).toMatchObject({ code: "blocked", remedy: expect.any(String) });
    return false;
  }
}

describe("a hostile file", () => {
  const word = fc.oneof(
    fc.constantFrom(0, 1, 2, 15, 16, 0x7fffffff, 0x80000000, 0xffffffff),
    fc.nat({ max: 4_096 }),
    fc.nat({ max: 0xffffffff }),
  );
  const change = fc.record({ at: fc.nat({ max: Math.floor(good.length / 4) - 1 }), value: word });

  it("whose words were changed is refused with a sentence, or taken", async () => {
    const path = join(await scratch(), "mutated.rpm");
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const bytes = Buffer.from(good);
        for (const { at, value } of changes) bytes.writeUInt32BE(value, at * 4);
        await taken(path, bytes);
      }),
      { numRuns: 500 },
    );
  });

  it("that is any bytes behind a good lead is refused", async () => {
    const path = join(await scratch(), "bytes.rpm");
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (rest) => {
        expect(await taken(path, Buffer.concat([good.subarray(0, 100), rest]))).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  it("that was cut anywhere is refused", async () => {
    const path = join(await scratch(), "cut.rpm");
    for (let length = 0; length < good.length; length += 17) {
      expect(await taken(path, good.subarray(0, length))).toBe(false);
    }
  });
});
