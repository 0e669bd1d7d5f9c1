import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { dirname, join, normalize } from "node:path";
import { promisify } from "node:util";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { FakeEngine } from "../contract/engine";
import { PROVIDER_TEXT, urnOf } from "../contract/host";
import { DynamicProvider } from "../contract/provider";
import { localLinksOf } from "../docs/pages";
import { install, type Packed, type Project, pack, ROOT } from "./packed";

const DOCUMENTS = ["CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md", "package.json"];
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

/** What a file imports or requires by a constant name, without modules of the SDK that are loaded at run time. */
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

/** The problems that "are the types wrong?" finds, and the entry points that it checked. */
async function attw(): Promise<{ problems: readonly unknown[]; entrypoints: string[] }> {
  const cli = createRequire(join(ROOT, "package.json")).resolve("@arethetypeswrong/cli/package.json");
  const bin = join(dirname(cli), "dist", "index.js");
  const output = await new Promise<string>((resolve) => {
    // Its exit code is not 0 if it finds problems; they are in its output.
    execFile(process.execPath, [bin, packed.tarball, "--format", "json"], (_, stdout) => resolve(stdout));
  });
  const { problems, entrypoints } = analysis.parse(JSON.parse(output)).analysis;
  return { problems, entrypoints: Object.keys(entrypoints).sort() };
}

describe("the packed package", { timeout: 90_000 }, () => {
  it("contains the compiled code with types, the documentation, the examples, the license, and nothing else", () => {
    const documents = packed.files.filter((path) => !path.includes("/"));
    expect(documents).toEqual([...DOCUMENTS].sort());
    const known = [
      /^dist\/(sdk|provider|simulators)\/.*(\.js|\.d\.ts)$/,
      /^docs\/([a-z]+\/)?[\w-]+\.md$/,
      /^examples\/(fleet|oceanbase|quickstart|redis-enterprise|taurusdb)\/[\w.]+(\.ts|\.mjs|\.json|\.yaml|\.md)$/,
    ];
    const unexpected = packed.files.filter((path) => path.includes("/") && !known.some((one) => one.test(path)));
    expect(unexpected).toEqual([]);
    expect(packed.files.filter((path) => /^examples\/.*(lock|node_modules|Pulumi\.\w+\.yaml)/.test(path))).toEqual([]);
  });

  it("contains every page of the documentation, and each example as a complete project", () => {
    const pages = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" });
    const missing = pages.filter((name) => name.endsWith(".md") && !packed.files.includes(`docs/${name}`));
    expect(missing).toEqual([]);
    for (const name of EXAMPLES) {
      const whole = ["index.ts", "package.json", "Pulumi.yaml", "README.md", "tsconfig.json"];
      expect(packed.files).toEqual(expect.arrayContaining(whole.map((file) => `examples/${name}/${file}`)));
    }
  });

  it("contains the target of every relative link of its pages", () => {
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

  it("contains every module of the sources, each with its types", () => {
    const built = packed.files.filter((path) => path.endsWith(".js")).map((path) => path.slice(0, -".js".length));
    expect(built.length).toBeGreaterThan(20);
    expect(built.filter((path) => !packed.files.includes(`${path}.d.ts`))).toEqual([]);
    const sources = built.map(
      (path) => `${path.replace(/^dist\/(?=simulators\/)/, "test/").replace(/^dist\//, "")}.ts`,
    );
    expect(sources.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it("contains the simulators without their tests", () => {
    const simulators = packed.files.filter((path) => path.startsWith("dist/simulators/"));
    expect(simulators).toEqual(expect.arrayContaining(["dist/simulators/index.d.ts", "dist/simulators/simulate.js"]));
    expect(simulators.filter((path) => /\/trial\.|\.test\./.test(path))).toEqual([]);
  });

  it("stays below its size limits: tarball, installed size, simulators, documentation", () => {
    const kilobytes = (bytes: number) => bytes / 1_000;
    expect(kilobytes(packed.size)).toBeLessThan(850);
    expect(kilobytes(packed.unpackedSize)).toBeLessThan(3_000);
    const sizeOf = (path: string) => readFileSync(join(project.installed, path)).byteLength;
    const simulators = packed.files.filter((path) => path.startsWith("dist/simulators/")).map(sizeOf);
    expect(kilobytes(simulators.reduce((sum, size) => sum + size, 0))).toBeLessThan(1_000);
    const documents = packed.files.filter((path) => !path.startsWith("dist/")).map(sizeOf);
    expect(kilobytes(documents.reduce((sum, size) => sum + size, 0))).toBeLessThan(420);
  });

  it("has one command, with a shebang for Node", () => {
    expect(project.manifest.bin).toEqual({ "pulumi-dbversion": "dist/sdk/cli/main.js" });
    expect(readFileSync(join(project.installed, "dist/sdk/cli/main.js"), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it("refers to no source map", () => {
    const code = packed.files.filter((path) => path.endsWith(".js"));
    const mapped = code.filter((path) =>
      readFileSync(join(project.installed, path), "utf8").includes("sourceMappingURL"),
    );
    expect(mapped).toEqual([]);
  });

  it("declares exactly the packages that its code and types import", () => {
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

  it("declares that it needs no Pulumi plugin", () => {
    expect(project.manifest["pulumi"]).toEqual({ resource: false });
  });

  it("has no findings of publint", async () => {
    const { messages, pkg } = await publint({ pkgDir: project.installed, pack: false, level: "suggestion" });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it("has types at every entry point, under every module resolution that reads `exports`", async () => {
    // Module resolution that ignores `exports` finds no paths: the provider process uses Node's resolution, and
    // ./simulators requires node16 or later.
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

it("the repository has no unused file, export, type or dependency", { timeout: 120_000 }, async () => {
  const cli = createRequire(join(ROOT, "package.json")).resolve("knip");
  const bin = join(dirname(cli), "..", "bin", "knip.js");
  const settings = join(__dirname, "knip.json");
  const output = await new Promise<string>((resolve, reject) => {
    const args = [bin, "--config", settings, "--reporter", "json", "--no-progress", "--no-config-hints"];
    // Its exit code is 1 if it has findings; they are in its output.
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

const run = promisify(execFile);

/** Registers a resource with mocks, and prints the registration. */
const REGISTERING = `
async function register() {
  const registered = [];
  await pulumi.runtime.setMocks({
    call: ({ inputs }) => inputs,
    newResource: ({ type, name, inputs }) => {
      registered.push({ type, name, provider: inputs.__provider, version: inputs.version });
      return { id: "x", state: inputs };
    },
  }, "shop", "dev");
  const orders = new oceanbase.ClusterVersion("orders", { endpoints: ["http://10.0.0.1:2886"], version: "4.3.5.2" });
  await new Promise((resolve) => orders.version.apply(resolve));
  console.log(JSON.stringify(registered));
}
`;
const REGISTERED = [
  {
    type: "pulumi-nodejs:dynamic/oceanbase:ClusterVersion",
    name: "orders",
    provider: PROVIDER_TEXT,
    version: "4.3.5.2",
  },
];

describe("a user's project", { timeout: 90_000 }, () => {
  it.each([
    [
      "CommonJS",
      "program.cjs",
      `const pulumi = require("@pulumi/pulumi"); const { oceanbase } = require("pulumi-dbversion");${REGISTERING}register();`,
    ],
    [
      "ESM",
      "program.mjs",
      `import * as pulumi from "@pulumi/pulumi"; import { oceanbase } from "pulumi-dbversion";${REGISTERING}await register();`,
    ],
  ])("registers a resource in a %s program", async (_, file, text) => {
    await project.write(file, text);
    expect(await project.run(file)).toEqual(REGISTERED);
  });

  it("can load the provider and the manifest, and no other path", async () => {
    const deep = ["dist/sdk/index.js", "dist/provider/index.js", "provider/index", "sdk", "dist"];
    await project.write(
      "paths.cjs",
      `const code = (path) => { try { require("pulumi-dbversion/" + path); } catch (error) { return error.code; } };
       const { provider } = require("pulumi-dbversion/provider");
       const methods = ["check", "configure", "create", "delete", "diff", "read", "update"];
       console.log(JSON.stringify({
         methods: methods.filter((name) => typeof provider[name] === "function").length,
         version: require("pulumi-dbversion/package.json").version,
         exports: Object.keys(require("pulumi-dbversion")).filter((name) => name !== "__esModule").sort(),
         deep: ${JSON.stringify(deep)}.map(code),
       }));`,
    );
    expect(await project.run("paths.cjs")).toEqual({
      methods: 7,
      version: project.manifest.version,
      exports: expect.arrayContaining(["Provider", "oceanbase"]),
      deep: deep.map(() => "ERR_PACKAGE_PATH_NOT_EXPORTED"),
    });
  });

  it("can load every module of the package with only its declared dependencies", async () => {
    const commands = Object.values(project.manifest.bin);
    const modules = packed.files.filter((path) => path.endsWith(".js") && !commands.includes(path));
    expect(modules.length).toBeGreaterThan(100);
    await project.write("load.cjs", LOADING_ALL);
    expect(await project.run("load.cjs", modules)).toEqual([]);
  });

  it("has a command that prints its version", async () => {
    const [command = ""] = Object.values(project.manifest.bin);
    const { stdout } = await run(process.execPath, [join(project.installed, command), "--version"]);
    expect(stdout).toBe(`${project.manifest.version}\n`);
  });

  it("works with the provider process", async () => {
    const engine = await FakeEngine.start();
    const provider = await DynamicProvider.start({ cwd: project.dir, engineAddress: engine.address });
    try {
      const urn = urnOf("orders");
      const inputs = { endpoints: ["http://127.0.0.1:9"], version: "4.3.5", __provider: PROVIDER_TEXT, __urn: urn };
      expect((await provider.check(urn, inputs)).failures).toEqual([]);
      expect(engine.logs.map(({ message }) => message)).toEqual([
        expect.stringMatching(/^[^ ]+: cannot plan: unreachable/),
      ]);
    } finally {
      await provider.stop();
      engine.die();
    }
  });

  it("loads the packed package, not the repository's", () => {
    const found = createRequire(join(project.dir, "x.js")).resolve("pulumi-dbversion");
    expect(found).toBe(join(project.installed, "dist", "sdk", "index.js"));
  });
});

/** Loads the modules of its arguments and prints those that cannot be loaded. */
const LOADING_ALL = `
const { join } = require("node:path");
const failed = [];
for (const path of process.argv.slice(2)) {
  try {
    require(join(__dirname, "node_modules", "pulumi-dbversion", path));
  } catch (error) {
    failed.push([path, error.message]);
  }
}
console.log(JSON.stringify(failed));
`;
