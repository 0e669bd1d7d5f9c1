/** Replaces a secret in a text. */
export const MASK = "[secret]";

/** A value as programs print it: in quotes of any kind and depth, or as a bare word. */
export interface PrintedValue {
  /** Where it begins and ends, without its quotes. */
  readonly from: number;
  readonly to: number;
  /** Where the text continues after its quotes. */
  readonly next: number;
}

/** Includes the escaped forms in JSON (`\"`, `\\\"`), in URLs (`%22`), in HTML, in Go and in Java. */
export const QUOTE = String.raw`(?:\\{0,8}["'${"`"}]|%(?:25){0,3}2[27]|&quot;|&#3[49];|\\{1,8}u002[27])`;
const OPENING = new RegExp(`[ubr]{0,2}(${QUOTE})`, "iy");
/** Characters that can follow a closing quote: `'it's'` is one value, as obshell writes it. */
const AFTER = /[\s,;:.!)\]}>|&+\\"'`%<…/]/;
/** The end of a nested bare word: before a closing quote, or before the next pair of a list. */
const BARE =
  /(?:(?!\\{0,8}["'`](?:[\s,)\]};:]|$))(?![&;,]\\{0,8}["']?[\w.-]{1,64}\\{0,8}["']?[=:])(?!&amp;)(?!(?<=\[secret\])\|)[^\s])+/y;
const BARE_IN_URL = /(?:(?!%(?:25){0,3}(?:2[0267aAcC]|0[aAdD]|7[dD]))[^\s&"'])+/y;
const BARE_IN_TAG = /[^<]+(?=<\/)/y;
const CLOSERS = ")]}>,;.:'\"`";

/** @returns undefined if no value begins here */
export function printedValue(text: string, at: number, inside?: "url" | "tag"): PrintedValue | undefined {
  OPENING.lastIndex = at;
  const [prefixed = "", quote] = OPENING.exec(text) ?? [];
  if (quote !== undefined) return quoted(text, at + prefixed.length, quote);
  const opening = text[at];
  if (opening === "{") return undefined;
  if (opening === "[" && /["']/.test(text[at + 1] ?? "")) return listed(text, at);
  return bare(text, at, inside);
}

function quoted(text: string, from: number, quote: string): PrintedValue {
  const sign = quote.slice(-1);
  const depth = quote.length - 1;
  const written = quote.startsWith("%") || quote.startsWith("&") || (quote.length > 1 && !/["'`]$/.test(quote));
  const to = written ? text.indexOf(quote, from) : closing(text, from, sign, depth);
  // The value was truncated, so its end is unknown.
  if (to < 0) return { from: from - quote.length, to: text.length, next: text.length };
  return { from, to, next: to + quote.length };
}

/** @param depth number of backslashes before the quotes: 0, 1, 3, 7 */
function closing(text: string, from: number, sign: string, depth: number): number {
  for (let at = text.indexOf(sign, from); at >= 0; at = text.indexOf(sign, at + 1)) {
    let slashes = 0;
    while (at - slashes > from && text[at - slashes - 1] === "\\") slashes += 1;
    const after = text[at + 1];
    const doubled = depth === 0 && sign === "'" && after === sign && /[^\s,;)\]}]/.test(text[at + 2] ?? " ");
    if (doubled) at += 1;
    else if ((slashes - depth) % (2 * (depth + 1)) === 0 && (after === undefined || AFTER.test(after))) {
      return at - depth;
    }
  }
  return -1;
}

function listed(text: string, at: number): PrintedValue {
  const end = text.indexOf("]", at);
  const to = end < 0 ? text.length : end + 1;
  return { from: at, to, next: to };
}

function bare(text: string, at: number, inside: "url" | "tag" | undefined): PrintedValue | undefined {
  const pattern = inside === "url" ? BARE_IN_URL : inside === "tag" ? BARE_IN_TAG : BARE;
  pattern.lastIndex = at;
  const found = pattern.exec(text)?.[0] ?? "";
  let length = found.length;
  // The mask of an earlier redaction also ends with a bracket.
  while (length > 0 && CLOSERS.includes(found[length - 1] ?? "") && !found.slice(0, length).endsWith(MASK)) length -= 1;
  return length === 0 ? undefined : { from: at, to: at + length, next: at + length };
}

/** The last word of a name of a credential: `MYSQL_PWD`, `agentPassword`, `X-Auth-Token`. */
const LAST_WORD =
  /^(?:pass|pw|psw|pswd|pwd|ak|sk|jwt|auth|authorization|cookie|credentials?|signature|requirepass|masterauth)$/;
/** The end of a name without separators: `dbpassword`, `authtoken`. */
const ENDING =
  /(?:passwords?|passwd|passwort|passphrase|passcode|pwd|secrets?|token|apikey|accesskey|secretkey|privatekey|dbpass|userpass|rootpass|requirepass|masterauth)$/;
/** Names common in prose, or with further names in their value: only an assignment or quotes indicate a value. */
const ONLY_ASSIGNED = /^(?:credentials?|signature|auth|cookie|secrets|passwords)$/;
/** `access key`, `secret-access-key`, `API key`, `AccessKeyId`. */
const KEY =
  /(?:^| )ocs(?: agent)? header$|(?:^| )(?:access|secret|api|private|encryption|signing|master|session|account|storage|auth|shared|client)(?: access)? key(?: id)?$/;
/** Suffixes that do not change the meaning of a name: `password_hash`, `token1`, `secretValue`. */
const TAIL = /(?: (?:value|hash|text|plain|plaintext|string|str|base64|b64|enc|encrypted|old|new|\d+))+$/;
/** Error codes and switches: `Agent.IncorrectPassword`, `NoPassword`. */
const ABOUT =
  /(?:^| )(?:incorrect|wrong|invalid|missing|expired|bad|weak|illegal|empty|no|not|without|unknown|need|require[ds]?|has|is|use)(?: |$)/;
/** Limit, because names in a hostile text can have any length. */
const LONGEST = 80;

export interface CredentialName {
  /** Lower-case words separated by spaces. */
  readonly words: string;
  readonly onlyAssigned: boolean;
}

/** @param name as it is printed: `rootPassword`, `OB_PASSWORD`, `X-Auth-Token`, `Access Key` */
export function credentialName(name: string): CredentialName | undefined {
  const words = wordsOf(name.slice(-LONGEST));
  if (ABOUT.test(words)) return undefined;
  const core = words.replace(TAIL, "");
  const last = core.slice(core.lastIndexOf(" ") + 1).replace(/\d+$/, "");
  if (!LAST_WORD.test(last) && !ENDING.test(last) && !KEY.test(core)) return undefined;
  return { words: core, onlyAssigned: ONLY_ASSIGNED.test(core) };
}

function wordsOf(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .split(/[\s_.-]+/)
    .join(" ")
    .trim()
    .toLowerCase();
}

/** Words that continue a sentence after "password", "password:" or "--password". */
const PROSE: ReadonlySet<string> = new Set(
  `a about above access account after again all already also an and any are argument as at authentication authorization bad be because
  been before being below between but by call called can can't cannot change changed characters check checks configuration contact contain
  contains could couldn't count decrypt decryption default denied deprecated did didn't different do does doesn't doesnt don't during either
  empty encrypt encryption enter error exactly expected expire expired expires expiry fail failed fails failure field file first for format
  found from given had has hasn't have if illegal in incorrect instead into invalid is isn't it it's its key last least length limit locked
  longer lookup malformed management may maximum minimum mismatch missing more most must need needed needs neither never new no not nothing
  null of old on once one only option or out parameter permission please policy policies provided provide received rejected required requirement
  requirements requires reset retry rotate rotated rotation same see server service set setting shall should shouldn't since so some string
  strength supplied than that the their then there they this to too try type unable unauthorized unchanged under unexpected unknown unless
  unsupported until update updated use used user user's username using validation value verification verified was wasn't we were when where
  whether which while who whose will with within without would wrong you your`.split(/\s+/),
);

/** Placeholders that mean "present", "missing" or "fill in". */
const PLACEHOLDER =
  /^(?:\*+|x{3,}|null|nil|none|undefined|true|false|yes|no|\?|-|%[sdvq]|<[a-z_ -]*>?|\[secret\]|[[<(]?(?:redacted|hidden|masked|removed|omitted|filtered)[\])>]?|\$\{?[A-Z_][A-Z0-9_]*\}?)$/i;

export function isPlaceholder(value: string): boolean {
  return PLACEHOLDER.test(value.slice(0, LONGEST));
}

/** `8 characters`, `12 to 32` */
const AMOUNT =
  /^\d{1,4}\s+(?:to|or|and|characters?|chars?|digits?|letters?|days?|hours?|minutes?|seconds?|attempts?|times?)\b/;

/** Verbs of a sentence about a word: `signature is invalid`. */
const VERB =
  /^[A-Za-z-]+\s+(?:is|was|are|were|has|have|had|must|should|can|cannot|could|may|might|not|does|did|do|will|would|failed|needs?)\b/;

/** Whether a sentence continues here, and no value begins. */
export function isProse(text: string, at: number): boolean {
  const start = text.slice(at, at + LONGEST);
  if (AMOUNT.test(start) || VERB.test(start)) return true;
  const word = /^[A-Za-z][A-Za-z'’]*(?=$|[\s,.;:!?)…])/.exec(start)?.[0];
  return word !== undefined && PROSE.has(word.toLowerCase().replace("’", "'"));
}

/** Whether a word looks random: letters and digits together, and neither a version nor the name of a method. */
export function looksMadeUp(value: string): boolean {
  if (value.length < 6 || /^(?:sha|md5|base64|utf|hmac|aes|rsa|v?\d+[.:-]|https?:)/i.test(value)) return false;
  return /[A-Za-z]/.test(value) && /\d/.test(value);
}

const TOKEN = /[^\s"'<>`]+/g;
const SCHEME_END = /(:\\{0,4}\/\\{0,4}\/|%(?:25){0,3}3[Aa]%(?:25){0,3}2[Ff]%(?:25){0,3}2[Ff])/;
const DIAL = /@(?:tcp|udp|unix)[46]?\(/;
/** The text after `user:password@` that indicates an address without a scheme. */
const HOST = /^(?:\d{1,3}(?:\.\d{1,3}){3}(?!\d)|[A-Za-z][\w.-]*:\d{2,5}(?!\w))/;

/** Hides passwords between a user's name and a host: `mysql://root:…@host`, `root:…@tcp(host)/`, `root:…@10.0.0.1`. */
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
