import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { isIP, type Socket } from "node:net";
import { connect, type PeerCertificate, type TLSSocket } from "node:tls";

/** How to verify the server, and the client certificate, with Node's option names. PEM texts. */
export interface Tls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The expected name in the certificate, if it differs from the host of the endpoint. */
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** Whether requests to an origin use TLS. */
export function isSecure(origin: string): boolean {
  return origin.startsWith("https:");
}

/** The TLS arguments of a connection, as resources accept them. */
export interface TlsArguments {
  readonly caCertificate?: string | undefined;
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly serverName?: string | undefined;
  readonly allowUntrustedCertificate?: boolean | undefined;
}

/** Why a server rejected the client certificate, as the end of a sentence. */
export function clientRefusal({ cert }: Tls): string {
  return cert === undefined
    ? "requires a client certificate and closed the connection, because none was given"
    : "requires a client certificate and closed the connection: it does not accept the one that was given";
}

export function tlsFrom(args: TlsArguments): Tls {
  return {
    ...(args.caCertificate === undefined ? {} : { ca: args.caCertificate }),
    ...(args.clientCertificate === undefined ? {} : { cert: args.clientCertificate }),
    ...(args.clientKey === undefined ? {} : { key: args.clientKey }),
    ...(args.serverName === undefined ? {} : { servername: args.serverName }),
    ...(args.allowUntrustedCertificate === true ? { rejectUnauthorized: false } : {}),
  };
}

/** An argument and its problem. Never quotes a value. */
export type TlsProblem = readonly [argument: keyof TlsArguments, reason: string];

const CERTIFICATE =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/** Problems that make certificates or keys unusable, found before any connection. */
export function tlsProblems({ caCertificate, clientCertificate, clientKey }: TlsArguments): TlsProblem[] {
  const problems: TlsProblem[] = [];
  const blame = (argument: keyof TlsArguments, reason: string | undefined) => {
    if (reason !== undefined) problems.push([argument, reason]);
  };
  const authority = caCertificate === undefined ? undefined : certificatesIn(caCertificate);
  const chain = clientCertificate === undefined ? undefined : certificatesIn(clientCertificate);
  const key = clientKey === undefined ? undefined : privateKeyIn(clientKey);
  if (typeof authority === "string") blame("caCertificate", authority);
  if (typeof chain === "string") blame("clientCertificate", chain);
  if (typeof key === "string") blame("clientKey", key);
  if (key !== undefined && chain === undefined) {
    blame("clientCertificate", "is required with `clientKey`, in PEM format");
  }
  if (chain !== undefined && key === undefined) {
    blame("clientKey", "must be the private key of `clientCertificate`, in PEM format");
  }
  if (typeof chain === "object" && typeof key === "object" && chain[0]?.checkPrivateKey(key) !== true) {
    blame("clientKey", "is not the private key of `clientCertificate`");
  }
  return problems;
}

function certificatesIn(text: string): readonly X509Certificate[] | string {
  const blocks = text.match(CERTIFICATE) ?? [];
  if (blocks.length === 0) return "has no certificate between its BEGIN and END lines";
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    return "cannot be read as a certificate: it is damaged or incomplete";
  }
}

function privateKeyIn(text: string): KeyObject | string {
  try {
    return createPrivateKey(text);
  } catch (error) {
    const encrypted = /ENCRYPTED/.test(text) || codeOf(error) === "ERR_MISSING_PASSPHRASE";
    return encrypted
      ? "is encrypted with a passphrase. Set the decrypted key; it is kept encrypted in the state"
      : "cannot be read as a private key: it is damaged or incomplete";
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** Timeout for a connection and a handshake that only serve an error message, in milliseconds. */
const TIMEOUT = 3_000;
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
    let requested = false;
    // Shared algorithms exist only if the server requests a certificate. `keylog` precedes even a failing handshake.
    const searchIn = () => {
      requested ||= (socket.getSharedSigalgs() ?? []).length > 0;
    };
    socket.on("keylog", searchIn);
    socket.once("secureConnect", () => {
      searchIn();
      setTimeout(() => end(false), VERDICT).unref();
    });
    socket.resume();
    socket.on("error", () => undefined);
    socket.once("close", () => end(requested));
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
  watch: (socket: TLSSocket, end: (result: T) => void) => void,
): Promise<T> {
  const { promise, resolve } = Promise.withResolvers<T>();
  const timer = setTimeout(() => resolve(otherwise), TIMEOUT);
  const dialled = dial(origin).then((raw) => {
    raw.on("error", () => undefined);
    const host = new URL(origin).hostname.replace(/^\[|\]$/g, "");
    const socket = connect({ socket: raw, host, ...(isIP(host) === 0 ? { servername: host } : {}), ...tls });
    watch(socket, resolve);
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
