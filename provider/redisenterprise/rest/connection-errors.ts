import { Rejected, UpgradeError } from "../../core/errors";
import { expectsTls, transportProblem, withoutTls } from "../../http/connection-errors";
import { type ParsedResponse, permissionFor } from "./responses";

/** Errors of an endpoint or of the credentials. */

/** A request with its path. */
interface Call {
  readonly method: string;
  readonly target: string;
}

/** The caller in messages when no user is configured. */
export const CLIENT_CERTIFICATE_ALONE = "the client certificate";

type Denial = Exclude<ParsedResponse, { kind: "data" | "unavailable" }>;

/** The cluster denies access, or the requested operation. */
export function denied(origin: string, user: string, parsed: Denial, call?: Call): UpgradeError {
  if (parsed.kind === "forbidden" && call !== undefined) return forbidden(origin, user, call, parsed.text);
  return new Rejected(`The cluster at ${origin} rejected the credentials of ${user}`, {
    reason: parsed.text,
    credentials: user === CLIENT_CERTIFICATE_ALONE ? ["clientCertificate"] : ["username", "password"],
    remedy:
      "code" in parsed && parsed.code === "password_expired"
        ? "Set a new password for the user in the cluster, and set `password` to it."
        : "Set `username` and `password` to the e-mail and the password of a user of the cluster.",
  });
}

function forbidden(origin: string, user: string, { method, target }: Call, text: string): UpgradeError {
  const path = target.replace(/\?.*$/, "");
  return new UpgradeError(
    "unauthorized",
    `The cluster at ${origin} does not allow ${user} to send ${method} ${path}: ${text}.`,
    {
      remedy: /licen[cs]e/i.test(text)
        ? "Renew the cluster's license; until then it accepts no changes."
        : `The request requires the permission ${permissionFor(path)}.`,
    },
  );
}

export function notRedis(origin: string, found: string, cause?: unknown): UpgradeError {
  if (expectsTls(origin, found)) return withoutTls(origin, found, "`endpoints`");
  return new UpgradeError(
    "not-the-vendor",
    `${origin} is not the REST API of a Redis Enterprise cluster: expected JSON from GET /v1/cluster, found ${found}.`,
    { remedy: "`endpoints` are the nodes' API addresses, such as https://10.0.0.1:9443.", cause },
  );
}

/** The error for a request without a response. */
export function noResponse(origin: string, error: unknown): unknown {
  return transportProblem(
    origin,
    error,
    {
      clientCertificate:
        "Set `clientCertificate` to a certificate that the cluster accepts, and `clientKey` to its private key.",
      untrusted:
        "Set `caCertificate` to the cluster's certificate or its CA, and `serverName` to the name of the cluster, for which the certificate is issued; or set `allowUntrustedCertificate` to `true` to accept any certificate.",
    },
    (plain) => notRedis(origin, "a server without TLS; its address must begin with http://", plain),
  );
}

/** @param refusal the end of a sentence, from `nextHop` */
export function redirectNotFollowed(origin: string, refusal: string): UpgradeError {
  return new UpgradeError(
    "not-the-vendor",
    `${origin} redirects ${refusal}; it was not followed, and no credentials were sent there.`,
    {
      remedy: "List all nodes of the cluster in `endpoints`, with the addresses that they use in redirects.",
    },
  );
}

/** The endpoints reach different clusters, so that data of one would be attributed to the other. */
export function differentClusters(clusters: readonly { origin: string; name: string }[]): UpgradeError {
  const names = clusters.map(({ origin, name }) => `${origin} of ${name}`).join(", ");
  return new UpgradeError("blocked", `The endpoints belong to different clusters: ${names}.`, {
    remedy:
      "List the nodes of one cluster in `endpoints`, and manage each cluster's databases with resources of their own.",
  });
}
