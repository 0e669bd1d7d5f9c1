import { hideCredentials } from "../../base/printed-credentials";
import { redactor } from "../../core/texts/redact";
import { printable, withoutMarkup } from "../../core/texts/vendor-text";

/** Maximum number of discovered secrets per resource: tokens replace each other, and the oldest have expired. */
const MOST_DISCOVERED = 32;

/** Secrets discovered in the runs of a process, such as tokens, by resource: later output may contain them. */
export class DiscoveredSecrets {
  readonly #known = new Map<string, Set<string>>();

  /** Oldest first. */
  of(urn: string): Set<string> {
    const known = this.#known.get(urn) ?? new Set();
    this.#known.set(urn, known);
    return known;
  }
}

/** The secrets of one resource: those in its arguments, and those discovered in its runs. */
export class Redaction {
  readonly #given: readonly string[];
  readonly #discovered: Set<string>;
  readonly #most: number;
  /** Created on first use: most resources have no output. */
  #hide: ((text: string) => string) | undefined;

  /** @param most how many discovered secrets are kept, the newest ones */
  constructor(given: readonly string[], discovered = new Set<string>(), most = MOST_DISCOVERED) {
    this.#given = given;
    this.#discovered = discovered;
    this.#most = most;
  }

  /** Adds a secret. */
  readonly conceal = (secret: string): void => {
    if (this.#discovered.has(secret)) return;
    this.#discovered.add(secret);
    const [oldest] = this.#discovered;
    if (oldest !== undefined && this.#discovered.size > this.#most) this.#discovered.delete(oldest);
    this.#hide = undefined;
  };

  /**
   * A text for display: in Pulumi's terms, without secrets, control characters and terminal escapes. Credentials that
   * only the vendor knows are recognized by their labels.
   */
  readonly redact = (text: string): string => inWordsOfPulumi(hideCredentials(this.hide(printable(text))));

  /** Removes known secrets from a text of any format, such as JSON or HTML, and changes nothing else. */
  readonly hide = (text: string): string => {
    this.#hide ??= redactor(
      // `redact` removes unprintable characters first: within a secret, they would prevent a match. Quoted web pages
      // lose their markup.
      [...this.#given, ...this.#discovered].flatMap((secret) => [secret, printable(secret), withoutMarkup(secret)]),
    );
    return this.#hide(text);
  };
}

/**
 * Texts of the core and of the vendors use words in braces for terms that depend on the front end: `Run {apply} again.`
 * These are Pulumi's terms.
 */
const WORDS: ReadonlyMap<string, string> = new Map([
  /** The command that brings databases to their target versions. */
  ["apply", "`pulumi up`"],
  /** The process that calls the provider. */
  ["engine", "The Pulumi engine"],
  /** The setting for the timeout of an operation. */
  ["timeLimit", "customTimeouts"],
]);

/** Replaces the words in braces with Pulumi's terms. Other braces are not changed. */
export function inWordsOfPulumi(text: string): string {
  return text.replace(/\{(\w+)\}/g, (whole, word: string) => WORDS.get(word) ?? whole);
}
