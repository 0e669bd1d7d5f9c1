/** The first file named `field` of a multipart body; undefined if there is none. */
export function fileOf(body: Buffer, contentType: string, field: string): Buffer | undefined {
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (boundary === undefined) return undefined;
  const delimiter = Buffer.from(`--${boundary}`);
  for (let start = body.indexOf(delimiter); start >= 0; ) {
    const next = body.indexOf(delimiter, start + delimiter.length);
    if (next < 0) return undefined;
    const part = body.subarray(start + delimiter.length + 2, next - 2);
    const head = part.indexOf("\r\n\r\n");
    const headers = head < 0 ? "" : part.subarray(0, head).toString("latin1");
    if (new RegExp(`name="${field}"`).test(headers) && /filename=/.test(headers)) return part.subarray(head + 4);
    start = next;
  }
  return undefined;
}
