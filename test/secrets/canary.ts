import { selfSigned } from "../simulators/shell/certificate";

/** Secrets that can be recognized in any text, even partially and in any encoding. */

/** The characters after the mark, which encodings change. */
const AWKWARD = ` "q"\\<&>+/%=:é`;

export interface Canary {
  /** The name of the secret. */
  readonly name: string;
  readonly value: string;
  /** Unique letters and digits that no encoding except base64 changes. */
  readonly mark: string;
}

/** @param plain without characters that some vendors do not allow */
export function canary(name: string, plain = false): Canary {
  const mark = `c4n4ry${name}Q7`;
  return { name, mark, value: `${mark}${plain ? "Zz9" : AWKWARD}` };
}

/** A private key with its certificate. The body of the key must stay secret; its second line is unique. */
export function canaryKey(name: string): Canary & { readonly certificate: string } {
  const { key, cert } = selfSigned();
  const runs = key.split("\n")[2]?.match(/[A-Za-z0-9]+/g) ?? [];
  const [mark = ""] = runs.sort((a, b) => b.length - a.length);
  return { name, mark, value: key, certificate: cert };
}

/** Every form in which a secret is sent, or in which a server may repeat it. */
export function formsOf(value: string): string[] {
  const json = JSON.stringify(value).slice(1, -1);
  const base64 = Buffer.from(value).toString("base64");
  const percent = encodeURIComponent(value);
  return [
    value,
    json,
    json.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`),
    percent,
    percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    new URLSearchParams({ value }).toString().slice("value=".length),
    base64,
    base64.replace(/=+$/, ""),
    Buffer.from(value).toString("base64url"),
    encodeURIComponent(base64),
  ];
}

/** The strings that reveal a secret: its mark, and the mark in base64 at every offset. */
function revealing({ mark }: Canary): string[] {
  const encoded = [0, 1, 2].map((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), Buffer.from(mark)])
      .toString("base64")
      .replace(/=+$/, "");
    // Characters that depend on adjacent bytes are left out.
    return whole.slice(shift === 0 ? 0 : shift + 1, -1);
  });
  return [mark, ...encoded];
}

/** The secrets that a text reveals, with the text around them. */
export function leaks(text: string, canaries: readonly Canary[]): string[] {
  return canaries.flatMap((each) =>
    revealing(each).flatMap((piece) => {
      const at = text.indexOf(piece);
      return at < 0 ? [] : [`${each.name}: …${text.slice(Math.max(at - 80, 0), at + piece.length + 20)}…`];
    }),
  );
}
