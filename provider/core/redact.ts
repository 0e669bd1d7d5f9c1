const MASK = "[secret]";
/** Shorter values would blank out half of every message, and no vendor accepts such a credential. */
const SHORTEST = 3;

/**
 * A function that takes secrets out of a text, in every form in which they travel: as they are, JSON-escaped
 * (also the way Go does it), URL-encoded and base64.
 */
export function redactor(secrets: Iterable<string>): (text: string) => string {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < SHORTEST) continue;
    for (const form of formsOf(secret)) forms.add(form);
  }
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  return (text) => longestFirst.reduce((rest, form) => rest.replaceAll(form, MASK), text);
}

function formsOf(secret: string): string[] {
  const base64 = Buffer.from(secret, "utf8").toString("base64");
  const json = JSON.stringify(secret).slice(1, -1);
  const go = json.replace(/[<>&]/g, (character) => `\\u00${character.charCodeAt(0).toString(16)}`);
  return [secret, json, go, encodeURIComponent(secret.toWellFormed()), base64, base64.replace(/=+$/, "")];
}
