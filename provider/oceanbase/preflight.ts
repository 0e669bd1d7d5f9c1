import { uncheckedNote } from "../core/texts/sentences";
import type { Finding } from "../core/unit";
import { compareVersions, parseVersion, type Version } from "../core/version";
import { type AgentsStatus, OBSERVER_AVAILABLE, type UploadedPackage } from "./agent/schema";
import { type Edition, missingPackages, type Target } from "./packages/packages";

/** The cluster state that an upgrade request depends on. Undefined parts could not be read. */
export interface Readiness {
  readonly zones: number;
  readonly sharedStorage: boolean;
  /** `ip:port` of every agent of the cluster. */
  readonly agents: readonly string[];
  readonly servers: readonly Server[];
  /** Whether a database or agent upgrade holds the cluster's lock: in progress, or failed. */
  readonly upgrading: boolean;
  /** Why reads failed. */
  readonly unread: Unread;
  /** Names of zones that are out of service. */
  readonly stoppedZones: readonly string[];
  readonly status: AgentsStatus | undefined;
  /** No agent responded when the status of the agents was read. */
  readonly unreachable: boolean;
  readonly uploaded: readonly UploadedPackage[] | undefined;
  /** Whether the servers list uploaded packages (from 4.3.0.0 on). */
  readonly listed: boolean;
  /** No agent responded when the uploaded packages were read. */
  readonly unlisted: boolean;
  readonly architectures: readonly string[];
  /** Version of the agent that would get the request. */
  readonly agentVersion: string | undefined;
}

/** Reasons of failed reads. */
interface Unread {
  readonly status?: string | undefined;
  readonly zones?: string | undefined;
  readonly packages?: string | undefined;
}

/** An observer, as the cluster lists it. */
export interface Server {
  /** `ip:port`. */
  readonly name: string;
  /** `ip:port` of the agent beside it; undefined if the cluster knows none. */
  readonly agent: string | undefined;
  readonly status: string | undefined;
}

export interface PreflightInput {
  readonly args: { readonly mode?: string | undefined };
  readonly target: Target;
  readonly editions: readonly Edition[];
}

/** One condition that makes obshell refuse an upgrade, as far as a client can check it beforehand. */
export type Check = (ready: Readiness, input: PreflightInput) => Finding | undefined;

/** All findings against the upgrade, each with a remedy. Pure. */
export function preflight(checks: readonly Check[], ready: Readiness, upgrade: PreflightInput): Finding[] {
  return checks
    .filter((check) => !(ready.upgrading && OF_A_MOMENT.has(check)))
    .map((check) => check(ready, upgrade))
    .filter((finding) => finding !== undefined);
}

const ROLLING_ZONES = 3;
const ROLLING_ZONES_SHARED = 2;

export const zonesForRolling: Check = (ready, { args }) => {
  const needed = ready.sharedStorage ? ROLLING_ZONES_SHARED : ROLLING_ZONES;
  if ((args.mode ?? "rolling") !== "rolling" || ready.zones >= needed) return undefined;
  return {
    code: "too-few-zones",
    message: `A rolling upgrade needs at least ${needed} zones, but the cluster has ${ready.zones}.`,
    remedy: "Set `mode` to `stopService`. The service is down during such an upgrade.",
  };
};

/** `state` of a running agent. */
const AGENT_RUNNING = 2;

export const agentsRun: Check = ({ agents, status }) => {
  if (status === undefined) return undefined;
  const down = agents.filter((agent) => status[agent]?.state !== AGENT_RUNNING);
  if (down.length === 0) return undefined;
  return {
    code: "agent-not-running",
    message: `${down.length === 1 ? "An agent is" : "Agents are"} not running: ${down.join(", ")}.`,
    remedy: "Run `obshell agent start` on each of these hosts.",
  };
};

export const observersAvailable: Check = ({ agents, status }) => {
  if (status === undefined) return undefined;
  const down = agents.filter((agent) => {
    const seen = status[agent];
    return seen !== undefined && seen.obState !== OBSERVER_AVAILABLE;
  });
  if (down.length === 0) return undefined;
  return {
    code: "observer-unavailable",
    // The agents' addresses: an observer has another port.
    message: `${down.length === 1 ? "The observer of the agent" : "The observers of the agents"} ${down.join(", ")} ${down.length === 1 ? "is" : "are"} not available.`,
    remedy: "Start these observers and wait until they are available.",
  };
};

/**
 * obshell upgrades only servers with agents, then waits for the others until it fails. It does not check this first.
 */
export const serversHaveAgents: Check = ({ servers }) => {
  const alone = servers.filter(({ agent }) => agent === undefined).map(({ name }) => name);
  if (alone.length === 0) return undefined;
  return {
    code: "server-without-agent",
    message: `${alone.length === 1 ? "A server of the cluster has" : "Servers of the cluster have"} no obshell agent: ${alone.join(", ")}. The upgrade would lock the cluster and not finish.`,
    remedy: "Start obshell on their hosts so that it takes the servers over, or remove the servers from the cluster.",
  };
};

/** `status` of a server or a zone in service. */
export const IN_SERVICE = "ACTIVE";

/**
 * Between its steps obshell waits until every server is in service, and gives up half-way. Servers whose agents report
 * them as unavailable are reported by `observersAvailable`.
 */
export const serversActive: Check = ({ servers, status }) => {
  const out = servers.filter((server) => {
    const known = server.agent === undefined ? undefined : status?.[server.agent];
    const unavailable = known !== undefined && known.obState !== OBSERVER_AVAILABLE;
    return server.status !== undefined && server.status.toUpperCase() !== IN_SERVICE && !unavailable;
  });
  if (out.length === 0) return undefined;
  const names = out.map(({ name, status: word }) => `${name} (${word})`);
  return {
    code: "server-not-active",
    message: `${out.length === 1 ? "A server is" : "Servers are"} not in service: ${names.join(", ")}.`,
    remedy: "Start these servers (stopped ones with ALTER SYSTEM START SERVER) and wait until their status is ACTIVE.",
  };
};

export const zonesActive: Check = ({ stoppedZones }) => {
  if (stoppedZones.length === 0) return undefined;
  return {
    code: "zone-not-active",
    message: `${stoppedZones.length === 1 ? "A zone is" : "Zones are"} not in service: ${stoppedZones.join(", ")}.`,
    remedy: "Start these zones with ALTER SYSTEM START ZONE and wait until their status is ACTIVE.",
  };
};

/**
 * For an agent upgrade this is the only protection: newer servers detect a missing package only after they have taken
 * the lock.
 */
export const packagesUploaded: Check = ({ uploaded, listed, architectures }, { target, editions }) => {
  if (uploaded === undefined || !listed) return undefined;
  const missing = missingPackages(target, uploaded, { architectures, editions });
  if (missing.length === 0) return undefined;
  return {
    code: "package-missing",
    message: `These packages are not uploaded: ${missing.join(", ")}.`,
    remedy: "Add their files to `packages`, or upload them with POST /api/v1/upgrade/package.",
  };
};

/** The first agents that store the kind of lock with a task. */
const LOCK_KINDS: Version = { parts: [4n, 2n, 4n, 0n] };
/** The first agents that release the lock of a task that was stored without it. */
const MISSING_LOCK_KINDS: Version = { parts: [4n, 2n, 6n, 0n] };

/** Whether the agent that would get the request is older. */
export function recipientIsBefore({ agentVersion }: Pick<Readiness, "agentVersion">, first: Version): boolean {
  const version = parseVersion(agentVersion ?? "");
  return version !== undefined && compareVersions(version, first) < 0;
}

/** Such an upgrade succeeds, but the cluster stays locked for all other maintenance. */
export const lockReleased: Check = (ready, { target }) => {
  const end = parseVersion(target.version);
  if (end === undefined || !recipientIsBefore(ready, LOCK_KINDS)) return undefined;
  if (compareVersions(end, LOCK_KINDS) < 0 || compareVersions(end, MISSING_LOCK_KINDS) >= 0) return undefined;
  return {
    code: "lock-not-released",
    message: `An upgrade of agents from ${ready.agentVersion} to ${target.version} never releases the cluster's lock, so the cluster could not be maintained afterwards.`,
    remedy: "Upgrade the agents to 4.2.6.0 or later in one step.",
  };
};

/** A note on upgrades of the database, whose packages contain agents of an unknown version. */
export function lockNotes(ready: Pick<Readiness, "agentVersion">): string[] {
  if (!recipientIsBefore(ready, LOCK_KINDS)) return [];
  return [
    `If the packages contain obshell 4.2.4 or 4.2.5, the cluster's lock is never released, because the agents are before 4.2.4.0 (${ready.agentVersion}). Upgrade the agents to 4.2.6.0 or later first, with \`oceanbase.AgentVersion\`.`,
  ];
}

/**
 * Conditions that an upgrade changes itself, and restores when it ends or is retried: while one is in progress or has
 * failed, its task shows what may be done.
 */
const OF_A_MOMENT: ReadonlySet<Check> = new Set([agentsRun, observersAvailable, serversActive, zonesActive]);

/** The reads that conditions depend on. */
const READS: readonly (readonly [read: keyof Unread, subject: string, checks: readonly Check[]])[] = [
  ["status", "Which agents and observers are running", [agentsRun, observersAvailable]],
  ["zones", "The status of the zones", [zonesActive]],
  ["packages", "The list of uploaded packages", [packagesUploaded]],
];

/** The conditions that could not be checked, as sentences. */
export function uncheckedBy(
  checks: readonly Check[],
  { unread, upgrading }: Pick<Readiness, "unread" | "upgrading">,
): string[] {
  const made = checks.filter((check) => !upgrading || !OF_A_MOMENT.has(check));
  return READS.flatMap(([read, subject, dependent]) => {
    const reason = unread[read];
    return reason === undefined || !made.some((check) => dependent.includes(check))
      ? []
      : [uncheckedNote(subject, reason)];
  });
}
