import { Refused } from "../../core/errors";
import { remedyOf } from "../tasks/dag";
import { packageName } from "./package-stream";
import type { Edition } from "./packages";
import type { RpmPackage } from "./rpm";

const MISSING = /\.rpm: record not found/;
const MISSING_REMEDY = "Add its file to `packages`, or upload it with POST /api/v1/upgrade/package.";

/**
 * Refusals that differ only in their text, with remedies. Agents before 4.3.1.0 send no code, and later ones use the
 * same code for several.
 */
const REMEDIES: readonly (readonly [words: RegExp, remedy: string | undefined])[] = [
  [MISSING, MISSING_REMEDY],
  [
    /is not greater than current version/,
    "obshell compares the target version with the called agent or the observer beside it only. List the agents of outdated members in `endpoints`, then run {apply} again.",
  ],
  [/zone num is lower than 3/, remedyOf("OB.Upgrade.UnableToRollingUpgrade")],
  [/can not find the upgrade path/i, remedyOf("OB.Upgrade.Path.NotExist")],
  [/target version is deprecated/i, remedyOf("OB.Upgrade.ToDeprecatedVersion")],
  [/agent \S+ (?:is not available|not running)/i, remedyOf("Agent.Unavailable")],
  [/observer \S+ (?:is not available|not running)/i, remedyOf("OB.Server.Unavailable")],
  [
    /into ob\.RequireFromBinarySpec/,
    "These agents cannot read the list of upgrade paths in the package: upgrade them to 4.2.6.0 or later first, with `oceanbase.AgentVersion`.",
  ],
];

export function remedyOfWords(text: string): string | undefined {
  return REMEDIES.find(([words]) => words.test(text))?.[1];
}

/** The request was refused because a package is not uploaded; the agent's message contains its file name. */
export class PackageMissing extends Refused {
  readonly words: string;

  constructor(message: string, words: string) {
    super(message, { refusal: "final", remedy: MISSING_REMEDY });
    this.words = words;
  }
}

export function reportsMissingPackage(words: string): boolean {
  return MISSING.test(words);
}

/**
 * The local packages that an agent reports as missing. obshell checks the others only once the target's main package
 * exists, so while that is missing, all of them count as missing.
 */
export function reportedMissing(
  words: string,
  local: readonly RpmPackage[],
  { version, editions }: { readonly version: string; readonly editions: readonly Edition[] },
): readonly RpmPackage[] {
  const named = local.filter((pkg) => words.includes(packageName(pkg)));
  const first = named.some((pkg) => pkg.version === version && editions.some(([main]) => main === pkg.name));
  return first || named.length === 0 ? local : named;
}
