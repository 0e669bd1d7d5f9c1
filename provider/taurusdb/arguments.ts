import { z } from "zod";
import { parseConstraint } from "../core/constraint";
import { type CredentialArguments, credentialsOf, missingCredential } from "../huaweicloud/credentials";
import {
  differingClouds,
  type Environment,
  iamOrigin,
  overrideName,
  REGIONS,
  serviceOrigin,
  type Whereabouts,
} from "../huaweicloud/regions";

/** Arguments that both resources take. Messages name what is wrong and show a right value. */

export interface ConnectionArguments extends CredentialArguments, Whereabouts {
  readonly projectId?: string | undefined;
}

const text = (example: string) =>
  z
    .string({ error: `must be a text, such as ${example}` })
    .min(1, { error: `must not be empty; such as ${example}`, abort: true });

const secret = z.string({ error: "must be a text" }).min(1, "must not be empty");

const ENDPOINT = '"https://gaussdb.cn-north-4.myhuaweicloud.com"';

/** A URL, or a host alone. Never quotes the value: it may carry a password. */
function endpoint(example: string, mayHavePath: boolean) {
  return text(example).superRefine((value, context) => {
    const problem = endpointProblem(value, mayHavePath);
    if (problem === undefined) return;
    context.addIssue({
      code: "custom",
      message: `${problem}; right is ${example}`,
      params: { secret: value.includes("@") },
      continue: false,
    });
  });
}

function endpointProblem(value: string, mayHavePath: boolean): string | undefined {
  const whole = /^[a-z]+:\/\//i.test(value) ? value : `https://${value}`;
  if (!URL.canParse(whole)) return "is not a URL";
  const url = new URL(whole);
  if (url.protocol !== "http:" && url.protocol !== "https:") return "must begin with http:// or https://";
  if (url.username !== "" || url.password !== "") return "must not carry credentials";
  if (url.search !== "" || url.hash !== "") return "must not have a query";
  return url.pathname === "/" || mayHavePath ? undefined : "must be host and port alone, without a path";
}

const REGION = '"cn-north-4"';

const region = text(REGION).superRefine((value, context) => {
  const lower = value.toLowerCase();
  if (lower !== value && REGIONS.includes(lower)) context.addIssue(`must be in lower case; right is "${lower}"`);
  else if (!/^[a-z0-9-]+$/.test(value)) context.addIssue(`is not the name of a region; right is ${REGION}`);
});

const PROJECT = '"054e292c9880d4992f02c0196d3ea468"';

export const connection = {
  region: region.optional(),
  projectId: text(PROJECT)
    .regex(/^[0-9A-Za-z]{32}$/, `must be 32 letters and digits, such as ${PROJECT}`)
    .optional(),
  endpoint: endpoint(ENDPOINT, false).optional(),
  iamEndpoint: endpoint('"https://iam.cn-north-4.myhuaweicloud.com"', true).optional(),
  accessKey: secret.optional(),
  secretKey: secret.optional(),
  securityToken: secret.optional(),
  userName: text('"operator"').optional(),
  password: secret.optional(),
  domainName: text('"example"').optional(),
};

/** What only the arguments together tell. For `superRefine`. */
export function completeConnection(env: Environment) {
  return (args: ConnectionArguments, context: z.RefinementCtx): void => {
    const issue = (argument: string, message: string) =>
      context.addIssue({ code: "custom", path: [argument], message });
    if (serviceOrigin(args, env) === undefined) {
      issue("region", whereProblem(args.region, env));
    } else if (args.region === undefined && args.projectId === undefined) {
      issue("projectId", "is looked up by `region`; with `endpoint` alone it has to be given");
    }
    const missing = missingCredential(args);
    if (missing !== undefined) issue(missing.argument, missing.message);
    const iam = iamProblem(args, env);
    if (iam !== undefined) issue("iamEndpoint", iam);
  };
}

const IAM = '"https://iam.eu-de.otc.t-systems.com"';

/** What keeps tokens from being taken, and the project from being looked up. Of IAM nothing is asked where both are given. */
function iamProblem(args: ConnectionArguments, env: Environment): string | undefined {
  const password = credentialsOf(args)?.kind === "user";
  const looksUp = args.projectId === undefined && args.region !== undefined;
  if (serviceOrigin(args, env) === undefined || !(password || looksUp)) return undefined;
  const clouds = differingClouds(args, env);
  if (clouds !== undefined) return `is in ${clouds[1]}, and \`endpoint\` in ${clouds[0]}: give that of the same cloud`;
  if (iamOrigin(args, env) !== undefined) return undefined;
  const use = password ? "`password` is sent there" : "the project is looked up there, unless you give `projectId`";
  return `is needed: \`endpoint\` does not tell where IAM is, and ${use}; such as ${IAM}`;
}

function whereProblem(name: string | undefined, env: Environment): string {
  if (name === undefined) return `says where the instances are, such as ${REGION}; or give \`endpoint\``;
  const variable = overrideName(name);
  if (env[variable]) return `has an address in the environment that is not a URL: ${variable}`;
  return `is no region that is known to have TaurusDB (${REGIONS.join(", ")}); for another one give \`endpoint\`, or set ${variable}`;
}

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
