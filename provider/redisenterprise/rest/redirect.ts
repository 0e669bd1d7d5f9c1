import type { WireResponse } from "../../http/transport";

/**
 * Nodes that are not the master answer most calls with a redirect to it (307 by common knowledge, on no page). Following
 * one sends method, body and credentials again, so it is followed only to a node of this cluster.
 */
const STATUSES = new Set([301, 302, 307, 308]);

export const MOST_HOPS = 3;

/** Where an answer redirects to; undefined when it does not. */
export function redirectOf({ status, headers }: WireResponse): string | undefined {
  return STATUSES.has(status) ? headers["location"] : undefined;
}

/** The origin to go on at, or why not, as the end of a sentence. */
export type Hop = { readonly origin: string } | { readonly refusal: string };

/**
 * @param from the origin that redirects
 * @param target path and query that were asked for
 * @param hosts names and addresses of the cluster's nodes, as `hostOf` writes them
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

/** A host as URLs have it: `fd00::1` becomes `[fd00::1]`, names become lower case; undefined for what is no host. */
export function hostOf(address: string): string | undefined {
  const url = `https://${address.includes(":") ? `[${address}]` : address}`;
  return URL.canParse(url) ? new URL(url).hostname : undefined;
}
