/** @module-tag long */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdir, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { makeWorkspace, openEngine } from "../engine";
import { userEnv } from "./clients";
import { install, type Packed, type Project, pack, ROOT } from "./packed";

const run = promisify(execFile);
let packed: Packed;
/** A project that has the package and its dependencies, but not Pulumi. */
let withoutPulumi: Project;

beforeAll(async () => {
  packed = await pack();
  withoutPulumi = await install(packed);
  await rm(join(withoutPulumi.dir, "node_modules", "@pulumi"), { recursive: true });
});
afterAll(async () => {
  await withoutPulumi?.close();
  await packed?.close();
});

/** A test as users write it, without Pulumi and other packages. */
const TEST = `
import assert from "node:assert/strict";
import { test } from "node:test";
import { startOceanBase, startRedisEnterprise, startTaurusDB } from "pulumi-dbversion/simulators";

test("an OceanBase cluster responds, and counts requests", async () => {
  await using orders = await startOceanBase({ zones: 1, packages: [["4.3.5.2", "102000042025031214.el7"]] });
  const [endpoint] = orders.connection.endpoints;
  const response = await (await fetch(endpoint + "/api/v1/info")).json();
  assert.equal(response.data.version, "4.3.3.0-102025103117");
  assert.equal(orders.system.journal.count("GET", "/api/v1/info"), 1);
  orders.system.control.setBuildVersion("4.2.1.8-108000022024072217");
  assert.equal(orders.system.agents[0].observer.build, "4.2.1.8-108000022024072217");
});

test("TaurusDB rejects an unsigned request", async () => {
  await using cloud = await startTaurusDB({ instances: 3 });
  assert.equal(cloud.system.instances.length, 3);
  const { endpoint, projectId } = cloud.connection;
  assert.equal((await fetch(endpoint + "/v3/" + projectId + "/instances")).status, 401);
});

test("Redis Enterprise has TLS and its own certificate", async () => {
  await using cluster = await startRedisEnterprise({ databases: [{ name: "cache" }] });
  assert.match(cluster.connection.caCertificate, /BEGIN CERTIFICATE/);
  await assert.rejects(fetch(cluster.connection.endpoints[0] + "/v1/bdbs"), /fetch failed/);
});
`;

/** A TypeScript program that checks the types. */
const TYPED = `
import { type ObshellCluster, type Running, startOceanBase, startTaurusDB } from "pulumi-dbversion/simulators";
import { oceanbase, taurusdb } from "pulumi-dbversion";

export async function manage(): Promise<Running<ObshellCluster, oceanbase.ConnectionArgs>> {
  await using cloud = await startTaurusDB();
  new taurusdb.KernelVersion("a", { ...cloud.connection, instanceIds: cloud.system.instances.map(({ id }) => id), version: "latest" });
  const cluster = await startOceanBase({ timings: "instant" });
  new oceanbase.ClusterVersion("b", { ...cluster.connection, version: "4.3.5.2" });
  const upgrades: number = cluster.system.acceptedUpgrades.length;
  return upgrades === 0 ? cluster : Promise.reject(new Error());
}
export const wrong = startTaurusDB({ instnces: 3 });
`;

describe("the simulators of the packed package", () => {
  it("can be used by a test with only Node and the package with its dependencies", { timeout: 90_000 }, async () => {
    await withoutPulumi.write("stack.test.mjs", TEST);
    const options = { cwd: withoutPulumi.dir, env: { ...userEnv(), NODE_TEST_CONTEXT: undefined } };
    const { stdout } = await run(process.execPath, ["--test", "--test-reporter=tap", "stack.test.mjs"], options);
    expect(stdout).toMatch(/# pass 3\n# fail 0/);
  });

  it("have types that are compatible with the resources", { timeout: 90_000 }, async () => {
    const project = await install(packed);
    try {
      const types = join(project.dir, "node_modules", "@types", "node");
      await mkdir(dirname(types), { recursive: true });
      await symlink(join(ROOT, "node_modules", "@types", "node"), types, "dir");
      await project.write("stack.mts", TYPED);
      const program = ts.createProgram([join(project.dir, "stack.mts")], {
        module: ts.ModuleKind.NodeNext,
        moduleResolution: ts.ModuleResolutionKind.NodeNext,
        target: ts.ScriptTarget.ES2022,
        lib: ["lib.es2022.d.ts", "lib.esnext.disposable.d.ts"],
        types: ["node"],
        typeRoots: [join(project.dir, "node_modules", "@types")],
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
      });
      const ours = program
        .getSourceFiles()
        .filter(({ fileName }) => fileName.startsWith(project.dir) && !/@types/.test(fileName));
      expect(ours.some(({ fileName }) => fileName.endsWith("dist/simulators/index.d.ts"))).toBe(true);
      const found = ours.flatMap((file) => [
        ...program.getSyntacticDiagnostics(file),
        ...program.getSemanticDiagnostics(file),
      ]);
      const messages = found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
      expect(messages).toEqual([expect.stringMatching(/'instnces' does not exist/)]);
    } finally {
      await project.close();
    }
  });
});

/** Serves all three systems, outdated, until its input ends. Prints the connections, and at the end the accepted upgrades. */
const SERVING = `
import { startOceanBase, startRedisEnterprise, startTaurusDB } from "pulumi-dbversion/simulators";

const packages = [["4.3.5.2", "102000042025031214.el7"]];
const orders = await startOceanBase({ buildVersion: "4.2.1.8-108000022024072217", packages, timings: "instant" });
const cloud = await startTaurusDB({ instances: 2 });
const cluster = await startRedisEnterprise({
  databases: [{ name: "cache", redisVersion: "7.4", modules: [{ name: "search", version: "2.10.8" }] }],
});
const all = [orders, cloud, cluster];
const instanceIds = cloud.system.instances.map(({ id }) => id);
console.log(JSON.stringify({ connections: all.map(({ connection }) => connection), instanceIds }));
process.stdin.resume().on("end", async () => {
  console.log(JSON.stringify(all.map(({ system }) => system.acceptedUpgrades.length)));
  await Promise.all(all.map((each) => each.close()));
});
`;

const PROGRAM = `
const { oceanbase, redisenterprise, taurusdb } = require("pulumi-dbversion");

const { connections: [orders, cloud, cluster], instanceIds } = JSON.parse(process.env.SIMULATED);
const resources = {
  orders: new oceanbase.ClusterVersion("orders", { ...orders, version: "4.3.5.2" }),
  fleet: new taurusdb.KernelVersion("fleet", { ...cloud, instanceIds, version: ">=2.0.75" }),
  modules: new redisenterprise.ModuleVersions("modules", { ...cluster, databaseName: "cache", modules: { search: "latest" } }),
};
for (const [name, { status }] of Object.entries(resources)) exports[name] = status;
`;

describe("a stack on the simulators of the packed package", () => {
  let project: Project;
  let simulators: ChildProcess;

  beforeAll(async () => {
    project = await install(packed);
    await project.write("Pulumi.yaml", "name: shop\nruntime:\n  name: nodejs\n  options:\n    typescript: false\n");
    await project.write("index.js", PROGRAM);
    await project.write("serve.mjs", SERVING);
  });
  afterAll(async () => {
    simulators?.kill();
    await project?.close();
  });

  it("can be created with the connection arguments of the simulators", { timeout: 90_000 }, async () => {
    simulators = spawn(process.execPath, ["serve.mjs"], {
      cwd: project.dir,
      env: userEnv(),
      stdio: ["pipe", "pipe", "inherit"],
    });
    const { stdin, stdout } = simulators;
    if (stdin === null || stdout === null) throw new Error("no pipes");
    const lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    const env = { SIMULATED: z.string().parse((await lines.next()).value) };
    const engine = await openEngine({ dir: project.dir, env, prefer: "local" });
    try {
      const up = await engine.up();
      expect(up).toMatchObject({ ok: true, outputs: { orders: "current", fleet: "current", modules: "current" } });
      stdin.end();
      expect(JSON.parse(z.string().parse((await lines.next()).value))).toEqual([1, 1, 1]);
    } finally {
      await engine.close();
    }
  });
});

/** Starts a simulator of the package on free ports, and waits for its complete output. */
async function startSimulator(system: string): Promise<{ child: ChildProcess; text: string }> {
  const args = [join(withoutPulumi.installed, "dist/sdk/cli/main.js"), "simulate", system, "--port", "0"];
  const child = spawn(process.execPath, args, {
    cwd: withoutPulumi.dir,
    env: userEnv(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("Stop with ^C.")) resolve();
    });
    child.stderr.on("data", (chunk: Buffer) => reject(new Error(chunk.toString())));
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
  await ready;
  return { child, text };
}

/** The commands and the program of the output. */
function parsedOutput(text: string) {
  const secrets = [...text.matchAll(/^ {2}pulumi config set --secret (\S+) '(.*)'$/gm)].map(
    ([, key = "", value = ""]) => [key, value],
  );
  const [, program = ""] = /a program \(index\.ts\):\n([\s\S]*)\n\nStop/.exec(text) ?? [];
  return { secrets: Object.fromEntries(secrets), program: program.replaceAll(/^ {2}/gm, "") };
}

describe.each([
  ["obshell", "oceanbase", { "oceanbase:password": "OCEANBASE_PASSWORD" }, /4\.2\.1\.8 → 4\.3\.5\.2/],
  [
    "taurusdb",
    "taurusdb",
    { "huaweicloud:accessKey": "HW_ACCESS_KEY", "huaweicloud:secretKey": "HW_SECRET_KEY" },
    /2\.0\.69\.250900 → 2\.0\.78\.260600/,
  ],
  [
    "redis-enterprise",
    "redis-enterprise",
    { "redisenterprise:password": "REDIS_ENTERPRISE_PASSWORD" },
    /7\.4\.2 → 8\.0/,
  ],
] as const)(
  "pulumi-dbversion simulate %s, of the packed package",
  { timeout: 90_000 },
  (name, system, variables, plan) => {
    it("prints a program that works, and works with discover and doctor without Pulumi", async () => {
      const { child, text } = await startSimulator(name);
      try {
        const { secrets, program } = parsedOutput(text);
        const env: NodeJS.ProcessEnv = { ...userEnv() };
        for (const [key, variable] of Object.entries(variables)) env[variable] = secrets[key];
        const [, first = ""] = /(?:endpoint: |endpoints: \[)"([^"]+)"/.exec(program) ?? [];
        const reach = ["--endpoint", first];
        const options = {
          oceanbase: reach,
          taurusdb: [...reach, "--iam-endpoint", first, "--project-id", /projectId: "(\w+)"/.exec(program)?.[1] ?? ""],
          "redis-enterprise": [...reach, "--username", "admin@cluster.local", "--allow-untrusted-certificate"],
        }[system];
        const main = join(withoutPulumi.installed, "dist/sdk/cli/main.js");
        for (const command of ["discover", "doctor"]) {
          const { stdout } = await run(process.execPath, [main, command, system, ...options], {
            cwd: withoutPulumi.dir,
            env,
          });
          expect(stdout).toMatch(/oceanbase\.ClusterVersion|taurusdb\.KernelVersion|redisenterprise\.DatabaseVersion/);
        }
        const workspace = await makeWorkspace({ main: "index.ts", program });
        const engine = await openEngine({ dir: workspace.dir, secrets });
        try {
          const { diagnostics, ok } = await engine.preview();
          expect(ok).toBe(true);
          expect(diagnostics.map(({ message }) => message).join("\n")).toMatch(plan);
        } finally {
          await engine.close();
          await workspace.close();
        }
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGINT");
        expect(await ended).toBe(0);
      } finally {
        child.kill("SIGKILL");
      }
    });
  },
);

it("pulumi-dbversion simulate exits with 2 for an unknown simulator", async () => {
  const main = join(withoutPulumi.installed, "dist/sdk/cli/main.js");
  const wrong = run(process.execPath, [main, "simulate", "oracle"], { cwd: withoutPulumi.dir, env: userEnv() });
  await expect(wrong).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('unknown simulator "oracle"') });
});
