import * as automation from "@pulumi/pulumi/automation";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { blocksOf, page } from "./pages";

/** The program of the guide, run as it stands there; only the stacks that Pulumi would run are stood in for. */

type Up = (options: { readonly onOutput: (text: string) => void }) => Promise<void>;

/** Runs the program until it is idle; `up` is that of each stack. Answers what it prints, and its exit code. */
async function rollOut(up: Record<string, Up>, statuses: Record<string, string> = {}) {
  const [block] = blocksOf(page("docs/guides/automation.md")).filter(({ language }) => language === "ts");
  const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
  const { outputText } = ts.transpileModule(block?.text ?? "", { compilerOptions });
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
  new Function("require", "exports", "process", "console", outputText)((name: string) => modules[name] ?? {}, {}, env, {
    log: print,
    error: print,
  });
  await new Promise((resolve) => setImmediate(resolve));
  return { printed, upgraded, exitCode: env.exitCode };
}

describe("the program of the guide to the Automation API", () => {
  it("upgrades the groups in their order", async () => {
    const { upgraded, exitCode } = await rollOut({});
    expect(upgraded).toEqual(["staging", "production-eu", "production-us"]);
    expect(exitCode).toBeUndefined();
  });

  it("stops at a group that fails, and prints its output once", async () => {
    const output = "error: the disk is full";
    const { printed, upgraded, exitCode } = await rollOut({
      "production-eu": async ({ onOutput }) => {
        onOutput(output);
        throw failed(output);
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

/** What the SDK throws, whose message is the command's whole output. */
function failed(output: string): Error {
  return Object.assign(Object.create(automation.CommandError.prototype), { message: `code: 255\n stdout: ${output}` });
}
