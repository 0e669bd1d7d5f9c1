/** A body that is generated while it is sent, so that it does not have to fit into memory. */
export interface StreamedBody {
  /** Total size in bytes; becomes Content-Length. */
  readonly length: number;
  /** Called at most once, after the connection is established. Its exceptions end the request and reach the caller. */
  chunks(): AsyncGenerator<Uint8Array, void, void>;
}

/** One HTTP request as it is sent. */
export interface WireRequest {
  readonly method: string;
  /** `https://10.0.0.1:2886`. */
  readonly origin: string;
  /** Path and query exactly as sent: vendors sign it. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Replaces the body. */
  readonly stream?: StreamedBody;
  /** Timeout until the response begins, in milliseconds. Default: the transport's own limit. */
  readonly responseTimeout?: number;
  readonly signal: AbortSignal;
}

export interface WireResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/**
 * Sends requests: undici in production, an in-memory simulator in tests.
 * @throws TransportError, or the signal's reason
 */
export interface Transport {
  send(request: WireRequest): Promise<WireResponse>;
  close(): Promise<void>;
}

/** No complete response was received. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  /** Node's, undici's or OpenSSL's code: `ECONNREFUSED`, `UND_ERR_HEADERS_TIMEOUT`, `SELF_SIGNED_CERT_IN_CHAIN`. */
  readonly code: string;
  /** Whether the request had been passed to a connection; undefined if only the code indicates it. */
  readonly begun: boolean | undefined;

  constructor(code: string, message: string, cause?: unknown, begun?: boolean) {
    super(message, { cause });
    this.code = code;
    this.begun = begun;
  }

  /** Whether the request may have reached the server. False only when it certainly did not. */
  get sent(): boolean {
    if (this.code === INCOMPLETE) return false;
    return this.begun ?? !(NEVER_SENT.has(this.code) || tlsCode(this.code));
  }

  /** Whether the server does not use TLS. */
  get plain(): boolean {
    return this.tls && WITHOUT_TLS.has(this.code);
  }

  /**
   * Whether a certificate or the kind of connection is the cause, so that a retry is pointless. With TLS 1.3, a
   * rejection of the client certificate arrives instead of the response; any other error at that time is a lost
   * connection.
   */
  get tls(): boolean {
    return (
      this.code === CLIENT_CERTIFICATE ||
      (tlsCode(this.code) && (this.begun !== true || CLIENT_REFUSED.test(this.code)))
    );
  }
}

/** Codes for a server that does not respond to a handshake with TLS. */
const WITHOUT_TLS = new Set(["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG", "EPROTO"]);

/** The server requests a client certificate, and rejects the one given, or requires one. */
export const CLIENT_CERTIFICATE = "CLIENT_CERTIFICATE";

/** A proxy rejects the connection: a retry is pointless. */
export const PROXY_REFUSED = "PROXY_REFUSED";

/** A proxy does not respond, or cannot connect to the server. */
export const PROXY_UNREACHABLE = "PROXY_UNREACHABLE";

/** A streamed body ended before its last byte was sent: no server accepts that as a request. */
export const INCOMPLETE = "INCOMPLETE";

/** Failures before the first byte of a request could be sent. */
const NEVER_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
  PROXY_REFUSED,
  PROXY_UNREACHABLE,
]);

/** OpenSSL's and Node's codes of failed handshakes. */
const TLS_CODE = /^(ERR_SSL_|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO$)/;

export function tlsCode(code: string): boolean {
  return TLS_CODE.test(code);
}

/** OpenSSL's codes of alerts about the client's certificate: `ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED`. */
export const CLIENT_REFUSED = /_ALERT_.*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/;
