/** Joins texts. One without a final full stop, such as a vendor's message, gets one before the next. */
export function sentences(...texts: readonly (string | undefined)[]): string {
  const given = texts.flatMap((text) => text || []);
  return given.map((text, at) => (at === given.length - 1 ? text : ended(text))).join(" ");
}

/** A text with a final full stop. */
export function ended(text: string): string {
  return ENDED.test(text) ? text : `${text}.`;
}

const ENDED = /[.!?…:][)"'`”]?$/u;

/** `3 zones`, `1 zone` */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
