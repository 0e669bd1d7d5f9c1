import { Unreachable, UpgradeError } from "../core/errors";
import { isSecure } from "./tls";
import { CLIENT_CERTIFICATE, TransportError } from "./transport";

/** Remedies for a failed TLS handshake, as sentences. */
interface TlsRemedies {
  readonly clientCertificate: string;
  readonly untrusted: string;
}

/**
 * The error for a request without a complete response. Other errors are returned unchanged.
 * @param plain the error for a server without TLS at an address with https
 */
export function transportProblem(
  origin: string,
  error: unknown,
  remedies: TlsRemedies,
  plain: (error: TransportError) => UpgradeError,
): unknown {
  if (!(error instanceof TransportError)) return error;
  if (error.plain) return plain(error);
  if (error.tls) return insecure(origin, error, remedies);
  return new Unreachable(`${origin}: ${error.message}`, { sent: error.sent, responded: false, cause: error });
}

/** The error for a failed handshake with a server that uses TLS. */
export function insecure(
  origin: string,
  error: TransportError,
  { clientCertificate, untrusted }: TlsRemedies,
): UpgradeError {
  if (error.code === CLIENT_CERTIFICATE) {
    return new UpgradeError("unauthorized", `${origin} ${error.message}.`, {
      remedy: clientCertificate,
      cause: error,
    });
  }
  if (OTHER_THAN_CERTIFICATES.test(error.code)) {
    return new UpgradeError(
      "not-the-vendor",
      `The TLS handshake with ${origin} failed: ${error.message} (${error.code}).`,
      {
        remedy: "Check which versions of TLS and which ciphers the server accepts.",
        cause: error,
      },
    );
  }
  const message = `The certificate of ${origin} is not trusted: ${error.message} (${error.code}).`;
  return new UpgradeError("unauthorized", message, { remedy: untrusted, cause: error });
}

/** OpenSSL's codes for a handshake that failed before or besides the check of the certificate. */
const OTHER_THAN_CERTIFICATES = /^ERR_SSL_(?!CERTIFICATE_VERIFY)/;

/** As Go, nginx and Apache respond to a request without TLS. */
const EXPECTS_TLS = /HTTP request to an HTTPS server|HTTP request was sent to HTTPS port|HTTP to an SSL-enabled/i;

/** Whether a server that was contacted without TLS responds that it requires TLS. */
export function expectsTls(origin: string, text: string): boolean {
  return !isSecure(origin) && EXPECTS_TLS.test(text);
}

/** @param address the argument with the address, for the remedy */
export function withoutTls(origin: string, text: string, address: string): UpgradeError {
  return new UpgradeError("not-the-vendor", `${origin} accepts only requests with TLS: ${text}.`, {
    remedy: `Start the address in ${address} with https://.`,
  });
}
