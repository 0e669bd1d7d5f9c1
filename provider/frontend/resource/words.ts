/**
 * Texts of the core and of the vendors name what the front end calls differently by a word in braces: `Run {apply} again.`
 * This is what Pulumi calls it.
 */
const WORDS: Readonly<Record<string, string>> = {
  /** What brings databases to their target versions. */
  apply: "`pulumi up`",
  /** What calls the provider. */
  engine: "The Pulumi engine",
  /** The setting of how long an operation may take. */
  timeLimit: "customTimeouts",
};

/** A text with the words of Pulumi. Other braces stay as they are. */
export function inWordsOfPulumi(text: string): string {
  return text.replace(/\{(\w+)\}/g, (whole, word: string) =>
    Object.hasOwn(WORDS, word) ? (WORDS[word] ?? whole) : whole,
  );
}
