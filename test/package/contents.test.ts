import { existsSync, readdirSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
    expect(kilobytes(papers.reduce((sum, size) => sum + size, 0))).toBeLessThan(400);
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
