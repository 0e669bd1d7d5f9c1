import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PLUGIN_START, pluginStartLine } from "../../sdk/cli/plugin-start";
import { processStreams, withoutSecrets } from "../../sdk/cli/terminal";
import { onNetwork } from "./rig";

const ENV = { OCEANBASE_PASSWORD: "unused-password" };
const DOCTOR = ["doctor", "oceanbase", "--endpoint", "http://nowhere.invalid:2886"];

async function told(printed: string | undefined): Promise<string> {
  const programs = printed === undefined ? {} : { [PLUGIN_START.join(" ")]: printed };
  const { out } = await onNetwork({ env: ENV, programs })(...DOCTOR);
  return out.replaceAll(/\s+/g, " ");
}

describe("the start of the plugin, as doctor shows it", () => {
  it.each([
    [
      "is quick",
      '{"started":668.4,"loading":18.9}',
      "✓ plugin start: Pulumi's dynamic provider process starts in 0.7 s and loads pulumi-dbversion in 0.02 s",
    ],
    [
      "takes longer than Pulumi waits",
      '{"started":9500,"loading":600}',
      "! plugin start: Pulumi's dynamic provider process starts in 9.5 s and loads pulumi-dbversion in 0.6 s → Pulumi waits 10.0 s",
    ],
    [
      "is not possible here",
      '{"missing":"@pulumi/pulumi/cmd/dynamic-provider"}',
      "– plugin start: not measured: @pulumi/pulumi/cmd/dynamic-provider is not installed in the current directory",
    ],
    [
      "fails",
      '{"failure":"pulumi-dbversion needs Node 22.19"}',
      "✗ plugin start: Pulumi's dynamic provider process does not start: pulumi-dbversion needs Node 22.19 →",
    ],
    ["prints something else", "42", "✗ plugin start: "],
    ["is without node", undefined, "– plugin start: not measured: node is not on the PATH"],
  ])("%s", async (_, printed, line) => {
    expect(await told(printed)).toContain(line);
  });

  it("counts a warning, and no problem, where it is slow", async () => {
    const [quick, slow] = [await told('{"started":1,"loading":1}'), await told('{"started":9999,"loading":1}')];
    expect([/, 1 warning/.test(quick), /1 problem, 1 warning/.test(slow)]).toEqual([false, true]);
  });
});

const BUILT = existsSync(join(__dirname, "..", "..", "dist", "provider", "index.js"));

describe("the measurement itself", () => {
  const measured = () => {
    const streams = processStreams();
    for (const listener of process.listeners("SIGINT").slice(-1)) process.off("SIGINT", listener);
    const terminal = withoutSecrets(streams);
    const [, ...args] = PLUGIN_START;
    return pluginStartLine({ ...terminal, run: () => terminal.run(process.execPath, args) });
  };

  it.skipIf(!BUILT)("starts the process and loads the built package", async () => {
    const line = await measured();
    expect([line.state, line.message]).toEqual([
      expect.stringMatching(/^(ok|warning)$/),
      expect.stringMatching(/ starts in \d+\.\d+ s and loads pulumi-dbversion in \d+\.\d+ s$/),
    ]);
  });
});
