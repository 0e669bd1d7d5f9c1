import { z } from "zod";
import { commonArguments } from "../core/arguments";
import { tlsProblems } from "../http/tls";
import { endpoints, isPlain } from "./rest/endpoints";

/** Arguments that both Redis Enterprise resources take. Messages name what is wrong and show a right value. */

const text = (example: string) =>
  z.string({ error: `must be a text, such as ${example}` }).min(1, `must not be empty; such as ${example}`);

export const flag = z.boolean({ error: "must be true or false" });

/** `REDIS_ENTERPRISE_INSECURE` and stack configuration are texts. */
const WORDS: Readonly<Record<string, boolean>> = {
  true: true,
  "1": true,
  yes: true,
  false: false,
  "0": false,
  no: false,
};

const flagOrWord = z.union([flag, z.string()], { error: "must be true or false" }).transform((value, context) => {
  if (typeof value === "boolean") return value;
  const meant = WORDS[value.toLowerCase()];
  if (meant === undefined) context.addIssue({ code: "custom", message: "must be true or false" });
  return meant ?? z.NEVER;
});

function pem(what: string) {
  return z
    .string({ error: `must be a ${what} in PEM form` })
    .regex(/-----BEGIN [A-Z ]+-----/, `must be a ${what} in PEM form, beginning with -----BEGIN`);
}

const NAME_EXAMPLE = '"cache"';
const UID = "must be the database's uid, a whole number such as 1";

export const sharedArguments = {
  endpoints,
  username: text('"admin@example.com"').optional(),
  password: z.string({ error: "must be a text" }).optional(),
  authentication: z.enum(["basic", "token"], { error: 'must be "basic" or "token"' }).optional(),
  caCertificate: pem("certificate").optional(),
  clientCertificate: pem("certificate").optional(),
  clientKey: pem("private key").optional(),
  serverName: text('"cluster.example.com"').optional(),
  allowUntrustedCertificate: flagOrWord.optional(),
  allowPlainHttp: flag.optional(),
  databaseId: z.int({ error: UID }).min(1, UID).optional(),
  databaseName: text(NAME_EXAMPLE).optional(),
  preserveRoles: flag.optional(),
  mayDiscardData: flag.optional(),
  ...commonArguments,
};

const shared = z.strictObject(sharedArguments);
export type SharedArguments = z.infer<typeof shared>;

/** What no argument can tell alone. For `superRefine`. */
export function checkTogether(args: Partial<SharedArguments>, context: z.RefinementCtx): void {
  for (const [path, message] of problemsOf(args)) context.addIssue({ code: "custom", path: [path], message });
}

function problemsOf(args: Partial<SharedArguments>): (readonly [keyof SharedArguments, string])[] {
  const problems: (readonly [keyof SharedArguments, string])[] = [];
  const { databaseId, databaseName, username, password, clientCertificate, clientKey } = args;
  if (databaseId === undefined && databaseName === undefined) {
    problems.push(["databaseId", `${UID}, or its name must be given as databaseName, such as ${NAME_EXAMPLE}`]);
  }
  if (databaseId !== undefined && databaseName !== undefined) {
    problems.push(["databaseName", "goes without databaseId: the database is named once, by its uid or by its name"]);
  }
  if (clientCertificate === undefined && username === undefined) {
    problems.push(["username", 'must be the user\'s e-mail, such as "admin@example.com"']);
  }
  if (username !== undefined && password === undefined) problems.push(["password", "must be that of `username`"]);
  problems.push(...tlsProblems({ caCertificate: args.caCertificate, clientCertificate, clientKey }));
  if (args.authentication !== undefined && username === undefined) {
    problems.push(["authentication", "needs `username` and `password`; leave it out for a client certificate alone"]);
  }
  if (args.allowPlainHttp !== true && args.endpoints?.some(isPlain) === true) {
    problems.push(["endpoints", PLAIN]);
  }
  return problems;
}

const PLAIN =
  'must begin with https://, such as "https://10.0.0.1:9443": plain http shows the password to everybody on the way. Where that is meant, set allowPlainHttp: true';
