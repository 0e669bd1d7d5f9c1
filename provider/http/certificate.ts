import { isIP, type Socket } from "node:net";
import { connect, type PeerCertificate, type TLSSocket } from "node:tls";
import type { Tls } from "./tls";

/** Timeout for a connection and a handshake that only serve an error message, in milliseconds. */
const PATIENCE = 3_000;
/** Milliseconds after a handshake within which a server that rejects the client certificate closes the connection. */
const VERDICT = 1_000;

/** Opens a connection to a server, without TLS. */
type Dial = (origin: string) => Promise<Socket>;

/** Details of a server's certificate. */
export interface Presented {
  /** Subject and issuer. */
  readonly text: string;
  /** The names it is valid for: `db.example.com, 10.0.0.1`. */
  readonly names: string;
}

/**
 * The certificate that a server presents, trusted or not, for the error that explains why it was not trusted. Nothing
 * is sent over the connection. Undefined if it cannot be read.
 */
export function presentedCertificate(origin: string, tls: Tls, dial: Dial): Promise<Presented | undefined> {
  const { servername } = tls;
  // The certificate is only read, not trusted; credentials use another connection.
  const anyone = { ...(servername === undefined ? {} : { servername }), rejectUnauthorized: false };
  return handshake<Presented | undefined>(origin, anyone, dial, undefined, (socket, end) => {
    socket.once("secureConnect", () => end(describe(socket.getPeerCertificate())));
    socket.once("error", () => end(undefined));
  });
}

/**
 * Whether a server requests a client certificate and then closes the connection although nothing was sent: it rejects
 * our certificate, or requires one. With TLS 1.3 the client's handshake succeeds, and the connection is closed
 * afterwards.
 */
export function refusesClient(origin: string, tls: Tls, dial: Dial): Promise<boolean> {
  return handshake(origin, tls, dial, false, (socket, end) => {
    let asked = false;
    // Shared algorithms exist only if the server requests a certificate. `keylog` precedes even a failing handshake.
    const look = () => {
      asked ||= (socket.getSharedSigalgs() ?? []).length > 0;
    };
    socket.on("keylog", look);
    socket.once("secureConnect", () => {
      look();
      setTimeout(() => end(false), VERDICT).unref();
    });
    socket.resume();
    socket.on("error", () => undefined);
    socket.once("close", () => end(asked));
  });
}

/**
 * Observes a handshake for a limited time.
 * @param otherwise the result if there is no connection in time
 */
async function handshake<T>(
  origin: string,
  tls: Tls,
  dial: Dial,
  otherwise: T,
  look: (socket: TLSSocket, end: (result: T) => void) => void,
): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  const timer = setTimeout(() => resolve(otherwise), PATIENCE);
  const dialled = dial(origin).then((raw) => {
    raw.on("error", () => undefined);
    const host = new URL(origin).hostname.replace(/^\[|\]$/g, "");
    const socket = connect({ socket: raw, host, ...(isIP(host) === 0 ? { servername: host } : {}), ...tls });
    look(socket, resolve);
    return socket;
  });
  dialled.catch(() => resolve(otherwise));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    // Closes a connection that is established too late.
    void dialled.then(
      (socket) => socket.destroy(),
      () => undefined,
    );
  }
}

function describe({ subject, issuer, subjectaltname }: PeerCertificate): Presented | undefined {
  if (subject === undefined) return undefined;
  const made = subjectaltname === undefined ? "" : ` for ${subjectaltname}`;
  const names = subjectaltname?.replaceAll(/(?:DNS|IP Address|URI):/g, "") ?? [subject.CN].flat().join(", ");
  return { text: `subject ${nameOf(subject)}${made}, issuer ${nameOf(issuer)}`, names };
}

/** `CN=orders, O=Example` */
function nameOf(name: PeerCertificate["subject"] | undefined): string {
  const parts = Object.entries(name ?? {}).map(([key, value]) => `${key}=${[value].flat().join("+")}`);
  return parts.length === 0 ? "without a name" : parts.join(", ");
}
