import type { z } from "zod";
import { atLeast, lowestVersion, parseVersion, type Version } from "../core/version";
import { type Redis, redisOf, sameRelease } from "./database/database";
import type { nodeList } from "./rest/schema";

/** A Redis version that a node can run. */
export interface SupportedRedis extends Redis {
  /** Whether the vendor considers it a major version; undefined when it is not reported. */
  readonly major: boolean | undefined;
}

export interface ClusterNode {
  /** Internal and external addresses. */
  readonly addresses: readonly string[];
  /** `100.0.21-16135` */
  readonly software: string;
  readonly supported: readonly SupportedRedis[];
}

export function nodesFrom(list: z.infer<typeof nodeList>): ClusterNode[] {
  return list.map((node) => ({
    addresses: [node.addr, ...(node.external_addr ?? [])].flatMap((address) => (address ? [address] : [])),
    software: node.software_version ?? "",
    supported: (node.supported_database_versions ?? []).flatMap(({ db_type, redis_version, version, major }) => {
      const redis = db_type === "memcached" ? undefined : redisOf(redis_version, version);
      return redis === undefined ? [] : [{ ...redis, major: major ?? undefined }];
    }),
  }));
}

/** The Redis versions that every node can run. */
export function supportedByAll([first, ...others]: readonly ClusterNode[]): SupportedRedis[] {
  return (first?.supported ?? []).filter(({ release }) =>
    others.every((node) => node.supported.some((one) => sameRelease(one.release, release))),
  );
}

/** Whether all nodes run at least this software. Unknown software counts as too old. */
export function softwareAtLeast(nodes: readonly ClusterNode[], least: string): boolean {
  const wanted = parseVersion(least);
  const lowest = softwareOf(nodes);
  return wanted !== undefined && lowest !== undefined && atLeast({ parts: lowest.parts }, wanted);
}

/** The lowest software of the nodes; undefined when one of them does not report it. */
export function softwareOf(nodes: readonly ClusterNode[]): Version | undefined {
  const versions = nodes.map(({ software }) => parseVersion(software));
  const known = versions.filter((version) => version !== undefined);
  return known.length < versions.length ? undefined : lowestVersion(known);
}
