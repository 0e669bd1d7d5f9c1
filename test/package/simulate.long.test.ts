/** @module-tag long */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { makeWorkspace, openEngine } from "../engine";
import { strangersEnv } from "./clients";
import { install, type Packed, type Project, pack } from "./packed";

const run = promisify(execFile);
let packed: Packed;
let project: Project;

beforeAll(async () => {
  packed = await pack();
  project = await install(packed);
  await rm(join(project.dir, "node_modules", "@pulumi"), { recursive: true });
});
afterAll(async () => {
  await project?.close();
  await packed?.close();
});

/** A simulator of the package on free ports, and all that it prints until it says how it is stopped. */
async function started(system: string): Promise<{ child: ChildProcess; text: string }> {
  const args = [join(project.installed, "dist/sdk/cli/main.js"), "simulate", system, "--port", "0"];
  const child = spawn(process.execPath, args, {
    cwd: project.dir,
    env: strangersEnv(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const told = new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes("Stop with ^C.")) resolve();
    });
    child.stderr.on("data", (chunk: Buffer) => reject(new Error(chunk.toString())));
    child.once("exit", (code) => reject(new Error(`ended with ${code}: ${text}`)));
  });
  await told;
  return { child, text };
}

/** The commands and the program that it prints. */
function pasted(text: string) {
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
    it("serves what its printed program upgrades, and what discover and doctor read without Pulumi", async () => {
      const { child, text } = await started(name);
      try {
        const { secrets, program } = pasted(text);
        const env: NodeJS.ProcessEnv = { ...strangersEnv() };
        for (const [key, variable] of Object.entries(variables)) env[variable] = secrets[key];
        const [, first = ""] = /(?:endpoint: |endpoints: \[)"([^"]+)"/.exec(program) ?? [];
        const reach = ["--endpoint", first];
        const options = {
          oceanbase: reach,
          taurusdb: [...reach, "--iam-endpoint", first, "--project-id", /projectId: "(\w+)"/.exec(program)?.[1] ?? ""],
          "redis-enterprise": [...reach, "--username", "admin@cluster.local", "--allow-untrusted-certificate"],
        }[system];
        const main = join(project.installed, "dist/sdk/cli/main.js");
        for (const command of ["discover", "doctor"]) {
          const { stdout } = await run(process.execPath, [main, command, system, ...options], {
            cwd: project.dir,
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

it("refuses what it does not know, with 2", async () => {
  const main = join(project.installed, "dist/sdk/cli/main.js");
  const wrong = run(process.execPath, [main, "simulate", "oracle"], { cwd: project.dir, env: strangersEnv() });
  await expect(wrong).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('unknown simulator "oracle"') });
});
