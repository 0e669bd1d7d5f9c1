import { PROXY_REMEDY } from "../../provider/http/client";
import type { Tls, TlsArguments } from "../../provider/http/tls";
import { PROXY_REFUSED, PROXY_UNREACHABLE, TransportError } from "../../provider/http/transport";

/** A connection, as far as the remedy of a failure depends on it. */
export interface Reach {
  readonly tls: Tls;
  /** Whether the system has an argument, which then is an option as well. */
  readonly accepts: (argument: keyof TlsArguments) => boolean;
}

export const OTHER_TLS = "Check which versions of TLS and which ciphers the server accepts.";
const OTHER_SERVER = "Check that the endpoint is the address of the server, and check proxies and firewalls between.";
export const WITHOUT_TLS =
  "The server does not use TLS on this port. Check whether the endpoint must start with http://.";

/** What to do about a request without a response. */
export function remedyForRequest(error: unknown, reach: Reach): string {
  if (!(error instanceof TransportError)) return OTHER_SERVER;
  if (error.code === PROXY_REFUSED) return PROXY_REMEDY;
  if (error.code === PROXY_UNREACHABLE) return "Check the proxy, and whether it can connect to the server.";
  if (error.plain) return WITHOUT_TLS;
  return error.tls ? remedyForCertificate(error.code, reach) : OTHER_SERVER;
}

/** What to do about a server that rejects the client certificate, or requires one. */
export function remedyForClient({ accepts }: Reach): string {
  return accepts("clientCertificate")
    ? "Set --client-certificate (argument `clientCertificate`) to a certificate that the server accepts. Set --client-key, the argument `clientKey`, to its private key."
    : "Check that the endpoint is the address of the service, which does not require a client certificate.";
}

type CertificateRemedy = readonly [code: RegExp, remedy: string, argument?: keyof TlsArguments];

/** Remedies by the code of Node or OpenSSL for the server's certificate. */
const REMEDIES: readonly CertificateRemedy[] = [
  [/ALTNAME|HOSTNAME/, "Set --server-name (argument `serverName`) to a name in the certificate.", "serverName"],
  [/ALTNAME|HOSTNAME/, "Check that the endpoint has a name that the certificate contains."],
  [/EXPIRED/, "Renew the server certificate."],
  [/NOT_YET_VALID/, "Check the clocks of this machine and of the server."],
  [/REVOKED/, "Replace the server certificate."],
  [/^ERR_SSL_/, OTHER_TLS],
  [
    /./,
    "Set --ca-certificate (argument `caCertificate`) to the server certificate or to the CA that signed it.",
    "caCertificate",
  ],
  [/./, "Check the endpoint. To trust a private CA, set NODE_EXTRA_CA_CERTS to its certificate file."],
];
const OTHER_CA =
  "The file given as --ca-certificate (argument `caCertificate`) contains neither this certificate nor the CA that signed it. Set it to one that does.";

/** What to do about a certificate of the server that is not trusted. */
export function remedyForCertificate(code: string, { tls, accepts }: Reach): string {
  const found = REMEDIES.find(
    ([pattern, , argument]) => pattern.test(code) && (argument === undefined || accepts(argument)),
  );
  const [, remedy, argument] = found ?? REMEDIES[REMEDIES.length - 1] ?? [];
  return argument === "caCertificate" && tls.ca !== undefined ? OTHER_CA : (remedy ?? "");
}
