import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type Candidate, problemsOf, sectionOf } from "./notes";
import { ROOT } from "./packed";

const CHANGELOG = `# Changelog

Versions follow semantic versioning.

## Unreleased

## 0.2.0

### Added

- A line.

## 0.1.0

The first version.
`;

const READY: Candidate = {
  tag: "v0.2.0",
  version: "0.2.0",
  changelog: CHANGELOG,
  recorded: ["0.1.0", "0.2.0"],
  repository: { declared: "git+https://github.com/owner/name.git", actual: "owner/name" },
};

describe("the notes of a release", () => {
  it("are the changelog section of its version", () => {
    expect(sectionOf(CHANGELOG, "0.2.0")).toBe("### Added\n\n- A line.");
    expect(sectionOf(CHANGELOG, "0.1.0")).toBe("The first version.");
    expect(sectionOf(CHANGELOG, "Unreleased")).toBe("");
    expect(sectionOf(CHANGELOG, "0.1")).toBeUndefined();
  });

  it("require that tag, manifest, changelog, recorded state and repository agree", () => {
    expect(problemsOf(READY)).toEqual([]);
    const cases: [Partial<Candidate>, RegExp][] = [
      [{ tag: "v0.2.1" }, /^The tag is v0\.2\.1, and package\.json has the version 0\.2\.0\.$/],
      [{ tag: "0.2.0" }, /^The tag is 0\.2\.0/],
      [
        { changelog: CHANGELOG.replace("## 0.2.0\n\n### Added\n\n- A line.\n", "## 0.2.0\n") },
        /no text under "## 0\.2\.0"/,
      ],
      [{ changelog: CHANGELOG.replace("## Unreleased\n", "## Unreleased\n\n- Late.\n") }, /still has text/],
      [{ recorded: ["0.1.0"] }, /^test\/releases\/0\.2\.0 is missing/],
      [{ repository: { declared: "", actual: "owner/name" } }, /^"repository" in package\.json is "", not owner\/name/],
      [{ repository: { declared: "https://github.com/other/owner-name", actual: "owner/name" } }, /^"repository"/],
    ];
    for (const [change, problem] of cases) {
      expect(problemsOf({ ...READY, ...change })).toEqual([expect.stringMatching(problem)]);
    }
  });

  it("require only the changelog section for a dry run", () => {
    const dry: Candidate = {
      ...READY,
      tag: undefined,
      recorded: [],
      repository: { declared: "", actual: "owner/name" },
    };
    expect(problemsOf(dry)).toEqual([]);
    expect(problemsOf({ ...dry, version: "0.3.0" })).toHaveLength(1);
  });
});

describe("npm run release", { timeout: 90_000, tags: ["long"] }, () => {
  it("writes the tarball, two bills of materials, the checksums of all three, and the notes", async () => {
    const out = await mkdtemp(join(tmpdir(), "release-"));
    try {
      await promisify(execFile)("npm", ["run", "release", "--", "--out", out], { cwd: ROOT });
      const read = (name: string) => readFile(join(out, name), "utf8");
      const { version, dependencies } = z
        .looseObject({ version: z.string(), dependencies: z.record(z.string(), z.string()) })
        .parse(JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")));
      const name = `pulumi-dbversion-${version}`;
      const files = [`${name}.cyclonedx.json`, `${name}.spdx.json`, `${name}.tgz`];
      expect((await readdir(out)).sort()).toEqual(["SHA256SUMS", "notes.md", ...files]);
      const sums = (await read("SHA256SUMS")).trim().split("\n").sort();
      const actual = await Promise.all(
        files.map(async (file) => {
          const hash = createHash("sha256").update(await readFile(join(out, file)));
          return `${hash.digest("hex")}  ${file}`;
        }),
      );
      expect(sums).toEqual(actual.sort());
      const cyclonedx = z
        .looseObject({ components: z.array(z.looseObject({ name: z.string(), version: z.string() })) })
        .parse(JSON.parse(await read(`${name}.cyclonedx.json`)));
      const spdx = z
        .looseObject({ packages: z.array(z.looseObject({ name: z.string(), versionInfo: z.string() })) })
        .parse(JSON.parse(await read(`${name}.spdx.json`)));
      const listed = new Map(cyclonedx.components.map((each) => [each.name, each.version]));
      const packages = new Map(spdx.packages.map((each) => [each.name, each.versionInfo]));
      for (const [dependency, pinned] of Object.entries(dependencies)) {
        expect([listed.get(dependency), packages.get(dependency)]).toEqual([pinned, pinned]);
      }
      expect([...listed.keys()]).not.toContain("vitest");
      expect(listed.size).toBeLessThan(10);
    } finally {
      await rm(out, { recursive: true, force: true });
    }
  });
});
