import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UpgradeError } from "../../provider/core/errors";
import { readRpm } from "../../provider/oceanbase/packages/rpm";
import { makeRpm, type RpmOptions, writeLargeRpm } from "../support/rpm-package";
import { failureOf, fileOf, scratch } from "./upload-rig";

describe("a package", () => {
  it("is described by its headers, and found whole", async () => {
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
    ["that does not say its size", { header: { 1009: undefined } }, { installedBytes: 0 }],
    ["of an old format", { lead: (lead) => lead.writeUInt8(4, 4) }, { version: "4.3.5.2" }],
    ["with a longer release", { release: "1.2.el8" }, { release: "1.2.el8" }],
  ])("%s is taken", async (_, options, expected) => {
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

describe("a file that is not a package obshell takes", () => {
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
  ])("%s is refused, with its name and what to do", async (_, bytes, message) => {
    const path = await fileOf(bytes, "bad.rpm");
    const error = await failureOf(readRpm(path));
    expect(error.code).toBe("blocked");
    expect(error.sentence).toMatch(message);
    expect(error.message.startsWith(`The package ${path} `)).toBe(true);
    expect(error.remedy).toMatch(/^[A-Z].*\.$/);
  });

  it("does not blow a short header up to gigabytes of paths", async () => {
    const directory = `/${"d".repeat(100_000)}/`;
    const names = Array.from({ length: 1_000 }, () => "f");
    const tags = { 1116: names.map(() => 0), 1117: names, 1118: [directory] };
    const error = await failureOf(readRpm(await fileOf(makeRpm({ files: [], header: tags }))));
    expect(error.message).toContain("its list of files is too long");
  });

  it("may be none at all", async () => {
    const directory = await scratch();
    expect((await failureOf(readRpm(join(directory, "none.rpm")))).sentence).toMatch(
      /none\.rpm cannot be read: there is no such file\. Give the path of the \.rpm file\./,
    );
    await mkdir(join(directory, "folder"));
    expect((await failureOf(readRpm(join(directory, "folder")))).message).toMatch(/folder is not a file/);
    expect(await failureOf(readRpm("a\0b"))).toBeInstanceOf(UpgradeError);
  });

  it("may be a pipe, which is not waited for", async () => {
    const path = join(await scratch(), "pipe");
    execFileSync("mkfifo", [path]);
    expect((await failureOf(readRpm(path))).message).toContain("is not a file");
  });
});

const sample = makeRpm({ payload: Buffer.alloc(200, 1) });

/** Reads a file with these bytes; true when it was taken. Anything but an UpgradeError fails the test. */
async function taken(path: string, bytes: Uint8Array): Promise<boolean> {
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
  const change = fc.record({ at: fc.nat({ max: Math.floor(sample.length / 4) - 1 }), value: word });

  it("whose words were changed is refused with a sentence, or taken", async () => {
    const path = join(await scratch(), "mutated.rpm");
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const bytes = Buffer.from(sample);
        for (const { at, value } of changes) bytes.writeUInt32BE(value, at * 4);
        await taken(path, bytes);
      }),
      { numRuns: 500 },
    );
  });

  it("that is any bytes behind a sample lead is refused", async () => {
    const path = join(await scratch(), "bytes.rpm");
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (rest) => {
        expect(await taken(path, Buffer.concat([sample.subarray(0, 100), rest]))).toBe(false);
      }),
      { numRuns: 150 },
    );
  });

  it("that was cut anywhere is refused", async () => {
    const path = join(await scratch(), "cut.rpm");
    for (let length = 0; length < sample.length; length += 17) {
      expect(await taken(path, sample.subarray(0, length))).toBe(false);
    }
  });
});
