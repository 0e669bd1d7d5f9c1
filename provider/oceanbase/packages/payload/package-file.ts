import { open } from "node:fs/promises";
import { unreadable } from "../rpm-refusals";
import { findInCpio } from "./cpio";
import { unxz } from "./xz";

/** A package whose payload is looked into. */
export interface Packed {
  readonly path: string;
  /** Where the payload begins. */
  readonly payload: number;
}

/** Little enough that other work gets its turn between two reads. */
const READ_BYTES = 64 * 1024;

/**
 * One file of a package, without unpacking what comes after it. obshell takes packages in xz only, and so does this.
 * It takes its time: everything before the file has to be unpacked, some 20 to 60 MB in a second.
 * @param wanted absolute path of the installed file
 * @param largest bytes that it may have
 * @returns undefined when it is not in there
 * @throws UnreadablePayload, PinError when the package cannot be read, or the signal's reason
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
