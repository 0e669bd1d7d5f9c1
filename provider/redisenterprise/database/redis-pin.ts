import { z } from "zod";
import { type Constraint, parseConstraint } from "../../core/constraint";

const EXAMPLE = '"7.4", "8" or ">=7.4"';
/** Upgrades aim at major and minor; the patch comes with the software of the nodes. */
const PARTS = 2;

/** The `redisVersion` argument: major.minor, a major alone, a floor, or `latest`. */
export const redisVersion = z.string({ error: `must be a text, such as ${EXAMPLE}` }).superRefine((text, context) => {
  const problem = problemOf(parseConstraint(text));
  if (problem !== undefined) context.addIssue(`${problem}; right is ${EXAMPLE}`);
});

function problemOf(constraint: Constraint | undefined): string | undefined {
  if (constraint === undefined) return "is not a Redis version";
  if (constraint.kind === "latest") return undefined;
  const { parts, build } = constraint.version;
  if (build !== undefined || parts.length > PARTS) {
    return "must be major and minor alone, since the patch comes with the cluster's software";
  }
  return undefined;
}

export function redisConstraint(redisVersion: string): Constraint {
  const constraint = parseConstraint(redisVersion);
  if (constraint === undefined) throw new Error(`not a version: ${redisVersion}`);
  return constraint;
}
