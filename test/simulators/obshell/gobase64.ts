/** Base64 as Go's `base64.StdEncoding.DecodeString` reads it: padded, line breaks ignored, nothing else tolerated. */
export class Base64Error extends Error {
  override readonly name = "Base64Error";

  constructor(offset: number) {
    super(`illegal base64 data at input byte ${offset}`);
  }
}

export function decodeBase64(text: string): Buffer {
  const illegal = findIllegal(text);
  if (illegal >= 0) throw new Base64Error(illegal);
  return Buffer.from(text, "base64");
}

/** The bytes Go returns together with its error, which some callers use: all whole quanta before the bad byte. */
export function decodeBase64Leniently(text: string): Buffer {
  const illegal = findIllegal(text);
  if (illegal < 0) return Buffer.from(text, "base64");
  const good = text.slice(0, illegal).replace(/[\r\n]/g, "");
  return Buffer.from(good.slice(0, good.length - (good.length % 4)), "base64");
}

/** Offset of the first byte Go rejects, or -1. */
function findIllegal(text: string): number {
  const plain = text.replace(/[\r\n]/g, "");
  // A pattern for the whole would overflow the stack on the megabytes of an upload.
  const end = plain.search(/[^A-Za-z0-9+/]/);
  if (plain.length % 4 === 0 && (end < 0 || /^={1,2}$/.test(plain.slice(end, end + 3)))) return -1;
  const stray = text.search(/[^A-Za-z0-9+/\r\n]/);
  return stray < 0 ? text.length - (plain.length % 4) : stray;
}
