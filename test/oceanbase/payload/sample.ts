/**
 * Bytes of every kind that LZMA distinguishes: text, noise, repeats near and far, short and long. The same in every run;
 * the fixtures are these bytes, packed with xz 5.4.
 */
export function sample(bytes: number): Buffer {
  const made = Buffer.alloc(bytes);
  const random = randomNumbers();
  for (let at = 0; at < bytes; ) {
    const kind = random(8);
    if (kind < 4) at += made.write(WORDS[random(WORDS.length)] ?? "", at, "latin1") || 1;
    else if (kind === 4) made[at++] = random(256);
    else at = repeat(made, at, REPEATS[kind - 5] ?? NEAR, random);
  }
  return made;
}

const WORDS = ["observer", "4.3.5.2", "upgrade", "zone1", "\0\0\0\0", "ELF", "\n", "oceanbase-ce"];
/** How far back, and how much. */
const NEAR = { reach: 300, count: 12 };
const REPEATS = [NEAR, { reach: 20_000, count: 12 }, { reach: Number.MAX_SAFE_INTEGER, count: 400 }];

function repeat(made: Buffer, start: number, { reach, count }: typeof NEAR, random: (below: number) => number): number {
  const distance = 1 + random(Math.max(1, Math.min(reach, start)));
  const end = Math.min(start + 1 + random(count), made.length);
  for (let at = start; at < end; at++) made[at] = made[at - distance] ?? 0;
  return end;
}

function randomNumbers(): (below: number) => number {
  let seed = 1;
  return (below) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
}
