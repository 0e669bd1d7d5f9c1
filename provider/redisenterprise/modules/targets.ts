import { z } from "zod";
import { suggestion } from "../../base/closest";
import { argument } from "../../core/arguments";
import { isMasked } from "../../core/texts/redact";
import { type Constraint, parseConstraint } from "../../core/version";

const VERSION_EXAMPLE = '"2.10.17", "2.10" or ">=2.10"';
const MODULES_EXAMPLE = 'search with the version "2.10.17"';

const version = z.string({ error: `must be a version, such as ${VERSION_EXAMPLE}` }).superRefine((text, context) => {
  const problem = problemOf(parseConstraint(text));
  if (problem !== undefined) context.addIssue(`${problem}. Example: ${VERSION_EXAMPLE}`);
});

/**
 * Semantic versions have three parts. The vendor's number (21017) is another notation of 2.10.17, not accepted here.
 */
const PARTS = 3;
const SMALLEST_NUMBER = 10_000n;

function problemOf(constraint: Constraint | undefined): string | undefined {
  if (constraint === undefined) return "is not a module version";
  if (constraint.kind === "latest") return undefined;
  const { parts, build } = constraint.version;
  if (build !== undefined || parts.length > PARTS) return `must have at most ${PARTS} parts`;
  return (parts[0] ?? 0n) >= SMALLEST_NUMBER ? "is the number of a version" : undefined;
}

/** A module's version and arguments, as specified by a program. */
export const moduleArguments = {
  version: argument(version, {
    description: "Target version: exact (`2.10.17`), a prefix (`2.10`), a minimum (`>=2.10`) or `latest`.",
  }),
  args: argument(z.string({ error: 'must be a string, such as "WORKERS 6"' }).optional(), {
    description: [
      "Arguments of the module.",
      "Changing them is an upgrade too, to the current version.",
      "Not for search, ReJSON, timeseries and bf on Redis 8 and later, where these settings are objects of the database.",
    ],
    otherwise: "those that it has",
    example: "WORKERS 6",
  }),
};

const targetSchema = z.strictObject(moduleArguments, {
  error: () => `must be a version, or version and args, such as ${MODULES_EXAMPLE}`,
});

/**
 * Module name → version, or version and arguments. Strings and objects are distinguished first, for precise error
 * messages.
 */
export const modules = z
  .record(z.string(), z.unknown(), { error: `must name modules and their versions, such as ${MODULES_EXAMPLE}` })
  .transform((given, context): readonly ModuleTarget[] => {
    const names = Object.keys(given);
    if (names.length === 0) context.addIssue(`must name at least one module, such as ${MODULES_EXAMPLE}`);
    const twice = names.find((name, at) => names.findIndex((other) => sameName(name, other)) < at);
    if (twice !== undefined) {
      context.addIssue({ code: "custom", path: [twice], message: "is listed twice: names are not case-sensitive" });
    }
    return names.flatMap((name) => targetFrom(name, given[name], context));
  });

/** The target of one module. */
export interface ModuleTarget {
  /** As written; the server's may differ in case. */
  readonly name: string;
  /** The version as written. */
  readonly pinned: string;
  readonly constraint: Constraint;
  /** Undefined: the current arguments are kept. */
  readonly args?: string | undefined;
  /** Whether it was written as `{ version, args }`. */
  readonly object: boolean;
}

function targetFrom(name: string, value: unknown, context: z.RefinementCtx): ModuleTarget[] {
  const given: unknown = typeof value === "string" ? { version: value } : value;
  const result = targetSchema.safeParse(given);
  if (!result.success) {
    for (const issue of result.error.issues) {
      const inner = typeof value === "string" ? [] : issue.path;
      const messages = issue.code === "unrecognized_keys" ? issue.keys.map(strangeKey) : [issue.message];
      for (const message of messages) context.addIssue({ code: "custom", path: [name, ...inner], message });
    }
    return [];
  }
  const constraint = parseConstraint(result.data.version);
  if (constraint === undefined) return [];
  const { version: pinned, args } = result.data;
  return [{ name, pinned: pinned.trim(), constraint, args, object: typeof value !== "string" }];
}

function strangeKey(key: string): string {
  return `has no ${key}; ${suggestion(key, Object.keys(targetSchema.shape))}`;
}

/** `ReJson` and `ReJSON` are the same module. */
export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** Arguments are compared word by word, ignoring spacing. */
export function sameArguments(a: string, b: string): boolean {
  return wordsOf(a) === wordsOf(b);
}

export function wordsOf(args: string): string {
  return args.trim().split(/\s+/).join(" ");
}

/**
 * Arguments in messages, redacted: some modules take passwords there (`OSS_GLOBAL_PASSWORD`). Never used as arguments
 * again.
 */
export function shownArguments(args: string): string {
  return wordsOf(args).replace(/(\S*(?:PASSWORD|SECRET|TOKEN)\S*)\s+\S+/gi, "$1 [secret]");
}

/** Whether arguments must be redacted. */
export function holdsSecret(args: string): boolean {
  return shownArguments(args) !== wordsOf(args) || isMasked(args);
}
