import { MASK } from "./printed-value";

/** Passwords between a user's name and a host: `mysql://root:…@host`, `root:…@tcp(host)/`, `root:…@10.0.0.1`. */

const TOKEN = /[^\s"'<>`]+/g;
const SCHEME_END = /(:\\{0,4}\/\\{0,4}\/|%(?:25){0,3}3[Aa]%(?:25){0,3}2[Ff]%(?:25){0,3}2[Ff])/;
const DIAL = /@(?:tcp|udp|unix)[46]?\(/;
/** The text after `user:password@` that indicates an address without a scheme. */
const HOST = /^(?:\d{1,3}(?:\.\d{1,3}){3}(?!\d)|[A-Za-z][\w.-]*:\d{2,5}(?!\w))/;

export function hideUserInfo(text: string): string {
  if (!text.includes("@") && !text.includes("%")) return text;
  return text.replace(TOKEN, (token) => withoutPassword(token));
}

function withoutPassword(token: string): string {
  const pieces = token.split(SCHEME_END);
  if (pieces.length > 1)
    return pieces.map((piece, nth) => (nth > 0 && nth % 2 === 0 ? authority(piece) : piece)).join("");
  const dial = token.search(DIAL);
  if (dial >= 0) return between(token, token.indexOf(":"), dial);
  const at = token.lastIndexOf("@");
  if (at < 0 || !HOST.test(token.slice(at + 1, at + 300))) return token;
  const info = token.slice(0, at);
  return info.includes("/") || /(?:^|[^\w])mailto:/i.test(info)
    ? token
    : between(token, info.search(/(?<=[\w#.-]):./), at);
}

/**
 * The text after `://` up to the end of the authority. A password can contain any character, including those that end
 * an authority; then only the last `@` is reliable.
 */
function authority(piece: string): string {
  const encoded = !piece.includes("@");
  const at = encoded ? lastMatch(piece, /%(?:25){0,3}40/g) : piece.lastIndexOf("@");
  if (at < 0) return piece;
  const info = piece.slice(0, at);
  const colon = encoded ? info.search(/%(?:25){0,3}3[Aa]/) : info.indexOf(":");
  if (colon < 0) return piece;
  const slash = info.search(/[/?#]/);
  if (slash < 0) return between(piece, colon, at);
  const host = info.slice(0, slash);
  const isHost = !host.includes("@") && /^\d*$/.test(host.slice(colon + 1));
  return colon > slash || host.startsWith("[") || isHost ? piece : between(piece, colon, at);
}

function lastMatch(text: string, pattern: RegExp): number {
  let last = -1;
  for (const { index } of text.matchAll(pattern)) last = index;
  return last;
}

/** @param colon position of the colon or its escape */
function between(text: string, colon: number, at: number): string {
  if (colon < 0 || colon >= at) return text;
  const sign = /^%(?:25){0,3}3[Aa]/.exec(text.slice(colon, colon + 12))?.[0] ?? ":";
  const from = colon + sign.length;
  return from >= at ? text : `${text.slice(0, from)}${MASK}${text.slice(at)}`;
}
