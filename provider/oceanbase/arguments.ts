import { posix } from "node:path";
import { z } from "zod";
import { address, argument, choice, flag, nodeAddressProblem, pem, text } from "../core/arguments";
import { backupArgument } from "../core/control/arguments";
import { type Constraint, constraintOf, parseConstraint, parseVersion } from "../core/version";
import { type TlsArguments, tlsProblems } from "../http/tls";

/** The arguments of both resource types. Messages state what is wrong and show a valid example. */

const ENDPOINT_EXAMPLE = '"http://10.0.0.1:2886"';

const endpoint = address(ENDPOINT_EXAMPLE, (value) => nodeAddressProblem(value, "http:// or https://", "`password`"));

const VERSION_PARTS = 4;
/** `4.3.5` is a release series; `4.3` would span several with barriers between them. */
const FEWEST_PARTS = 3;
const VERSION_EXAMPLE = '"4.3.5.2", "4.3.5" or ">=4.3.5.2"';

/** In package names: `4.3.5.2-102000042025031214.el7`. */
const WITH_RELEASE = /^(\d+(?:\.\d+){3})-(\d+\.\w+)$/;

/** The `version` argument: exact, a prefix of three parts, or a minimum. */
const version = z.string({ error: `must be a string, such as ${VERSION_EXAMPLE}` }).superRefine((text, context) => {
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

/** How to reach the agents of a cluster. */
export const connection = {
  endpoints: argument(
    z
      .array(endpoint, { error: `must be a list of agent addresses, such as [${ENDPOINT_EXAMPLE}]` })
      .min(1, `must name at least one agent, such as [${ENDPOINT_EXAMPLE}]`),
    {
      description: [
        "Addresses of the agents of one cluster, host and port; IPv6 in brackets.",
        "One is enough and any may be down, but list all of them: an upgrade that stopped half way can be resumed only through an agent whose own member is still outdated.",
      ],
      example: ["http://10.0.0.1:2886", "http://10.0.0.2:2886"],
    },
  ),
  password: argument(z.string({ error: "must be a string" }).optional(), {
    description: "Password of root@sys.",
    secret: true,
    source: { config: "oceanbase:password", env: ["OCEANBASE_PASSWORD"] },
  }),
  agentPassword: argument(z.string({ error: "must be a string" }).optional(), {
    description: "The agents' own password, used with agents that have one set (obshell 4.2.6.0 and later).",
    secret: true,
    source: { config: "oceanbase:agentPassword", env: ["OCEANBASE_AGENT_PASSWORD"] },
  }),
  caCertificate: argument(pem("certificate").optional(), {
    description: "The CA that signed the agents' certificates, or one of these certificates, in PEM format.",
  }),
  clientCertificate: argument(pem("certificate").optional(), {
    description: "Client certificate for agents that require one, in PEM format.",
  }),
  clientKey: argument(pem("private key").optional(), {
    description: "Private key of the client certificate, in PEM format.",
    secret: true,
  }),
  serverName: argument(text('"obshell.example.com"').optional(), {
    description: "The name in the agents' certificates, if it differs from the host of the endpoint.",
  }),
  allowUntrustedCertificate: argument(flag.optional(), { description: "Accept any certificate.", default: false }),
};

/** Rejects certificates and keys that cannot be used. For `superRefine`. */
export function checkTls(args: TlsArguments, context: z.RefinementCtx): void {
  for (const [path, message] of tlsProblems(args)) context.addIssue({ code: "custom", path: [path], message });
}

const PACKAGE_EXAMPLE = '["./oceanbase-ce-4.3.5.2-102000042025031214.el7.x86_64.rpm"]';

/** Upgrade arguments of both resource types. */
export const upgrade = {
  packages: argument(
    z.array(text(PACKAGE_EXAMPLE), { error: `must be a list of RPM files, such as ${PACKAGE_EXAMPLE}` }).optional(),
    {
      description: [
        "RPM files that the upgrade needs, as paths relative to the program.",
        "Files that the cluster does not have yet are uploaded before the upgrade. Name, version, release and architecture are read from the files, not from their names.",
        "Without this argument, every package has to be in the cluster.",
      ],
      example: ["./rpms/oceanbase-ce-4.3.5.2-102000042025031214.el7.x86_64.rpm"],
    },
  ),
  onFailure: choice(
    {
      report: "report what failed and what obshell accepts now",
      retry: "the next `up` sends RETRY, once, which resumes from the failed stage",
      rollback: "send ROLLBACK while obshell allows it (docs/oceanbase.md), wait for it, and fail the run",
    },
    {
      description: [
        "What to do when an upgrade that this resource started has failed.",
        "The cluster stays locked until the task is retried or rolled back.",
      ],
      default: "report",
    },
  ),
};

const TENANTS_EXAMPLE = '["orders", "billing"]';

const tenants = z
  .array(
    text('"orders"').refine((name) => name !== "sys", "must be a user tenant: obshell makes no backups of sys"),
    { error: `must be a list of tenants, such as ${TENANTS_EXAMPLE}` },
  )
  .min(1, `must name at least one tenant, such as ${TENANTS_EXAMPLE}; leave it out for all user tenants`);

/** Replaces the `backup` argument of other types, because OceanBase backs up tenants. */
export const backups = {
  backup: backupArgument(
    { tenants: tenants.optional() },
    "TenantBackupRule",
    "Each tenant in `tenants` needs a backup; without `tenants`, each user tenant does.",
    "Requires obshell 4.3.2.0 or later.",
  ),
};

const RELEASE_EXAMPLE = '"102000042025031214.el7"';

/** Build and distribution. obshell rejects a release without a dot. */
const release = text(RELEASE_EXAMPLE)
  .regex(/^\d+\.[A-Za-z0-9_]+$/, `must be build and distribution with a dot between them, such as ${RELEASE_EXAMPLE}`)
  .optional();

const ONE_RELEASE = "the only available release of the version; several are an error";

const DIRECTORY = /^[a-zA-Z0-9\u4e00-\u9fa5\-_:@/.]+$/;
const DIRECTORY_EXAMPLE = '"/data/obshell-upgrade"';

/**
 * obshell's working directory on every host. A rollback deletes it recursively, so only a dedicated directory is
 * accepted here. Whether it contains an agent's home is checked where the homes are known.
 */
const directory = text(DIRECTORY_EXAMPLE)
  .superRefine((value, context) => {
    const problem = directoryProblem(value);
    if (problem !== undefined) {
      context.addIssue(`${problem}. Use a dedicated directory, such as ${DIRECTORY_EXAMPLE} (a rollback deletes it)`);
    }
  })
  .optional();

function upgradeDir(content: "the packages" | "the package") {
  return argument(directory, {
    description: [
      `Directory for ${content} on every host, an absolute path.`,
      "CAUTION: a rollback deletes it recursively, so use a dedicated directory; first-level directories, the agents' home and its parents are refused.",
      "It must be local to every host: on a shared file system, agents overwrite each other's downloads.",
    ],
    otherwise: "`upgrade` in the agent's home",
  });
}

function directoryProblem(value: string): string | undefined {
  if (!value.startsWith("/")) return "must be an absolute path";
  if (!DIRECTORY.test(value)) return "has characters that obshell does not allow";
  if (value.split("/").includes("..")) return "must not contain .. ";
  if (posix.normalize(value).split("/").filter(Boolean).length < 2) return "must not be a first-level directory";
  return undefined;
}

/**
 * Whether deleting the directory would delete an agent's home or a part of it. Inside the home, only obshell's default,
 * `<home>/upgrade`, may be deleted.
 */
export function endangers(directory: string, home: string): boolean {
  const target = posix.normalize(`${directory}/`);
  const normalized = posix.normalize(`${home}/`);
  return (
    normalized.startsWith(target) || (target.startsWith(normalized) && !target.startsWith(`${normalized}upgrade/`))
  );
}

/** Of `oceanbase.ClusterVersion`. */
export const clusterArguments = {
  version: argument(version, {
    description: [
      "Target version of every observer: exact (`4.3.5.2`), a prefix of three parts (`4.3.5`) or a minimum (`>=4.3.5.2`).",
      "For a prefix and a minimum, the target is the newest version of which all packages are available, uploaded or in `packages`.",
    ],
  }),
  release: argument(release, {
    description: [
      "Build and distribution of the packages, only with an exact version.",
      "The build is then part of the target version; the distribution cannot be observed.",
    ],
    otherwise: ONE_RELEASE,
    example: "102000042025031214.el7",
  }),
  mode: choice(
    {
      rolling: "zone by zone; needs three zones, two on shared storage",
      stopService: "all at once; the service is down meanwhile",
    },
    { description: "How the observers are replaced.", default: "rolling" },
  ),
  upgradeDir: upgradeDir("the packages"),
  freezeServer: argument(flag.optional(), {
    description: "Do a minor freeze before each server is stopped, for a faster restart (obshell 4.4.0.0 and later).",
    default: false,
  }),
};

/** Of `oceanbase.AgentVersion`. */
export const agentArguments = {
  version: argument(version, {
    description: [
      "Target version of every agent: exact (`4.3.3.0`), a prefix of three parts (`4.3.3`) or a minimum (`>=4.3.3.0`).",
      "For a prefix and a minimum, the target is the newest `obshell` package that satisfies it.",
    ],
  }),
  release: argument(release, {
    description: [
      "Build and distribution of the package, only with an exact version.",
      "The build is then part of the target version.",
    ],
    otherwise: ONE_RELEASE,
    example: "102025103117.el7",
  }),
  upgradeDir: upgradeDir("the package"),
};

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
export function targetConstraint(args: {
  readonly version: string;
  readonly release?: string | undefined;
}): Constraint {
  const constraint = constraintOf(args.version);
  if (args.release === undefined || constraint.kind !== "at") return constraint;
  const built = parseVersion(`${args.version}-${args.release.split(".")[0]}`);
  return built === undefined ? constraint : { kind: "at", version: built };
}
