const LINE = Buffer.from("\r\n");
const BLANK_LINE = Buffer.from("\r\n\r\n");
const END = "--";

/** The first file named `field` of a multipart body; undefined if there is none, or the body is truncated. */
export function fileOf(body: Buffer, contentType: string, field: string): Buffer | undefined {
  const boundary = /^multipart\/form-data\s*;.*\bboundary="?([^";]+)"?/i.exec(contentType)?.[1];
  if (boundary === undefined) return undefined;
  const delimiter = Buffer.from(`--${boundary}`);
  let found: Buffer | undefined;
  for (let start = body.indexOf(delimiter); start >= 0; ) {
    const begin = start + delimiter.length;
    if (body.subarray(begin, begin + END.length).toString("latin1") === END) return found;
    const next = body.indexOf(Buffer.concat([LINE, delimiter]), begin);
    if (next < 0) return undefined;
    const part = body.subarray(begin + LINE.length, next);
    const head = part.indexOf(BLANK_LINE);
    if (head >= 0 && isFile(part.subarray(0, head).toString("latin1"), field)) {
      found ??= part.subarray(head + BLANK_LINE.length);
    }
    start = next + LINE.length;
  }
  return undefined;
}

/** `Content-Disposition: form-data; name="file"; filename="a.rpm"` */
function isFile(headers: string, field: string): boolean {
  const disposition = /^content-disposition:\s*form-data\s*;(.*)$/im.exec(headers)?.[1] ?? "";
  const values = new Map(
    disposition.split(";").map((text) => {
      const [name = "", value = ""] = text.split("=");
      return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, "$1")];
    }),
  );
  return values.get("name") === field && (values.get("filename") ?? "") !== "";
}
