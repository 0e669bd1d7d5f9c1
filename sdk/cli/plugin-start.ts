import { member } from "../report/stack-export";
import type { Line } from "./diagnosis";
import { messageOf, ProgramMissing } from "./failure";
import type { Terminal } from "./terminal";

const SDK = "@pulumi/pulumi/cmd/dynamic-provider";
const PROVIDER = "pulumi-dbversion/provider";
/** Timeout of the measurement, in milliseconds. */
const GIVEN_UP = 60_000;

/**
 * Run by Node in the directory of the program: starts the process that serves dynamic resources as Pulumi starts it, and loads this
 * package in it as the first resource does. No engine listens at the address, and none is called. It prints JSON:
 * - `started`: from the start of the process until it accepts calls, in milliseconds
 * - `loading`: the time to load the package, in milliseconds
 * - or `missing`: the module that the directory does not have
 * - or `failure`: why the package cannot be loaded, or why the process accepts no calls
 */
const PROBE = `
const write = process.stdout.write;
const print = (line) => write.call(process.stdout, JSON.stringify(line), () => process.exit());
const fail = (error) => print({ failure: String(error?.message ?? error) });
const missing = ["${SDK}", "${PROVIDER}"].find((name) => {
  try { require.resolve(name); } catch { return true; }
});
if (missing !== undefined) print({ missing });
else {
  // The process prints its port once it accepts calls.
  process.stdout.write = () => {
    const started = performance.now();
    setImmediate(() => {
      const began = performance.now();
      try { require("${PROVIDER}"); } catch (error) { return fail(error); }
      print({ started, loading: performance.now() - began });
    });
    return true;
  };
  setTimeout(fail, ${GIVEN_UP}, "it did not accept calls within ${GIVEN_UP / 1_000} s");
  try { require("${SDK}"); } catch (error) { fail(error); }
}`;

/** The command line of the measurement. Pulumi takes the same `node`. */
export const PLUGIN_START = ["node", "-e", PROBE, "plugin", "127.0.0.1:1"] as const;

/** How long Pulumi waits for a plugin to respond (`pluginRPCConnectionTimeout` in its engine), in milliseconds. */
const LIMIT = 10_000;

const NAME = "plugin start";

/** How long the process of dynamic resources takes to start and to load this package: once in every preview, up and refresh. */
export async function pluginStartLine(terminal: Terminal): Promise<Line> {
  const [program, ...args] = PLUGIN_START;
  try {
    return lineOf(JSON.parse(await terminal.run(program, args)));
  } catch (error) {
    return error instanceof ProgramMissing ? notMeasured("node is not on the PATH") : notStarted(messageOf(error));
  }
}

function lineOf(output: unknown): Line {
  const [missing, failure] = ["missing", "failure"].map((key) => member(output, key));
  const [started, loading] = ["started", "loading"].map((key) => member(output, key));
  if (typeof missing === "string") return notMeasured(`${missing} is not installed in the current directory`);
  if (typeof started !== "number" || typeof loading !== "number") return notStarted(String(failure));
  const message = `Pulumi's dynamic provider process starts in ${seconds(started)} and loads pulumi-dbversion in ${seconds(loading)}`;
  if (started + loading < LIMIT) return { state: "ok", name: NAME, message };
  const remedy = `Pulumi waits ${seconds(LIMIT)} for a plugin to respond. Check what slows down reading \`node_modules\`: the disk, a network file system or a virus scanner.`;
  return { state: "warning", name: NAME, message, remedy };
}

function notMeasured(reason: string): Line {
  return { state: "note", name: NAME, message: `not measured: ${reason}` };
}

function notStarted(reason: string): Line {
  const message = `Pulumi's dynamic provider process does not start: ${reason}`;
  const remedy = "Check `node --version` and `npm ls pulumi-dbversion @pulumi/pulumi` in the directory of the program.";
  return { state: "problem", name: NAME, message, remedy };
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(milliseconds < 100 ? 2 : 1)} s`;
}
