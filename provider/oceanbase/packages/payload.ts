import { open } from "node:fs/promises";
import type { RpmPackage } from "./rpm";
import { unreadable } from "./rpm-refusals";
import { Inflow, UnreadablePayload } from "./xz/range-decoder";
import { unxz } from "./xz/xz";

type Packed = Pick<RpmPackage, "path" | "payload">;

/** Small enough for other work to run between two reads. */
const READ_BYTES = 64 * 1024;

/**
 * Extracts one file of a package, without unpacking what follows it. Like obshell, supports only xz. Slow, because
 * everything before the file has to be unpacked, at about 20 to 60 MB per second.
 * @param wanted absolute path of the installed file
 * @param largest maximum size in bytes
 * @returns undefined when the package does not contain it
 * @throws UnreadablePayload, UpgradeError when the package cannot be read, or the signal's reason
 */
export function readPackagedFile(
  pkg: Packed,
  wanted: string,
  largest: number,
  signal: AbortSignal,
): Promise<Buffer | undefined> {
  return findInCpio(unxz(payloadOf(pkg, signal)), wanted, largest);
}

async function* payloadOf({ path, payload }: Packed, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  const file = await open(path, "r").catch((error: unknown) => {
    throw unreadable(path, error);
  });
  try {
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (let at = payload; ; ) {
      signal.throwIfAborted();
      const { bytesRead } = await file.read(buffer, 0, READ_BYTES, at).catch((error: unknown) => {
        throw unreadable(path, error);
      });
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** The "new ASCII" format of cpio, with or without checksums: a header of hexadecimal numbers, the name, the content. */
const MAGIC = /^07070[12]/;
const HEADER_BYTES = 110;
const FIELD_BYTES = 8;
/** Positions of two of the numbers after the magic. */
const FIELD = { size: 6, nameSize: 11 } as const;
const LAST = "TRAILER!!!";
const LONGEST_NAME = 4096;

/**
 * The content of one file in an archive; undefined when the archive does not contain it.
 * @param largest maximum size in bytes
 * @throws UnreadablePayload
 */
export async function findInCpio(
  archive: AsyncIterable<Uint8Array>,
  wanted: string,
  largest: number,
): Promise<Buffer | undefined> {
  const flow = new Inflow(archive);
  try {
    return await find(flow, wanted, largest);
  } finally {
    await flow.close();
  }
}

async function find(flow: Inflow, wanted: string, largest: number): Promise<Buffer | undefined> {
  for (;;) {
    const header = (await flow.take(HEADER_BYTES)).toString("latin1");
    if (!MAGIC.test(header)) throw new UnreadablePayload("it is not an archive in cpio format");
    const nameSize = number(header, FIELD.nameSize);
    if (nameSize > LONGEST_NAME) throw new UnreadablePayload("a file name in it is too long");
    const name = (await flow.take(nameSize)).toString("utf8").replace(/\0.*$/s, "");
    await flow.skip(-(HEADER_BYTES + nameSize) & 3);
    if (name === LAST) return undefined;
    const size = number(header, FIELD.size);
    if (name.replace(/^\.?\/?/, "/") !== wanted) {
      await flow.skip(size + (-size & 3));
      continue;
    }
    if (size > largest) throw new UnreadablePayload(`${wanted} in it has ${size} bytes`);
    return flow.take(size);
  }
}

function number(header: string, field: number): number {
  const start = 6 + field * FIELD_BYTES;
  const text = header.slice(start, start + FIELD_BYTES);
  if (!/^[0-9a-f]{8}$/i.test(text)) throw new UnreadablePayload("a header in it is damaged");
  return Number.parseInt(text, 16);
}
