import type { RouteStep } from "./route";
import type { Architecture, ClusterState, DagState, Edition, PackageState } from "./state";
import { splitBuildVersion } from "./version";

/** Packages that every step of an OB upgrade needs, main package first (OBShell facts §4.4). */
export const REQUIRED: Readonly<Record<Edition, readonly string[]>> = {
  community: ["oceanbase-ce", "oceanbase-ce-libs"],
  business: ["oceanbase"],
  standalone: ["oceanbase-standalone"],
};

/** Accepted for every edition, and stored without checks of release, version or files. */
export const DIAGNOSTIC_TOOL = "oceanbase-diagnostic-tool";

/** Further names that an upload may have. */
export const UPLOADABLE: Readonly<Record<Edition, readonly string[]>> = {
  community: ["obshell", ...REQUIRED.community],
  business: ["obshell", ...REQUIRED.business],
  standalone: ["obshell", ...REQUIRED.standalone],
};

export function architecturesOf(state: ClusterState): readonly Architecture[] {
  return [...new Set(state.agents.map((agent) => agent.architecture))];
}

export interface PackageQuery {
  readonly name: string;
  readonly version: string;
  readonly release: string;
  readonly architecture: string;
}

export function rpmName({ name, version, release, architecture }: PackageQuery): string {
  return `${name}-${version}-${release}.${architecture}.rpm`;
}

/** Every upload adds a copy; look-ups take the newest. */
export function findPackage(state: ClusterState, query: PackageQuery): PackageState | undefined {
  return state.packages.findLast(
    (candidate) =>
      candidate.name === query.name &&
      candidate.version === query.version &&
      candidate.release === query.release &&
      candidate.architecture === query.architecture,
  );
}

/** Names of the packages that a route needs and that are not uploaded. */
export function missingForRoute(state: ClusterState, route: readonly RouteStep[], dist: string): readonly string[] {
  return route.flatMap((step) =>
    architecturesOf(state).flatMap((architecture) =>
      REQUIRED[state.edition].flatMap((name) => missingStep(state, step, { name, dist, architecture })),
    ),
  );
}

/** A step without a build takes the newest package of its version. */
function missingStep(
  state: ClusterState,
  { version, build, unfindable }: RouteStep,
  { name, dist, architecture }: { readonly name: string; readonly dist: string; readonly architecture: Architecture },
): readonly string[] {
  if (build !== "") {
    const query = { name, version, release: `${build}.${dist}`, architecture };
    return findPackage(state, query) === undefined ? [rpmName(query)] : [];
  }
  const found = state.packages.some(
    (one) =>
      one.name === name &&
      one.version === version &&
      one.architecture === architecture &&
      one.release.endsWith(`.${dist}`),
  );
  return found && !unfindable ? [] : [`${name}-${version}-\${release}.${dist}.${architecture}.rpm`];
}

export function missingAgentPackages(state: ClusterState, version: string, release: string): readonly string[] {
  return architecturesOf(state)
    .map((architecture) => ({ name: "obshell", version, release, architecture }))
    .filter((query) => findPackage(state, query) === undefined)
    .map(rpmName);
}

/** Packages that passed the call's check can be found. */
function stepOf(text: string): RouteStep {
  return { ...splitBuildVersion(text), unfindable: false };
}

/** What the stage "Download all required packages" would not find. */
export function missingPackages(state: ClusterState, dag: DagState): readonly string[] {
  if (dag.target === null) return [];
  const { version, build, dist, route } = dag.target;
  return dag.kind === "agentUpgrade" || dag.kind === "agentCheck"
    ? missingAgentPackages(state, version, `${build}.${dist}`)
    : missingForRoute(state, route.map(stepOf), dist);
}
