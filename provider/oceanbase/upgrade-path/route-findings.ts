import type { Finding } from "../../core/unit";
import { formatParts, type Version } from "../../core/version";
import type { UploadedPackage } from "../agent/schema";
import { architecturesOf, type Edition, editionOf, isOf, type Target } from "../packages/packages";
import type { Readiness } from "../preflight";
import type { Route, Step } from "./route";

export interface PathContext {
  readonly target: Target;
  readonly from: Version | undefined;
  readonly ready: Readiness;
  readonly editions: readonly Edition[];
}

/** Findings from the list of upgrade paths. Pure. */
export function routeFindings(route: Route | undefined, context: PathContext): Finding[] {
  if (route === undefined) return [];
  const { target, from } = context;
  const version = context.ready.agentVersion?.split("-")[0];
  const start = from === undefined ? "" : formatParts(from);
  switch (route.kind) {
    case "unknown-start":
      return [noRoute(target, `does not list the current version ${start}`)];
    case "no-way":
      return [noRoute(target, `has no upgrade path from the current version ${start}`)];
    case "unreadable":
      return [
        {
          code: "list-unreadable",
          message: `The agents (obshell ${version}) cannot read the list of upgrade paths in the package of ${target.version}, which has \`require_from_binary\` as a single value; they would reject the upgrade.`,
          remedy: "Upgrade the agents to 4.2.6.0 or later first, with `oceanbase.AgentVersion`.",
        },
      ];
    case "deprecated":
      return [
        {
          code: "target-deprecated",
          property: "version",
          message: `${target.version} is deprecated by its own package; obshell does not upgrade to it.`,
          remedy: "Choose a later version.",
        },
      ];
    case "route":
      return stepFindings(route.steps.slice(0, -1), context);
  }
}

function noRoute({ version }: Target, why: string): Finding {
  return {
    code: "no-route",
    message: `The package of ${version} ${why}.`,
    remedy: "Upgrade to an intermediate version first, then to this one.",
  };
}

function stepFindings(steps: readonly Step[], aim: PathContext): Finding[] {
  const lost = steps.filter(({ build, deprecated }) => build === undefined && deprecated.length > 0);
  if (lost.length > 0) return lost.map((step) => unfindable(step, aim.target));
  if (!aim.ready.listed) return [];
  const needs = needsOf(steps, aim);
  const missing = needs.filter(({ found }) => found === undefined);
  return missing.length > 0 ? [missingOnPath(missing, aim)] : mixedBuilds(needs, aim.target);
}

/** Packages that the path requires and that are not local, if the servers do not list theirs. */
export function unverifiedOnPath(route: Route | undefined, goal: PathContext): string[] {
  if (route?.kind !== "route" || goal.ready.listed) return [];
  return needsOf(route.steps.slice(0, -1), goal)
    .filter(({ found }) => found === undefined)
    .map((need) => fileOf(need, goal.target));
}

function needsOf(steps: readonly Step[], journey: PathContext): Need[] {
  const { target, ready, editions } = journey;
  const { uploaded } = ready;
  if (uploaded === undefined) return [];
  const names = editionOf(target, uploaded, editions);
  const architectures =
    ready.architectures.length > 0 ? ready.architectures : architecturesOf(uploaded.filter((pkg) => isOf(pkg, target)));
  return steps.flatMap((step) =>
    architectures.flatMap((architecture) =>
      names.map((name) => ({ step, name, architecture, found: findFor(step, name, architecture, journey) })),
    ),
  );
}

/** One package that a step requires. */
interface Need {
  readonly step: Step;
  readonly name: string;
  readonly architecture: string;
  readonly found: UploadedPackage | undefined;
}

/** What obshell uses: of the matching packages, the one uploaded last. */
function findFor(
  step: Step,
  name: string,
  architecture: string,
  { target, ready: { uploaded = [] } }: PathContext,
): UploadedPackage | undefined {
  return uploaded.find(
    (pkg) =>
      pkg.name === name &&
      pkg.architecture === architecture &&
      pkg.version === step.version &&
      fits(pkg.release_distribution, step, distributionOf(target)),
  );
}

function distributionOf({ release }: Target): string {
  return release.split(".").at(-1) ?? "";
}

function fileOf({ step, name, architecture }: Need, target: Target): string {
  return `${name}-${step.version}-${step.build ?? "<build>"}.${distributionOf(target)}.${architecture}.rpm`;
}

function missingOnPath(missing: readonly Need[], { target }: PathContext): Finding {
  const versions = [...new Set(missing.map(({ step }) => step.version))].join(" and ");
  const files = missing.map((need) => fileOf(need, target));
  return {
    code: "package-missing-on-the-way",
    message: `Upgrading to ${target.version} requires ${versions} first; these packages are not uploaded: ${files.join(", ")}.`,
    remedy: "Add their files to `packages`, or upload them with POST /api/v1/upgrade/package.",
  };
}

/** For a version without a build, obshell uses the newest of each package separately, even if their builds differ. */
function mixedBuilds(needs: readonly Need[], target: Target): Finding[] {
  const steps = [...new Set(needs.map(({ step }) => step))].filter(({ build }) => build === undefined);
  return steps.flatMap((step) => {
    const taken = needs.flatMap((need) => (need.step === step && need.found ? [need.found] : []));
    if (new Set(taken.map((pkg) => pkg.release_distribution)).size <= 1) return [];
    const files = taken.map((pkg) => `${pkg.name}-${pkg.version}-${pkg.release_distribution}.${pkg.architecture}.rpm`);
    return [
      {
        code: "package-set-mixed",
        message: `Upgrading to ${target.version} requires ${step.version} first, but its newest uploaded packages are of different builds: ${files.join(", ")}.`,
        remedy: `Upload all packages of one build again with POST /api/v1/upgrade/package, because obshell uses the last upload; or upgrade to ${step.version} first, with its \`release\`.`,
      },
    ];
  });
}

/** For a version without a build, obshell uses the newest package of the target's distribution. */
function fits(release: string, { build }: Step, distribution: string): boolean {
  const [own, dist] = release.split(".");
  return dist === distribution && (build === undefined || own === build);
}

function unfindable({ version, deprecated }: Step, target: Target): Finding {
  return {
    code: "package-unfindable",
    message: `Upgrading to ${target.version} requires ${version} first, but obshell cannot find its package, even if it is uploaded, because some of its builds are deprecated (${deprecated.join(", ")}).`,
    remedy: `Upgrade to ${version} first, with its \`release\`, then to ${target.version}.`,
  };
}
