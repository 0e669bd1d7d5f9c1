import { z } from "zod";
import { counted } from "../base/sentences";
import { definedBy } from "../core/arguments";
import { Unreachable } from "../core/errors";
import type { Estate, EstateKind, FoundDatabase, FoundResource, Inventory } from "../core/estate";
import type { Runtime } from "../core/runtime";
import type { Finding } from "../core/unit";
import { formatParts, formatVersion, highestVersion, lowestVersion, newestFirst } from "../core/version";
import { type Connect, undiciTransport } from "../http/undici-transport";
import type { Agents } from "./agent/agents";
import { type Outsider, withoutCluster } from "./agent/connection-errors";
import type { Agent } from "./agent/handshake";
import { dags, obInfo } from "./agent/schema";
import { checkTls, connection } from "./arguments";
import { type ConnectionArguments, type OpenAgents, openAgents, originsOf } from "./kind";
import { interpret, readCluster, UNFINISHED, type UpgradeObservation } from "./observe";
import { type Edition, offeredTo } from "./packages/packages";
import { packagesUploaded, preflight, uncheckedBy } from "./preflight";
import { cluster, obshellAgents, type System, type UpgradeArguments } from "./system";

const inputs = z.strictObject({ ...connection }).superRefine(checkTls);

/** The cluster behind a set of obshell agents: its database, and the agents themselves. */
export function oceanbaseEstate(connect: Connect = undiciTransport): EstateKind<ConnectionArguments> {
  return {
    title: "OceanBase",
    vendor: "oceanbase",
    ...definedBy(inputs),
    each: "endpoints",
    prompts: ({ password }) => (password === undefined ? ["password"] : []),
    open: (args, runtime) => estateOf(args, runtime, openAgents(args, runtime, connect)),
  };
}

const OB_INFO = "/api/v1/ob/info";
const ROOT = "root@sys";
const AGENTS_PASSWORD = "the agents' own password";

function estateOf(args: ConnectionArguments, { report }: Runtime, { agents, close }: OpenAgents): Estate {
  const origins = originsOf(args);
  const title = `OceanBase cluster at ${new URL(origins[0] ?? "").host}`;
  let accepted: readonly string[] = [];
  return {
    title,
    origins,
    checks: [
      { name: "protocol and server version", run: () => checkProtocol(agents, origins) },
      {
        name: "credentials",
        run: async () => {
          const name = (await agents.cluster())?.obcluster_info.name;
          accepted = await acceptedCallers(agents, args);
          const verdicts = accepted.map((who) => `${who} was accepted`);
          return { message: `${verdicts.join(" and ")}${name ? ` by the cluster ${name}` : ""}` };
        },
      },
      {
        name: "permissions",
        run: async () => {
          const whose = accepted.map((who) => (who === ROOT ? who : `callers with ${who}`));
          return { message: `${whose.join(" and ")} may request upgrades` };
        },
      },
    ],
    inventory: () => {
      report({ message: `reading ${title}` });
      return inventoryOf(agents, origins, title);
    },
    close,
  };
}

async function checkProtocol(agents: Agents, origins: readonly string[]) {
  await agents.contactAll();
  // No agent responded: the first one gives the cause.
  if (agents.contacted.length === 0) await agents.readFrom(origins[0] ?? "", OB_INFO, obInfo);
  const versions = newestFirst(agents.contacted.map(({ info }) => info.version));
  const ways = [...new Set(agents.contacted.map(({ generation }) => generation))];
  return {
    message: `agents of version ${versions.join(", ")} at ${agents.contacted.length} of ${counted(origins.length, "endpoint")}, authentication ${ways.join(", ")}`,
  };
}

/** @throws UpgradeError if an agent rejects the credentials; Unreachable if none has verified them */
async function acceptedCallers(agents: Agents, args: ConnectionArguments): Promise<readonly string[]> {
  const verified = await Promise.all(agents.contacted.map((agent) => verifiedBy(agents, agent, args)));
  const accepted = [...new Set(verified.flatMap(({ who }) => who ?? []))].sort();
  if (accepted.length === 0) throw unverified(verified.flatMap(({ unreachable }) => unreachable ?? []));
  return accepted;
}

/**
 * Whose credentials an agent has verified. Without its database, an agent compares the password of root@sys with the
 * last one that it was given, which may be outdated. Agents of 4.2.3.0 return ob/info to everyone.
 * @throws UpgradeError if it rejects them
 */
async function verifiedBy(
  agents: Agents,
  { origin, info }: Agent,
  { agentPassword }: ConnectionArguments,
): Promise<Verified> {
  try {
    const read = await agents.readFrom(origin, OB_INFO, obInfo);
    if (info.security === true && agentPassword !== undefined) return { who: AGENTS_PASSWORD };
    if (read?.obcluster_info.topology == null) return {};
    await agents.readFrom(origin, UNFINISHED, dags);
    return { who: ROOT };
  } catch (error) {
    if (error instanceof Unreachable) return { unreachable: error.message };
    throw error;
  }
}

async function inventoryOf(agents: Agents, origins: readonly string[], title: string): Promise<Inventory> {
  const reads = await readCluster(agents);
  const database = await interpret(cluster, undefined, reads);
  const obshell = await interpret(obshellAgents, undefined, reads);
  const unresponsive = await unreachableEndpoints(agents, origins);
  const unknown = database.unknown ?? obshell.unknown;
  const { id: clusterId, name: given } = reads.info?.obcluster_info ?? {};
  const name = given || "oceanbase";
  const id = new URL(origins[0] ?? "").host;
  const { zones, sharedStorage, agents: all } = database.readiness;
  const found = [
    foundIn(cluster, database, {
      type: "oceanbase:ClusterVersion",
      name,
      id,
      protection: `${counted(zones, "zone")}${sharedStorage ? ", shared storage" : ""}`,
      advice: [...notNamed(agents, origins, all), ...agents.outside.map(adviceOn)],
    }),
    foundIn(obshellAgents, obshell, {
      type: "oceanbase:AgentVersion",
      name: `${name}-agents`,
      id,
      protection: counted(all.length, "agent"),
      advice: [],
    }),
  ].filter((one) => one !== undefined);
  return {
    identity: {
      name: [clusterId, name, ...all.toSorted()].join(" "),
      keys: Object.fromEntries(agents.members.map(({ address, key }) => [address, key.text])),
    },
    databases: found.map((one) => one.database),
    resources: found.map((one) => one.resource),
    gaps: [
      ...unresponsive,
      ...(unknown === undefined ? [] : [`${title}: ${unknown}.`]),
      ...uncheckedBy([...cluster.checks, ...obshellAgents.checks], database.readiness),
    ],
  };
}

/** Unreachable endpoints. @throws UpgradeError for endpoints with an error that is not transient */
async function unreachableEndpoints(agents: Agents, origins: readonly string[]): Promise<string[]> {
  const known = new Set([...agents.members, ...agents.outside].map(({ origin }) => origin));
  const others = origins.filter((origin) => !known.has(origin));
  const reads = others.map((origin) => agents.readFrom(origin, OB_INFO, obInfo));
  return (await Promise.allSettled(reads)).flatMap((result) => {
    if (result.status === "fulfilled") return [];
    if (result.reason instanceof Unreachable) return [`An endpoint did not respond: ${result.reason.message}.`];
    throw result.reason;
  });
}

/** One agent can be reached at two endpoints, and an unreachable endpoint may belong to any agent. */
function notNamed({ contacted, outside }: Agents, origins: readonly string[], all: readonly string[]): Finding[] {
  const hosts = origins.map((origin) => new URL(origin).host);
  const named = new Set([...contacted.map(({ address }) => address), ...hosts]);
  const missing = all.filter((address) => !named.has(address));
  const known = new Set([...contacted, ...outside].map(({ origin }) => origin));
  const unresponsive = origins.filter((origin, at) => !known.has(origin) && !all.includes(hosts[at] ?? ""));
  if (missing.length <= unresponsive.length) return [];
  return [
    {
      code: "agents-not-named",
      message: `Only ${all.length - missing.length} of ${counted(all.length, "agent")} are listed in \`endpoints\`: ${all.join(", ")}.`,
      remedy: "List all of them: an upgrade that stopped half way may need the others to continue.",
    },
  ];
}

function adviceOn(outsider: Outsider): Finding {
  return { code: "agent-without-cluster", ...withoutCluster(outsider) };
}

/** `who`: whose credentials an agent has verified; `unreachable`: why it did not respond. */
interface Verified {
  readonly who?: string;
  readonly unreachable?: string;
}

function unverified(unreachable: readonly string[]): Unreachable {
  const message =
    unreachable.length > 0
      ? unreachable.join("; ")
      : `no agent can verify the password of ${ROOT}, because none can reach its database`;
  const remedy = "Start the observers. When they are available, run {apply} again.";
  return new Unreachable(message, { sent: true, responded: true, remedy });
}

interface Found {
  readonly database: FoundDatabase;
  readonly resource: FoundResource;
}

type Described = Pick<FoundDatabase, "type" | "name" | "id" | "protection"> & { readonly advice: readonly Finding[] };

/** Undefined where no version could be read. */
function foundIn(
  system: System,
  { members, readiness, activity }: UpgradeObservation,
  { advice, ...described }: Described,
): Found | undefined {
  const versions = members.map(({ version }) => version);
  const [lowest, highest] = [lowestVersion(versions), highestVersion(versions)];
  if (lowest === undefined || highest === undefined) return undefined;
  const { editions } = system;
  const { uploaded = [], listed, architectures, upgrading } = readiness;
  const offers = offeredTo({ lowest, highest }, uploaded, { editions, architectures });
  const target = offers[0]?.target ?? { version: formatParts(highest), release: "" };
  const checks = system.checks.filter((check) => check !== packagesUploaded);
  const version = formatParts(lowest);
  return {
    database: {
      ...described,
      current: newestFirst(versions.map(formatVersion)).join(", "),
      ...(listed ? { targets: offers.map(({ version }) => formatVersion(version)) } : {}),
      activity,
      findings: preflight(checks, readiness, { args: NO_ARGUMENTS, target, editions }),
      advice: [...(listed && !upgrading && offers.length === 0 ? [noPackages(editions[0])] : []), ...advice],
    },
    resource: {
      type: described.type,
      name: described.name,
      // A cluster that is partly upgraded has no single version.
      args: { version: version === formatParts(highest) ? version : `>=${version}` },
    },
  };
}

/** What a resource without upgrade arguments would upgrade with. */
const NO_ARGUMENTS: UpgradeArguments = { endpoints: [], version: "" };

function noPackages(edition: Edition | undefined): Finding {
  return {
    code: "no-package",
    message: "No newer packages are uploaded.",
    remedy: `Upload those of the target version (${edition?.join(" and ")}${edition?.[0] === "oceanbase-ce" ? " for the community edition" : ""}), or add their files to \`packages\`.`,
  };
}
