import { selfSigned } from "../simulators/shell/certificate";

/** Secrets that are recognised wherever a part of them turns up, and in whatever form. */

/** What follows the mark: all that some form of writing changes. */
const AWKWARD = ` "q"\\<&>+/%=:é`;

export interface Canary {
  /** Which secret it is. */
  readonly name: string;
  readonly value: string;
  /** Letters and digits that no form of writing changes, and that are nowhere else. */
  readonly mark: string;
}

/** @param plain without what some vendor does not allow in it */
export function canary(name: string, plain = false): Canary {
  const mark = `c4n4ry${name}Q7`;
  return { name, mark, value: `${mark}${plain ? "Zz9" : AWKWARD}` };
}

/** A private key with its certificate. The body of the key is what has to stay secret; its second line is like no other. */
export function canaryKey(name: string): Canary & { readonly certificate: string } {
  const { key, cert } = selfSigned();
  const runs = key.split("\n")[2]?.match(/[A-Za-z0-9]+/g) ?? [];
  const [mark = ""] = runs.sort((a, b) => b.length - a.length);
  return { name, mark, value: key, certificate: cert };
}

/** Every form in which a secret travels, or in which a server may repeat it. */
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

/** The pieces of text that betray a secret: its mark, and what base64 makes of the mark wherever it begins. */
function betrayals({ mark }: Canary): string[] {
  const encoded = [0, 1, 2].map((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), Buffer.from(mark)])
      .toString("base64")
      .replace(/=+$/, "");
    // Characters that the neighbours take part in are left out.
    return whole.slice(shift === 0 ? 0 : shift + 1, -1);
  });
  return [mark, ...encoded];
}

/** Which of the secrets a text betrays, with what stands around them. */
export function leaks(text: string, canaries: readonly Canary[]): string[] {
  return canaries.flatMap((each) =>
    betrayals(each).flatMap((piece) => {
      const at = text.indexOf(piece);
      return at < 0 ? [] : [`${each.name}: …${text.slice(Math.max(at - 80, 0), at + piece.length + 20)}…`];
    }),
  );
}
