import type { Finding } from "../core/pin";
import { formatParts, type Version } from "../core/version";
import { type Edition, editionOf, type Target } from "./packages";
import type { Readiness } from "./preflight";
import type { Route, Step } from "./route";
import type { UploadedPackage } from "./schema";

export interface Journey {
  readonly target: Target;
  readonly from: Version | undefined;
  readonly ready: Readiness;
  readonly editions: readonly Edition[];
}

/** What the list of ways says against an upgrade. Pure. */
export function routeFindings(route: Route | undefined, journey: Journey): Finding[] {
  if (route === undefined) return [];
  const { target, from } = journey;
  const start = from === undefined ? "" : formatParts(from);
  switch (route.kind) {
    case "unknown-start":
      return [noRoute(target, `does not know ${start}, which runs now`)];
    case "no-way":
      return [noRoute(target, `has no way there from ${start}, which runs now`)];
    case "deprecated":
      return [
        {
          code: "target-deprecated",
          property: "version",
          message: `${target.version} is deprecated by its own package; obshell does not upgrade to it.`,
          remedy: "Pin a later version.",
        },
      ];
    case "route":
      return stepFindings(route.steps.slice(0, -1), journey);
  }
}

function noRoute({ version }: Target, why: string): Finding {
  return {
    code: "no-route",
    message: `The package of ${version} ${why}.`,
    remedy: "Pin a version first that both can be reached from and lead on; raise the pin to this one afterwards.",
  };
}

function stepFindings(steps: readonly Step[], journey: Journey): Finding[] {
  const { target, ready, editions } = journey;
  const lost = steps.filter(({ build, deprecated }) => build === undefined && deprecated.length > 0);
  if (lost.length > 0) return lost.map((step) => unfindable(step, target));
  const { uploaded } = ready;
  if (uploaded === undefined) return [];
  const names = editionOf(target, uploaded, editions);
  const missing = steps.flatMap((step) =>
    architecturesOf(target, ready).flatMap((architecture) =>
      names.flatMap((name) => missingName({ name, architecture, step }, target, uploaded)),
    ),
  );
  if (missing.length === 0) return [];
  const versions = steps.map(({ version }) => version).join(" and ");
  return [
    {
      code: "package-missing-on-the-way",
      message: `The way to ${target.version} leads over ${versions}; these packages are not uploaded: ${missing.join(", ")}.`,
      remedy: "Name their files in `packages`, or upload them with POST /api/v1/upgrade/package.",
    },
  ];
}

/** Agents before 4.2.6.0 do not tell theirs: then those that the target is there for. */
function architecturesOf({ version, release }: Target, { architectures, uploaded = [] }: Readiness): readonly string[] {
  if (architectures.length > 0) return architectures;
  const targets = uploaded.filter((pkg) => pkg.version === version && pkg.release_distribution === release);
  return [...new Set(targets.map(({ architecture }) => architecture))];
}

/** Its file name, when a package of a step is not uploaded. The build may be any. */
function missingName(
  { name, architecture, step }: { readonly name: string; readonly architecture: string; readonly step: Step },
  { release }: Target,
  uploaded: readonly UploadedPackage[],
): string[] {
  const distribution = release.split(".").at(-1) ?? "";
  const isThere = uploaded.some(
    (pkg) =>
      pkg.name === name &&
      pkg.architecture === architecture &&
      pkg.version === step.version &&
      fits(pkg.release_distribution, step, distribution),
  );
  return isThere ? [] : [`${name}-${step.version}-${step.build ?? "<build>"}.${distribution}.${architecture}.rpm`];
}

/** Of a version without a build, obshell takes the newest package of the target's distribution. */
function fits(release: string, { build }: Step, distribution: string): boolean {
  const [own, dist] = release.split(".");
  return dist === distribution && (build === undefined || own === build);
}

function unfindable({ version, deprecated }: Step, target: Target): Finding {
  return {
    code: "package-unfindable",
    message: `The way to ${target.version} leads over ${version}, and obshell finds no package of it, whatever is uploaded, since some builds of it are deprecated (${deprecated.join(", ")}).`,
    remedy: `Pin ${version} first, with its \`release\`, and raise the pin to ${target.version} afterwards.`,
  };
}
