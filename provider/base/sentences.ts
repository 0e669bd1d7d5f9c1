/** Texts one after the other. One that ends without a full stop, such as what a vendor says, gets one before the next. */
export function sentences(...texts: readonly (string | undefined)[]): string {
  const said = texts.flatMap((text) => text || []);
  return said.map((text, at) => (at === said.length - 1 || ENDED.test(text) ? text : `${text}.`)).join(" ");
}

const ENDED = /[.!?…:][)"'`”]?$/u;
