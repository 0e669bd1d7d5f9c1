import { UpgradeError } from "../../core/errors";
import type { Finding } from "../../core/unit";
import type { UploadedPackage } from "../agent/schema";
import { packageName } from "./package-stream";
import { type RpmPackage, readRpm } from "./rpm";

/** The local package files of a resource: those that can be uploaded, and findings about the others. */
export interface LocalPackages {
  readonly packages: readonly RpmPackage[];
  readonly findings: readonly Finding[];
}

/** Reads headers and checksums of local RPM files, one after another. An unusable file becomes a finding. */
export async function readLocalPackages(paths: readonly string[]): Promise<LocalPackages> {
  const packages: RpmPackage[] = [];
  const findings: Finding[] = [];
  for (const path of new Set(paths)) {
    try {
      packages.push(await readRpm(path));
    } catch (error) {
      if (!(error instanceof UpgradeError)) throw error;
      const { message, remedy = "Use a file that obshell accepts." } = error;
      findings.push({ code: "unusable-package", property: "packages", message, remedy });
    }
  }
  return { packages, findings };
}

/** Packages for an architecture that no server of the cluster has. */
export function strangeArchitectures(packages: readonly RpmPackage[], architectures: readonly string[]): Finding[] {
  if (architectures.length === 0) return [];
  return packages
    .filter(({ architecture }) => !architectures.includes(architecture))
    .map((pkg) => ({
      code: "strange-architecture",
      property: "packages",
      message: `${packageName(pkg)} is for ${pkg.architecture}, but the cluster runs on ${architectures.join(", ")}.`,
      remedy: "Use the package for the cluster's architecture.",
    }));
}

/** As the servers would list it. */
export function asUploaded({ name, version, release, architecture }: RpmPackage): UploadedPackage {
  return { name, version, release_distribution: release, architecture };
}
