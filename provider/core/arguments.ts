import { z } from "zod";
import { hideCredentials } from "../base/printed-credentials";
import { parseDuration } from "./duration";

export type { CommonArguments } from "./policy-from";

/**
 * Arguments are defined here and in the vendors' `arguments.ts`, each once: its schema, and what else is known of it. Key
 * validation, secrets and sources of credentials are read from the definitions; `npm run docs` writes the interfaces, the
 * settings of `Provider` and the documentation from them. Loads zod, so it is for vendors: the front end is loaded before any
 * resource is met.
 */

/** Where an argument is looked for when the resource does not give it: stack config or Provider, then environment. */
export interface CredentialSource {
  /** `oceanbase:password`. */
  readonly config: string;
  /** In order; the first that is set wins. */
  readonly env: readonly string[];
  /** It belongs to this argument: it is taken only from the place where that one was found. */
  readonly belongsTo?: string;
  /** It is not looked for in places behind the one where this argument was found, which goes without it. */
  readonly insteadOf?: string;
}

/** What is known of an argument besides its schema. Texts are Markdown. */
export interface Definition {
  /** One sentence or several. The first one stands alone in the settings of `Provider`. */
  readonly description: string | readonly string[];
  /** The meaning of each value, where there are few. */
  readonly values?: Readonly<Record<string, string>>;
  /** Kept encrypted in the state, and out of texts. */
  readonly secret?: true;
  readonly default?: string | boolean;
  /** What holds where it is not given, as a clause, if that is not one value. */
  readonly otherwise?: string;
  readonly example?: unknown;
  readonly source?: CredentialSource;
  /** A variable of the environment whose name depends on other arguments; the vendor reads it. */
  readonly variable?: string;
  /** What a program writes, in TypeScript, where the schema takes more or something else. */
  readonly type?: string;
  readonly deprecated?: string;
}

/** Characters of a value that a message quotes. */
const LONGEST_QUOTE = 200;

/** What is wrong with a value, which is quoted unless it may carry credentials. @param problem `is not a URL` */
export function quoting(value: string, problem: string): string {
  const telling = value.includes("@") || hideCredentials(value) !== value;
  return telling ? problem : `${JSON.stringify(value.slice(0, LONGEST_QUOTE))} ${problem}`;
}

/** A duration above zero. @param example for the message, `20m` */
export function duration(example: string) {
  return z
    .string({ error: `must be a duration, such as "${example}"` })
    .refine((text) => (parseDuration(text) ?? 0) > 0, `must be a duration above zero, such as "${example}"`);
}

/** The fields of a resource's arguments. */
export type Fields = Readonly<Record<string, z.ZodType>>;

const definitions = z.registry<Definition>();

/** An argument: a schema of its own, with its definition. */
export function argument<S extends z.ZodType>(schema: S, definition: Definition): S {
  const own = schema.clone();
  definitions.add(own, definition);
  return own;
}

/** @throws Error for an argument that is not defined */
export function definitionsOf(fields: Fields): [name: string, definition: Definition][] {
  return Object.entries(fields).map(([name, schema]) => {
    const definition = definitions.get(schema);
    if (definition === undefined) throw new Error(`the argument ${name} is not defined`);
    return [name, definition];
  });
}

/** The schema of a resource type's arguments. @typeParam A the arguments after validation */
export type Inputs<A> = z.ZodType<A> & { readonly shape: Fields };

/** It, with what follows from the definitions. */
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

/** An optional argument of few values. @param values the meaning of each */
export function choice<V extends Readonly<Record<string, string>>>(values: V, definition: Definition) {
  // The type of `Object.keys` is that of any object.
  const names = Object.keys(values) as (keyof V & string)[];
  const quoted = names.map((name) => `"${name}"`);
  const error = `must be ${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
  return argument(z.enum(names, { error }).optional(), { ...definition, values });
}

export const flag = z.boolean({ error: "must be true or false" });

/** @param what is in it: `certificate` */
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
