/** The parts of an RPM file that obshell reads at an upload (OBShell facts §3.2; live facts §1.15). */
export interface RpmFile {
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly architecture: string;
  /** Installed bytes. */
  readonly size: number;
  /** Header and payload bytes, from the signature. */
  readonly payloadSize: number;
  /** The signature's MD5 of everything after the signature header, in hex. */
  readonly md5: string;
  /** Header and payload, what the MD5 covers. */
  readonly signed: Buffer;
}

const LEAD_BYTES = 96;
const HEADER_MAGIC = 0x8eade801;
const SIGNATURE = { size: 1000, md5: 1004 } as const;
const TAG = { name: 1000, version: 1001, release: 1002, size: 1009, architecture: 1022 } as const;

/** What Go's reader says of anything that ends too soon or is no RPM. */
export class RpmError extends Error {
  override readonly name = "RpmError";
}

interface Header {
  readonly entries: ReadonlyMap<number, { readonly type: number; readonly offset: number; readonly count: number }>;
  readonly store: Buffer;
  readonly end: number;
}

export function readRpm(file: Buffer): RpmFile {
  if (file.length < LEAD_BYTES) throw new RpmError("unexpected EOF");
  if (file.readUInt32BE(0) !== 0xedabeedb) throw new RpmError("not an RPM file");
  const signature = readHeader(file, LEAD_BYTES);
  const start = signature.end + ((8 - (signature.end % 8)) % 8);
  const header = readHeader(file, start);
  return {
    name: text(header, TAG.name),
    version: text(header, TAG.version),
    release: text(header, TAG.release),
    architecture: text(header, TAG.architecture),
    size: integer(header, TAG.size),
    payloadSize: integer(signature, SIGNATURE.size),
    md5: bytes(signature, SIGNATURE.md5).toString("hex"),
    signed: file.subarray(start),
  };
}

function readHeader(file: Buffer, start: number): Header {
  if (file.length < start + 16) throw new RpmError("unexpected EOF");
  if (file.readUInt32BE(start) !== HEADER_MAGIC) throw new RpmError("invalid RPM header magic");
  const count = file.readUInt32BE(start + 8);
  const length = file.readUInt32BE(start + 12);
  const index = start + 16;
  const data = index + count * 16;
  if (file.length < data + length) throw new RpmError("unexpected EOF");
  const entries = new Map(
    Array.from({ length: count }, (_, entry) => {
      const at = index + entry * 16;
      const [tag, type] = [file.readUInt32BE(at), file.readUInt32BE(at + 4)];
      return [tag, { type, offset: file.readUInt32BE(at + 8), count: file.readUInt32BE(at + 12) }] as const;
    }),
  );
  return { entries, store: file.subarray(data, data + length), end: data + length };
}

function text({ entries, store }: Header, tag: number): string {
  const entry = entries.get(tag);
  if (entry === undefined) return "";
  return store.subarray(entry.offset, store.indexOf(0, entry.offset)).toString("utf8");
}

function integer({ entries, store }: Header, tag: number): number {
  const entry = entries.get(tag);
  return entry === undefined ? 0 : store.readUInt32BE(entry.offset);
}

function bytes({ entries, store }: Header, tag: number): Buffer {
  const entry = entries.get(tag);
  return entry === undefined ? Buffer.alloc(0) : store.subarray(entry.offset, entry.offset + entry.count);
}
