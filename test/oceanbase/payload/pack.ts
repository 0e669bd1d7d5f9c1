/** Payloads for tests: cpio, in xz whose chunks are stored as they are. */

export function payloadOf(files: Readonly<Record<string, string | Buffer>>): Buffer {
  return storedXz(cpioOf(files));
}

/** The "new ASCII" format, names as rpm writes them: `./home/…`. */
export function cpioOf(files: Readonly<Record<string, string | Buffer>>): Buffer {
  const entries = [...Object.entries(files), ["TRAILER!!!", ""] as const];
  return Buffer.concat(entries.map(([name, content]) => entryOf(name, Buffer.from(content))));
}

function entryOf(name: string, content: Buffer): Buffer {
  const fields = [1, 0o100644, 0, 0, 1, 0, content.length, 0, 0, 0, 0, Buffer.byteLength(name) + 1, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
  return Buffer.concat([padded(Buffer.from(header)), padded(content)]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}

const MAGIC = Buffer.from("\xfd7zXZ\0", "latin1");
const DICTIONARY = 0x10;
const LARGEST_STORED = 0x10000;

/** One block without check; checksums of headers are left at 0, which neither the provider nor the simulator reads. */
export function storedXz(bytes: Buffer): Buffer {
  const streamHeader = Buffer.concat([MAGIC, Buffer.alloc(6)]);
  const blockHeader = Buffer.from([0x02, 0x00, 0x21, 0x01, DICTIONARY, 0, 0, 0, 0, 0, 0, 0]);
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += LARGEST_STORED) {
    const chunk = bytes.subarray(at, at + LARGEST_STORED);
    const size = chunk.length - 1;
    chunks.push(Buffer.from([at === 0 ? 1 : 2, size >> 8, size & 0xff]), chunk);
  }
  const block = padded(Buffer.concat([blockHeader, ...chunks, Buffer.from([0])]));
  return Buffer.concat([streamHeader, block, Buffer.from([0])]);
}
