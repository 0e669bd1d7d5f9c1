import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UpgradeError } from "../../provider/core/errors";
import { findInCpio } from "../../provider/oceanbase/packages/payload";
import { readRpm } from "../../provider/oceanbase/packages/rpm";
import { unxz } from "../../provider/oceanbase/packages/xz/xz";
import { makeRpm, type RpmOptions, writeLargeRpm } from "../support/rpm-package";
import { cpioOf, storedXz } from "./payload/pack";
import { sample } from "./payload/sample";
import { failureOf, fileOf, scratch } from "./upload-rig";

describe("a package", () => {
  it("is described by its headers, and its size is verified", async () => {
    const bytes = makeRpm({ payload: Buffer.alloc(3_000_000, 7) });
    const path = await fileOf(bytes);
    expect(await readRpm(path)).toEqual({
      path,
      bytes: bytes.length,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      md5: expect.stringMatching(/^[0-9a-f]{32}$/),
      payload: bytes.length - 3_000_000,
      name: "oceanbase-ce",
      version: "4.3.5.2",
      release: "102000042025031214.el7",
      architecture: "x86_64",
      installedBytes: 46560624,
      files: expect.arrayContaining(["/home/admin/oceanbase/bin/observer"]),
    });
  });

  it.each<[string, RpmOptions, object]>([
    ["of obshell for ARM", { name: "obshell", architecture: "aarch64" }, { name: "obshell", architecture: "aarch64" }],
    ["without a payload", { payload: Buffer.alloc(0) }, { name: "oceanbase-ce" }],
    ["without files", { files: [] }, { files: [] }],
    ["with a directory", { files: ["/a/b/"] }, { files: ["/a/b"] }],
    ["of more than 4 GB installed", { header: { 1009: undefined, 5009: 5_000_000_000n } }, { installedBytes: 5e9 }],
    ["that does not declare its size", { header: { 1009: undefined } }, { installedBytes: 0 }],
    ["of an old format", { lead: (lead) => lead.writeUInt8(4, 4) }, { version: "4.3.5.2" }],
    ["with a longer release", { release: "1.2.el8" }, { release: "1.2.el8" }],
  ])("%s is accepted", async (_, options, expected) => {
    expect(await readRpm(await fileOf(makeRpm(options)))).toMatchObject(expected);
  });

  it("of 50 MB is read", async () => {
    const path = join(await scratch(), "large.rpm");
    await writeLargeRpm(path, 50_000_000);
    expect((await readRpm(path)).bytes).toBeGreaterThan(50_000_000);
  });
});

const good = makeRpm();
/** Where the main header begins: lead, then a signature of three entries and its store, to a multiple of 8. */
const mainHeader = good.indexOf(Buffer.from([0x8e, 0xad, 0xe8, 1]), 97);

function changed(at: number, bytes: readonly number[]): Buffer {
  const copy = Buffer.from(good);
  copy.set(bytes, at);
  return copy;
}

describe("a file that is not a package for obshell", () => {
  it.each<[string, Buffer, RegExp]>([
    [
      "empty",
      Buffer.alloc(0),
      /is not an RPM package .*it does not begin with an RPM lead\. Use the package as published by the vendor/,
    ],
    ["a page of HTML", Buffer.from("<html>404</html>".repeat(20)), /is not an RPM package/],
    ["a lead alone", good.subarray(0, 50), /is truncated: it has 50 of at least 96 bytes\. Download it again/],
    ["cut in the signature", good.subarray(0, 100), /is truncated: it has 100 of at least 112 bytes/],
    ["cut in the header", good.subarray(0, mainHeader + 100), /is truncated/],
    [
      "cut by one byte",
      good.subarray(0, -1),
      new RegExp(`truncated: it has ${good.length - 1} of at least ${good.length} bytes`),
    ],
    [
      "too long",
      Buffer.concat([good, Buffer.from("x")]),
      /is damaged: it has \d+ bytes, 1 more than its header declares/,
    ],
    [
      "a flipped bit in the payload",
      changed(good.length - 1, [0]),
      /its MD5 checksum is [0-9a-f]{32}, but its header declares/,
    ],
    ["an unknown format", changed(4, [9]), /its format is version 9/],
    ["a source package", changed(6, [0, 1]), /it is a source package/],
    ["an old signature", changed(78, [0, 1]), /its signature is of an unknown kind/],
    ["a header without magic", changed(mainHeader, [0]), /header is malformed: its magic number is wrong/],
    ["a billion entries", changed(mainHeader + 8, [0x40, 0, 0, 0]), /malformed: it declares 1073741824 entries/],
    ["a store of 4 GB", changed(mainHeader + 12, [255, 255, 255, 255]), /malformed: it declares 4294967295 bytes/],
    ["more entries than bytes", changed(mainHeader + 8, [0, 16, 0, 0]), /is truncated/],
    ["an unknown type", changed(mainHeader + 20, [0, 0, 0, 99]), /malformed: tag 1000 is of an unknown type/],
    ["an offset outside", changed(mainHeader + 24, [0, 255, 0, 0]), /malformed: tag 1000 lies outside of it/],
    ["a count outside", changed(mainHeader + 28, [255, 255, 255, 255]), /malformed: tag 1000 lies outside of it/],
    ["a count of none", changed(mainHeader + 28, [0, 0, 0, 0]), /malformed: tag 1000 has no value/],
    ["no size", makeRpm({ signature: { 1000: undefined } }), /has no size \(SIZE\) in its signature/],
    ["no checksum", makeRpm({ signature: { 1004: undefined } }), /has no checksum \(MD5\) in its signature/],
    ["a wrong checksum", makeRpm({ signature: { 1004: Buffer.alloc(16) } }), /its header declares 0{32}/],
    ["no name", makeRpm({ header: { 1000: undefined } }), /has no name\./],
    ["a name of another type", makeRpm({ header: { 1000: 7 } }), /has no name\./],
    ["a name with a line break", makeRpm({ name: 'x"\r\ny' }), /has an invalid name: "x" {1,2}y"/],
    ["a version with a path", makeRpm({ version: "../../etc" }), /has an invalid version/],
    ["no architecture", makeRpm({ header: { 1022: undefined } }), /has no architecture/],
    [
      "a release without distribution",
      makeRpm({ release: "1" }),
      /has the release "1", but a release needs build and distribution, such as 102000042025031214\.el7\./,
    ],
    ["no release", makeRpm({ header: { 1002: undefined } }), /has the release ""/],
    [
      "another compression",
      makeRpm({ header: { 1125: "zstd" } }),
      /is compressed with zstd, but obshell supports only xz/,
    ],
    ["no compression", makeRpm({ header: { 1125: undefined } }), /declares no compression/],
    [
      "another format of its payload",
      makeRpm({ header: { 1124: "tar" } }),
      /a payload of format tar, but obshell supports only cpio/,
    ],
    [
      "a file in no directory",
      makeRpm({ header: { 1116: [0, 0, 99] } }),
      /malformed: the directory of file 2 is missing/,
    ],
  ])("%s is rejected with its name and the remedy", async (_, bytes, message) => {
    const path = await fileOf(bytes, "bad.rpm");
    const error = await failureOf(readRpm(path));
    expect(error.code).toBe("blocked");
    expect(error.sentence).toMatch(message);
    expect(error.message.startsWith(`The package ${path} `)).toBe(true);
    expect(error.remedy).toMatch(/^[A-Z].*\.$/);
  });

  it("is rejected if its short header would expand to gigabytes of paths", async () => {
    const directory = `/${"d".repeat(100_000)}/`;
    const names = Array.from({ length: 1_000 }, () => "f");
    const tags = { 1116: names.map(() => 0), 1117: names, 1118: [directory] };
    const error = await failureOf(readRpm(await fileOf(makeRpm({ files: [], header: tags }))));
    expect(error.message).toContain("its list of files is too long");
  });

  it("is rejected if it does not exist or is a folder", async () => {
    const directory = await scratch();
    expect((await failureOf(readRpm(join(directory, "none.rpm")))).sentence).toMatch(
      /none\.rpm cannot be read: there is no such file\. Give the path of the \.rpm file\./,
    );
    await mkdir(join(directory, "folder"));
    expect((await failureOf(readRpm(join(directory, "folder")))).message).toMatch(/folder is not a file/);
    expect(await failureOf(readRpm("a\0b"))).toBeInstanceOf(UpgradeError);
  });

  it("is rejected at once if it is a pipe", async () => {
    const path = join(await scratch(), "pipe");
    execFileSync("mkfifo", [path]);
    expect((await failureOf(readRpm(path))).message).toContain("is not a file");
  });
});

const small = makeRpm({ payload: Buffer.alloc(200, 1) });

/** Reads a file with these bytes and returns whether it was accepted. Any error other than an UpgradeError fails the test. */
async function accepted(path: string, bytes: Uint8Array): Promise<boolean> {
  await writeFile(path, bytes);
  try {
    await readRpm(path);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(UpgradeError);
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
  const change = fc.record({ at: fc.nat({ max: Math.floor(small.length / 4) - 1 }), value: word });

  it("whose words were changed is rejected with an UpgradeError, or accepted", async () => {
    const path = join(await scratch(), "mutated.rpm");
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const bytes = Buffer.from(small);
        for (const { at, value } of changes) bytes.writeUInt32BE(value, at * 4);
        await accepted(path, bytes);
      }),
      { numRuns: 500 },
    );
  });

  it("with arbitrary bytes after a valid lead is rejected", async () => {
    const path = join(await scratch(), "bytes.rpm");
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (rest) => {
        expect(await accepted(path, Buffer.concat([small.subarray(0, 100), rest]))).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  it("that was truncated anywhere is rejected", async () => {
    const path = join(await scratch(), "cut.rpm");
    for (let length = 0; length < small.length; length += 17) {
      expect(await accepted(path, small.subarray(0, length))).toBe(false);
    }
  });
});

const LIST = "/home/admin/oceanbase/etc/oceanbase_upgrade_dep.yml";
const FILES = {
  "./home/admin/oceanbase/bin/observer": Buffer.alloc(100_001, 7),
  "./home/admin/oceanbase/etc/oceanbase_upgrade_dep.yml": "- version: 4.2.1.1\n",
  "./home/admin/oceanbase/etc/upgrade_pre.py": "",
};

async function* flow(bytes: Buffer, size = 1000): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const find = (bytes: Buffer, wanted = LIST, largest = 1_000) => findInCpio(flow(bytes), wanted, largest);

describe("a file in a package's archive", () => {
  it.each([
    ["after others", LIST, "- version: 4.2.1.1\n"],
    ["that is empty", "/home/admin/oceanbase/etc/upgrade_pre.py", ""],
    ["that does not exist", "/etc/passwd", undefined],
  ])("%s", async (_, wanted, content) => {
    expect((await find(cpioOf(FILES), wanted))?.toString()).toBe(content);
  });

  it.each(["/home/a", "home/a", "./home/a"])("is found as %s", async (name) => {
    expect((await find(cpioOf({ [name]: "x" }), "/home/a"))?.toString()).toBe("x");
  });

  it("ends the read: what follows it is not requested", async () => {
    let requested = 0;
    let closed = false;
    async function* counted() {
      try {
        for await (const piece of flow(Buffer.concat([cpioOf(FILES), Buffer.alloc(50_000)]))) {
          requested += 1;
          yield piece;
        }
      } finally {
        closed = true;
      }
    }
    await findInCpio(counted(), LIST, 1_000);
    expect(requested).toBeLessThan(105);
    expect(closed).toBe(true);
  });

  it.each([
    ["is too large", cpioOf({ [`.${LIST}`]: "x".repeat(1_001) }), /has 1001 bytes/],
    ["is not in a cpio archive", Buffer.alloc(500, 65), /not an archive in cpio format/],
    ["is in a truncated archive", cpioOf(FILES).subarray(0, 300), /ends early/],
    ["follows a damaged header", Buffer.from(`070701${"z".repeat(104)}`), /header in it is damaged/],
    [
      "follows a name without an end",
      Buffer.from(`070701${"0".repeat(88)}7fffffff${"0".repeat(8)}`),
      /name in it is too long/,
    ],
  ])("%s", async (_, bytes, why) => {
    await expect(find(bytes)).rejects.toThrow(why);
  });
});

const fixture = (name: string) => readFileSync(join(__dirname, "payload", "fixtures", `${name}.xz`));

/** Yields the bytes in pieces of one size, whose memory is reused. */
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
  ])("is unpacked to the original bytes: %s", async (name, original) => {
    const packed = fixture(name);
    expect((await unpacked(packed)).equals(original())).toBe(true);
  });

  it.each([1, 3, 64 * 1024])("can be read in pieces of %i bytes", async (size) => {
    expect((await unpacked(fixture("rpm"), size)).equals(sample(120_000))).toBe(true);
  });

  it("is unpacked to the original bytes if any content is stored uncompressed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200_000, size: "max" }), async (content) => {
        expect((await unpacked(storedXz(Buffer.from(content)))).equals(Buffer.from(content))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it("does not block the event loop, regardless of how much is unpacked at once", async () => {
    let turns = 0;
    const count = () => {
      turns += 1;
      waiting = setImmediate(count);
    };
    let waiting = setImmediate(count);
    await unpacked(storedXz(Buffer.alloc(50 << 20)), 64 << 20);
    clearImmediate(waiting);
    expect(turns).toBeGreaterThan(1);
  });

  it("closes its source when reading stops early", async () => {
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
    ["that is not xz", Buffer.from("payload, but of another kind"), /not in xz format/],
    ["that is truncated", fixture("rpm").subarray(0, 5000), /ends early/],
    ["without any bytes", Buffer.alloc(0), /ends early/],
    ["with a chunk of an unknown kind", withByte(storedXz(Buffer.from("abc")), 24, 3), /chunk of kind 3/],
    ["with properties that LZMA2 does not have", withByte(fixture("rpm"), 29, 224), /LZMA properties are 224/],
  ])("%s", async (_, packed, why) => {
    await expect(unpacked(packed)).rejects.toThrow(why);
  });

  it("because any byte of a chunk was changed fails or differs from the original, and never hangs", async () => {
    const packed = fixture("context");
    const original = sample(40_000);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 30, max: packed.length - 60 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, by) => {
          const damaged = withByte(packed, at, (packed[at] ?? 0) ^ by);
          const result = await unpacked(damaged).catch((error: Error) => error);
          if (result instanceof Error) expect(result.name).toBe("UnreadablePayload");
          else expect(result.equals(original)).toBe(false);
        },
      ),
      { numRuns: 200 },
    );
  });
});

function withByte(bytes: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = value;
  return copy;
}
