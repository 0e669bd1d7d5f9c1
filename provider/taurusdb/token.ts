/** A token of an IAM user, good for one project. */
export interface Token {
  readonly value: string;
  /** The project that it is good for, where IAM said so. */
  readonly projectId: string | undefined;
  /** Milliseconds since 1970, by our clock, after which another one is taken. */
  readonly renewAt: number;
}

/** The tokens of one user, by the project that they are good for. Several askers share one request. */
export class Tokens {
  readonly #known = new Map<string, Token>();
  readonly #flights = new Map<string, Promise<Token>>();

  async get(scope: string, now: number, fetch: () => Promise<Token>): Promise<Token> {
    const known = this.#known.get(scope);
    if (known !== undefined && now < known.renewAt) return known;
    return this.#flights.get(scope) ?? this.#fetch(scope, fetch);
  }

  /** The service does not take it any more. A newer one is kept. */
  forget(token: Token): void {
    for (const [scope, known] of this.#known) if (known === token) this.#known.delete(scope);
  }

  #fetch(scope: string, fetch: () => Promise<Token>): Promise<Token> {
    const flight = fetch()
      .then((token) => {
        this.#known.set(scope, token);
        return token;
      })
      .finally(() => this.#flights.delete(scope));
    this.#flights.set(scope, flight);
    return flight;
  }
}
