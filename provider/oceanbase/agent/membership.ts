import { Unreachable } from "../../core/errors";
import { differentClusters, sameAddress } from "./contact";
import type { Agent } from "./handshake";
import { addressOf, type ObInfo } from "./schema";

/** What identifies a cluster. Users choose names, ids and addresses, so they can be the same for several clusters. */
interface Cluster {
  /** The endpoint of the agent that reported it first. */
  readonly origin: string;
  readonly id: number | undefined;
  readonly name: string;
  /** `ip:port` of its agents. */
  readonly agents: ReadonlySet<string>;
}

/**
 * Which agents belong to the cluster. The first agent that reports a cluster determines which one it is. Data of
 * another agent counts only after it has reported the same cluster itself. A claimed address is no proof: clusters on
 * one host each often all claim 127.0.0.1:2886.
 */
export class Membership {
  #cluster: Cluster | undefined;
  /** Members by endpoint. */
  readonly #members = new Map<string, Agent>();

  /** Whether an agent must report its cluster before its other data counts. */
  needsProof({ origin, key }: Agent): boolean {
    return this.#cluster !== undefined && this.#members.get(origin)?.key.text !== key.text;
  }

  /** A member at another endpoint that claims the same address with another key. */
  rivalOf({ origin, address, key }: Agent): Agent | undefined {
    return [...this.#members.values()].find(
      (member) => member.origin !== origin && member.address === address && member.key.text !== key.text,
    );
  }

  /**
   * After a new handshake, a member may have a new key. An agent that could not be contacted must prove its membership
   * again.
   */
  renew(origin: string, agent: Agent | undefined): void {
    if (agent === undefined) this.#members.delete(origin);
    else this.#members.set(origin, agent);
  }

  /**
   * Evaluates the cluster that an agent reports.
   * @throws UpgradeError `blocked` when it is another cluster; Unreachable when it reports none, and was no member
   * before
   */
  judge(agent: Agent, info: ObInfo | undefined): void {
    const told = info === undefined ? undefined : clusterIn(agent.origin, info);
    this.#cluster ??= told;
    const cluster = this.#cluster;
    if (cluster === undefined) return;
    if (told === undefined) {
      this.#doubt(agent, cluster, info);
      return;
    }
    if (!same(cluster, told)) throw differentClusters([cluster, told]);
    const rival = this.rivalOf(agent);
    if (rival !== undefined) throw sameAddress(agent.address, [rival.origin, agent.origin]);
    this.#cluster = { ...told, origin: cluster.origin };
    this.#members.set(agent.origin, agent);
  }

  /**
   * Without its database an agent still lists the agents of its cluster from memory. An agent that joins or leaves does
   * not.
   */
  #doubt(agent: Agent, cluster: Cluster, info: ObInfo | undefined): void {
    const remembered = (info?.agent_info ?? []).map(({ ip, port }) => addressOf(ip, port));
    const elsewhere = remembered.length > 0 && !remembered.some((address) => cluster.agents.has(address));
    if (elsewhere && agent.info.identity === "CLUSTER AGENT") {
      throw differentClusters([cluster, { origin: agent.origin, name: "" }]);
    }
    if (this.#members.get(agent.origin)?.address === agent.address) return;
    throw new Unreachable(`${agent.origin} cannot report yet which cluster it belongs to`, { sent: true, heard: true });
  }
}

/** Undefined without its database, because the agent then knows no cluster. */
function clusterIn(origin: string, { agent_info: agents, obcluster_info: info }: ObInfo): Cluster | undefined {
  if (info.topology == null) return undefined;
  const addresses = (agents ?? []).map(({ ip, port }) => addressOf(ip, port));
  return { origin, id: info.id, name: info.name ?? "", agents: new Set(addresses) };
}

function same(a: Cluster, b: Cluster): boolean {
  const ids = a.id === b.id || a.id === undefined || b.id === undefined;
  return ids && a.name === b.name && [...a.agents].some((address) => b.agents.has(address));
}
