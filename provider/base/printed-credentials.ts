import {
  type CredentialName,
  credentialName,
  hideUserInfo,
  isPlaceholder,
  isProse,
  looksMadeUp,
  MASK,
  type PrintedValue,
  printedValue,
  QUOTE,
} from "./printed-value";

/** A name, or a word of a command line, in a text. */
interface Word {
  readonly name: string;
  readonly from: number;
  readonly to: number;
  /** Number of option dashes before it: 0, 1 or 2. */
  readonly dashes: number;
}

/** The start of a name's value, and its format. */
interface Place {
  readonly at: number;
  readonly inside?: "url" | "tag";
  /** Could also be the continuation of a sentence. */
  readonly doubtful?: boolean;
  /** Only a word that looks random counts as a value. */
  readonly inProse?: boolean;
}

const PRIVATE_KEY = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|$)/g;
/** Tokens and keys with a recognizable format. */
const RECOGNISED =
  /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*|(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])/g;
const WORD = /[A-Za-z][\w.-]*|密码|口令|密钥|令牌/g;
/** Prefilter: most words of a text do not match. */
const OF_INTEREST =
  /pass|pw|psw|secret|token|key|auth|cookie|cred|sign|jwt|header|identified|bearer|basic|sdk-|-cli|-bench|^n?[as]k|^(?:p|u$|a$|user|id$)|[^\w.-]/i;

const ASSIGNED = sticky(
  String.raw`(?:${QUOTE}?\]?)\s*(?:=>|:=|={1,3}|[:：]|%(?:25){0,3}3[AaDd])(?:\s|%(?:25){0,3}20)*`,
);
const PAIRED = sticky(String.raw`${QUOTE}?\s*[,;]?\s*${QUOTE}?value${QUOTE}?\s*[:=]\s*`, "iy");
const GIVEN_TO = sticky(String.raw`\s+for\s+[^\s=:]+\s*(?:=|to)\s*(?:password\s*\(\s*)?`, "iy");
const TOLD_FOR = /\s+(?:(?:is|was)\s+generated\s+)?for\s+(?:user\s+)?[^\s:=]+:\s+/iy;
const CALLED = sticky(String.raw`\s*\(\s*(?=\\{0,8}["'])`);
const NEXT_ARGUMENT = sticky(String.raw`${QUOTE}\s*,\s*(?=${QUOTE})|${QUOTE}?\s+`);
const BLANKS = /\s+/y;
const BEFORE_QUOTE = /\s+(?=\\{0,8}["'])/y;
const SAID = /\s+(?:(?:is|was|set to|changed to|reset to)\s+)?/iy;
const IDENTIFIED = /\s+(?:with\s+\S+\s+)?(?:by|as)\s+(?:password\s+)?/iy;
const SCHEME = /(?:basic|bearer|jwt|token|digest|negotiate|ntlm|apikey)\s+/iy;
const HUAWEI_ACCESS = /sdk-hmac-sha256\s+access=/iy;
/** Options that begin with `p`, such as `-path` of find, or that are matched by their full name. */
const OPTIONS_WITH_P =
  /^p(?:ass|assword|asswd|assphrase|asscode|w|wd|ort|orts|ath|id|rint|refix|rofile|roject|arallel|rocess|ackage|arent|latform|lugin|retty|reserve|rogress|rotocol|roxy|ublic|ull|ush|thread|age|ipe|od|riority|ersist|erm|roperties|arams?|artition|gm|kg|re|rod)$/;
const PASSWORD_WORD = /^(?:password|passwd|pwd|passphrase)$/;
/** Maximum distance between a command's name and its options. */
const COMMAND = 200;

/**
 * Removes the credentials that tools, scripts, drivers and configurations print, even if their values are unknown:
 * options, assignments, JSON at any depth, URLs, connection strings, headers, SQL and Redis commands, private keys.
 * Sentences about passwords are not changed. Idempotent, and linear in the length of the text.
 */
export function hideCredentials(text: string): string {
  return hideLabelled(hideUserInfo(text.replace(PRIVATE_KEY, MASK).replace(RECOGNISED, MASK)));
}

function hideLabelled(text: string): string {
  const kept: string[] = [];
  let done = 0;
  const hide = ({ from, to, next }: PrintedValue) => {
    kept.push(text.slice(done, from), MASK);
    done = to;
    WORD.lastIndex = next;
  };
  WORD.lastIndex = 0;
  let redisCli = Number.NEGATIVE_INFINITY;
  for (let match = WORD.exec(text); match !== null; match = WORD.exec(text)) {
    // No value follows a mask: `[secret]: connection refused`.
    if (!OF_INTEREST.test(match[0]) || text.startsWith(MASK, match.index - 1)) continue;
    const word = wordOf(text, match[0], match.index);
    if (/^(?:redis|valkey)-(?:cli|benchmark)$/.test(word.name)) redisCli = word.from;
    WORD.lastIndex = word.to;
    for (const value of valuesOf(text, word, word.from - redisCli < COMMAND)) hide(value);
  }
  return kept.length === 0 ? text : kept.join("") + text.slice(done);
}

function wordOf(text: string, match: string, at: number): Word {
  // In `\npassword` in a JSON text, the `n` is not part of the name.
  const escaped = text[at - 1] === "\\" && /^[nrt]/.test(match) ? 1 : 0;
  const from = at + escaped;
  const name = match.slice(escaped).replace(/[.-]{1,8}$/, "");
  const to = from + name.length;
  let dashes = 0;
  while (dashes < 2 && text[from - dashes - 1] === "-") dashes += 1;
  const start = text[from - dashes - 1];
  const option = start === undefined || /[\s"'`[({,=|]/.test(start);
  return { name, from, to, dashes: option ? dashes : 0 };
}

/** The values after a word, in text order. */
function valuesOf(text: string, word: Word, ofRedisCli: boolean): readonly PrintedValue[] {
  const { name, to, dashes } = word;
  if (name === "AUTH" || name === "AUTH2") return authValues(text, to);
  const special = specialPlace(text, word, ofRedisCli);
  if (special !== undefined) return worthHiding(text, special);
  if (dashes > 0 && /^(?:u|user)$/.test(name)) return userValue(text, to);
  const known = credentialName(name) ?? credentialPhrase(text, word) ?? chinese(name);
  if (known === undefined) return [];
  const place = placeOf(text, word, known);
  if (place === undefined) return [];
  if (known.words === "cookie" || known.words === "set cookie") return cookieValues(text, place.at);
  return worthHiding(text, afterScheme(text, place));
}

/** `Secret Access Key`, `API key`, `Access Key ID` */
function credentialPhrase(text: string, { name, from, to }: Word) {
  if (!/^(?:key|id)$/i.test(name)) return undefined;
  const before = text
    .slice(Math.max(0, from - 40), from)
    .split(" ")
    .slice(-3)
    .join(" ");
  return text[from - 1] === " " ? credentialName(`${before}${text.slice(from, to)}`) : undefined;
}

function chinese(name: string) {
  return /^[^\w]/.test(name) ? { words: name, onlyAssigned: true } : undefined;
}

/** Words other than names of credentials: `-pSecret`, `redis-cli -a`, `IDENTIFIED BY`, `Bearer`. */
function specialPlace(text: string, { name, from, to, dashes }: Word, ofRedisCli: boolean): Place | undefined {
  if (dashes === 1 && name.startsWith("p") && !OPTIONS_WITH_P.test(name)) {
    if (name !== "p" || /["']/.test(text[to] ?? "")) return { at: from + 1 };
    const at = end(NEXT_ARGUMENT, text, to);
    // Such options are also used for ports and paths.
    return at === undefined || /[\d./~-]/.test(text[at] ?? "") ? undefined : { at, doubtful: true };
  }
  if (dashes === 1 && name === "a" && ofRedisCli) return placeAt(end(NEXT_ARGUMENT, text, to), { doubtful: true });
  if (/^identified$/i.test(name)) return placeAt(end(IDENTIFIED, text, to), { doubtful: true });
  if (/^(?:bearer|basic|jwt)$/i.test(name)) return placeAt(end(BLANKS, text, to), { inProse: true });
  return /^SDK-HMAC-SHA256$/i.test(name) ? placeAt(end(HUAWEI_ACCESS, text, from), {}) : undefined;
}

function placeOf(text: string, { name, from, to, dashes }: Word, known: CredentialName): Place | undefined {
  const { words, onlyAssigned } = known;
  if (text[from - 1] === "<" && text[to] === ">") return { at: to + 1, inside: "tag" };
  const assigned = end(ASSIGNED, text, to);
  if (assigned !== undefined) return assignment(text, to, assigned, known);
  const paired = end(PAIRED, text, to) ?? end(GIVEN_TO, text, to) ?? end(CALLED, text, to);
  if (paired !== undefined) return { at: paired };
  if (onlyAssigned) return undefined;
  if (dashes > 0) return placeAt(end(NEXT_ARGUMENT, text, to), { doubtful: true });
  if (/^[A-Z][A-Z0-9_]*$/.test(name) || /^(?:requirepass|masterauth)$/.test(words)) {
    return placeAt(end(BLANKS, text, to), { doubtful: true });
  }
  if (!PASSWORD_WORD.test(words)) return undefined;
  const quoted = end(BEFORE_QUOTE, text, to);
  return quoted === undefined
    ? placeAt(end(TOLD_FOR, text, to) ?? end(SAID, text, to), { inProse: true })
    : { at: quoted };
}

function assignment(text: string, to: number, at: number, known: CredentialName): Place | undefined {
  const { words, onlyAssigned } = known;
  const sign = text.slice(to, at);
  if (/%/.test(sign)) return { at, inside: "url" };
  const colon = /[:：]/.test(sign) && !/=/.test(sign);
  if (!colon) return /^(?:old)?pwd$/.test(words) && text[at] === "/" ? undefined : { at };
  const quoted = /["'\\]/.test(sign) || /["'\\]/.test(text[at] ?? "");
  const flowing = /\s$/.test(sign);
  // "credentials: …" and "signature: …" are prose, unless they are formatted as data.
  if (onlyAssigned && !quoted && flowing && /^[a-z]/.test(words) && words !== "auth" && words !== "cookie")
    return undefined;
  if (words === "pass" && /\d/.test(text[at] ?? "") && flowing) return undefined;
  if (/^\W/.test(words) && !/[!-~]/.test(text[at] ?? "")) return undefined;
  return { at, doubtful: flowing };
}

/** `Authorization: Basic …`: the name of the scheme is not redacted. */
function afterScheme(text: string, place: Place): Place {
  const huawei = end(HUAWEI_ACCESS, text, place.at);
  if (huawei !== undefined) return { at: huawei };
  const at = end(SCHEME, text, place.at);
  return at === undefined ? place : { at, doubtful: true };
}

function worthHiding(text: string, { at, inside, doubtful, inProse }: Place): readonly PrintedValue[] {
  if (at >= text.length || ((doubtful || inProse) && isProse(text, at))) return [];
  const value = printedValue(text, at, inside);
  if (value === undefined || value.to <= value.from) return [];
  const shown = text.slice(value.from, value.to);
  if (doubtful && !/[\p{L}\p{N}]/u.test(shown)) return [];
  if (isPlaceholder(shown.trim()) || (inProse && value.from === at && !looksMadeUp(shown))) return [];
  return [value];
}

/** `AUTH password`, `AUTH user password`, and the quoted forms that MONITOR prints. */
function authValues(text: string, to: number): readonly PrintedValue[] {
  const at = end(NEXT_ARGUMENT, text, to);
  if (at === undefined) return [];
  const first = worthHiding(text, { at, doubtful: true });
  const next = end(BLANKS, text, first[0]?.next ?? printedValue(text, at)?.next ?? at);
  // "AUTH default …" could be prose; the following word decides.
  const how = first.length > 0 ? { doubtful: true } : { inProse: true };
  return next === undefined ? first : [...first, ...worthHiding(text, { at: next, ...how })];
}

/** `-u user:password`, as in curl. */
function userValue(text: string, to: number): readonly PrintedValue[] {
  const at = end(/\s+|=/y, text, to);
  const value = at === undefined ? undefined : printedValue(text, at);
  const colon = value === undefined ? -1 : text.slice(value.from, value.to).indexOf(":");
  if (value === undefined || colon < 1) return [];
  const hidden = { ...value, from: value.from + colon + 1 };
  return hidden.to <= hidden.from || isPlaceholder(text.slice(hidden.from, hidden.to)) ? [] : [hidden];
}

/** All pairs of a cookie header. */
function cookieValues(text: string, at: number): readonly PrintedValue[] {
  const all = /(?:[^\s;]+;[^\S\n]*)*[^\s;]+/y;
  const to = end(all, text, at);
  return to === undefined || isProse(text, at) || isPlaceholder(text.slice(at, to)) ? [] : [{ from: at, to, next: to }];
}

function placeAt(at: number | undefined, how: Omit<Place, "at">): Place | undefined {
  return at === undefined ? undefined : { at, ...how };
}

function sticky(source: string, flags = "y"): RegExp {
  return new RegExp(source, flags);
}

/** The end of a match that begins exactly here. */
function end(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
