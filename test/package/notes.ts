/** What must agree before a version is released. */
export interface Candidate {
  /** Of the commit: `v0.2.0`. Undefined for a dry run. */
  readonly tag: string | undefined;
  /** Of `package.json`. */
  readonly version: string;
  readonly changelog: string;
  /** Versions whose state is recorded in `test/releases/`. */
  readonly recorded: readonly string[];
  /** `repository` of `package.json`, and the one that builds the release: `owner/name`. */
  readonly repository: { readonly declared: string; readonly actual: string | undefined };
}

/** The lines below the heading of a version. Undefined when the changelog has no such heading. */
export function sectionOf(changelog: string, heading: string): string | undefined {
  const [, ...sections] = changelog.split(/^## /m);
  const section = sections.find((text) => text.split("\n")[0]?.trim() === heading);
  return section?.split("\n").slice(1).join("\n").trim();
}

/** What prevents the release of a version, as sentences. A dry run requires only the section of the changelog. */
export function problemsOf({ tag, version, changelog, recorded, repository }: Candidate): string[] {
  const problems: string[] = [];
  if (!sectionOf(changelog, version)) problems.push(`CHANGELOG.md has no text under "## ${version}".`);
  if (tag === undefined) return problems;
  if (tag !== `v${version}`) problems.push(`The tag is ${tag}, and package.json has the version ${version}.`);
  if (sectionOf(changelog, "Unreleased")) {
    problems.push(`CHANGELOG.md still has text under "## Unreleased". Move it under "## ${version}".`);
  }
  if (!recorded.includes(version)) {
    problems.push(`test/releases/${version} is missing. Run \`npx tsx test/releases/record.ts ${version}\`.`);
  }
  const { declared, actual } = repository;
  if (actual !== undefined && !isRepository(declared, actual)) {
    problems.push(`"repository" in package.json is "${declared}", not ${actual}: npm refuses the provenance.`);
  }
  return problems;
}

/** Whether an address such as `git+https://github.com/owner/name.git` is that of `owner/name`. */
function isRepository(address: string, name: string): boolean {
  const path = address.replace(/\.git$/, "");
  return path.endsWith(`/${name}`) || path.endsWith(`:${name}`);
}
