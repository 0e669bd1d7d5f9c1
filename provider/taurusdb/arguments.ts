import { z } from "zod";
import { argument, choice, flag, text } from "../core/arguments";
import { parseConstraint } from "../core/version";
import { connectionArguments } from "../huaweicloud/arguments";
import { TAURUSDB } from "./service";

/** The arguments of both resource types. Messages state what is wrong and show a valid example. */

export const connection = connectionArguments(TAURUSDB);

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
function instanceId(suffix: "in07" | "in17") {
  const wanted = ID_KINDS.find((kind) => kind.suffix === suffix);
  if (wanted === undefined) throw new Error(`no ids end in ${suffix}`);
  return text(wanted.example).superRefine((value, context) => {
    const problem = idProblem(value, wanted);
    if (problem !== undefined) context.addIssue(problem);
  });
}

function idProblem(value: string, { suffix, what, example }: IdKind): string | undefined {
  const right = `expected the id of ${what}, ${LENGTH} letters and digits that end in ${suffix}. Example: ${example}`;
  if (!/^[0-9A-Za-z]+$/.test(value)) return `must have letters and digits only; ${right}`;
  if (value.length !== LENGTH) return `has ${value.length} characters; ${right}`;
  const end = value.slice(-4);
  if (end === suffix) return undefined;
  const named = ID_KINDS.find((kind) => kind.suffix === end)?.what ?? OTHER_IDS[end];
  return named === undefined ? `ends in ${end}; ${right}` : `is the id of ${named}; ${right}`;
}

const instanceIds = z
  .array(instanceId("in07"), {
    error: 'must be a list of instance ids, such as ["6754902da1f447269c6979b0590102a5in07"]',
  })
  .min(1, "must name at least one instance")
  .superRefine((ids, context) => {
    const twice = ids.find((id, at) => ids.indexOf(id) !== at);
    if (twice !== undefined) context.addIssue(`names ${twice} twice`);
  });

const MOST_PARTS = 4;
const FEWEST_PARTS = 2;

/** The `version` argument: exact, a prefix, a minimum, or `latest`. @param example four-part */
function version(example: string) {
  const prefix = example.split(".").slice(0, 3).join(".");
  const examples = `"${example}", "${prefix}", ">=${example}" or "latest"`;
  return z.string({ error: `must be a string, such as ${examples}` }).superRefine((value, context) => {
    const constraint = parseConstraint(value);
    if (constraint === undefined) return context.addIssue(`is not a kernel version. Example: ${examples}`);
    if (constraint.kind === "latest") return;
    const { parts, build } = constraint.version;
    if (build !== undefined || parts.length < FEWEST_PARTS || parts.length > MOST_PARTS) {
      context.addIssue(`must have ${FEWEST_PARTS} to ${MOST_PARTS} numbers between dots. Example: ${examples}`);
    }
  });
}

/** Upgrade arguments of both resource types. */
export const upgrade = {
  schedule: choice(
    {
      now: "at once",
      "maintenance-window":
        'in the instance\'s next maintenance window. `up` ends with `status: "deferred"` and the window in `lastUpgrade`; the first `up` after the window reads the result. Changing or deleting the resource cancels an upgrade that it has scheduled and that has not begun, unless another resource relies on it.',
    },
    { description: "When an upgrade runs.", default: "now" },
  ),
};

/** Of `taurusdb.KernelVersion`. */
export const kernelArguments = {
  instanceIds: argument(instanceIds, {
    description: "The TaurusDB instances of one project, each once: 36 letters and digits that end in `in07`.",
    example: ["6754902da1f447269c6979b0590102a5in07"],
  }),
  version: argument(version("2.0.75.28"), {
    description: [
      "Target kernel version of every instance: exact (`2.0.75.28`), a prefix (`2.0.75`), a minimum (`>=2.0.75`) or `latest`.",
      "An upgrade always goes to the newest kernel that is offered to an instance, so an exact version or a prefix below it cannot be reached: the preview reports it, and nothing is sent.",
    ],
  }),
  preCheck: argument(flag.optional(), {
    description: [
      "Let the service check the instances first, in regions that support it.",
      "An instance that does not pass is not upgraded, and the findings are reported.",
    ],
    default: true,
  }),
};

/** Of `taurusdb.StarRocksVersion`. */
export const starRocksArguments = {
  instanceId: argument(instanceId("in07"), {
    description:
      "The TaurusDB instance that the StarRocks instance belongs to: 36 letters and digits that end in `in07`.",
    example: "6754902da1f447269c6979b0590102a5in07",
  }),
  starRocksInstanceId: argument(instanceId("in17"), {
    description: "The StarRocks instance: 36 letters and digits that end in `in17`.",
    example: "1c8b1f2e2a2b4f0f9a6d3a0f4a3b9c11in17",
  }),
  version: argument(version("3.1.15.80"), {
    description: [
      "Target kernel version: exact (`3.1.15.80`), a prefix (`3.1`), a minimum (`>=3.1.15`) or `latest`.",
      "An upgrade always goes to the newest kernel that is offered, so an exact version or a prefix below it cannot be reached: the preview reports it, and nothing is sent.",
      "If the service shows only two parts of the version (`3.1`), a longer version can be verified only while nothing newer is offered.",
    ],
  }),
  skipValidation: argument(flag.optional(), {
    description: [
      "Upgrade without the service's validation.",
      "CAUTION: the validation keeps an upgrade from breaking data synchronization tasks that are running.",
    ],
    default: false,
  }),
};

/** No version can be ahead of `latest`. For `superRefine`. */
export function latestHasNoNewer(
  args: { readonly version: string; readonly onNewer?: string | undefined },
  context: z.RefinementCtx,
): void {
  if (args.version !== "latest" || args.onNewer !== "fail") return;
  const message = '"fail" cannot be combined with version "latest", because nothing is newer than that; leave it out';
  context.addIssue({ code: "custom", path: ["onNewer"], message });
}
