/** The first JSON value of a text, as Go's `json.Decoder` reads it. What follows the value is not read. */

export class GoJsonError extends Error {
  override readonly name = "GoJsonError";
}

export interface GoJsonText {
  readonly value: unknown;
  readonly rest: string;
}

/** Throws GoJsonError with Go's text. */
export function readGoJson(text: string): GoJsonText {
  const scanner = new Scanner(text);
  scanner.space();
  if (scanner.at >= text.length) throw new GoJsonError("EOF");
  const start = scanner.at;
  scanner.value();
  return { value: JSON.parse(text.slice(start, scanner.at)), rest: text.slice(scanner.at) };
}

const SPACE = /[ \t\r\n]/;
const DIGIT = /[0-9]/;

/** Finds the end of a value, or the character at which Go's scanner fails. */
class Scanner {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  space(): void {
    while (SPACE.test(this.#text.charAt(this.at))) this.at += 1;
  }

  value(): void {
    this.space();
    const first = this.#peek();
    if (first === "{") this.#object();
    else if (first === "[") this.#array();
    else if (first === '"') this.#string();
    else if (first === "-" || DIGIT.test(first)) this.#number();
    else if (first === "t") this.#literal("true");
    else if (first === "f") this.#literal("false");
    else if (first === "n") this.#literal("null");
    else this.#fail("looking for beginning of value");
  }

  /** The next character; its absence is an error. */
  #peek(): string {
    if (this.at >= this.#text.length) throw new GoJsonError("unexpected EOF");
    return this.#text.charAt(this.at);
  }

  #fail(context: string): never {
    throw new GoJsonError(`invalid character ${quote(this.#peek())} ${context}`);
  }

  #object(): void {
    this.at += 1;
    this.space();
    if (this.#peek() === "}") {
      this.at += 1;
      return;
    }
    for (;;) {
      this.space();
      if (this.#peek() !== '"') this.#fail("looking for beginning of object key string");
      this.#string();
      this.space();
      if (this.#peek() !== ":") this.#fail("after object key");
      this.at += 1;
      this.value();
      if (this.#ends("}", "after object key:value pair")) return;
    }
  }

  #array(): void {
    this.at += 1;
    this.space();
    if (this.#peek() === "]") {
      this.at += 1;
      return;
    }
    do this.value();
    while (!this.#ends("]", "after array element"));
  }

  /** Consumes a comma or the closing character; returns whether it was the latter. */
  #ends(closing: string, context: string): boolean {
    this.space();
    const next = this.#peek();
    if (next !== closing && next !== ",") this.#fail(context);
    this.at += 1;
    return next === closing;
  }

  #string(): void {
    for (this.at += 1; ; this.at += 1) {
      const next = this.#peek();
      if (next < " ") this.#fail("in string literal");
      if (next === "\\") this.#escape();
      else if (next === '"') break;
    }
    this.at += 1;
  }

  #escape(): void {
    this.at += 1;
    const kind = this.#peek();
    if (!'bfnrt\\/"u'.includes(kind)) this.#fail("in string escape code");
    for (let digits = 0; kind === "u" && digits < 4; digits += 1) {
      this.at += 1;
      if (!/[0-9a-fA-F]/.test(this.#peek())) this.#fail("in \\u hexadecimal character escape");
    }
  }

  #number(): void {
    if (this.#peek() === "-") {
      this.at += 1;
      if (!DIGIT.test(this.#peek())) this.#fail("in numeric literal");
    }
    if (this.#peek() === "0") this.at += 1;
    else this.#digits("in numeric literal");
    if (this.#text.charAt(this.at) === ".") {
      this.at += 1;
      this.#digits("after decimal point in numeric literal");
    }
    if (!/[eE]/.test(this.#text.charAt(this.at))) return;
    this.at += 1;
    if (/[+-]/.test(this.#peek())) this.at += 1;
    this.#digits("in exponent of numeric literal");
  }

  /** At least one. */
  #digits(context: string): void {
    if (!DIGIT.test(this.#peek())) this.#fail(context);
    while (DIGIT.test(this.#text.charAt(this.at))) this.at += 1;
  }

  #literal(word: string): void {
    for (const [index, expected] of [...word].entries()) {
      if (this.#peek() !== expected) this.#fail(`in literal ${word} (expecting '${word.charAt(index)}')`);
      this.at += 1;
    }
  }
}

/** Go's `quoteChar`. */
function quote(character: string): string {
  if (character === "'") return "'\\''";
  if (character === '"') return "'\"'";
  if (character === "\\") return "'\\\\'";
  const code = character.charCodeAt(0);
  const short: Readonly<Record<string, string>> = { "\t": "\\t", "\n": "\\n", "\r": "\\r" };
  return `'${short[character] ?? (code < 32 ? `\\x${code.toString(16).padStart(2, "0")}` : character)}'`;
}
