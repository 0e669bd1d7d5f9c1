import { z } from "zod";
import { parseConstraint } from "../core/constraint";
import { text } from "../huaweicloud/arguments";

/** Arguments that both resource types take, besides those of the connection. Messages name what is wrong and show a right value. */

interface IdKind {
  readonly suffix: string;
  readonly what: string;
  readonly example: string;
}

const ID_KINDS: readonly IdKind[] = [
  { suffix: "in07", what: "a TaurusDB instance", example: '"6754902da1f447269c6979b0590102a5in07"' },
  { suffix: "in17", what: "a StarRocks instance", example: '"1c8b1f2e2a2b4f0f9a6d3a0f4a3b9c11in17"' },
];
const OTHER_IDS: Readonly<Record<string, string>> = {
  no07: "a node",
  no17: "a StarRocks node",
  po01: "a proxy",
  pr07: "a parameter template",
};
const LENGTH = 36;

/** The id of a TaurusDB instance (`…in07`) or of a StarRocks instance (`…in17`). */
export function instanceId(suffix: "in07" | "in17") {
  const wanted = ID_KINDS.find((kind) => kind.suffix === suffix);
  if (wanted === undefined) throw new Error(`no ids end in ${suffix}`);
  return text(wanted.example).superRefine((value, context) => {
    const problem = idProblem(value, wanted);
    if (problem !== undefined) context.addIssue(problem);
  });
}

function idProblem(value: string, { suffix, what, example }: IdKind): string | undefined {
  const right = `right is the id of ${what}, ${LENGTH} letters and digits that end in ${suffix}, such as ${example}`;
  if (!/^[0-9A-Za-z]+$/.test(value)) return `must have letters and digits only; ${right}`;
  if (value.length !== LENGTH) return `has ${value.length} characters; ${right}`;
  const end = value.slice(-4);
  if (end === suffix) return undefined;
  const meant = ID_KINDS.find((kind) => kind.suffix === end)?.what ?? OTHER_IDS[end];
  return meant === undefined ? `ends in ${end}; ${right}` : `is the id of ${meant}; ${right}`;
}

const MOST_PARTS = 4;
const FEWEST_PARTS = 2;

/** The `version` argument: exact, a prefix, a floor, or `latest`. @param example four-part */
export function version(example: string) {
  const prefix = example.split(".").slice(0, 3).join(".");
  const examples = `"${example}", "${prefix}", ">=${example}" or "latest"`;
  return z.string({ error: `must be a text, such as ${examples}` }).superRefine((value, context) => {
    const constraint = parseConstraint(value);
    if (constraint === undefined) return context.addIssue(`is not a kernel version; right is ${examples}`);
    if (constraint.kind === "latest") return;
    const { parts, build } = constraint.version;
    if (build !== undefined || parts.length < FEWEST_PARTS || parts.length > MOST_PARTS) {
      context.addIssue(`must have ${FEWEST_PARTS} to ${MOST_PARTS} numbers between dots; right is ${examples}`);
    }
  });
}

export const schedule = z.enum(["now", "maintenance-window"], { error: 'must be "now" or "maintenance-window"' });

/** Nothing can be newer than the newest. For `superRefine`. */
export function latestHasNoNewer(
  args: { readonly version: string; readonly onNewer?: string | undefined },
  context: z.RefinementCtx,
): void {
  if (args.version !== "latest" || args.onNewer !== "fail") return;
  const message = '"fail" cannot go with version "latest", since nothing is newer than that; leave it out';
  context.addIssue({ code: "custom", path: ["onNewer"], message });
}
