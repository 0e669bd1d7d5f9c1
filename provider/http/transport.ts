/** One HTTP request as it goes over the wire. */
export interface WireRequest {
  readonly method: string;
  /** `https://10.0.0.1:2886`. */
  readonly origin: string;
  /** Path and query exactly as sent: vendors sign it. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly signal: AbortSignal;
}

export interface WireResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/**
 * What carries requests: undici in production, a simulator in memory in tests.
 * @throws TransportError, or the signal's reason
 */
export interface Transport {
  send(request: WireRequest): Promise<WireResponse>;
  close(): Promise<void>;
}

/** No complete answer came. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  /** Node's, undici's or OpenSSL's code: `ECONNREFUSED`, `UND_ERR_HEADERS_TIMEOUT`, `SELF_SIGNED_CERT_IN_CHAIN`. */
  readonly code: string;

  constructor(code: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }

  /** Whether the request may have reached the server. False only when it certainly did not. */
  get sent(): boolean {
    return !(NEVER_SENT.has(this.code) || TLS_CODE.test(this.code));
  }

  /** Whether the server's certificate, or the kind of connection, is the matter: trying again changes nothing. */
  get tls(): boolean {
    return TLS_CODE.test(this.code);
  }
}

/** Failures before the first byte of a request could leave. */
const NEVER_SENT = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EADDRNOTAVAIL",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** OpenSSL's and Node's codes of handshakes that failed. */
const TLS_CODE = /^(ERR_SSL_|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH|EPROTO$)/;
