/** Joins texts. One without a final full stop, such as a vendor's message, gets one before the next. */
export function sentences(...texts: readonly (string | undefined)[]): string {
  const given = texts.flatMap((text) => text || []);
  return given.map((text, at) => (at === given.length - 1 ? text : withFullStop(text))).join(" ");
}

/** A text with a final full stop. */
export function withFullStop(text: string): string {
  return FULL_STOP.test(text) ? text : `${text}.`;
}

const FULL_STOP = /[.!?…:][)"'`”]?$/u;

/** `3 zones`, `1 zone` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** How much of the end of a long text is kept, because it contains the remedy and the code. */
const LAST_WORDS = 1_000;
const LEFT_OUT = " … ";

/** Removes the middle of a text that is too long. */
export function shortened(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest - LAST_WORDS - LEFT_OUT.length)}${LEFT_OUT}${text.slice(-LAST_WORDS)}`;
}

const UNITS: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const DURATION = /^(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h))+$/;
const TERM = /(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g;

/** Milliseconds of a duration in Pulumi's notation (`90m`, `1h30m`, `45s`); undefined for anything else. */
export function parseDuration(text: string): number | undefined {
  if (!DURATION.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(TERM)) total += Number(amount) * (UNITS[unit ?? ""] ?? 0);
  return total;
}

/** A duration in readable form: `450 ms`, `12 s`, `4 min 10 s`, `2 h 5 min`. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1_000) return `${Math.round(milliseconds)} ms`;
  const seconds = Math.round(milliseconds / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
