import { createHash } from "node:crypto";
import { type FileHandle, open, stat } from "node:fs/promises";
import { UpgradeError } from "../../core/errors";
import { INTRO_BYTES, MalformedRpm, RpmHeader, readIntro } from "./rpm-header";
import * as refusals from "./rpm-refusals";

/** An RPM file that was read and verified. */
export interface RpmPackage {
  readonly path: string;
  /** Of the file. */
  readonly bytes: number;
  /** Of the file, lower-case hex. */
  readonly sha256: string;
  readonly name: string;
  readonly version: string;
  /** Build and distribution: `102000042025031214.el7`. */
  readonly release: string;
  readonly architecture: string;
  /** Installed size in bytes. */
  readonly installedBytes: number;
  /** The signature's MD5 of everything after the signature, hex: what obshell lists as `md5`. */
  readonly md5: string;
  /** Where the payload begins in the file, in bytes. */
  readonly payload: number;
  /** Absolute paths of files and directories. */
  readonly files: readonly string[];
}

/**
 * The file starts with the lead (96 bytes: magic, format version, kind of package, kind of signature), the signature
 * header, padded to 8 bytes, and the main header; the payload follows.
 */
const LEAD = { bytes: 96, magic: 0xedabeedb, versions: [3, 4], binary: 0, headerSignature: 5 } as const;
const ALIGNMENT = 8;

const SIGNATURE = { size: 1000, md5: 1004 } as const;
const TAG = {
  name: 1000,
  version: 1001,
  release: 1002,
  size: 1009,
  architecture: 1022,
  payloadFormat: 1124,
  payloadCompressor: 1125,
  longSize: 5009,
} as const;
const FILES = { indexes: 1116, names: 1117, directories: 1118 } as const;

/** Allowed characters of a name, version or architecture (rpm's own rule); it becomes part of a file name. */
const PLAIN = /^[A-Za-z0-9._+~^-]{1,200}$/;
/** Build and distribution, with optional vendor parts in between. */
const RELEASE = /^\d{1,40}(\.[A-Za-z0-9_+~^]{1,40}){1,8}$/;

const READ_BYTES = 1024 * 1024;

/**
 * Reads the headers of an RPM file and verifies the whole file, as obshell does on upload (`rpm.MD5Check`, then its own
 * rules), without holding the payload in memory.
 * @throws UpgradeError `blocked` when it cannot be read, is not an RPM, is damaged, or would be rejected by obshell
 */
export async function readRpm(path: string): Promise<RpmPackage> {
  let file: FileHandle | undefined;
  try {
    // Opening a pipe would wait for a writer.
    if (!(await stat(path)).isFile()) throw refusals.notAFile(path);
    file = await open(path, "r");
    return await inspect(path, file);
  } catch (error) {
    if (error instanceof UpgradeError) throw error;
    throw error instanceof MalformedRpm
      ? refusals.malformed(path, error.message, error)
      : refusals.unreadable(path, error);
  } finally {
    await file?.close();
  }
}

async function inspect(path: string, handle: FileHandle): Promise<RpmPackage> {
  const { size: bytes } = await handle.stat();
  const file = { path, handle, bytes };
  await readLead(file);
  const signature = await readHeader(file, LEAD.bytes);
  const start = Math.ceil(signature.end / ALIGNMENT) * ALIGNMENT;
  const { header, end: payload } = await readHeader(file, start);
  const md5 = expectedDigest(file, signature.header, start);
  const described = describe(path, header);
  const digests = await digest(file, start);
  if (digests.md5 !== md5) throw refusals.wrongChecksum(path, digests.md5, md5);
  return { path, bytes, payload, ...digests, ...described };
}

interface OpenFile {
  readonly path: string;
  readonly handle: FileHandle;
  readonly bytes: number;
}

async function readLead(file: OpenFile): Promise<void> {
  const { path, bytes } = file;
  const lead = await readAt(file, 0, Math.min(LEAD.bytes, bytes));
  if (lead.length < 4 || lead.readUInt32BE(0) !== LEAD.magic)
    throw refusals.notRpm(path, "it does not begin with an RPM lead");
  if (lead.length < LEAD.bytes) throw refusals.truncated(path, bytes, LEAD.bytes);
  const format = lead.readUInt8(4);
  if (!LEAD.versions.some((known) => known === format)) throw refusals.notRpm(path, `its format is version ${format}`);
  if (lead.readUInt16BE(6) !== LEAD.binary) throw refusals.notRpm(path, "it is a source package");
  if (lead.readUInt16BE(78) !== LEAD.headerSignature)
    throw refusals.notRpm(path, "its signature is of an unknown kind");
}

async function readHeader(file: OpenFile, start: number): Promise<{ header: RpmHeader; end: number }> {
  const intro = readIntro(await readAt(file, start, INTRO_BYTES));
  const body = await readAt(file, start + INTRO_BYTES, intro.bytes);
  return { header: new RpmHeader(intro, body), end: start + INTRO_BYTES + intro.bytes };
}

/** Never allocates more than the file contains. */
async function readAt({ path, handle, bytes }: OpenFile, start: number, length: number): Promise<Buffer> {
  if (start + length > bytes) throw refusals.truncated(path, bytes, start + length);
  const buffer = Buffer.alloc(length);
  for (let filled = 0; filled < length; ) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, start + filled);
    if (bytesRead === 0) throw refusals.changed(path);
    filled += bytesRead;
  }
  return buffer;
}

/** The MD5 declared by the signature, after its declared size has been checked against the file. */
function expectedDigest({ path, bytes }: OpenFile, signature: RpmHeader, start: number): string {
  const [size = 0] = signature.integers(SIGNATURE.size);
  const md5 = signature.bytes(SIGNATURE.md5);
  if (size === 0) throw refusals.withoutChecksum(path, "size (SIZE)");
  if (md5 === undefined) throw refusals.withoutChecksum(path, "checksum (MD5)");
  const announced = start + size;
  if (bytes < announced) throw refusals.truncated(path, bytes, announced);
  if (bytes > announced) throw refusals.tooLong(path, bytes, announced);
  return md5.toString("hex");
}

function describe(path: string, header: RpmHeader): Omit<RpmPackage, "path" | "bytes" | "payload" | "sha256" | "md5"> {
  const field = (tag: number, what: string) => {
    const value = header.text(tag);
    if (value === undefined || !PLAIN.test(value)) throw refusals.withoutField(path, what, value);
    return value;
  };
  const release = header.text(TAG.release) ?? "";
  const described = {
    name: field(TAG.name, "name"),
    version: field(TAG.version, "version"),
    release,
    architecture: field(TAG.architecture, "architecture"),
    installedBytes: header.integers(TAG.longSize)[0] ?? header.integers(TAG.size)[0] ?? 0,
  };
  if (!RELEASE.test(release)) throw refusals.withoutDistribution(path, release);
  const compression = header.text(TAG.payloadCompressor) ?? "";
  if (compression !== "xz") throw refusals.wrongCompression(path, compression);
  const format = header.text(TAG.payloadFormat) ?? "";
  if (format !== "cpio") throw refusals.wrongFormat(path, format);
  return { ...described, files: header.paths(FILES) };
}

/** SHA-256 of the file and MD5 of it from `start` on, in hex. */
async function digest({ path, handle, bytes }: OpenFile, start: number): Promise<{ sha256: string; md5: string }> {
  const sha256 = createHash("sha256");
  const md5 = createHash("md5");
  const buffer = Buffer.alloc(Math.min(READ_BYTES, bytes));
  for (let at = 0; at < bytes; ) {
    const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, bytes - at), at);
    if (bytesRead === 0) throw refusals.changed(path);
    const read = buffer.subarray(0, bytesRead);
    sha256.update(read);
    md5.update(read.subarray(Math.min(Math.max(start - at, 0), bytesRead)));
    at += bytesRead;
  }
  return { sha256: sha256.digest("hex"), md5: md5.digest("hex") };
}
