import { connect, type PeerCertificate } from "node:tls";

/** How long to wait for a certificate that is only wanted for a message, in milliseconds. */
const PATIENCE = 3_000;

/**
 * Subject and issuer of the certificate that a server presents, whoever signed it: for the error that tells why it was
 * not trusted. Nothing is sent over the connection. Undefined when there is none to be had.
 */
export function presentedCertificate(origin: string, servername?: string): Promise<string | undefined> {
  const { hostname, port } = new URL(origin);
  const host = hostname.replace(/^\[|\]$/g, "");
  return new Promise((resolve) => {
    const socket = connect({
      host,
      port: port === "" ? 443 : Number(port),
      ...(servername === undefined ? {} : { servername }),
      // It is not trusted, only read; the connection that carries credentials is another one.
      rejectUnauthorized: false,
      timeout: PATIENCE,
    });
    const end = (text?: string) => {
      socket.destroy();
      resolve(text);
    };
    socket.once("secureConnect", () => end(describe(socket.getPeerCertificate())));
    socket.once("error", () => end());
    socket.once("timeout", () => end());
  });
}

function describe({ subject, issuer, subjectaltname }: PeerCertificate): string | undefined {
  if (subject === undefined) return undefined;
  const names = subjectaltname === undefined ? "" : ` for ${subjectaltname}`;
  return `subject ${nameOf(subject)}${names}, issuer ${nameOf(issuer)}`;
}

/** `CN=orders, O=Example` */
function nameOf(name: PeerCertificate["subject"] | undefined): string {
  const parts = Object.entries(name ?? {}).map(([key, value]) => `${key}=${[value].flat().join("+")}`);
  return parts.length === 0 ? "without a name" : parts.join(", ");
}
