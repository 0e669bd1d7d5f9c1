/**
 * Texts of the core and of the vendors use words in braces for terms that depend on the front end: `Run {apply} again.`
 * These are Pulumi's terms.
 */
const WORDS: Readonly<Record<string, string>> = {
  /** The command that brings databases to their target versions. */
  apply: "`pulumi up`",
  /** The process that calls the provider. */
  engine: "The Pulumi engine",
  /** The setting for the timeout of an operation. */
  timeLimit: "customTimeouts",
};

/** Replaces the words in braces with Pulumi's terms. Other braces are not changed. */
export function inWordsOfPulumi(text: string): string {
  return text.replace(/\{(\w+)\}/g, (whole, word: string) =>
    Object.hasOwn(WORDS, word) ? (WORDS[word] ?? whole) : whole,
  );
}
