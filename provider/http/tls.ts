import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";

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
