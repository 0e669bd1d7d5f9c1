import type { Finding } from "../core/pin";
import { missingPackages, type Target } from "./packages";
import type { AgentsStatus, UploadedPackage } from "./schema";

/** The cluster as far as the conditions of an upgrade call concern it. Undefined parts could not be read. */
export interface Readiness {
  readonly zones: number;
  readonly sharedStorage: boolean;
  /** `ip:port` of every agent of the cluster. */
  readonly agents: readonly string[];
  readonly status: AgentsStatus | undefined;
  readonly uploaded: readonly UploadedPackage[] | undefined;
  readonly architectures: readonly string[];
}

type Check = (ready: Readiness, asked: { mode: string; target: Target }) => Finding | undefined;

/** Of an agent: it runs. Of its observer: it is available. */
const AGENT_RUNNING = 2;
const OBSERVER_AVAILABLE = 3;
const ROLLING_ZONES = 3;
const ROLLING_ZONES_SHARED = 2;

/** What obshell refuses an upgrade for, as far as a client can see it beforehand. */
const CHECKS: readonly Check[] = [
  ({ zones, sharedStorage }, { mode }) => {
    const needed = sharedStorage ? ROLLING_ZONES_SHARED : ROLLING_ZONES;
    if (mode !== "rolling" || zones >= needed) return undefined;
    return {
      code: "too-few-zones",
      message: `A rolling upgrade needs at least ${needed} zones, the cluster has ${zones}.`,
      remedy: 'Set mode: "stopService"; the service pauses during such an upgrade.',
    };
  },
  ({ agents, status }) => {
    if (status === undefined) return undefined;
    const down = agents.filter((agent) => status[agent]?.state !== AGENT_RUNNING);
    if (down.length === 0) return undefined;
    return {
      code: "agent-not-running",
      message: `${down.length === 1 ? "An agent does" : "Agents do"} not run: ${down.join(", ")}.`,
      remedy: "Start it with `obshell agent start` on its host.",
    };
  },
  ({ agents, status }) => {
    if (status === undefined) return undefined;
    const down = agents.filter((agent) => {
      const seen = status[agent];
      return seen !== undefined && seen.obState !== OBSERVER_AVAILABLE;
    });
    if (down.length === 0) return undefined;
    return {
      code: "observer-unavailable",
      message: `${down.length === 1 ? "The observer" : "Observers"} of ${down.join(", ")} cannot be used.`,
      remedy: "Start it and wait until it is available.",
    };
  },
  ({ uploaded, architectures }, { target }) => {
    if (uploaded === undefined) return undefined;
    const missing = missingPackages(target, uploaded, architectures);
    if (missing.length === 0) return undefined;
    return {
      code: "package-missing",
      message: `These packages are not uploaded: ${missing.join(", ")}.`,
      remedy: "Upload them with `obshell package upload` or POST /api/v1/upgrade/package.",
    };
  },
];

/** Everything that a client can see against the upgrade, each with a remedy. Pure. */
export function preflight(ready: Readiness, asked: { mode: string; target: Target }): Finding[] {
  return CHECKS.map((check) => check(ready, asked)).filter((finding) => finding !== undefined);
}
