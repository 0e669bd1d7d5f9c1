import { z } from "zod";
import { hideCredentials } from "../base/printed-credentials";
import { parseDuration } from "../base/sentences";

export type { CommonArguments } from "./policy";

/**
 * Each argument is defined once, here or in the vendors' `arguments.ts`: its schema and its metadata. Key validation,
 * secrets and sources of credentials are derived from the definitions; `npm run docs` generates the interfaces, the
 * settings of `Provider` and the documentation from them. Only vendors may import this module: it loads zod, and the
 * front end is loaded before any resource is known.
 */

/** Where the value of a missing argument comes from: stack config or Provider, then environment variables. */
export interface CredentialSource {
  /** `oceanbase:password`. */
  readonly config: string;
  /** In order of precedence; the first one that is set is used. */
  readonly env: readonly string[];
  /** The argument that this one belongs to: both are taken from the same source. */
  readonly belongsTo?: string;
  /** When this argument is found in a source, later sources are not searched for the other argument. */
  readonly insteadOf?: string;
}

/** Metadata of an argument. Texts are Markdown. */
export interface Definition {
  /** One or more sentences. The settings of `Provider` use only the first one. */
  readonly description: string | readonly string[];
  /** The meaning of each value of an enumeration. */
  readonly values?: Readonly<Record<string, string>>;
  /** Encrypted in the state and redacted in messages. */
  readonly secret?: true;
  readonly default?: string | boolean;
  /** What applies when the argument is missing, as a clause, if that is not a single value. */
  readonly otherwise?: string;
  readonly example?: unknown;
  readonly source?: CredentialSource;
  /** An environment variable whose name depends on other arguments; the vendor reads it. */
  readonly variable?: string;
  /** The TypeScript type for programs, where it differs from the schema. */
  readonly type?: string;
  readonly deprecated?: string;
}

/** Longest value that a message quotes, in characters. */
const LONGEST_QUOTE = 200;

/** Error message for a value. The value is quoted unless it may contain credentials. @param problem `is not a URL` */
export function quoting(value: string, problem: string): string {
  const containsSecret = value.includes("@") || hideCredentials(value) !== value;
  return containsSecret ? problem : `${JSON.stringify(value.slice(0, LONGEST_QUOTE))} ${problem}`;
}

/** A positive duration. @param example for the message, `20m` */
export function duration(example: string) {
  return z
    .string({ error: `must be a duration, such as "${example}"` })
    .refine((text) => (parseDuration(text) ?? 0) > 0, `must be a duration above zero, such as "${example}"`);
}

export type Fields = Readonly<Record<string, z.ZodType>>;

const definitions = z.registry<Definition>();

/** An argument: its schema with its definition attached. */
export function argument<S extends z.ZodType>(schema: S, definition: Definition): S {
  const own = schema.clone();
  definitions.add(own, definition);
  return own;
}

/** @throws Error if an argument has no definition */
export function definitionsOf(fields: Fields): [name: string, definition: Definition][] {
  return Object.entries(fields).map(([name, schema]) => {
    const definition = definitions.get(schema);
    if (definition === undefined) throw new Error(`the argument ${name} is not defined`);
    return [name, definition];
  });
}

/** The schema of a resource type's arguments. @typeParam A the arguments after validation */
export type Inputs<A> = z.ZodType<A> & { readonly shape: Fields };

/** A schema with what is derived from its definitions. */
export function definedBy<A>(inputs: Inputs<A>) {
  const defined = definitionsOf(inputs.shape);
  return {
    inputs,
    secrets: defined.flatMap(([name, { secret }]) => (secret ? [name] : [])),
    credentials: Object.fromEntries(
      defined.flatMap(([name, { source }]) => (source === undefined ? [] : [[name, source] as const])),
    ),
  };
}

/** An optional enumeration. @param values the meaning of each value */
export function choice<V extends Readonly<Record<string, string>>>(values: V, definition: Definition) {
  // `Object.keys` returns `string[]`.
  const names = Object.keys(values) as (keyof V & string)[];
  const quoted = names.map((name) => `"${name}"`);
  const error = `must be ${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
  return argument(z.enum(names, { error }).optional(), { ...definition, values });
}

/** A text that is not empty. @param example for the message, in quotes */
export function text(example: string) {
  return z
    .string({ error: `must be a string, such as ${example}` })
    .min(1, { error: `must not be empty. Example: ${example}`, abort: true });
}

/** The address of a server. @param problemOf what is wrong with one, as a clause: `is not a URL` */
export function address(example: string, problemOf: (value: string) => string | undefined) {
  return text(example).superRefine((value, context) => {
    const problem = problemOf(value);
    if (problem === undefined) return;
    const message = `${quoting(value, problem)}. Example: ${example}`;
    context.addIssue({ code: "custom", message, params: { secret: value.includes("@") }, continue: false });
  });
}

/**
 * What is wrong with the address of a node, as a clause.
 * @param schemes for the message: `http:// or https://`
 * @param credentials the arguments that have them
 */
export function nodeAddressProblem(value: string, schemes: string, credentials: string): string | undefined {
  if (!URL.canParse(value)) return "is not a URL";
  const { protocol, username, password, pathname, search, hash } = new URL(value);
  if (protocol !== "http:" && protocol !== "https:") return `must begin with ${schemes}`;
  if (username !== "" || password !== "") return `must not contain credentials; set ${credentials} instead`;
  if (pathname !== "/" || search !== "" || hash !== "") return "must be only a host and port, without a path";
  return undefined;
}

export const flag = z.boolean({ error: "must be true or false" });

/** @param what the content: `certificate` */
export function pem(what: string) {
  return z
    .string({ error: `must be a ${what} in PEM format` })
    .regex(/-----BEGIN [A-Z ]+-----/, `must be a ${what} in PEM format, beginning with -----BEGIN`);
}

/** Arguments of every resource type. */
export const commonArguments = {
  onNewer: choice(
    { report: "warn", accept: "no warning, and no drift", fail: "fail the preview or the run" },
    {
      description: [
        "What to do when the database runs a newer version than the target.",
        "Nothing is ever downgraded.",
      ],
      default: "report",
    },
  ),
  onUnreachable: choice(
    {
      warn: "print a warning: the preview shows no plan, and the refresh keeps the state",
      fail: "fail the preview or the refresh",
    },
    {
      description: [
        "What a preview and a refresh do when the system cannot be read.",
        "Missing or rejected credentials always fail both.",
      ],
      otherwise: "config `dbversion:onUnreachable`, or `warn`",
    },
  ),
  wait: argument(flag.optional(), {
    description: [
      "Whether to wait until the upgrade has ended.",
      'With false, `up` ends once the vendor has accepted the request, with the task in `lastUpgrade` and `status: "upgrading"`; the next `up` reads the result.',
    ],
    default: true,
  }),
  unreachableTimeout: argument(duration("20m").optional(), {
    description: [
      "How long the system may be unreachable while an upgrade runs, counted from the last response.",
      "Agents and databases restart during their own upgrade, so a period without a response is normal.",
      "The limit is one minute for a system that has never responded.",
    ],
    default: "20m",
  }),
};
