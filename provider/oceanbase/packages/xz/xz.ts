import { setImmediate } from "node:timers/promises";
import { LzmaDecoder, type Window } from "./lzma";
import { Inflow, UnreadablePayload } from "./range-decoder";

/** The .xz format, version 1.2.1: stream header, blocks of LZMA2, index. Data after the blocks is not read. */
const MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);
const STREAM_HEADER_BYTES = 12;
/** By check type. Blocks are not checked again, because the package's own checksum was already verified. */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
const LZMA2 = 0x21;
const INDEX = 0;
const CRC_BYTES = 4;
/** `xz -9`. Twice this size is used in memory. */
const LARGEST_DICTIONARY = 64 * 1024 * 1024;
/** Maximum unpacked size of one LZMA2 chunk. */
const LARGEST_CHUNK = 2 * 1024 * 1024;
/** A few bytes of zeros unpack to hundreds of megabytes: after this many bytes, other work may run. */
const UNINTERRUPTED = 16 * 1024 * 1024;
/** Keeps the positions that LZMA counts when the window is moved. */
const ALIGNMENT = 16;

/** Unpacks; each piece is valid until the next one is requested. @throws UnreadablePayload */
export async function* unxz(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const flow = new Inflow(packed);
  try {
    const header = await flow.take(STREAM_HEADER_BYTES);
    if (!header.subarray(0, MAGIC.length).equals(MAGIC)) throw new UnreadablePayload("it is not in xz format");
    yield* unpackBlocks(flow, CHECK_BYTES[(header[7] ?? 0) & 0xf] ?? 0);
  } finally {
    await flow.close();
  }
}

async function* unpackBlocks(flow: Inflow, checkBytes: number): AsyncGenerator<Uint8Array, void, void> {
  for (;;) {
    const start = flow.taken;
    const words = await flow.byte();
    if (words === INDEX) return;
    const dictionary = dictionaryOf(await flow.take((words + 1) * 4 - 1));
    yield* unpackBlock(flow, dictionary);
    await flow.skip(-(flow.taken - start) & 3);
    await flow.skip(checkBytes);
  }
}

/** The dictionary size of a block in bytes, from its header without the first byte. */
function dictionaryOf(header: Buffer): number {
  const fields = new Fields(header.subarray(1, -CRC_BYTES));
  const flags = header[0] ?? 0;
  if ((flags & 0x3f) !== 0) throw new UnreadablePayload("it was packed with more than one filter");
  if ((flags & 0x40) !== 0) fields.number();
  if ((flags & 0x80) !== 0) fields.number();
  const filter = fields.number();
  if (filter !== LZMA2 || fields.number() !== 1) throw new UnreadablePayload(`it was packed with filter ${filter}`);
  const size = fields.byte();
  const bytes = (2 | (size & 1)) * 2 ** (Math.floor(size / 2) + 11);
  if (bytes > LARGEST_DICTIONARY) throw new UnreadablePayload(`it needs a dictionary of ${bytes} bytes`);
  return bytes;
}

/** Fields of a block header. */
class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new UnreadablePayload("a block header of it is too short");
    return byte;
  }

  /** Seven bits per byte, lowest first; the highest bit means that another byte follows. */
  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if ((byte & 0x80) === 0) return value;
    }
  }
}

const END = 0;
const STORED_AFTER_RESET = 1;
const STORED = 2;
const PACKED = 0x80;

/** The chunks of one block; the first byte of each gives its type and what it resets. */
async function* unpackBlock(flow: Inflow, dictionary: number): AsyncGenerator<Uint8Array, void, void> {
  const decoder = new LzmaDecoder();
  const window = roomFor(dictionary);
  let unpacked = 0;
  for (;;) {
    const control = await flow.byte();
    if (control === END) return;
    if (control === STORED_AFTER_RESET || control >= 0xe0) window.position = 0;
    if (control > STORED && control < PACKED) throw new UnreadablePayload(`it has a chunk of kind ${control}`);
    makeRoom(window, dictionary);
    const from = window.position;
    if (control < PACKED) await store(flow, window);
    else await unpackChunk(flow, control, decoder, window);
    unpacked += window.position - from;
    if (unpacked > UNINTERRUPTED) {
      await setImmediate();
      unpacked = 0;
    }
    yield window.bytes.subarray(from, window.position);
  }
}

function roomFor(dictionary: number): Window {
  return { bytes: new Uint8Array(dictionary + Math.max(dictionary, 2 * LARGEST_CHUNK)), position: 0 };
}

/** Drops data that no match can reach, once the next chunk might not fit. */
function makeRoom(window: Window, dictionary: number): void {
  const { bytes, position } = window;
  if (position + LARGEST_CHUNK <= bytes.length) return;
  const drop = position - dictionary - ((position - dictionary) % ALIGNMENT);
  bytes.copyWithin(0, drop, position);
  window.position -= drop;
}

async function store(flow: Inflow, window: Window): Promise<void> {
  const size = (await flow.take(2)).readUInt16BE() + 1;
  window.bytes.set(await flow.take(size), window.position);
  window.position += size;
}

async function unpackChunk(flow: Inflow, control: number, decoder: LzmaDecoder, window: Window): Promise<void> {
  const sizes = await flow.take(4);
  const length = (((control & 0x1f) << 16) | sizes.readUInt16BE()) + 1;
  const packed = sizes.readUInt16BE(2) + 1;
  const resets = (control >> 5) & 3;
  if (resets >= 2) decoder.configure(await flow.byte());
  if (resets >= 1) decoder.reset();
  decoder.decode(await flow.take(packed), length, window);
}
