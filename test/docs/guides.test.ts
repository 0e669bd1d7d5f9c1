import { readdirSync } from "node:fs";
import { join } from "node:path";
import * as automation from "@pulumi/pulumi/automation";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stackRules } from "../../provider/frontend/resource/stack-settings";
import { commandsIn, normalized, openTranscripts, type Transcripts } from "./command-line";
import { type Block, blocksOf, page, pages, ROOT } from "./pages";
import { rowsShown } from "./previews";

/**
 * Every TypeScript block in the documentation must compile. A block with an import is a complete program; any other block
 * is compiled after this prelude.
 */
const PRELUDE = `
import * as pulumi from "@pulumi/pulumi";
import { oceanbase, Provider, redisenterprise, taurusdb } from "pulumi-dbversion";
declare const config: pulumi.Config;
declare const endpoints: string[];
declare const password: string;
declare const instanceIds: string[];
declare const starRocksInstanceId: string;
declare const instanceId: string;
`;

const OPTIONS: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.Preserve,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  skipLibCheck: true,
  types: ["node"],
  paths: {
    "pulumi-dbversion": ["./sdk/index.ts"],
    "pulumi-dbversion/provider": ["./provider/index.ts"],
    "pulumi-dbversion/simulators": ["./test/simulators/index.ts"],
  },
};

const blocks = pages()
  .flatMap(blocksOf)
  .filter(({ language }) => language === "ts");
const problems = compile(blocks);

describe("TypeScript in the documentation", () => {
  it.each(blocks.map((block) => [nameOf(block)] as const))("%s compiles", (name) => {
    expect(problems.get(name) ?? []).toEqual([]);
  });

  it("is really compiled", () => {
    const [sample] = blocks;
    if (sample === undefined) throw new Error("there is no TypeScript");
    const wrong = { ...sample, text: 'new oceanbase.ClusterVersion("orders", { endpoints, version: 4 });' };
    expect([...compile([wrong]).values()].flat().join("\n")).toContain("not assignable");
    expect(blocks.length).toBeGreaterThan(8);
  });
});

function nameOf({ page, line }: Block): string {
  return `${page.path}:${line}`;
}

/** The diagnostics of each block, by the name of the block; blocks without diagnostics are missing. */
function compile(parts: readonly Block[]): Map<string, string[]> {
  const texts = new Map(parts.map((block, index) => [join(ROOT, "test", "docs", `block-${index}.ts`), block] as const));
  const host = ts.createCompilerHost(OPTIONS);
  const { fileExists, readFile } = host;
  host.getCurrentDirectory = () => ROOT;
  host.fileExists = (path) => texts.has(path) || fileExists(path);
  host.readFile = (path) => {
    const block = texts.get(path);
    return block === undefined ? readFile(path) : programOf(block);
  };
  const program = ts.createProgram([...texts.keys()], OPTIONS, host);
  const found = new Map<string, string[]>();
  for (const [path, block] of texts) {
    const source = program.getSourceFile(path);
    const messages = ts
      .getPreEmitDiagnostics(program, source)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
    if (messages.length > 0) found.set(nameOf(block), messages);
  }
  return found;
}

function programOf({ text }: Block): string {
  return /^import /m.test(text) ? text : `${PRELUDE}\n${text}\nexport {};\n`;
}

/** The first program of a guide, compiled to JavaScript. */
function javaScriptOf(guide: string): string {
  const [block] = blocksOf(page(guide)).filter(({ language }) => language === "ts");
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  return ts.transpileModule(block?.text ?? "", { compilerOptions }).outputText;
}

type Up = (options: { readonly onOutput: (text: string) => void }) => Promise<void>;

/**
 * Runs the program of the guide with simulated stacks.
 * @param up the operation of each stack
 * @returns what it prints, the upgraded stacks, and its exit code
 */
async function rollOut(up: Record<string, Up>, statuses: Record<string, string> = {}) {
  const text = javaScriptOf("docs/guides/automation.md");
  const printed: string[] = [];
  const upgraded: string[] = [];
  const LocalWorkspace = {
    selectStack: async ({ stackName }: { readonly stackName: string }) => ({
      up: async (options: Parameters<Up>[0]) => {
        upgraded.push(stackName);
        await up[stackName]?.(options);
      },
      outputs: async () => ({ fleet: { value: { orders: { status: statuses[stackName] ?? "current" } } } }),
    }),
  };
  const modules: Readonly<Record<string, unknown>> = { "@pulumi/pulumi/automation": { ...automation, LocalWorkspace } };
  const print = (text: unknown) => void printed.push(text instanceof Error ? text.message : String(text));
  const env: { exitCode?: number } & Record<string, unknown> = {
    stdout: { write: print },
    stdin: { isTTY: true },
    once: () => {},
    on: () => {},
  };
  new Function("require", "exports", "process", "console", text)((name: string) => modules[name] ?? {}, {}, env, {
    log: print,
    error: print,
  });
  await new Promise((resolve) => setImmediate(resolve));
  return { printed, upgraded, exitCode: env.exitCode };
}

describe("the program of the guide to the Automation API", () => {
  it("upgrades the groups in order", async () => {
    const { upgraded, exitCode } = await rollOut({});
    expect(upgraded).toEqual(["staging", "production-eu", "production-us"]);
    expect(exitCode).toBeUndefined();
  });

  it("stops at a group that fails, and prints its output once", async () => {
    const output = "error: the disk is full";
    const { printed, upgraded, exitCode } = await rollOut({
      "production-eu": async ({ onOutput }) => {
        onOutput(output);
        throw failedCommand(output);
      },
    });
    expect(upgraded).toEqual(["staging", "production-eu"]);
    expect(printed.join("\n").split(output)).toHaveLength(2);
    expect(exitCode).toBe(1);
  });

  it("stops at a group that is not up to date, and names its databases", async () => {
    const { printed, upgraded, exitCode } = await rollOut({}, { staging: "upgrading" });
    expect(upgraded).toEqual(["staging"]);
    expect(printed.at(-1)).toBe("staging: orders did not reach the target version");
    expect(exitCode).toBe(1);
  });
});

/** An error of the SDK, whose message contains the whole output of the command. */
function failedCommand(output: string): Error {
  return Object.assign(Object.create(automation.CommandError.prototype), { message: `code: 255\n stdout: ${output}` });
}

/** The policy pack of the guide runs unchanged, without the server that Pulumi starts for it. */
interface Policy {
  readonly name: string;
  validateResource(resource: { type: string; props: Record<string, unknown> }, report: (message: string) => void): void;
}

function policies(): readonly Policy[] {
  const text = javaScriptOf("docs/guides/policies.md");
  const packs: (readonly Policy[])[] = [];
  class PolicyPack {
    constructor(_name: string, args: { readonly policies: readonly Policy[] }) {
      packs.push(args.policies);
    }
  }
  new Function("require", "exports", text)((name: string) => (name === "@pulumi/policy" ? { PolicyPack } : {}), {});
  return packs.flat();
}

function violations(type: string, props: Record<string, unknown>): string[] {
  const messages: string[] = [];
  for (const policy of policies()) policy.validateResource({ type, props }, (message) => messages.push(message));
  return messages;
}

const dynamic = (kind: string) => `pulumi-nodejs:dynamic/${kind}`;

describe("the policies of the guide", () => {
  it.each([
    ["oceanbase:ClusterVersion", { version: "4.3.5.2" }],
    ["oceanbase:ClusterVersion", { version: "4.3" }],
    ["taurusdb:KernelVersion", { version: "2.0.75" }],
    ["redisenterprise:DatabaseVersion", { redisVersion: "7.4" }],
    ["redisenterprise:ModuleVersions", { modules: { search: "2.10.17", ReJSON: { version: "2.8.10", args: "" } } }],
  ])("accept %s %o", (kind, props) => {
    expect(violations(dynamic(kind), props)).toEqual([]);
  });

  it.each([
    ["oceanbase:ClusterVersion", { version: ">=4.3.5" }, /leaves the version open/],
    ["taurusdb:KernelVersion", { version: "latest" }, /leaves the version open/],
    ["oceanbase:ClusterVersion", { version: "4.4.1.0" }, /4\.4\.1\.0 is not in an approved series \(4\.2, 4\.3\)/],
    ["oceanbase:ClusterVersion", { version: "4.30" }, /not in an approved series/],
    ["redisenterprise:DatabaseVersion", { redisVersion: "8.0" }, /not in an approved series/],
    ["redisenterprise:ModuleVersions", { modules: { search: { version: "8.2" } } }, /not in an approved series/],
  ])("reject %s %o", (kind, props, reason) => {
    expect(violations(dynamic(kind), props)).toEqual([expect.stringMatching(reason)]);
  });

  it("ignore other resources and unknown values", () => {
    expect(violations("aws:rds/instance:Instance", { version: "latest" })).toEqual([]);
    expect(violations(dynamic("oceanbase:ClusterVersion"), {})).toEqual([]);
  });
});

const SETTING = /^pulumi config set dbversion:(?!proxy)(\w+) (?:'([^']*)'|"([^"]*)"|(\S+))/gm;

const guides = readdirSync(join(ROOT, "docs", "guides")).map((file) => `docs/guides/${file}`);
const settings = guides.flatMap((guide) =>
  blocksOf(page(guide)).flatMap(({ text }) =>
    [...text.matchAll(SETTING)].map(([, key = "", ...values]) => ({ guide, key, value: values.join("") })),
  ),
);

describe("the stack settings in guides", () => {
  it("include the setting for failed reads", () => {
    expect(settings).toContainEqual({ guide: "docs/guides/ci.md", key: "onUnreachable", value: "fail" });
  });

  it.each(settings)("are known and valid: $key in $guide", async ({ key, value }) => {
    const read: string[] = [];
    const { problem } = await stackRules((name) => {
      read.push(name);
      return name === `dbversion:${key}` ? value : "";
    });
    expect(read).toContain(`dbversion:${key}`);
    expect(problem).toBeUndefined();
  });
});

const PATH = "docs/guides/command-line.md";
const COMMANDS = commandsIn(page(PATH));

/** On a busy machine each process is slow. */
const COMMAND_TIMEOUT = 240_000;

describe("the guide to the command line", { timeout: COMMAND_TIMEOUT }, () => {
  let transcripts: Transcripts;
  let previewed: readonly string[];
  beforeAll(async () => {
    transcripts = await openTranscripts();
    previewed = await transcripts.preview();
  }, COMMAND_TIMEOUT);
  afterAll(() => transcripts?.close());

  it("shows all commands", () => {
    const names = COMMANDS.map(({ command }) => command.split(" ")[0]);
    expect(new Set(names)).toEqual(new Set(["--help", "discover", "doctor", "status", "explain"]));
  });

  it.each(COMMANDS)("shows the output of `$command`", async ({ command, output }) => {
    expect(normalized(output)).toBe(normalized(await transcripts.outputOf(command)));
  });

  it("contains the program that discover writes", async () => {
    const [program] = blocksOf(page(PATH)).filter(({ language }) => language === "ts");
    const [, agents = ""] =
      /--endpoint (\S+)/.exec(COMMANDS.find(({ command }) => /^discover o/.test(command))?.command ?? "") ?? [];
    const written = await transcripts.outputOf(`discover oceanbase --endpoint ${agents} --write ts`);
    expect(normalized(program?.text ?? "")).toBe(normalized(written));
  });

  it("shows the first preview of that program, without upgrades", () => {
    const shown = rowsShown(PATH);
    expect(shown).toHaveLength(2);
    expect(shown.filter((row) => !previewed.includes(row))).toEqual([]);
    expect(shown.every((row) => row.includes("already at"))).toBe(true);
  });
});
