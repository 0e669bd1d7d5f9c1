import { isIP, type Socket } from "node:net";
import { connect, type PeerCertificate, type TLSSocket } from "node:tls";
import type { Tls } from "./tls";

/** How long to wait for a connection and a handshake that are only wanted for a message, in milliseconds. */
const PATIENCE = 3_000;
/** How soon after a handshake a server that refuses the client's certificate ends the connection, in milliseconds. */
const VERDICT = 1_000;

/** Opens a connection to a server, without TLS. */
type Dial = (origin: string) => Promise<Socket>;

/** What the certificate of a server says of it. */
export interface Presented {
  /** Subject and issuer. */
  readonly text: string;
  /** For which names it is made: `db.example.com, 10.0.0.1`. */
  readonly names: string;
}

/**
 * The certificate that a server presents, trusted or not, for the error that says why it was not trusted. Nothing is sent
 * over the connection. Undefined when there is none to be had.
 */
export function presentedCertificate(origin: string, tls: Tls, dial: Dial): Promise<Presented | undefined> {
  const { servername } = tls;
  // It is not trusted, only read; the connection that carries credentials is another one.
  const anyone = { ...(servername === undefined ? {} : { servername }), rejectUnauthorized: false };
  return handshake<Presented | undefined>(origin, anyone, dial, undefined, (socket, end) => {
    socket.once("secureConnect", () => end(describe(socket.getPeerCertificate())));
    socket.once("error", () => end(undefined));
  });
}

/**
 * Whether a server asks for a client certificate and then ends the connection, although nothing was sent: it refuses ours, or
 * that there is none. With TLS 1.3 the client's handshake succeeds, and only a closed connection follows.
 */
export function refusesClient(origin: string, tls: Tls, dial: Dial): Promise<boolean> {
  return handshake(origin, tls, dial, false, (socket, end) => {
    let asked = false;
    // Algorithms are shared with a server only where it asks for a certificate. The keys come before a handshake that fails.
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
 * Looks at a handshake for a while.
 * @param otherwise what it comes to when there is no connection, or not in time
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
    // One that is there only later is of no use either.
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
