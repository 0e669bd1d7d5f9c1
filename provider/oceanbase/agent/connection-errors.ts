import { Rejected, UpgradeError } from "../../core/errors";
import type { Finding } from "../../core/unit";
import { expectsTls, transportProblem, withoutTls } from "../../http/connection-errors";
import type { AgentInfo } from "./schema";

/** What is wrong with an endpoint. */

const REWRITTEN = /uri ?mismatch/i;
const AGENTS_OWN = /\.(Incorrect|With)AgentPassword\b/;
const ROOTS = /\.WithOceanBasePassword\b/;

/** @param own the agent's own password was sent, not root@sys's */
export function unauthorized(origin: string, text: string, own = false): UpgradeError {
  if (REWRITTEN.test(text)) {
    return new UpgradeError("unauthorized", `The agent at ${origin} could not verify the request: ${text}.`, {
      remedy:
        "Credentials are valid for one path only, and something between this machine and the agent rewrites the path. List the agents' own addresses in `endpoints`.",
    });
  }
  const agents = AGENTS_OWN.test(text) || (own && !ROOTS.test(text));
  return new Rejected(`The agent at ${origin} rejected the credentials`, {
    reason: text,
    credentials: [agents ? "agentPassword" : "password"],
    remedy: agents ? "Set `agentPassword` to the agents' own password." : "Set `password` to the password of root@sys.",
  });
}

export function notObshell(origin: string, found: string, cause?: unknown): UpgradeError {
  if (expectsTls(origin, found)) return withoutTls(origin, found, "`endpoints`");
  return new UpgradeError(
    "not-the-vendor",
    `${origin} is not an obshell agent: expected JSON in obshell's envelope, found ${found}.`,
    { remedy: "`endpoints` are the agents' addresses, such as http://10.0.0.1:2886.", cause },
  );
}

/** The error for a request without a response. */
export function noResponse(origin: string, error: unknown): unknown {
  return transportProblem(
    origin,
    error,
    {
      clientCertificate:
        "Set `clientCertificate` to a certificate that the agents accept, and `clientKey` to its private key.",
      untrusted:
        "Set `caCertificate` to the agents' CA or `serverName` to the name in the certificate, or set `allowUntrustedCertificate` to `true` to accept any certificate.",
    },
    (plain) => notObshell(origin, "a server without TLS; its address must begin with http://", plain),
  );
}

/** Identity of an agent that belongs to a cluster, and is not joining or leaving it. */
export const MEMBER = "CLUSTER AGENT";

/** Identity that an agent reports when it belongs to no cluster: alone, or with others that have none yet. */
export const OUTSIDE: ReadonlySet<string> = new Set(["SINGLE", "MASTER", "FOLLOWER"]);

export function noCluster(origin: string, identity: string): UpgradeError {
  const remedy =
    identity === "SINGLE"
      ? "List the agents of a cluster in `endpoints`. If obshell does not manage the cluster yet, it has to take over the cluster first."
      : "The agents have joined, but their cluster has not been created yet. Run `obshell cluster init`, then run {apply} again.";
  return new UpgradeError("blocked", `The agent at ${origin} belongs to no OceanBase cluster (identity ${identity}).`, {
    remedy,
  });
}

/** An agent that belongs to no cluster. */
export interface Outsider {
  readonly origin: string;
  /** As it reports it: `SINGLE`. */
  readonly identity: string;
}

/** Such an agent at one of the endpoints of a cluster. */
export function withoutCluster({ origin, identity }: Outsider): Pick<Finding, "message" | "remedy"> {
  return {
    message: `The agent at ${origin} belongs to no OceanBase cluster (identity ${identity}) and is not used.`,
    remedy: "Remove it from `endpoints`, or add it to the cluster.",
  };
}

export function unsupportedAuth(origin: string, info: AgentInfo): UpgradeError {
  const offered = info.supportedAuth?.join(", ") ?? `those of version ${info.version}`;
  return new UpgradeError("blocked", `The agent at ${origin} supports no known authentication method (${offered}).`, {
    remedy: "Upgrade the agent to obshell 4.2.2.0 or later.",
  });
}

/** The endpoints reach different clusters, so that data of one would be attributed to the other. */
export class OtherCluster extends UpgradeError {
  override readonly name = "OtherCluster";

  constructor(message: string) {
    super("blocked", `The endpoints belong to different clusters: ${message}.`, {
      remedy: "List the agents of one cluster in `endpoints`, and manage each cluster in a resource of its own.",
    });
  }
}

export function differentClusters(
  clusters: readonly { origin: string; name: string; id?: number | undefined }[],
): OtherCluster {
  const alike = new Set(clusters.map(({ name }) => name)).size < clusters.length;
  const names = clusters.map(
    ({ origin, name, id }) => `${origin} of ${name || "another"}${alike && id !== undefined ? ` (id ${id})` : ""}`,
  );
  return new OtherCluster(names.join(", "));
}

/** Two servers that report the same address are in different clusters, whatever their names. */
export function sameAddress(address: string, origins: readonly string[]): OtherCluster {
  return new OtherCluster(`${origins.join(" and ")} both report the address ${address}, and have different keys`);
}
