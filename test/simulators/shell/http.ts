/** The identity in a client certificate; set only if the server requested one and a trusted CA signed it. */
export interface ClientCertificate {
  /** The subject's parts in the order of the certificate: `CN=…,O=…`. */
  readonly subject: string;
  readonly commonName: string;
  /** DNS names among the alternative names. */
  readonly names: readonly string[];
}

/** One HTTP request as received: not decoded, not normalized. */
export interface SimRequest {
  readonly method: string;
  /** Path and query exactly as on the wire. */
  readonly target: string;
  /** Header names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly client?: ClientCertificate;
}

export interface SimResponse {
  readonly status: number;
  /** Header names in lower case; `content-length` is added by the server. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export const NO_BODY: Buffer = Buffer.alloc(0);

/** The part of a request target before its query. */
export function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}

/** The query of a request target, names and values decoded. */
export function queryOf(target: string): URLSearchParams {
  const query = target.indexOf("?");
  return new URLSearchParams(query < 0 ? "" : target.slice(query + 1));
}
