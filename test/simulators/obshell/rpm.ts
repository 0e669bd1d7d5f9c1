import { createHash } from "node:crypto";

/** The parts of an RPM file that obshell reads at an upload (OBShell facts §3.2; live facts §1.15). */
export interface RpmFile {
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly architecture: string;
  readonly compression: string;
  readonly format: string;
  /** Installed bytes. */
  readonly size: number;
  /** Header and payload bytes, from the signature. */
  readonly payloadSize: number;
  /** The signature's MD5 of everything after the signature header, in hex. */
  readonly md5: string;
  readonly payload: Buffer;
  readonly files: readonly { readonly path: string; readonly directory: boolean }[];
}

const LEAD_BYTES = 96;
const LARGEST = 32 * 1024 * 1024;
const SIGNATURE = { size: 1000, md5: 1004 } as const;
const TAG = {
  name: 1000,
  version: 1001,
  release: 1002,
  size: 1009,
  architecture: 1022,
  format: 1124,
  compression: 1125,
} as const;
const FILES = { modes: 1030, directoryOf: 1116, names: 1117, directories: 1118 } as const;
/** Lists beside the names that Go indexes with the number of each file: sizes, times, digests, links, flags, owners. */
const BESIDE = [1028, 1034, 1035, 1036, 1037, 1039, 1040] as const;
const DIRECTORY = 0o040000;
const KIND = 0o170000;

/** Errors of obshell's RPM reader (cavaliergopher/rpm). */
export class RpmError extends Error {
  override readonly name = "RpmError";
}

/** Where that reader panics: a list of files whose parts do not fit together. */
export class RpmPanic extends Error {
  override readonly name = "RpmPanic";
}

type Value = readonly string[] | readonly number[] | Buffer | undefined;

interface Header {
  readonly values: ReadonlyMap<number, Value>;
  readonly end: number;
}

/** The digest is checked before the main header is read. */
export function readRpm(file: Buffer): RpmFile {
  readLead(file);
  const signature = readHeader(file, LEAD_BYTES);
  const start = signature.end + ((8 - (signature.end % 8)) % 8);
  if (start > signature.end && file.length < start) throw new RpmError("EOF");
  checkDigest(signature, file.subarray(start));
  const header = readHeader(file, start);
  const text = (tag: number) => texts(header, tag)[0] ?? "";
  return {
    name: text(TAG.name),
    version: text(TAG.version),
    release: text(TAG.release),
    architecture: text(TAG.architecture),
    compression: text(TAG.compression),
    format: text(TAG.format),
    size: integers(header, TAG.size)[0] ?? 0,
    payloadSize: integers(signature, SIGNATURE.size)[0] ?? 0,
    md5: bytes(signature, SIGNATURE.md5)?.toString("hex") ?? "",
    payload: file.subarray(header.end),
    get files() {
      return filesOf(header);
    },
  };
}

function checkDigest(signature: Header, signed: Buffer): void {
  const size = integers(signature, SIGNATURE.size)[0];
  if (size === undefined) throw new RpmError("rpm: tag not found: RPMSIGTAG_SIZE");
  const md5 = bytes(signature, SIGNATURE.md5)?.toString("hex");
  if (md5 === undefined) throw new RpmError("rpm: tag not found: RPMSIGTAG_MD5");
  if (signed.length !== size || createHash("md5").update(signed).digest("hex") !== md5) {
    throw new RpmError("MD5 checksum validation failed");
  }
}

function readLead(file: Buffer): void {
  if (file.length === 0) throw new RpmError("EOF");
  if (file.length < LEAD_BYTES) throw new RpmError("unexpected EOF");
  if (file.readUInt32BE(0) !== 0xedabeedb) throw new RpmError("rpm: invalid file descriptor");
  const [version = 0] = file.subarray(4);
  if (version < 3 || version > 4) throw new RpmError(`rpm: unsupported rpm version: ${version}`);
  const signature = file.readUInt16BE(78);
  if (signature !== 5) throw new RpmError(`rpm: unknown signature type: ${signature.toString(16)}`);
}

/** The magic number is not checked. Of the first two parts some bytes are enough; the rest of them is zero. */
function readHeader(file: Buffer, start: number): Header {
  const intro = someBytes(file, start, 16);
  const count = intro.readUInt32BE(8);
  const length = intro.readUInt32BE(12);
  if (length > LARGEST) throw new RpmError(`rpm: header size exceeds the maximum of ${LARGEST}: ${length}`);
  if (count * 16 > LARGEST) throw new RpmError(`rpm: header index size exceeds the maximum of ${LARGEST}: ${length}`);
  const data = start + 16 + count * 16;
  const index = someBytes(file, start + 16, count * 16);
  if (length > 0 && file.length < data + length) throw new RpmError(file.length <= data ? "EOF" : "unexpected EOF");
  const store = file.subarray(data, data + length);
  const values = new Map<number, Value>();
  for (let number = 0; number < count; number += 1) {
    const entry = index.subarray(number * 16, (number + 1) * 16);
    values.set(entry.readUInt32BE(0), entryValue(store, entry, number));
  }
  return { values, end: data + length };
}

function someBytes(file: Buffer, start: number, length: number): Buffer {
  const found = file.subarray(start, start + length);
  if (found.length === 0 && length > 0) throw new RpmError("EOF");
  return found.length === length ? found : Buffer.concat([found], length);
}

function entryValue(store: Buffer, entry: Buffer, index: number): Value {
  const [type, offset, count] = [entry.readUInt32BE(4), entry.readUInt32BE(8), entry.readUInt32BE(12)];
  if (offset >= store.length) throw new RpmError(`rpm: offset of index ${index} is out of range: %!s(int=${offset})`);
  if (count < 1) throw new RpmError(`rpm: invalid value count for index ${index}: ${count}`);
  const outside = (what: string) => new RpmError(`rpm: ${what} value for index ${index + 1} is out of range`);
  switch (type) {
    case 0:
      return undefined;
    case 1:
    case 2:
    case 7:
      if (offset + count > store.length) throw outside(type === 7 ? "binary" : type === 1 ? "uint8" : "int8");
      return store.subarray(offset, offset + count);
    case 3:
    case 4:
    case 5: {
      const width = 2 ** (type - 2);
      if (offset + count * width > store.length) throw outside(`int${width * 8}`);
      return Array.from({ length: count }, (_, at) => integerAt(store, offset + at * width, width));
    }
    case 6:
    case 8:
    case 9:
      if (offset + count > store.length) throw outside("[]string");
      return textsAt(store, offset, count);
    default:
      throw new RpmError(`rpm: unknown index data type: ${type.toString(16).toUpperCase()}`);
  }
}

function integerAt(store: Buffer, at: number, width: number): number {
  return width === 8 ? Number(store.readBigInt64BE(at)) : store.readUIntBE(at, width);
}

/** The last text may end with the store. */
function textsAt(store: Buffer, offset: number, count: number): string[] {
  const found: string[] = [];
  for (let at = offset; found.length < count; ) {
    const zero = store.indexOf(0, at);
    const end = zero < 0 ? store.length : zero;
    found.push(store.toString("utf8", at, end));
    at = end + 1;
  }
  return found;
}

function filesOf(header: Header): RpmFile["files"] {
  const names = texts(header, FILES.names);
  const directories = texts(header, FILES.directories);
  const directoryOf = integers(header, FILES.directoryOf);
  const modes = integers(header, FILES.modes);
  const beside = BESIDE.map((tag) => Math.max(texts(header, tag).length, integers(header, tag).length));
  return names.map((name, index) => {
    const directory = directories[directoryOf[index] ?? -1];
    const mode = modes[index];
    if (directory === undefined || mode === undefined || beside.some((length) => length <= index)) {
      throw new RpmPanic(`index out of range [${index}]`);
    }
    return { path: directory + name, directory: (mode & KIND) === DIRECTORY };
  });
}

function texts({ values }: Header, tag: number): readonly string[] {
  const value = values.get(tag);
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

function integers({ values }: Header, tag: number): readonly number[] {
  const value = values.get(tag);
  return Array.isArray(value) ? value.filter((one) => typeof one === "number") : [];
}

function bytes({ values }: Header, tag: number): Buffer | undefined {
  const value = values.get(tag);
  return Buffer.isBuffer(value) ? value : undefined;
}
