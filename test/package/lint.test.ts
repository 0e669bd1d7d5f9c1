import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
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

const analysis = z.looseObject({
  analysis: z.looseObject({ problems: z.array(z.unknown()), entrypoints: z.record(z.string(), z.unknown()) }),
});

/** The problems that "are the types wrong?" finds, and the entry points that it looked at. */
async function attw(...options: string[]): Promise<{ problems: readonly unknown[]; entrypoints: string[] }> {
  const cli = createRequire(join(ROOT, "package.json")).resolve("@arethetypeswrong/cli/package.json");
  const bin = join(dirname(cli), "dist", "index.js");
  const output = await new Promise<string>((resolve) => {
    // It ends with an error when it finds problems; they are in its output.
    execFile(process.execPath, [bin, packed.tarball, "--format", "json", ...options], (_, stdout) => resolve(stdout));
  });
  const { problems, entrypoints } = analysis.parse(JSON.parse(output)).analysis;
  return { problems, entrypoints: Object.keys(entrypoints).sort() };
}

describe("the packed package", () => {
  it("has nothing that publint would report", async () => {
    const { messages, pkg } = await publint({ pkgDir: project.installed, pack: false, level: "suggestion" });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it("has the right types for programs under every module resolution", async () => {
    expect(await attw("--entrypoints", ".")).toEqual({ problems: [], entrypoints: ["."] });
  });

  it("has the right types at every entry point where `exports` is read", async () => {
    // Without `exports` there is no ./provider: only the provider process loads it, by Node's own resolution.
    const { problems, entrypoints } = await attw();
    expect(entrypoints).toEqual([".", "./package.json", "./provider"]);
    expect(problems).toEqual([
      expect.objectContaining({ kind: "NoResolution", entrypoint: "./provider", resolutionKind: "node10" }),
    ]);
  });
});
