import { connect, type PeerCertificate, type TLSSocket } from "node:tls";
import type { Tls } from "./tls";

/** How long to wait for a handshake that is only wanted for a message, in milliseconds. */
const PATIENCE = 3_000;
/** How soon after a handshake a server that refuses the client's certificate ends the connection, in milliseconds. */
const VERDICT = 1_000;

/**
 * Subject and issuer of the certificate that a server presents, whoever signed it: for the error that tells why it was
 * not trusted. Nothing is sent over the connection. Undefined when there is none to be had.
 */
export function presentedCertificate(origin: string, servername?: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    // It is not trusted, only read; the connection that carries credentials is another one.
    const socket = greet(origin, { ...(servername === undefined ? {} : { servername }), rejectUnauthorized: false });
    const end = (text?: string) => {
      socket.destroy();
      resolve(text);
    };
    socket.once("secureConnect", () => end(describe(socket.getPeerCertificate())));
    socket.once("error", () => end());
    socket.once("timeout", () => end());
  });
}

/**
 * Whether a server asks for a client certificate and then ends the connection, although nothing was sent: it refuses ours, or
 * that there is none. With TLS 1.3 the client's handshake succeeds, and only a closed connection follows.
 */
export function refusesClient(origin: string, tls: Tls): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = greet(origin, tls);
    let asked = false;
    const end = (refused: boolean) => {
      clearTimeout(verdict);
      socket.destroy();
      resolve(refused);
    };
    let verdict: NodeJS.Timeout | undefined;
    // Algorithms are shared with a server only where it asks for a certificate. The keys come before a handshake that fails.
    const look = () => {
      asked ||= (socket.getSharedSigalgs() ?? []).length > 0;
    };
    socket.on("keylog", look);
    socket.once("secureConnect", () => {
      look();
      verdict = setTimeout(() => end(false), VERDICT);
    });
    socket.resume();
    socket.on("error", () => undefined);
    socket.once("close", () => end(asked));
    socket.once("timeout", () => end(false));
  });
}

function greet(origin: string, tls: Tls): TLSSocket {
  const { hostname, port } = new URL(origin);
  const host = hostname.replace(/^\[|\]$/g, "");
  return connect({ host, port: port === "" ? 443 : Number(port), ...tls, timeout: PATIENCE });
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
