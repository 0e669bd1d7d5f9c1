import { EVEN, RangeDecoder, UnreadablePayload } from "./range-decoder";

/** The decoded bytes that matches may refer to, and room for the next chunk. */
export interface Window {
  readonly bytes: Uint8Array;
  /** Where the next byte goes. The decoder uses its lowest four bits, so they must count without gaps. */
  position: number;
}

/** States 0 to 6: the last symbol was a literal. */
const LITERAL_STATES = 7;
const STATES = 12;
const LONGEST_POSITION_BITS = 4;
const POSITIONS = 1 << LONGEST_POSITION_BITS;
const DISTANCE_SLOTS = 64;
/** Lengths with their own distance slots: 2, 3, 4, and all others. */
const SLOT_GROUPS = 4;
const SHORTEST_MATCH = 2;
/** Slots below encode the distance directly; slots from here have equiprobable bits in the middle. */
const FIRST_LONG_SLOT = 4;
const FIRST_EVEN_SLOT = 14;
const SPECIAL_DISTANCES = 128;
const ALIGN_BITS = 4;
/** Choices, and trees of 3, 3 and 8 bits; the first two per position. */
const LENGTH = { first: 0, second: 1, low: 2, middle: 2 + POSITIONS * 8, high: 2 + 2 * POSITIONS * 8 };
const LENGTH_SIZE = LENGTH.high + 256;
/** Probabilities of one literal coder: three trees of 8 bits. */
const LITERAL_SIZE = 0x300;
/** Maximum of `lc` plus `lp`: LZMA2's limit. */
const LONGEST_LITERAL_BITS = 4;

/** Where the probabilities of each decision begin. */
const AT = lay({
  match: STATES * POSITIONS,
  repeat: STATES,
  repeat0: STATES,
  repeat1: STATES,
  repeat2: STATES,
  repeat0Long: STATES * POSITIONS,
  slots: SLOT_GROUPS * DISTANCE_SLOTS,
  special: SPECIAL_DISTANCES,
  align: 1 << ALIGN_BITS,
  length: LENGTH_SIZE,
  repeatLength: LENGTH_SIZE,
  literals: LITERAL_SIZE << LONGEST_LITERAL_BITS,
});

function lay<K extends string>(sizes: Record<K, number>): Record<K | "end", number> {
  let end = 0;
  const places: Record<string, number> = {};
  for (const [name, size] of Object.entries<number>(sizes)) {
    places[name] = end;
    end += size;
  }
  // Every name of `sizes` was assigned its offset.
  return { ...(places as Record<K, number>), end } as Record<K | "end", number>;
}

/**
 * LZMA, one chunk at a time: each chunk is completely in memory before it is decoded, so decoding never has to pause.
 * After the LZMA specification of Igor Pavlov, which is in the public domain.
 */
export class LzmaDecoder {
  readonly #range = new RangeDecoder();
  readonly #probabilities = new Uint16Array(AT.end);
  #literalContextBits = 0;
  #literalPositionMask = 0;
  #positionMask = 0;
  #state = 0;
  /** The last four distances, latest first, minus one. */
  #distance = 0;
  #second = 0;
  #third = 0;
  #fourth = 0;

  /** Sets lc, lp and pb from their combined byte. */
  configure(byte: number): void {
    const contextBits = byte % 9;
    const positionBits = Math.floor(byte / 9) % 5;
    const positions = Math.floor(byte / 45);
    if (positions > LONGEST_POSITION_BITS || contextBits + positionBits > LONGEST_LITERAL_BITS) {
      throw new UnreadablePayload(`its LZMA properties are ${byte}`);
    }
    this.#literalContextBits = contextBits;
    this.#literalPositionMask = (1 << positionBits) - 1;
    this.#positionMask = (1 << positions) - 1;
  }

  reset(): void {
    this.#probabilities.fill(EVEN);
    this.#state = 0;
    this.#distance = this.#second = this.#third = this.#fourth = 0;
  }

  /** Decodes the given number of bytes into the window. @throws UnreadablePayload */
  decode(chunk: Uint8Array, length: number, window: Window): void {
    const { bytes } = window;
    const end = window.position + length;
    let { position } = window;
    this.#range.start(chunk);
    while (position < end) {
      const at = position & this.#positionMask;
      const choice = AT.match + (this.#state << LONGEST_POSITION_BITS) + at;
      if (this.#range.bit(this.#probabilities, choice) === 0) {
        bytes[position] = this.#literal(bytes, position);
        position += 1;
      } else {
        const count =
          this.#range.bit(this.#probabilities, AT.repeat + this.#state) === 0 ? this.#match(at) : this.#repeat(at);
        position = copy(bytes, position, this.#distance, count, end);
      }
    }
    if (!this.#range.finished) throw new UnreadablePayload("a chunk of it is damaged");
    window.position = position;
  }

  /** A single byte; after a match, decoded using the byte that would have continued the match. */
  #literal(bytes: Uint8Array, position: number): number {
    const range = this.#range;
    const probabilities = this.#probabilities;
    const state = this.#state;
    const previous = bytes[position - 1] ?? 0;
    const coder =
      ((position & this.#literalPositionMask) << this.#literalContextBits) +
      (previous >> (8 - this.#literalContextBits));
    const base = AT.literals + LITERAL_SIZE * coder;
    let symbol = 1;
    if (state >= LITERAL_STATES) {
      let matched = bytes[position - this.#distance - 1] ?? 0;
      while (symbol < 0x100) {
        const expected = (matched >> 7) & 1;
        matched <<= 1;
        const bit = range.bit(probabilities, base + ((1 + expected) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (bit !== expected) break;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | range.bit(probabilities, base + symbol);
    this.#state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
    return symbol;
  }

  /** A match with an explicit distance. @returns its length */
  #match(at: number): number {
    this.#fourth = this.#third;
    this.#third = this.#second;
    this.#second = this.#distance;
    const count = this.#length(AT.length, at);
    this.#distance = this.#newDistance(count);
    this.#state = this.#state < LITERAL_STATES ? 7 : 10;
    return count;
  }

  /** A match at one of the last four distances. @returns its length */
  #repeat(at: number): number {
    const range = this.#range;
    const probabilities = this.#probabilities;
    const state = this.#state;
    if (range.bit(probabilities, AT.repeat0 + state) !== 0) {
      this.#recall(state);
    } else if (range.bit(probabilities, AT.repeat0Long + (state << LONGEST_POSITION_BITS) + at) === 0) {
      this.#state = state < LITERAL_STATES ? 9 : 11;
      return 1;
    }
    this.#state = state < LITERAL_STATES ? 8 : 11;
    return this.#length(AT.repeatLength, at);
  }

  /** Moves one of the three older distances to the front. */
  #recall(state: number): void {
    const range = this.#range;
    const probabilities = this.#probabilities;
    const latest = this.#distance;
    if (range.bit(probabilities, AT.repeat1 + state) === 0) {
      this.#distance = this.#second;
    } else if (range.bit(probabilities, AT.repeat2 + state) === 0) {
      this.#distance = this.#third;
      this.#third = this.#second;
    } else {
      this.#distance = this.#fourth;
      this.#fourth = this.#third;
      this.#third = this.#second;
    }
    this.#second = latest;
  }

  #length(base: number, at: number): number {
    const range = this.#range;
    const probabilities = this.#probabilities;
    if (range.bit(probabilities, base + LENGTH.first) === 0) {
      return SHORTEST_MATCH + range.tree(probabilities, base + LENGTH.low + (at << 3), 3);
    }
    if (range.bit(probabilities, base + LENGTH.second) === 0) {
      return SHORTEST_MATCH + 8 + range.tree(probabilities, base + LENGTH.middle + (at << 3), 3);
    }
    return SHORTEST_MATCH + 16 + range.tree(probabilities, base + LENGTH.high, 8);
  }

  /** Decodes the distance of a match of the given length, minus one. */
  #newDistance(count: number): number {
    const range = this.#range;
    const probabilities = this.#probabilities;
    const group = Math.min(count - SHORTEST_MATCH, SLOT_GROUPS - 1);
    const slot = range.tree(probabilities, AT.slots + group * DISTANCE_SLOTS, 6);
    if (slot < FIRST_LONG_SLOT) return slot;
    const bits = (slot >> 1) - 1;
    const high = (2 | (slot & 1)) << bits;
    if (slot < FIRST_EVEN_SLOT) return high + range.reverseTree(probabilities, AT.special + high - slot, bits);
    const middle = range.even(bits - ALIGN_BITS) << ALIGN_BITS;
    return (high + middle + range.reverseTree(probabilities, AT.align, ALIGN_BITS)) >>> 0;
  }
}

/** Copies a match, which may overlap its source. @returns where it ended */
function copy(bytes: Uint8Array, position: number, distance: number, count: number, end: number): number {
  const until = position + count;
  let from = position - distance - 1;
  if (from < 0 || until > end) throw new UnreadablePayload("a chunk of it is damaged");
  for (let to = position; to < until; to++, from++) bytes[to] = bytes[from] ?? 0;
  return until;
}
