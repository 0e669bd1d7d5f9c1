import type { TlsOptions } from "../shell/listener";
import { type Served, type ServeOptions, serve } from "../shell/server";
import type { RedisEnterpriseCluster } from "./cluster";

export interface ServeClusterOptions extends Omit<ServeOptions, "tls"> {
  /** Key and certificate (PEM). Default: the cluster's self-signed one. False: plain HTTP. */
  readonly tls?: Pick<TlsOptions, "key" | "cert"> | false;
  /** PEM of the CA whose client certificates are trusted (`mtls_trusted_ca`). */
  readonly clientCa?: string;
}

export interface ServedCluster extends Served {
  /** The certificate to trust; it is valid for the cluster's name, not for addresses. Undefined without TLS. */
  readonly certificate: string | undefined;
}

/** Serves a cluster over real sockets, with TLS by default; redirects contain the real addresses. */
export async function serveRedisEnterprise(
  cluster: RedisEnterpriseCluster,
  { tls, clientCa, ...options }: ServeClusterOptions = {},
): Promise<ServedCluster> {
  cluster.state.scheme = tls === false ? "http" : "https";
  if (tls === false) return { ...(await serve(cluster, options)), certificate: undefined };
  const own = tls ?? cluster.certificate();
  const mutual = clientCa === undefined ? {} : { ca: clientCa, optionalClient: true };
  const served = await serve(cluster, { ...options, tls: { ...own, ...mutual, plainAnswer: "" } });
  return { ...served, certificate: own.cert };
}
