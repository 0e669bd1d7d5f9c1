import { createCipheriv, createHash } from "node:crypto";
import { open } from "node:fs/promises";
import type { StreamedBody } from "../../http/transport";
import type { RpmPackage } from "./rpm";
import { changed, unreadable } from "./rpm-refusals";

/**
 * A multiple of 48: AES works on 16 bytes and base64 on 3. Larger chunks are no faster, and the garbage collector frees
 * them too late: sending 200 MB grows the process by 55 MB with chunks of 96 KiB, and by 33 MB with these.
 */
const CHUNK_BYTES = 48 * 512;
const AES = "aes-128-cbc";
const AES_BYTES = 16;

/** `oceanbase-ce-4.3.5.2-102000042025031214.el7.x86_64.rpm`, regardless of the local file name. */
export function packageName({ name, version, release, architecture }: Omit<RpmPackage, "path">): string {
  return `${name}-${version}-${release}.${architecture}.rpm`;
}

/**
 * The multipart form with a package in its only field, `file`. It is completed only if the file has not changed since
 * it was checked: the server discards an incomplete form.
 * @param sent receives the number of bytes of the file handed over so far
 */
export function formOf(pkg: RpmPackage, boundary: string, sent: (bytes: number) => void): StreamedBody {
  const head = Buffer.from(
    `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${packageName(pkg)}"\r\n` +
      "Content-Type: application/octet-stream\r\n\r\n",
  );
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  return {
    length: head.length + pkg.bytes + tail.length,
    async *chunks() {
      yield head;
      yield* fileOf(pkg, sent);
      yield tail;
    },
  };
}

async function* fileOf(pkg: RpmPackage, sent: (bytes: number) => void): AsyncGenerator<Uint8Array, void, void> {
  const hash = createHash("sha256");
  const file = await open(pkg.path, "r").catch((error: unknown) => {
    throw unreadable(pkg.path, error);
  });
  try {
    for (let at = 0; at < pkg.bytes; ) {
      const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, pkg.bytes - at));
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at).catch((error: unknown) => {
        throw unreadable(pkg.path, error);
      });
      if (bytesRead === 0) throw changed(pkg.path);
      const chunk = buffer.subarray(0, bytesRead);
      hash.update(chunk);
      at += bytesRead;
      sent(at);
      yield chunk;
    }
  } finally {
    await file.close();
  }
  if (hash.digest("hex") !== pkg.sha256) throw changed(pkg.path);
}

/**
 * A body encrypted with AES-128-CBC and PKCS#7, as base64 text.
 * @param keys AES key and IV, 16 bytes each
 */
export function sealStream(plain: StreamedBody, keys: Buffer): StreamedBody {
  const sealedBytes = plain.length + AES_BYTES - (plain.length % AES_BYTES);
  return {
    length: Math.ceil(sealedBytes / 3) * 4,
    async *chunks() {
      const cipher = createCipheriv(AES, keys.subarray(0, AES_BYTES), keys.subarray(AES_BYTES));
      let over = Buffer.alloc(0);
      for await (const chunk of plain.chunks()) {
        const sealed = Buffer.concat([over, cipher.update(chunk)]);
        const whole = sealed.length - (sealed.length % 3);
        over = Buffer.from(sealed.subarray(whole));
        if (whole > 0) yield base64(sealed.subarray(0, whole));
      }
      yield base64(Buffer.concat([over, cipher.final()]));
    },
  };
}

function base64(bytes: Buffer): Uint8Array {
  return Buffer.from(bytes.toString("base64"), "latin1");
}
