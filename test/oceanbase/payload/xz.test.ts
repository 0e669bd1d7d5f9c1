import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { unxz } from "../../../provider/oceanbase/packages/xz/xz";
import { storedXz } from "./pack";
import { sample } from "./sample";

const fixture = (name: string) => readFileSync(join(__dirname, "fixtures", `${name}.xz`));

/** Hands bytes over in pieces of one size, whose memory is used again. */
async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array, void, void> {
  const buffer = Buffer.alloc(size);
  for (let at = 0; at < bytes.length; at += size) {
    const length = bytes.copy(buffer, 0, at, at + size);
    yield buffer.subarray(0, length);
    buffer.fill(0xee);
  }
}

async function unpacked(bytes: Buffer, size = 4096): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of unxz(pieces(bytes, size))) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

const repeated = () => Buffer.concat(Array.from({ length: 70 }, () => sample(100_003)));

describe("a payload packed with xz", () => {
  it.each([
    ["rpm", () => sample(120_000), "as rpm packs"],
    ["positions", () => sample(40_000), "lc 0, lp 4, pb 4"],
    ["context", () => sample(40_000), "lc 4, lp 0, pb 0"],
    ["blocks", () => sample(60_000), "several blocks, SHA-256"],
    ["unchecked", () => sample(20_000), "no check"],
    ["long", repeated, "more than the window holds"],
  ])("comes out as it went in: %s", async (name, original) => {
    const packed = fixture(name);
    expect((await unpacked(packed)).equals(original())).toBe(true);
  });

  it.each([1, 3, 64 * 1024])("may arrive in pieces of %i bytes", async (size) => {
    expect((await unpacked(fixture("rpm"), size)).equals(sample(120_000))).toBe(true);
  });

  it("of any content, stored as it is, comes out as it went in", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200_000, size: "max" }), async (content) => {
        expect((await unpacked(storedXz(Buffer.from(content)))).equals(Buffer.from(content))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it("lets go of its source when nobody wants the rest", async () => {
    let closed = false;
    async function* source() {
      try {
        yield* pieces(fixture("long"), 512);
      } finally {
        closed = true;
      }
    }
    for await (const part of unxz(source())) if (part.length > 0) break;
    expect(closed).toBe(true);
  });
});

describe("a payload that cannot be unpacked", () => {
  it.each([
    ["with a filter before LZMA", fixture("filtered"), /more than one filter/],
    ["with a dictionary beyond xz -9", fixture("huge-dictionary"), /dictionary of 100663296 bytes/],
    ["that is no xz", Buffer.from("payload, but of another kind"), /not in xz format/],
    ["that is cut off", fixture("rpm").subarray(0, 5000), /ends early/],
    ["without anything", Buffer.alloc(0), /ends early/],
    ["with a chunk of an unknown kind", changed(storedXz(Buffer.from("abc")), 24, 3), /chunk of kind 3/],
    ["with properties that LZMA2 does not have", changed(fixture("rpm"), 29, 224), /LZMA properties are 224/],
  ])("%s", async (_, packed, why) => {
    await expect(unpacked(packed)).rejects.toThrow(why);
  });

  it("because any byte of a chunk is another one does not end well unnoticed, and never hangs", async () => {
    const packed = fixture("context");
    const original = sample(40_000);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 30, max: packed.length - 60 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, by) => {
          const damaged = changed(packed, at, (packed[at] ?? 0) ^ by);
          const result = await unpacked(damaged).catch((error: Error) => error);
          if (result instanceof Error) expect(result.name).toBe("UnreadablePayload");
          else expect(result.equals(original)).toBe(false);
        },
      ),
      { numRuns: 200 },
    );
  });
});

function changed(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
}
