import { z } from "zod";
import { argument, choice, commonArguments, flag, nodeAddressProblem, pem, quoting, text } from "../core/arguments";
import { changeArguments, checkChangeArguments } from "../core/control/arguments";
import { tlsProblems } from "../http/tls";
import { redisVersion } from "./database/database";
import { modules } from "./modules/targets";

/** The arguments of both resource types. Messages state what is wrong and show a valid example. */

const ONE = '"https://10.0.0.1:9443"';
const SEVERAL = '["https://10.0.0.1:9443", "https://10.0.0.2:9443"]';

/**
 * Addresses of the nodes: a list, or one comma-separated string, as in configuration and environment. Converted to a
 * list of distinct URLs without a path.
 */
const endpoints = z.unknown().transform((value, context): readonly string[] => {
  const list = typeof value === "string" ? textsOf(value) : value;
  const complain = (message: string, path: number[] = [], secret = false) =>
    context.addIssue({ code: "custom", message, path: typeof value === "string" ? [] : path, params: { secret } });
  if (!Array.isArray(list)) complain(`must be a list of node addresses, such as ${SEVERAL}`);
  else if (list.length === 0) complain(`must name at least one node, such as ${SEVERAL}`);
  else {
    const origins = list.map((one: unknown, index) => {
      const problem = problemOf(one);
      if (problem === undefined) return new URL(String(one)).origin;
      complain(
        `${typeof one === "string" ? quoting(one, problem) : problem}. Example: ${ONE}`,
        [index],
        String(one).includes("@"),
      );
      return "";
    });
    return [...new Set(origins)];
  }
  return z.NEVER;
});

function textsOf(value: string): string[] {
  return value
    .split(",")
    .map((text) => text.trim())
    .filter((text) => text !== "");
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== "string") return "must be a string";
  return nodeAddressProblem(value, "https://", "`username` and `password`");
}

function isPlain(endpoint: string): boolean {
  return endpoint.startsWith("http:");
}

/** `REDIS_ENTERPRISE_INSECURE` and stack configuration are strings. */
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
  const parsed = WORDS[value.toLowerCase()];
  if (parsed === undefined) context.addIssue({ code: "custom", message: "must be true or false" });
  return parsed ?? z.NEVER;
});

/** How to reach a cluster. */
export const connection = {
  endpoints: argument(endpoints, {
    description: [
      "API addresses of the cluster's nodes.",
      "Any of them may be down.",
      "A node that is not the master redirects to it; such a redirect is followed only to hosts named here or listed by the cluster, so list all nodes.",
    ],
    type: "pulumi.Input<string>[]",
    example: ["https://10.0.0.1:9443", "https://10.0.0.2:9443", "https://10.0.0.3:9443"],
    source: { config: "redisenterprise:endpoints", env: ["REDIS_ENTERPRISE_URL"] },
  }),
  username: argument(text('"admin@example.com"').optional(), {
    description: "E-mail of a user with the role db_member, cluster_member or admin.",
    source: { config: "redisenterprise:username", env: ["REDIS_ENTERPRISE_USER"] },
  }),
  password: argument(z.string({ error: "must be a string" }).optional(), {
    description: "Password of the user.",
    secret: true,
    source: { config: "redisenterprise:password", env: ["REDIS_ENTERPRISE_PASSWORD"] },
  }),
  authentication: choice(
    {
      basic:
        "the password is sent with every request; a token is requested only if Basic authentication is disabled on the cluster (8.2.0 and later)",
      token: "a token is requested at once",
    },
    { description: "How the user logs in.", default: "basic" },
  ),
  caCertificate: argument(pem("certificate").optional(), {
    description: [
      "The cluster's certificate, or the CA that signed it, in PEM format.",
      "A new cluster has a self-signed one.",
    ],
  }),
  clientCertificate: argument(pem("certificate").optional(), {
    description: "Client certificate, in PEM format: in addition to a user, or instead of one.",
  }),
  clientKey: argument(pem("private key").optional(), {
    description: "Private key of the client certificate, in PEM format.",
    secret: true,
  }),
  serverName: argument(text('"cluster.example.com"').optional(), {
    description:
      "The name in the certificate: that of the cluster, because a default certificate contains no addresses.",
  }),
  allowUntrustedCertificate: argument(flagOrWord.optional(), {
    description: "Accept any certificate.",
    type: "boolean",
    default: false,
    source: { config: "redisenterprise:allowUntrustedCertificate", env: ["REDIS_ENTERPRISE_INSECURE"] },
  }),
  allowPlainHttp: argument(flag.optional(), {
    description: ["Allow endpoints that begin with `http://`.", "CAUTION: the password is then sent unencrypted."],
    default: false,
  }),
};

const NAME_EXAMPLE = '"cache"';
const UID = "must be the database's uid, a whole number such as 1";

/** The database, and the treatment of its shards. */
export const database = {
  databaseId: argument(z.int({ error: UID }).min(1, UID).optional(), {
    description: ["The uid of the database.", "Either this or `databaseName` is required."],
  }),
  databaseName: argument(text(NAME_EXAMPLE).optional(), {
    description: [
      "The name of the database. No other database may have this name.",
      "Either this or `databaseId` is required.",
    ],
  }),
  preserveRoles: argument(flag.optional(), {
    description: "Keep the roles of master and replica shards. Each shard then fails over twice.",
    default: false,
  }),
  mayDiscardData: argument(flag.optional(), {
    description: [
      "Upgrade a database that has neither replication nor persistence.",
      "CAUTION: its data is lost.",
      "Without this argument, such a database is not upgraded.",
    ],
    default: false,
  }),
};

/** Of `redisenterprise.ModuleVersions`. */
export const moduleArguments = {
  modules: argument(modules, {
    description: [
      "Target version of each module, by its name (in any case): exact (`2.10.17`), a prefix (`2.10`), a minimum (`>=2.10`) or `latest`.",
      "If several builds satisfy it, the newest one that the cluster ships and that fits the database's Redis is the target.",
      "Modules that are not named are not changed.",
    ],
    type: "Record<string, pulumi.Input<string | ModulePin>>",
    example: { search: "2.10.17", ReJSON: { version: ">=2.8", args: "" } },
  }),
};

const SHARDS = "must be how many shards are upgraded at a time, a whole number such as 2";

/** Of `redisenterprise.DatabaseVersion`. */
export const databaseArguments = {
  redisVersion: argument(redisVersion, {
    description: [
      "Target Redis version: major and minor (`7.4`), a major version (`8`), a minimum (`>=7.4`) or `latest`.",
      "If several versions satisfy it, the newest one that every node can run is the target.",
      "The patch version comes with the cluster's software.",
    ],
  }),
  modules: choice(
    {
      bundled:
        "the server upgrades them to the builds that come with the target. An upgrade to Redis 8 adds search, timeseries, bf and ReJSON",
      keep: "they are not changed, if they can run on the target",
    },
    { description: "What happens to the modules.", default: "bundled" },
  ),
  parallelShards: argument(z.int({ error: SHARDS }).min(1, SHARDS).optional(), {
    description: [
      "How many shards are upgraded at a time.",
      "CAUTION: if it is set, search queries may fail during an upgrade across Redis 8.4.",
    ],
    otherwise: "the cluster's policy, usually all",
  }),
  keepCrdtProtocolVersion: argument(flag.optional(), {
    description: "Leave the CRDT protocol version of an Active-Active database as it is.",
    default: false,
  }),
  dryRun: argument(flag.optional(), {
    description: [
      "Has no effect: no dry run is sent.",
      "No released server is known to support `?dry_run=true`, and a server that does not support it would start the upgrade.",
    ],
    deprecated: "It has no effect.",
    default: false,
  }),
};

/** Of both resource types. */
export const sharedArguments = { ...connection, ...database, ...commonArguments, ...changeArguments };

const shared = z.strictObject(sharedArguments);
export type SharedArguments = z.infer<typeof shared>;

/** Checks that depend on several arguments. For `superRefine`. */
export function checkTogether(args: Partial<SharedArguments>, context: z.RefinementCtx): void {
  checkChangeArguments(args, context);
  report(databaseProblems(args), context);
  checkConnection(args, context);
}

/** The same for the connection only. */
export function checkConnection(args: Partial<SharedArguments>, context: z.RefinementCtx): void {
  report(connectionProblems(args), context);
}

type Problem = readonly [keyof SharedArguments, string];

function report(problems: readonly Problem[], context: z.RefinementCtx): void {
  for (const [path, message] of problems) context.addIssue({ code: "custom", path: [path], message });
}

function databaseProblems({ databaseId, databaseName }: Partial<SharedArguments>): Problem[] {
  const problems: Problem[] = [];
  if (databaseId === undefined && databaseName === undefined) {
    problems.push(["databaseId", `${UID}, or its name must be set as databaseName, such as ${NAME_EXAMPLE}`]);
  }
  if (databaseId !== undefined && databaseName !== undefined) {
    problems.push([
      "databaseName",
      "cannot be combined with databaseId: identify the database by its uid or by its name",
    ]);
  }
  return problems;
}

function connectionProblems(args: Partial<SharedArguments>): Problem[] {
  const problems: Problem[] = [];
  const { username, password, clientCertificate, clientKey } = args;
  if (clientCertificate === undefined && username === undefined) {
    problems.push(["username", 'must be the user\'s e-mail, such as "admin@example.com"']);
  }
  if (username !== undefined && password === undefined)
    problems.push(["password", "must be the password of `username`"]);
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
  'must begin with https://, such as "https://10.0.0.1:9443": plain http sends the password unencrypted. If that is intended, set `allowPlainHttp` to true';
