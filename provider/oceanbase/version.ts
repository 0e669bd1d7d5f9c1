import { z } from "zod";
import { type Constraint, parseConstraint } from "../core/version/constraint";
import { parseVersion } from "../core/version/version";

const VERSION_PARTS = 4;
/** `4.3.5` is a release series; `4.3` would span several with barriers between them. */
const FEWEST_PARTS = 3;
const VERSION_EXAMPLE = '"4.3.5.2", "4.3.5" or ">=4.3.5.2"';

/** In package names: `4.3.5.2-102000042025031214.el7`. */
const WITH_RELEASE = /^(\d+(?:\.\d+){3})-(\d+\.\w+)$/;

/** The `version` argument: exact, a prefix of three parts, or a minimum. */
export const version = z
  .string({ error: `must be a string, such as ${VERSION_EXAMPLE}` })
  .superRefine((text, context) => {
    const [, exact, build] = WITH_RELEASE.exec(text.trim()) ?? [];
    if (exact !== undefined) {
      context.addIssue(`contains a release. Set \`version\` to "${exact}" and \`release\` to "${build}"`);
      return;
    }
    const problem = versionProblem(parseConstraint(text));
    if (problem !== undefined) context.addIssue(`${problem}. Example: ${VERSION_EXAMPLE}`);
  });

function versionProblem(constraint: Constraint | undefined): string | undefined {
  if (constraint === undefined) return "is not an OceanBase version";
  if (constraint.kind === "latest") return "cannot be latest: obshell upgrades only to an explicit version";
  if (constraint.version.build !== undefined) return "must not contain a build; set `release` instead";
  const parts = constraint.version.parts.length;
  if (parts >= FEWEST_PARTS && parts <= VERSION_PARTS) return undefined;
  return `must have ${VERSION_PARTS} parts, or ${FEWEST_PARTS} as a prefix`;
}

/** A release identifies one package, so it requires an exact version. For `superRefine`. */
export function releaseNeedsExactVersion(
  args: { readonly version: string; readonly release?: string | undefined },
  context: z.RefinementCtx,
): void {
  if (args.release === undefined || isExact(args.version)) return;
  const message = 'needs an exact `version`, such as "4.3.5.2". Leave it out for a prefix or a minimum';
  context.addIssue({ code: "custom", path: ["release"], message });
}

function isExact(text: string): boolean {
  const constraint = parseConstraint(text);
  return constraint?.kind === "at" && constraint.version.parts.length === VERSION_PARTS;
}

/** The version constraint: the version, and with a release its build too. The distribution cannot be observed. */
export function constraintOf(args: { readonly version: string; readonly release?: string | undefined }): Constraint {
  const constraint = parseConstraint(args.version);
  if (constraint === undefined) throw new Error(`not a version: ${args.version}`);
  if (args.release === undefined || constraint.kind !== "at") return constraint;
  const built = parseVersion(`${args.version}-${args.release.split(".")[0]}`);
  return built === undefined ? constraint : { kind: "at", version: built };
}
