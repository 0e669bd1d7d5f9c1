/** Which names in a text denote a credential, and which words after them are prose instead of a value. */

/** The last word of a name: `MYSQL_PWD`, `agentPassword`, `X-Auth-Token`. */
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
