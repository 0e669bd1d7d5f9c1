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
