import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { dirname, join, normalize } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { localLinksOf } from "../docs/pages";
import { install, type Packed, type Project, pack, ROOT } from "./packed";

const PAPERS = ["CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md", "package.json"];
const EXAMPLES = ["fleet", "oceanbase", "quickstart", "redis-enterprise", "taurusdb"];

let packed: Packed;
let project: Project;

beforeAll(async () => {
  packed = await pack();
  project = await install(packed);
});
afterAll(async () => {
  await project?.close();
  await packed?.close();
});

/** What a file imports or requires by a fixed name; what is loaded from the SDK of the running process does not count. */
function specifiersOf(text: string): string[] {
  return ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
}

/** `@scope/name` out of `@scope/name/path`. */
function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

const analysis = z.looseObject({
  analysis: z.looseObject({ problems: z.array(z.unknown()), entrypoints: z.record(z.string(), z.unknown()) }),
});

/** The problems that "are the types wrong?" finds, and the entry points that it looked at. */
async function attw(): Promise<{ problems: readonly unknown[]; entrypoints: string[] }> {
  const cli = createRequire(join(ROOT, "package.json")).resolve("@arethetypeswrong/cli/package.json");
  const bin = join(dirname(cli), "dist", "index.js");
  const output = await new Promise<string>((resolve) => {
    // It ends with an error when it finds problems; they are in its output.
    execFile(process.execPath, [bin, packed.tarball, "--format", "json"], (_, stdout) => resolve(stdout));
  });
  const { problems, entrypoints } = analysis.parse(JSON.parse(output)).analysis;
  return { problems, entrypoints: Object.keys(entrypoints).sort() };
}

describe("the packed package", { timeout: 90_000 }, () => {
  it("holds the built code with its types, the documentation, the examples, the licence, and nothing else", () => {
    const papers = packed.files.filter((path) => !path.includes("/"));
    expect(papers).toEqual([...PAPERS].sort());
    const known = [
      /^dist\/(sdk|provider|simulators)\/.*(\.js|\.d\.ts)$/,
      /^docs\/([a-z]+\/)?[\w-]+\.md$/,
      /^examples\/(fleet|oceanbase|quickstart|redis-enterprise|taurusdb)\/[\w.]+(\.ts|\.mjs|\.json|\.yaml|\.md)$/,
    ];
    const strange = packed.files.filter((path) => path.includes("/") && !known.some((one) => one.test(path)));
    expect(strange).toEqual([]);
    expect(packed.files.filter((path) => /^examples\/.*(lock|node_modules|Pulumi\.\w+\.yaml)/.test(path))).toEqual([]);
  });

  it("has every page of the documentation, and each example as a project that can be copied", () => {
    const pages = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" });
    const missing = pages.filter((name) => name.endsWith(".md") && !packed.files.includes(`docs/${name}`));
    expect(missing).toEqual([]);
    for (const name of EXAMPLES) {
      const whole = ["index.ts", "package.json", "Pulumi.yaml", "README.md", "tsconfig.json"];
      expect(packed.files).toEqual(expect.arrayContaining(whole.map((file) => `examples/${name}/${file}`)));
    }
  });

  it("has what every relative link of its pages leads to", () => {
    const pages = packed.files.filter((path) => path.endsWith(".md"));
    expect(pages.length).toBeGreaterThan(25);
    const links = pages.flatMap((path) =>
      localLinksOf({ path, text: readFileSync(join(project.installed, path), "utf8") }).map((target) => ({
        path,
        target,
      })),
    );
    expect(links.length).toBeGreaterThan(150);
    const broken = links.filter(({ path, target }) => {
      const [file = ""] = target.split("#");
      return file !== "" && !packed.files.includes(normalize(join(dirname(path), file)));
    });
    expect(broken).toEqual([]);
  });

  it("has every module of the sources, each with its types", () => {
    const built = packed.files.filter((path) => path.endsWith(".js")).map((path) => path.slice(0, -".js".length));
    expect(built.length).toBeGreaterThan(20);
    expect(built.filter((path) => !packed.files.includes(`${path}.d.ts`))).toEqual([]);
    const sources = built.map(
      (path) => `${path.replace(/^dist\/(?=simulators\/)/, "test/").replace(/^dist\//, "")}.ts`,
    );
    expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it("has of the simulators what a test of a stack and the command line need, and not their own tests", () => {
    const simulators = packed.files.filter((path) => path.startsWith("dist/simulators/"));
    expect(simulators).toEqual(expect.arrayContaining(["dist/simulators/index.d.ts", "dist/simulators/simulate.js"]));
    expect(simulators.filter((path) => /\/trial\.|\.test\./.test(path))).toEqual([]);
  });

  it("is small: what is downloaded, what is installed, how much of it are simulators, and how much is there to read", () => {
    const kilobytes = (bytes: number) => bytes / 1_000;
    expect(kilobytes(packed.size)).toBeLessThan(850);
    expect(kilobytes(packed.unpackedSize)).toBeLessThan(3_000);
    const sizeOf = (path: string) => readFileSync(join(project.installed, path)).byteLength;
    const simulators = packed.files.filter((path) => path.startsWith("dist/simulators/")).map(sizeOf);
    expect(kilobytes(simulators.reduce((sum, size) => sum + size, 0))).toBeLessThan(1_000);
    const papers = packed.files.filter((path) => !path.startsWith("dist/")).map(sizeOf);
    expect(kilobytes(papers.reduce((sum, size) => sum + size, 0))).toBeLessThan(420);
  });

  it("has one command, which Node can run", () => {
    expect(project.manifest.bin).toEqual({ "pulumi-dbversion": "dist/sdk/cli/main.js" });
    expect(readFileSync(join(project.installed, "dist/sdk/cli/main.js"), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it("names no file that is not in it as its source map", () => {
    const code = packed.files.filter((path) => path.endsWith(".js"));
    const mapped = code.filter((path) =>
      readFileSync(join(project.installed, path), "utf8").includes("sourceMappingURL"),
    );
    expect(mapped).toEqual([]);
  });

  it("declares exactly the packages that its code and its types need", () => {
    const { name, dependencies, peerDependencies } = project.manifest;
    const needed = new Set(
      packed.files
        .filter((path) => /\.(js|d\.ts)$/.test(path))
        .flatMap((path) => specifiersOf(readFileSync(join(project.installed, path), "utf8")))
        .filter((specifier) => !specifier.startsWith(".") && !isBuiltin(specifier))
        .map(packageOf),
    );
    needed.delete(name);
    expect([...needed].sort()).toEqual(Object.keys({ ...dependencies, ...peerDependencies }).sort());
    expect(Object.keys(peerDependencies)).toEqual(["@pulumi/pulumi"]);
  });

  it("asks Pulumi for no plugin", () => {
    expect(project.manifest["pulumi"]).toEqual({ resource: false });
  });

  it("has nothing that publint would report", async () => {
    const { messages, pkg } = await publint({ pkgDir: project.installed, pack: false, level: "suggestion" });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it("has the right types at every entry point, under every module resolution that reads `exports`", async () => {
    // Without `exports` there are no paths: the provider process finds ./provider by Node's own resolution, and
    // ./simulators asks for a `moduleResolution` of this decade.
    const { problems, entrypoints } = await attw();
    expect(entrypoints).toEqual([".", "./package.json", "./provider", "./simulators"]);
    expect(problems).toEqual(
      ["./provider", "./simulators"].map((entrypoint) =>
        expect.objectContaining({ kind: "NoResolution", entrypoint, resolutionKind: "node10" }),
      ),
    );
  });
});

/** Findings of knip about one file, by kind. */
const issue = z.looseObject({ file: z.string() });
const named = z.array(z.looseObject({ name: z.string() }));

it("has no file, export, type or dependency that nothing uses", { timeout: 120_000 }, async () => {
  const cli = createRequire(join(ROOT, "package.json")).resolve("knip");
  const bin = join(dirname(cli), "..", "bin", "knip.js");
  const settings = join(__dirname, "knip.json");
  const output = await new Promise<string>((resolve, reject) => {
    const args = [bin, "--config", settings, "--reporter", "json", "--no-progress", "--no-config-hints"];
    // It ends with 1 when it finds something, which is in its output.
    execFile(process.execPath, args, { cwd: ROOT, maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      error !== null && error.code !== 1 ? reject(new Error(stderr)) : resolve(stdout),
    );
  });
  const { issues } = z.looseObject({ issues: z.array(issue) }).parse(JSON.parse(output));
  const found = issues.flatMap(({ file, ...kinds }) =>
    Object.entries(kinds).flatMap(([kind, list]) => {
      const all = named.safeParse(list);
      return all.success ? all.data.map(({ name }) => `${kind}: ${name} (${file})`) : [];
    }),
  );
  expect(found).toEqual([]);
});
