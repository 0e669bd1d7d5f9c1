import type { WireResponse } from "../../http/transport";

/**
 * Nodes other than the master redirect most requests to it (commonly with 307, which is undocumented). Following a
 * redirect sends method, body and credentials again, so it is followed only to a node of this cluster.
 */
const STATUSES = new Set([301, 302, 307, 308]);

export const MOST_HOPS = 3;

/** The target of a redirect; undefined when the response is not one. */
export function redirectOf({ status, headers }: WireResponse): string | undefined {
  return STATUSES.has(status) ? headers["location"] : undefined;
}

/** The origin to continue at, or the reason for a refusal, as the end of a sentence. */
export type Hop = { readonly origin: string } | { readonly refusal: string };

/**
 * @param from the origin that redirects
 * @param target path and query of the request
 * @param hosts names and addresses of the cluster's nodes, as written by `hostOf`
 */
export function nextHop(from: string, target: string, location: string, hosts: ReadonlySet<string>): Hop {
  if (!URL.canParse(location, from)) return { refusal: "to an invalid address" };
  const to = new URL(location, from);
  const origin = to.origin;
  if (to.protocol !== "https:" && to.protocol !== "http:") return { refusal: `to ${to.protocol}//` };
  if (to.protocol === "http:" && from.startsWith("https:")) return { refusal: `to plain http at ${origin}` };
  if (`${to.pathname}${to.search}` !== target) return { refusal: `to another path (${to.pathname}) at ${origin}` };
  if (!hosts.has(to.hostname)) return { refusal: `to ${origin}, which is not known as a node of this cluster` };
  return { origin };
}

/** A host in URL notation: `fd00::1` becomes `[fd00::1]`, names become lower case; undefined for an invalid host. */
export function hostOf(address: string): string | undefined {
  const url = `https://${address.includes(":") ? `[${address}]` : address}`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}
