/** How a server is trusted, and how we show ourselves to it, in Node's words. PEM texts. */
export interface Tls {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** The name to expect in the certificate, where it differs from the host of the endpoint. */
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

/** The connection arguments that concern TLS, as resources take them. */
export interface TlsArguments {
  readonly caCertificate?: string | undefined;
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
  readonly serverName?: string | undefined;
  readonly allowUntrustedCertificate?: boolean | undefined;
}

/** What a server that refused the connection for the client certificate has against us, as the end of a sentence. */
export function clientRefusal({ cert }: Tls): string {
  return cert === undefined
    ? "asks for a client certificate and ended the connection, because none was given"
    : "asks for a client certificate and ended the connection: it does not accept the one that was given";
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
