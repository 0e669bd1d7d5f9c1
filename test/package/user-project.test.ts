import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FakeEngine } from "../contract/engine";
import { PROVIDER_TEXT, urnOf } from "../contract/host";
import { DynamicProvider } from "../contract/provider";
import { install, type Packed, type Project, pack } from "./packed";

const run = promisify(execFile);
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
