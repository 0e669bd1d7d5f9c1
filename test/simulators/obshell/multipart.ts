/** Multipart bodies as Go's `http.Request.FormFile` reads them. */

export class FormError extends Error {
  override readonly name = "FormError";
}

const LINE = Buffer.from("\r\n");
const BLANK_LINE = Buffer.from("\r\n\r\n");
const NOT_MULTIPART = "request Content-Type isn't multipart/form-data";
const NO_FILE = "http: no such file";
const NO_PART = "multipart: NextPart: EOF";

/** The first file named `field`. Throws FormError with Go's text. */
export function fileOf(body: Buffer, contentType: string, field: string): Buffer {
  const delimiter = Buffer.from(`--${boundaryOf(contentType)}`);
  let found: Buffer | undefined;
  for (let start = firstLine(body, delimiter); start !== undefined; ) {
    const part = partAt(body, start, delimiter);
    if (part === undefined) break;
    if (isFile(part.headers, field)) found ??= part.content;
    start = part.next;
  }
  if (found === undefined) throw new FormError(NO_FILE);
  return found;
}

function boundaryOf(contentType: string): string {
  const [type = "", ...rest] = contentType.split(/;(?=(?:[^"]*"[^"]*")*[^"]*$)/);
  const parameters = new Map<string, string>();
  for (const text of rest.filter((each) => each.trim() !== "")) {
    const match = /^\s*([\w!#$%&'*+.^`|~-]+)=(?:"(.*)"|([^\s"]+))\s*$/.exec(text);
    if (match === null) throw new FormError(NOT_MULTIPART);
    parameters.set((match[1] ?? "").toLowerCase(), match[2] ?? match[3] ?? "");
  }
  if (type.trim().toLowerCase() !== "multipart/form-data") throw new FormError(NOT_MULTIPART);
  const boundary = parameters.get("boundary");
  if (boundary === undefined) throw new FormError("no multipart boundary param in Content-Type");
  return boundary;
}

/** Where the first part begins, after lines that are skipped; undefined if the last boundary comes first. */
function firstLine(body: Buffer, delimiter: Buffer): number | undefined {
  for (let at = 0; ; ) {
    const line = lineAt(body, at);
    const kind = kindOf(line, delimiter);
    if (kind === "last") return undefined;
    if (!line.ended) throw new FormError(NO_PART);
    at = line.end;
    if (kind === "between") return at;
  }
}

interface Line {
  readonly text: Buffer;
  readonly end: number;
  readonly ended: boolean;
}

/** A line without its end. */
function lineAt(body: Buffer, at: number): Line {
  const end = body.indexOf(LINE, at);
  if (end < 0) return { text: body.subarray(at), end: body.length, ended: false };
  return { text: body.subarray(at, end), end: end + LINE.length, ended: true };
}

function kindOf({ text }: Line, delimiter: Buffer): "between" | "last" | undefined {
  if (!text.subarray(0, delimiter.length).equals(delimiter)) return undefined;
  const rest = text.toString("latin1", delimiter.length);
  if (/^--[ \t]*$/.test(rest)) return "last";
  return /^[ \t]*$/.test(rest) ? "between" : undefined;
}

interface Part {
  readonly headers: string;
  readonly content: Buffer;
  /** Where the next part begins; undefined after the last. */
  readonly next: number | undefined;
}

/** Undefined if the body ends within the headers: Go takes that for the end of the form. */
function partAt(body: Buffer, start: number, delimiter: Buffer): Part | undefined {
  const blank = body.indexOf(BLANK_LINE, start);
  const headers = body.toString("latin1", start, blank < 0 ? body.length : blank);
  const colonless = headers.split("\r\n").find((line) => line !== "" && !line.includes(":"));
  if (colonless !== undefined) {
    throw new FormError(`malformed MIME header: missing colon: ${JSON.stringify(colonless)}`);
  }
  if (blank < 0) return undefined;
  const begin = blank + BLANK_LINE.length;
  const end = endOfPart(body, begin, delimiter);
  const line = lineAt(body, end + LINE.length);
  const kind = kindOf(line, delimiter);
  if (kind !== "last" && !line.ended) throw new FormError(NO_PART);
  return { headers, content: body.subarray(begin, end), next: kind === "last" ? undefined : line.end };
}

/** A delimiter within the content is followed by white space, by `--`, or by nothing. */
function endOfPart(body: Buffer, begin: number, delimiter: Buffer): number {
  const needle = Buffer.concat([LINE, delimiter]);
  for (let at = body.indexOf(needle, begin); at >= 0; at = body.indexOf(needle, at + 1)) {
    const after = body.toString("latin1", at + needle.length, at + needle.length + 2);
    if (after === "" || after === "--" || /^[ \t\r\n]/.test(after)) return at;
  }
  throw new FormError("unexpected EOF");
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
