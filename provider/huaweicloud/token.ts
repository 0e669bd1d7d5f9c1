/** A token of an IAM user, good for one project. */
export interface Token {
  readonly value: string;
  /** The project that it is good for, where IAM said so. */
  readonly projectId: string | undefined;
  /** Elapsed milliseconds of the clock after which another one is taken. */
  readonly renewAt: number;
}

/** How many tokens a user may have issued in a process before the oldest counts as expired. */
const MOST_ISSUED = 16;

/** The tokens of one user, by the project that they are good for. Several askers share one request. */
export class Tokens {
  readonly #known = new Map<string, Token>();
  readonly #flights = new Map<string, Promise<Token>>();
  /** The values of the last ones, also of those that were forgotten. */
  #issued: readonly string[] = [];
  readonly #listeners = new Set<(value: string) => void>();

  /** @param now elapsed milliseconds */
  async get(scope: string, now: number, fetch: () => Promise<Token>): Promise<Token> {
    const known = this.#known.get(scope);
    if (known !== undefined && now < known.renewAt) return known;
    return this.#flights.get(scope) ?? this.#fetch(scope, fetch);
  }

  /** The service does not take it any more. A newer one is kept. */
  forget(token: Token): void {
    for (const [scope, known] of this.#known) if (known === token) this.#known.delete(scope);
  }

  /**
   * Tells of every token that was or will be issued, so that none of them is shown to anybody.
   * @returns what ends it
   */
  tell(listener: (value: string) => void): () => void {
    for (const value of this.#issued) listener(value);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #fetch(scope: string, fetch: () => Promise<Token>): Promise<Token> {
    const flight = fetch()
      .then((token) => {
        this.#known.set(scope, token);
        this.#issued = [...this.#issued, token.value].slice(-MOST_ISSUED);
        for (const listener of this.#listeners) listener(token.value);
        return token;
      })
      .finally(() => this.#flights.delete(scope));
    this.#flights.set(scope, flight);
    return flight;
  }
}
