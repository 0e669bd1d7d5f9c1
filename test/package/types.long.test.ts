/** @module-tag long */
import { mkdir, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { install, type Packed, type Project, pack, ROOT } from "./packed";

let packed: Packed;
let project: Project;

beforeAll(async () => {
  packed = await pack();
  project = await install(packed);
  await project.write("right.mts", RIGHT);
  await project.write("right.cts", RIGHT);
  await project.write("wrong.mts", WRONG);
  const types = join(project.dir, "node_modules", "@types", "node");
  await mkdir(dirname(types), { recursive: true });
  await symlink(join(ROOT, "node_modules", "@types", "node"), types, "dir");
});
afterAll(async () => {
  await project?.close();
  await packed?.close();
});

const RIGHT = `
import * as pulumi from "@pulumi/pulumi";
import { type CommonArgs, oceanbase, Provider, type Status } from "pulumi-dbversion";

const password = new pulumi.Config().requireSecret("password");
const common: CommonArgs = { onNewer: "fail", wait: true };
const provider = new Provider("production", { oceanbase: { password } });
const orders = new oceanbase.ClusterVersion(
  "orders",
  { endpoints: ["http://10.0.0.1:2886"], version: "4.3.5.2", mode: "rolling", password, ...common },
  { provider, customTimeouts: { update: "3h" } },
);
export const running: pulumi.Output<string> = orders.currentVersion;
export const status: pulumi.Output<Status> = orders.status;
`;

const WRONG = `
import { oceanbase } from "pulumi-dbversion";

const endpoints = ["http://10.0.0.1:2886"];
new oceanbase.ClusterVersion("a", { endpoints, verison: "4.3.5.2" });
new oceanbase.ClusterVersion("b", { endpoints, version: "4.3.5.2", mode: "fast" });
new oceanbase.ClusterVersion("c", { endpoints, version: "4.3.5.2", pasword: "x" });
new oceanbase.KlusterVersion("d", { endpoints, version: "4.3.5.2" });
`;

const { ModuleKind, ModuleResolutionKind } = ts;
const SETTINGS: readonly [string, ts.CompilerOptions][] = [
  ["node16", { module: ModuleKind.Node16, moduleResolution: ModuleResolutionKind.Node16 }],
  ["nodenext", { module: ModuleKind.NodeNext, moduleResolution: ModuleResolutionKind.NodeNext }],
  ["bundler", { module: ModuleKind.ESNext, moduleResolution: ModuleResolutionKind.Bundler }],
];

/** Diagnostics of some files of the project, and of the package's own declarations, as `file: message`. */
function diagnostics(options: ts.CompilerOptions, files: readonly string[]): string[] {
  const rootNames = files.map((file) => join(project.dir, file));
  const program = ts.createProgram(rootNames, {
    ...options,
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2022.d.ts"],
    types: ["node"],
    typeRoots: [join(project.dir, "node_modules", "@types")],
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
  });
  const ours = program
    .getSourceFiles()
    .filter(({ fileName }) => rootNames.includes(fileName) || fileName.startsWith(`${project.installed}/`));
  expect(ours.length).toBeGreaterThan(files.length);
  const found = ours.flatMap((file) => [
    ...program.getSyntacticDiagnostics(file),
    ...program.getSemanticDiagnostics(file),
  ]);
  return [...program.getOptionsDiagnostics(), ...found].map(({ file, messageText }) => {
    const name = file?.fileName.slice(project.dir.length + 1) ?? "options";
    return `${name}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
}

describe.each(SETTINGS)("a TypeScript program under %s", { timeout: 90_000 }, (_, options) => {
  it("has types for what is right, as an ES module and as CommonJS", () => {
    expect(diagnostics(options, ["right.mts", "right.cts"])).toEqual([]);
  });

  it("is told of each argument and class that is misspelt", () => {
    expect(diagnostics(options, ["wrong.mts"])).toEqual([
      expect.stringMatching(/^wrong\.mts: .*'verison' does not exist/),
      expect.stringMatching(/^wrong\.mts: .*'"fast"' is not assignable/),
      expect.stringMatching(/^wrong\.mts: .*'pasword' does not exist/),
      expect.stringMatching(/^wrong\.mts: .*'KlusterVersion' does not exist/),
    ]);
  });
});
