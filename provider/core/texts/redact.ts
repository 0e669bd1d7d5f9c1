import { MASK } from "../../base/printed-value";

/** Shorter values would redact half of every message, and no vendor accepts such a credential. */
const SHORTEST = 3;
/** Marks where this tool truncated or redacted a text: part of a secret can be on either side. */
const CUT = /(…|\[secret\])/;
/** Lines of a multi-line secret that differ from ordinary text. The PEM header and footer are not secret. */
const LINE = /^(?!-----).{16,}$/;

/**
 * Returns a function that removes secrets from a text, in every form in which they are transmitted: unchanged,
 * JSON-escaped (including Go's escaping), URL-encoded, form-encoded, base64 and base64url; each line of a multi-line
 * secret; and the beginning or end of a secret where a text was truncated.
 */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const forms = new Set<string>();
  for (const secret of secrets) {
    for (const part of partsOf(secret)) for (const form of formsOf(part)) if (form.length >= SHORTEST) forms.add(form);
  }
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  return (text) =>
    withoutCut(
      longestFirst.reduce((rest, form) => rest.replaceAll(form, MASK), text),
      longestFirst,
    );
}

/** The secret, the secret on one line as in a cleaned-up text, and its lines. */
function partsOf(secret: string): readonly string[] {
  if (secret.length < SHORTEST) return [];
  const lines = secret.split(/\r?\n/);
  if (lines.length === 1) return [secret, secret.replace(/\s+/g, " ").trim()];
  return [
    secret,
    secret.replace(/\s+/g, " ").trim(),
    ...lines.map((line) => line.trim()).filter((line) => LINE.test(line)),
  ];
}

function formsOf(secret: string): readonly string[] {
  const bytes = Buffer.from(secret, "utf8");
  const base64 = bytes.toString("base64");
  const json = JSON.stringify(secret).slice(1, -1);
  const go = json.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
  const encoded = [
    encodeURIComponent(secret.toWellFormed()),
    new URLSearchParams({ s: secret }).toString().slice("s=".length),
    encodeURIComponent(base64),
  ];
  return [
    secret,
    json,
    go,
    ...encoded,
    ...encoded.map(withLowerEscapes),
    base64,
    base64.replace(/=+$/, ""),
    bytes.toString("base64url"),
  ];
}

function withLowerEscapes(encoded: string): string {
  return encoded.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
}

/** A text truncated within a secret ends with its beginning, or continues with its end. */
function withoutCut(text: string, forms: readonly string[]): string {
  const pieces = text.split(CUT);
  const masked = pieces.map((piece, nth) => {
    if (nth % 2 === 1) return piece;
    const start = nth === 0 ? 0 : longestOf(forms, (form) => lengthOfEnd(piece, form));
    const rest = start === 0 ? piece : `${MASK}${piece.slice(start)}`;
    const end = nth === pieces.length - 1 ? 0 : longestOf(forms, (form) => lengthOfStart(rest, form));
    return end === 0 ? rest : `${rest.slice(0, -end)}${MASK}`;
  });
  return masked.join("");
}

function longestOf(forms: readonly string[], lengthOf: (form: string) => number): number {
  return forms.reduce((longest, form) => Math.max(longest, lengthOf(form)), 0);
}

/** Number of characters at the start of a text that are the end of a form. */
function lengthOfEnd(text: string, form: string): number {
  const within = text.slice(0, form.length - 1);
  const end = form.slice(-SHORTEST);
  let at = within.lastIndexOf(end);
  while (at >= 0 && !form.endsWith(within.slice(0, at + SHORTEST)))
    at = at === 0 ? -1 : within.lastIndexOf(end, at - 1);
  return at < 0 ? 0 : at + SHORTEST;
}

/** Number of characters at the end of a text that are the beginning of a form. Linear, because texts can be long. */
function lengthOfStart(text: string, form: string): number {
  const start = form.slice(0, SHORTEST);
  let at = text.indexOf(start, Math.max(0, text.length - form.length + 1));
  while (at >= 0 && !form.startsWith(text.slice(at))) at = text.indexOf(start, at + 1);
  return at < 0 ? 0 : text.length - at;
}

/**
 * Masks that tools and vendors print for a secret: this tool and Pulumi (`[secret]`), Terraform (`(sensitive value)`),
 * and asterisks or bullets, if they stand alone or follow a delimiter.
 */
const MASKS =
  /\[(?:secret|redacted|hidden|masked)\]|<(?:secret|redacted|hidden|masked|sensitive)>|\((?:sensitive|secret)(?: value)?\)|(?<![^\s:='"])[*•]{3,}(?![^\s@'",;])/i;

/** Whether a text contains a mask instead of a secret. A masked value is not usable. */
export function isMasked(text: string): boolean {
  return MASKS.test(text);
}
