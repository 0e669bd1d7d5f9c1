import { existsSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { install, type Packed, type Project, pack, ROOT } from "./packed";

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
  it("holds the built code with its types, the licence, and nothing else", () => {
    const papers = ["LICENSE", "README.md", "package.json"].filter((name) => existsSync(join(ROOT, name)));
    expect(papers).toContain("LICENSE");
    expect(packed.files.filter((path) => !path.startsWith("dist/"))).toEqual(papers);
    const code = /^dist\/(sdk|provider|simulators)\/.*(\.js|\.d\.ts)$/;
    expect(packed.files.filter((path) => path.startsWith("dist/") && !code.test(path))).toEqual([]);
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

  it("has of the simulators what a test of a stack needs, and not their own tests or command lines", () => {
    const simulators = packed.files.filter((path) => path.startsWith("dist/simulators/"));
    expect(simulators).toContain("dist/simulators/index.d.ts");
    expect(simulators.filter((path) => /\/(main|trial|command|savefile)\.|\.test\./.test(path))).toEqual([]);
  });

  it("is small: what is downloaded, what is installed, and how much of it are simulators", () => {
    const kilobytes = (bytes: number) => bytes / 1_000;
    expect(kilobytes(packed.size)).toBeLessThan(700);
    expect(kilobytes(packed.unpackedSize)).toBeLessThan(2_600);
    const sizeOf = (path: string) => readFileSync(join(project.installed, path)).byteLength;
    const simulators = packed.files.filter((path) => path.startsWith("dist/simulators/")).map(sizeOf);
    expect(kilobytes(simulators.reduce((sum, size) => sum + size, 0))).toBeLessThan(1_000);
  });

  it("has one command, which Node can run", () => {
    expect(project.manifest.bin).toEqual({ "pulumi-dbversion": "dist/sdk/report/main.js" });
    expect(readFileSync(join(project.installed, "dist/sdk/report/main.js"), "utf8")).toMatch(
      /^#!\/usr\/bin\/env node\n/,
    );
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
