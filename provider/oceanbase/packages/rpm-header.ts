/** The file violates the RPM format. The message continues "its header is malformed: ". */
export class MalformedRpm extends Error {
  override readonly name = "MalformedRpm";
}

/**
 * The header structure of an RPM file, which contains two: magic, number of index entries and size of the store in
 * bytes; then the index; then the store. Numbers are big-endian.
 */
const MAGIC = 0x8eade8;
export const INTRO_BYTES = 16;
const ENTRY_BYTES = 16;
/** Limit of the index, and of the store. obshell's own reader has the same limit. */
const LARGEST = 32 * 1024 * 1024;
/** Maximum number of values read per entry. OceanBase's packages have some thousand files. */
const MOST_VALUES = 1_000_000;
/** Limit of a list of file paths, so that a small header cannot expand to gigabytes. */
const MOST_PATH_CHARACTERS = 32 * 1024 * 1024;

/** Entry types: the kind of value and, where it is fixed, the size of one value in bytes. */
const TYPES = [
  { kind: "nothing", width: 0 },
  { kind: "bytes", width: 1 },
  { kind: "bytes", width: 1 },
  { kind: "integers", width: 2 },
  { kind: "integers", width: 4 },
  { kind: "integers", width: 8 },
  { kind: "texts", width: 1 },
  { kind: "bytes", width: 1 },
  { kind: "texts", width: 1 },
  { kind: "texts", width: 1 },
] as const;

interface Entry {
  readonly type: (typeof TYPES)[number];
  readonly offset: number;
  readonly count: number;
}

/** The sizes declared in the first 16 bytes of a header. */
export interface Intro {
  readonly entries: number;
  /** Bytes of the store. */
  readonly store: number;
  /** Bytes of index and store, which follow the intro. */
  readonly bytes: number;
}

/** @throws MalformedRpm before any declared size is allocated */
export function readIntro(bytes: Buffer): Intro {
  if (bytes.readUIntBE(0, 3) !== MAGIC) throw new MalformedRpm("its magic number is wrong");
  const entries = bytes.readUInt32BE(8);
  const store = bytes.readUInt32BE(12);
  if (entries * ENTRY_BYTES > LARGEST) throw new MalformedRpm(`it declares ${entries} entries`);
  if (store > LARGEST) throw new MalformedRpm(`it declares ${store} bytes`);
  return { entries, store, bytes: entries * ENTRY_BYTES + store };
}

/** One header, its entries by tag. Every entry is verified to lie within the store. */
export class RpmHeader {
  readonly #entries = new Map<number, Entry>();
  readonly #store: Buffer;

  /**
   * @param bytes index and store
   * @throws MalformedRpm
   */
  constructor({ entries, bytes: length }: Intro, bytes: Buffer) {
    this.#store = bytes.subarray(entries * ENTRY_BYTES, length);
    for (let index = 0; index < entries; index++) this.#add(bytes, index * ENTRY_BYTES);
  }

  /** The first string of an entry; undefined when there is none. */
  text(tag: number): string | undefined {
    return this.texts(tag, 1)[0];
  }

  /** The strings of an entry; empty when the entry does not exist or has another type. */
  texts(tag: number, most = MOST_VALUES): string[] {
    const entry = this.#entry(tag, "texts");
    if (entry === undefined) return [];
    const texts: string[] = [];
    for (let at = entry.offset; texts.length < Math.min(entry.count, most); ) {
      const end = this.#store.indexOf(0, at);
      if (end < 0) throw new MalformedRpm(`the string of tag ${tag} is not terminated`);
      texts.push(this.#store.toString("utf8", at, end));
      at = end + 1;
    }
    return texts;
  }

  integers(tag: number): number[] {
    const entry = this.#entry(tag, "integers");
    if (entry === undefined) return [];
    const { width } = entry.type;
    return Array.from({ length: Math.min(entry.count, MOST_VALUES) }, (_, index) => {
      const at = entry.offset + index * width;
      return width === 8 ? Number(this.#store.readBigUInt64BE(at)) : this.#store.readUIntBE(at, width);
    });
  }

  bytes(tag: number): Buffer | undefined {
    const entry = this.#entry(tag, "bytes");
    return entry && this.#store.subarray(entry.offset, entry.offset + entry.count);
  }

  /**
   * Paths stored as names, directories and each name's directory index.
   * @throws MalformedRpm
   */
  paths(tags: { readonly names: number; readonly directories: number; readonly indexes: number }): string[] {
    const names = this.texts(tags.names);
    const directories = this.texts(tags.directories);
    const indexes = this.integers(tags.indexes);
    let characters = 0;
    return names.map((name, position) => {
      const directory = directories[indexes[position] ?? -1];
      if (directory === undefined) throw new MalformedRpm(`the directory of file ${position} is missing`);
      characters += directory.length + name.length;
      if (characters > MOST_PATH_CHARACTERS) throw new MalformedRpm("its list of files is too long");
      return directory + name;
    });
  }

  #entry(tag: number, kind: Entry["type"]["kind"]): Entry | undefined {
    const entry = this.#entries.get(tag);
    return entry?.type.kind === kind ? entry : undefined;
  }

  #add(bytes: Buffer, at: number): void {
    const tag = bytes.readUInt32BE(at);
    const type = TYPES[bytes.readUInt32BE(at + 4)];
    const offset = bytes.readUInt32BE(at + 8);
    const count = bytes.readUInt32BE(at + 12);
    if (type === undefined) throw new MalformedRpm(`tag ${tag} is of an unknown type`);
    if (count < 1) throw new MalformedRpm(`tag ${tag} has no value`);
    const room = this.#store.length - offset;
    if (room <= 0 || count * type.width > room) throw new MalformedRpm(`tag ${tag} lies outside of it`);
    this.#entries.set(tag, { type, offset, count });
  }
}
