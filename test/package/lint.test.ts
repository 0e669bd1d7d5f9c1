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
async function attw(): Promise<{ problems: readonly unknown[]; entrypoints: string[] }> {
  const cli = createRequire(join(ROOT, "package.json")).resolve("@arethetypeswrong/cli/package.json");
  const bin = join(dirname(cli), "dist", "index.js");
  const output = await new Promise<string>((resolve) => {
    // It ends with an error when it finds problems; they are in its output.
    execFile(process.execPath, [bin, packed.tarball, "--format", "json"], (_, stdout) => resolve(stdout));
  });
  const { problems, entrypoints } = analysis.parse(JSON.parse(output)).analysis;
  return { problems, entrypoints: Object.keys(entrypoints).sort() };
}

describe("the packed package", { timeout: 90_000 }, () => {
  it("has nothing that publint would report", async () => {
    const { messages, pkg } = await publint({ pkgDir: project.installed, pack: false, level: "suggestion" });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it("has the right types at every entry point, under every module resolution that reads `exports`", async () => {
    // Without `exports` there are no paths: the provider process finds ./provider by Node's own resolution, and
    // ./simulators asks for a `moduleResolution` of this decade.
    const { problems, entrypoints } = await attw();
    expect(entrypoints).toEqual([".", "./package.json", "./provider", "./simulators"]);
    expect(problems).toEqual(
      ["./provider", "./simulators"].map((entrypoint) =>
        expect.objectContaining({ kind: "NoResolution", entrypoint, resolutionKind: "node10" }),
      ),
    );
  });
});
