/** The rest of the payload cannot be read. The message continues "its payload cannot be read: ". */
export class UnreadablePayload extends Error {
  override readonly name = "UnreadablePayload";
}

const NOTHING = new Uint8Array(0);

/**
 * Takes a given number of bytes from a stream of chunks. A chunk is not used after the next one is requested, so the
 * source may reuse its memory.
 */
export class Inflow {
  readonly #source: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = NOTHING;
  #at = 0;
  #taken = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Bytes taken or skipped so far. */
  get taken(): number {
    return this.#taken;
  }

  async byte(): Promise<number> {
    if (this.#at === this.#chunk.length) await this.#next();
    this.#taken += 1;
    return this.#chunk[this.#at++] ?? 0;
  }

  /** A copy of the next bytes. */
  async take(count: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(count);
    let filled = 0;
    await this.#pass(count, (piece) => {
      bytes.set(piece, filled);
      filled += piece.length;
    });
    return bytes;
  }

  skip(count: number): Promise<void> {
    return this.#pass(count, () => undefined);
  }

  /** Releases the source, which may hold a file open. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  async #pass(count: number, see: (piece: Uint8Array) => void): Promise<void> {
    for (let left = count; left > 0; ) {
      if (this.#at === this.#chunk.length) await this.#next();
      const piece = this.#chunk.subarray(this.#at, this.#at + left);
      see(piece);
      this.#at += piece.length;
      left -= piece.length;
    }
    this.#taken += count;
  }

  async #next(): Promise<void> {
    do {
      const next = await this.#source.next();
      if (next.done === true) throw new UnreadablePayload("it ends early");
      this.#chunk = next.value;
      this.#at = 0;
    } while (this.#chunk.length === 0);
  }
}

/** Probabilities have 11 bits; each decision moves one by a 32nd of the distance. */
const PROBABILITY_BITS = 11;
const ONE = 1 << PROBABILITY_BITS;
const MOVE_BITS = 5;
/** Below this the range reads another byte. */
const TOP = 1 << 24;
/** The first of them is always 0. */
const START_BYTES = 5;

/** Both values equally probable. */
export const EVEN = ONE / 2;

/**
 * The arithmetic decoder of LZMA. `range` and `code` are unsigned 32-bit numbers stored in signed ones, which
 * JavaScript processes fast.
 */
export class RangeDecoder {
  #range = 0;
  #code = 0;
  #at = 0;
  #bytes: Uint8Array = new Uint8Array(0);

  start(bytes: Uint8Array): void {
    const [, a = 0, b = 0, c = 0, d = 0] = bytes;
    this.#bytes = bytes;
    this.#at = START_BYTES;
    this.#range = -1;
    this.#code = (a << 24) | (b << 16) | (c << 8) | d;
  }

  /** Whether the chunk started correctly and was used up exactly; otherwise it is damaged. */
  get finished(): boolean {
    return this.#bytes[0] === 0 && this.#at === this.#bytes.length && this.#code === 0;
  }

  /** One bit, by the probability at an index, which is then updated. */
  bit(probabilities: Uint16Array, index: number): number {
    const probability = probabilities[index] ?? 0;
    const bound = Math.imul(this.#range >>> PROBABILITY_BITS, probability);
    let bit: number;
    if (this.#code >>> 0 < bound >>> 0) {
      this.#range = bound;
      probabilities[index] = probability + ((ONE - probability) >> MOVE_BITS);
      bit = 0;
    } else {
      this.#range = (this.#range - bound) | 0;
      this.#code = (this.#code - bound) | 0;
      probabilities[index] = probability - (probability >> MOVE_BITS);
      bit = 1;
    }
    if (this.#range >>> 0 < TOP) this.#shift();
    return bit;
  }

  /** A number of the given number of equiprobable bits, highest first. */
  even(bits: number): number {
    let number = 0;
    for (let left = bits; left > 0; left--) {
      this.#range >>>= 1;
      const one = this.#code >>> 0 >= this.#range >>> 0;
      if (one) this.#code = (this.#code - this.#range) | 0;
      number = (number << 1) | (one ? 1 : 0);
      if (this.#range >>> 0 < TOP) this.#shift();
    }
    return number;
  }

  /** A number of the given number of bits, highest first; its probability tree starts at `base`. */
  tree(probabilities: Uint16Array, base: number, bits: number): number {
    let node = 1;
    for (let left = bits; left > 0; left--) node = (node << 1) | this.bit(probabilities, base + node);
    return node - (1 << bits);
  }

  /** The same, lowest bit first. */
  reverseTree(probabilities: Uint16Array, base: number, bits: number): number {
    let node = 1;
    let number = 0;
    for (let index = 0; index < bits; index++) {
      const bit = this.bit(probabilities, base + node);
      node = (node << 1) | bit;
      number |= bit << index;
    }
    return number;
  }

  #shift(): void {
    this.#range <<= 8;
    this.#code = (this.#code << 8) | (this.#bytes[this.#at++] ?? 0);
  }
}
