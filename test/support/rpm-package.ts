import { createHash } from "node:crypto";
import { open } from "node:fs/promises";

/** RPM files for tests: valid in everything that obshell and our reader check, but not installable. */

type Value = string | number | bigint | Buffer | readonly string[] | readonly number[];
type Tags = Readonly<Record<number, Value | undefined>>;

export interface RpmOptions {
  readonly name?: string;
  readonly version?: string;
  readonly release?: string;
  readonly architecture?: string;
  /** Absolute paths; those that end with "/" are directories. Default: the files that obshell requires in a package of that name. */
  readonly files?: readonly string[];
  readonly payload?: Buffer;
  /** Replaces or adds header entries; undefined leaves one out. */
  readonly signature?: Tags;
  readonly header?: Tags;
  /** Changes the lead, 96 bytes. */
  readonly lead?: (lead: Buffer) => void;
}

const HOME = "/home/admin/oceanbase";
const SCRIPTS = ["upgrade_checker.py", "upgrade_pre.py", "upgrade_health_checker.py", "upgrade_post.py"];
const DATABASE = [
  `${HOME}/bin/observer`,
  `${HOME}/bin/obshell`,
  ...SCRIPTS.map((name) => `${HOME}/etc/${name}`),
  `${HOME}/etc/oceanbase_upgrade_dep.yml`,
];
const CONTENT: Readonly<Record<string, readonly string[]>> = {
  obshell: [`${HOME}/bin/obshell`],
  "oceanbase-ce-libs": [`${HOME}/lib/`, `${HOME}/lib/libaio.so.1`],
};

export function makeRpm(options: RpmOptions = {}): Buffer {
  const payload = options.payload ?? Buffer.from("payload");
  const header = mainHeader(options);
  const md5 = createHash("md5").update(header).update(payload).digest();
  return Buffer.concat([front(options, header, payload.length, md5), payload]);
}

/** Writes an RPM whose payload is `bytes` zeros, as a sparse file. */
export async function writeLargeRpm(path: string, bytes: number, options: RpmOptions = {}): Promise<void> {
  const header = mainHeader(options);
  const md5 = createHash("md5").update(header);
  const zeros = Buffer.alloc(1024 * 1024);
  for (let at = 0; at < bytes; at += zeros.length) md5.update(zeros.subarray(0, Math.min(zeros.length, bytes - at)));
  const start = front(options, header, bytes, md5.digest());
  const file = await open(path, "w");
  await file.write(start);
  await file.truncate(start.length + bytes);
  await file.close();
}

function mainHeader(options: RpmOptions): Buffer {
  const { name = "oceanbase-ce", version = "4.3.5.2", release = "102000042025031214.el7" } = options;
  const files = options.files ?? CONTENT[name] ?? DATABASE;
  return headerOf({
    1000: name,
    1001: version,
    1002: release,
    1009: 46560624,
    1022: options.architecture ?? "x86_64",
    ...fileTags(files),
    1124: "cpio",
    1125: "xz",
    ...options.header,
  });
}

function fileTags(files: readonly string[]): Tags {
  if (files.length === 0) return {};
  const plain = files.map((path) => path.replace(/\/$/, ""));
  const directories = [...new Set(plain.map(directoryOf))];
  const numbers = (value: number) => plain.map(() => value);
  const words = (value: string) => plain.map(() => value);
  return {
    1028: numbers(1),
    1030: files.map((path) => (path.endsWith("/") ? 0o040755 : 0o100755)),
    1034: numbers(0),
    1035: words(""),
    1036: words(""),
    1037: numbers(0),
    1039: words("root"),
    1040: words("root"),
    1116: plain.map((path) => directories.indexOf(directoryOf(path))),
    1117: plain.map((path) => path.slice(directoryOf(path).length)),
    1118: directories,
  };
}

function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

/** Lead, signature and header. */
function front({ lead: change, signature }: RpmOptions, header: Buffer, payload: number, md5: Buffer): Buffer {
  const lead = Buffer.alloc(96);
  lead.writeUInt32BE(0xedabeedb);
  lead.writeUInt8(3, 4);
  lead.writeUInt16BE(5, 78);
  change?.(lead);
  const sealed = headerOf({ 1000: header.length + payload, 1004: md5, 1007: payload * 2, ...signature });
  const padding = Buffer.alloc((8 - (sealed.length % 8)) % 8);
  return Buffer.concat([lead, sealed, padding, header]);
}

/** Index and store, entries by tag. */
function headerOf(tags: Tags): Buffer {
  const index: Buffer[] = [];
  let store = Buffer.alloc(0);
  for (const [tag, value] of Object.entries(tags)) {
    if (value === undefined) continue;
    const { type, count, bytes } = encoded(value);
    const offset = Math.ceil(store.length / 8) * 8;
    store = Buffer.concat([store, Buffer.alloc(offset - store.length), bytes]);
    index.push(...[Number(tag), type, offset, count].map(word));
  }
  const magic = Buffer.from([0x8e, 0xad, 0xe8, 1, 0, 0, 0, 0]);
  return Buffer.concat([magic, word(index.length / 4), word(store.length), ...index, store]);
}

function encoded(value: Value): { type: number; count: number; bytes: Buffer } {
  if (Buffer.isBuffer(value)) return { type: 7, count: value.length, bytes: value };
  if (typeof value === "string") return { type: 6, count: 1, bytes: Buffer.from(`${value}\0`) };
  if (typeof value === "number") return { type: 4, count: 1, bytes: word(value) };
  if (typeof value === "bigint") return { type: 5, count: 1, bytes: long(value) };
  const parts = [...value].map((one) => (typeof one === "number" ? word(one) : Buffer.from(`${one}\0`)));
  return { type: typeof value[0] === "number" ? 4 : 8, count: value.length, bytes: Buffer.concat(parts) };
}

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function long(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
