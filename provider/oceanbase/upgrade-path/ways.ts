import type { UploadedPackage } from "../agent/schema";
import type { LocalPackages } from "../packages/local-packages";
import type { Edition, Target } from "../packages/packages";
import type { Receipt } from "../packages/upload";
import type { DependencyLists, Ways } from "./dependency-lists";

/** Where a list of ways may be found. */
export interface Sources {
  readonly observation: {
    readonly readiness: { readonly uploaded: readonly UploadedPackage[] | undefined };
    readonly local: LocalPackages;
  };
  /** What was uploaded just now, with what the server said. */
  readonly receipts: readonly Receipt[];
  readonly lists: DependencyLists;
  /** Milliseconds that unpacking may take. */
  readonly patience: number | undefined;
}

/**
 * The ways to a target, from its main package: as an upload answered it or the server lists it, else from the local file.
 * @returns undefined when none of them has it
 */
export async function waysTo(
  target: Target,
  editions: readonly Edition[],
  { observation, receipts, lists, patience }: Sources,
): Promise<Ways | undefined> {
  const isMain = (name: string) => editions.some(([main]) => main === name);
  const uploaded = [...receipts, ...(observation.readiness.uploaded ?? [])].filter(
    (pkg) => isMain(pkg.name) && pkg.version === target.version && pkg.release_distribution === target.release,
  );
  const text = uploaded.map(textOf).find((found) => found !== undefined);
  if (text !== undefined) return lists.fromText(text);
  const file = observation.local.packages.find(
    (pkg) => isMain(pkg.name) && pkg.version === target.version && pkg.release === target.release,
  );
  return file && lists.fromPackage(file, patience);
}

function textOf(pkg: Receipt): string | undefined {
  return pkg.upgradeDepYaml || pkg.upgrade_dep_yaml || undefined;
}
