import { type ChildProcess, spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { kill } from "../processes";
import type { Diagnostics } from "./diagnostics";
import { CHANNEL_OPTIONS, Empty, grpc, unary } from "./protocol";

/** How long a plugin may take to answer `Cancel` and to end after SIGINT (`defaultHost.Close`, `killProcessGroup`). */
const CLOSE_MS = 5_000;

export interface PluginOptions {
  /** Directory of the program: the provider's modules resolve from there. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly engineAddress: string;
}

/**
 * A process that serves the dynamic provider, started as the engine starts it: through the shell script that ships
 * with the SDK, in its own process group so that a ^C in the terminal does not reach it.
 */
export class Plugin {
  readonly client: ResourceProviderClient;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;

  static async start(options: PluginOptions, diagnostics: Diagnostics): Promise<Plugin> {
    const script = join(dirname(require.resolve("@pulumi/pulumi/package.json")), "pulumi-resource-pulumi-nodejs");
    const child = spawn("sh", [script, options.engineAddress], {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    });
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    const port = await readPort(child, diagnostics);
    return new Plugin(child, exited, port);
  }

  private constructor(child: ChildProcess, exited: Promise<void>, port: number) {
    this.#child = child;
    this.#exited = exited;
    this.client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), CHANNEL_OPTIONS);
  }

  /** Advises the provider to abort what runs. */
  async cancel(deadlineMs = 30_000): Promise<void> {
    const options = { deadline: Date.now() + deadlineMs };
    await unary((done) => this.client.cancel(new Empty(), new grpc.Metadata(), options, done)).catch(() => {});
  }

  /** `Cancel`, SIGINT to the process group, and SIGKILL to what is left after five seconds. */
  async close(): Promise<void> {
    await this.cancel(CLOSE_MS);
    this.client.close();
    const { pid } = this.#child;
    if (pid === undefined) return;
    kill(-pid, "SIGINT");
    const timer = setTimeout(() => kill(-pid, "SIGKILL"), CLOSE_MS);
    await this.#exited;
    clearTimeout(timer);
  }
}

/** The first line of the output is the port; every line after it, and all of stderr, is a message on the stack's row. */
function readPort(child: ChildProcess, diagnostics: Diagnostics): Promise<number> {
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error("the plugin has no pipes");
  const [outStream, errStream] = [diagnostics.stream(), diagnostics.stream()];
  const log = (severity: "info" | "info#err", streamID: number) => (line: string) => {
    if (line.trim()) diagnostics.log({ severity, message: `${line}\n`, streamID });
  };
  createInterface({ input: stderr }).on("line", log("info#err", errStream));
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: stdout });
    lines.once("line", (line) => {
      resolve(Number(line));
      lines.on("line", log("info", outStream));
    });
    child.once("error", reject);
    child.once("exit", (code) =>
      reject(new Error(`could not read plugin [pulumi-resource-pulumi-nodejs]: exit status ${code}`)),
    );
  });
}
