import { counted, sentences } from "../base/sentences";
import type { Step } from "../core/request";
import type { Finding, Upgrade } from "../core/unit";
import {
  type Constraint,
  compareVersions,
  formatParts,
  formatVersion,
  highestVersion,
  lowestVersion,
  type Version,
} from "../core/version";
import { withoutCluster } from "./agent/connection-errors";
import type { Agent } from "./agent/handshake";
import type { UploadedPackage } from "./agent/schema";
import { endangers } from "./arguments";
import { recipientOf, type UpgradeObservation } from "./observe";
import { type LocalPackages, refusedPackages, strangeArchitectures } from "./packages/local-packages";
import { packageName } from "./packages/package-stream";
import {
  architecturesOf,
  asUploaded,
  chooseTarget,
  incompleteAbove,
  missingPackages,
  packageVersion,
  type Requirement,
  type Target,
} from "./packages/packages";
import type { RpmPackage } from "./packages/rpm";
import { sameAsUploaded } from "./packages/upload";
import { preflight, recipientIsBefore, uncheckedBy } from "./preflight";
import type { System, UpgradeArguments } from "./system";
import type { UpgradePaths } from "./upgrade-path/dependencies";
import { findRoute, type Route } from "./upgrade-path/route";
import { type PathContext, routeFindings, unverifiedOnPath } from "./upgrade-path/route-findings";

/** An observation of the cluster, with the local packages. */
export interface ClusterObservation extends UpgradeObservation {
  readonly local: LocalPackages;
  /** Packages that this run has uploaded; older servers do not list them. */
  readonly sent: readonly UploadedPackage[];
  /** The upgrade paths to the target; undefined if no list of them is available. */
  readonly paths?: UpgradePaths;
}

/** The requested upgrade and the observation it is based on. */
export interface UpgradeInput {
  readonly system: System;
  readonly args: UpgradeArguments;
  readonly constraint: Constraint;
}

/** The upgrade's target, or a finding when it cannot be determined. */
export function targetOf(
  { system, args, constraint }: UpgradeInput,
  observation: Pick<ClusterObservation, "readiness" | "local" | "members">,
): Target | Finding {
  const wanted = { version: args.version, release: args.release, constraint };
  const highest = highestVersion(observation.members.map((member) => member.version));
  return chooseTarget(wanted, available(observation), requirementOf(system, observation), highest);
}

function requirementOf(
  { editions }: System,
  { readiness: { architectures } }: Pick<ClusterObservation, "readiness">,
): Requirement {
  return { editions, architectures };
}

/**
 * The required upgrade with all findings against it. Pure.
 * @param contacted the agents contacted so far
 */
export function upgradeOf(input: UpgradeInput, observation: ClusterObservation, contacted: readonly Agent[]): Upgrade {
  const { system, args } = input;
  const { readiness, members, local } = observation;
  const lowest = lowestVersion(members.map((member) => member.version));
  const target = targetOf(input, observation);
  const missing = missingOnServers(observation);
  const uploads = missing.length;
  const ready = { ...readiness, uploaded: available(observation) };
  const route = "code" in target ? undefined : pathTo(target, lowest, observation);
  const contextOf = (end: Target): PathContext => ({ target: end, from: lowest, ready, editions: system.editions });
  return {
    from: lowest ? formatVersion(lowest) : "",
    route: lineOf(lowest, "code" in target ? undefined : target, {
      pinned: args.version,
      paths: observation.paths,
      route,
    }),
    how: `${system.how(args, readiness)}${uploadsLine(uploads, readiness.listed)}`,
    findings: [
      ...directoryFindings(args.upgradeDir, contacted),
      ...local.findings,
      ...refusedPackages(missing, system.routed ? lowest : undefined),
      ...strangeArchitectures(local.packages, readiness.architectures),
      ...("code" in target
        ? [target]
        : [
            ...preflight(system.checks, ready, { args, target, editions: system.editions }),
            ...routeFindings(route, contextOf(target)),
            ...recipientFindings(target, observation, contacted),
          ]),
    ],
    unchecked: uncheckedBy(system.checks, readiness),
    notes:
      "code" in target ? [] : [...unverified(contextOf(target), route, local), ...notesOn(target, input, observation)],
    ...("code" in target ? {} : { step: stepTo(input, target, lowest, local.packages) }),
  };
}

function stepTo(
  { system, args }: UpgradeInput,
  target: Target,
  from: Version | undefined,
  packages: readonly RpmPackage[],
): Step {
  return {
    unit: new URL(args.endpoints[0] ?? "").host,
    from: from ? formatVersion(from) : "",
    to: versionOf(target),
    method: "POST",
    path: system.path,
    item: system.body(args, target),
    // Includes packages that are uploaded by now: an upload does not change the plan.
    uploads: packages.map((pkg) => ({ name: packageName(pkg), sha256: pkg.sha256 })),
  };
}

/** `4.3.5.2-102000042025031214` */
function versionOf({ version, release }: Target): string {
  return `${version}-${release.split(".")[0]}`;
}

function uploadsLine(count: number, listed: boolean): string {
  if (count === 0) return "";
  const packages = counted(count, "package");
  return listed ? `, after uploading ${packages}` : `, after uploading those of ${packages} that the agents lack`;
}

/** Warnings that do not block the request. */
function notesOn(
  target: Target,
  { system, args, constraint }: UpgradeInput,
  observation: ClusterObservation,
): string[] {
  const wanted = { version: args.version, release: args.release, constraint };
  const incomplete = incompleteAbove(target, wanted, available(observation), requirementOf(system, observation)).map(
    (newer) =>
      `${newer.target.version}-${newer.target.release} is newer, but incomplete, so ${target.version}-${target.release} was chosen; not uploaded: ${newer.missing.join(", ")}.`,
  );
  const unused = observation.outside.map(withoutCluster).map(({ message, remedy }) => sentences(message, remedy));
  return [...incomplete, ...unused, ...(system.notes?.(observation.readiness, args) ?? [])];
}

/** Servers without a package list: only the request itself shows whether a package that is not local was uploaded. */
function unverified(context: PathContext, route: Route | undefined, { packages }: LocalPackages): string[] {
  const { target, editions, ready } = context;
  if (ready.listed) return [];
  const local = packages.map(asUploaded);
  const known = ready.architectures.length > 0 ? ready.architectures : architecturesOf(local);
  const required = { editions, architectures: known.length > 0 ? known : ["<architecture>"] };
  const files = [...missingPackages(target, local, required), ...unverifiedOnPath(route, context)];
  if (files.length === 0) return [];
  const verb = files.length === 1 ? "the package is" : "the packages are";
  return [
    `Cannot verify that ${verb} uploaded, because agents before 4.3.0.0 cannot list their packages: ${files.join(", ")}.`,
  ];
}

/** Local packages that the servers do not have. */
export function missingOnServers({ local, sent, readiness }: ClusterObservation): RpmPackage[] {
  const there = [...(readiness.uploaded ?? []), ...sent];
  return local.packages.filter((pkg) => !sameAsUploaded(pkg, there));
}

/** Packages that the servers have, or will have before the request, newest first; undefined when neither is known. */
function available(observation: Pick<ClusterObservation, "readiness" | "local">): UploadedPackage[] | undefined {
  const { uploaded } = observation.readiness;
  const { packages } = observation.local;
  if (uploaded === undefined && packages.length === 0) return undefined;
  const coming = packages.filter((pkg) => !sameAsUploaded(pkg, uploaded ?? []));
  return [...coming.map(asUploaded).reverse(), ...(uploaded ?? [])];
}

/** The first server that installs a current version that is a barrier only once. */
const START_ONCE: Version = { parts: [4n, 4n, 1n, 0n] };
/** The first server that reads rules written as a single value. */
const SINGLE_VALUES: Version = { parts: [4n, 2n, 6n, 0n] };

function pathTo(
  target: Target,
  from: Version | undefined,
  { paths, readiness }: Pick<ClusterObservation, "paths" | "readiness">,
): Route | undefined {
  if (paths?.kind !== "known" || from === undefined) return undefined;
  const habits = {
    repeatsStart: recipientIsBefore(readiness, START_ONCE),
    readsSingleValues: !recipientIsBefore(readiness, SINGLE_VALUES),
  };
  const start = { version: formatParts(from), build: String(from.build ?? "") };
  const end = { version: target.version, build: target.release.split(".")[0] ?? "" };
  return findRoute(paths.nodes, start, end, habits);
}

/** `4.2.1.8 → 4.2.5.1 (package required) → 4.3.5.2`; with builds where only they differ. */
function lineOf(
  from: Version | undefined,
  target: Target | undefined,
  { pinned, paths, route }: { pinned: string; paths: UpgradePaths | undefined; route: Route | undefined },
): string {
  if (from === undefined) return pinned;
  if (target === undefined) return `${formatParts(from)} → ${pinned}`;
  if (formatParts(from) === target.version) return `${formatVersion(from)} → ${target.version}-${target.release}`;
  const between = route?.kind === "route" ? route.steps.slice(0, -1) : [];
  const unread = paths?.kind === "unread" ? " (upgrade path unknown)" : "";
  const stops = between.map(
    ({ version, build }) => `${build === undefined ? version : `${version}-${build}`} (package required)`,
  );
  return [formatParts(from), ...stops, `${target.version}${unread}`].join(" → ");
}

/**
 * obshell compares the target version with the called agent or the observer beside it only. While an upgrade holds the
 * lock, its task shows what may be done.
 */
function recipientFindings(
  target: Target,
  { members, running, readiness: { upgrading, agents } }: ClusterObservation,
  contacted: readonly Agent[],
): Finding[] {
  const recipient = recipientOf(contacted, members, running);
  const end = packageVersion(target);
  if (upgrading || recipient === undefined || end === undefined) return [];
  const outdated = new Set(members.filter(({ version }) => compareVersions(version, end) < 0).map(({ name }) => name));
  const beside = running.filter(({ agent }) => agent === recipient.address);
  if (beside.length === 0 || beside.some(({ name }) => outdated.has(name))) return [];
  const reached = running.filter(({ agent }) => contacted.some(({ address }) => address === agent));
  // An observer may have no agent.
  const needed = running.flatMap(({ name, agent }) => (outdated.has(name) && agents.includes(agent) ? [agent] : []));
  if (needed.length === 0) return [];
  return [
    {
      code: "outdated-agents-not-named",
      message: `No agent in \`endpoints\` accepts this upgrade: each compares the target version with its own member only, and these members already have it or a later one: ${reached.map(({ name }) => name).join(", ")}.`,
      remedy: `Add an agent of an outdated member to \`endpoints\`: ${needed.join(", ")}. If it is listed, make sure that it responds.`,
    },
  ];
}

function directoryFindings(directory: string | undefined, contacted: readonly Agent[]): Finding[] {
  if (directory === undefined) return [];
  return [...new Set(contacted.map(({ info }) => info.homePath))]
    .filter((home) => endangers(directory, home))
    .map((home) => ({
      code: "upgrade-dir-is-home",
      property: "upgradeDir",
      message: `${directory} contains or is inside the agents' home ${home}, and a rollback deletes it.`,
      remedy: 'Use a dedicated directory, such as "/data/obshell-upgrade", or leave `upgradeDir` out.',
    }));
}
