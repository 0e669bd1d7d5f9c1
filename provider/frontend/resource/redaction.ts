import { hideCredentials } from "../../base/printed-credentials";
import { printable, withoutMarkup } from "../../core/printable";
import { redactor } from "../../core/redact";
import { inWordsOfPulumi } from "./words";

/** How many secrets that came up are kept for a resource: tokens replace each other, and the oldest have expired. */
const MOST_LEARNT = 32;

/** Secrets that came up in the runs of a process, such as tokens, by resource: a later run may be told of them. */
export class Learnt {
  readonly #known = new Map<string, Set<string>>();

  /** The oldest first. */
  of(urn: string | undefined): Set<string> {
    const known = this.#known.get(urn ?? "") ?? new Set();
    if (urn !== undefined) this.#known.set(urn, known);
    return known;
  }
}

/** What one resource must not tell: its secrets, and those that come up in its runs. */
export class Redaction {
  readonly #given: readonly string[];
  readonly #learnt: Set<string>;
  readonly #most: number;
  /** Made when something is told: of most resources nothing is. */
  #hide: ((text: string) => string) | undefined;

  /** @param most how many secrets that came up are kept, the newest */
  constructor(given: readonly string[], learnt = new Set<string>(), most = MOST_LEARNT) {
    this.#given = given;
    this.#learnt = learnt;
    this.#most = most;
  }

  /** From now on, this is a secret. */
  readonly conceal = (secret: string): void => {
    if (this.#learnt.has(secret)) return;
    this.#learnt.add(secret);
    const [oldest] = this.#learnt;
    if (oldest !== undefined && this.#learnt.size > this.#most) this.#learnt.delete(oldest);
    this.#hide = undefined;
  };

  /**
   * A text as it may be told: in the words of Pulumi, without secrets, control characters and terminal escapes. What a vendor
   * prints of credentials that the resource does not know is told by its label.
   */
  readonly redact = (text: string): string => inWordsOfPulumi(hideCredentials(this.hide(printable(text))));

  /** A text of any form, such as JSON or a page, without the secrets that are known. Everything else stays as it is. */
  readonly hide = (text: string): string => {
    this.#hide ??= this.#hiding();
    return this.#hide(text);
  };

  /**
   * Unprintable characters go first: between the letters of a secret they would hide it. So they do from the secrets, and so
   * does what is left out of a web page that is quoted.
   */
  #hiding(): (text: string) => string {
    const secrets = [...this.#given, ...this.#learnt];
    return redactor([...secrets, ...secrets.map(printable), ...secrets.map(withoutMarkup)]);
  }
}
