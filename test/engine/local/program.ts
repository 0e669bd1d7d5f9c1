import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { kill } from "../processes";
import type { Diagnostics } from "./diagnostics";
import { Bail } from "./failure";
import { type OperationRequest, ORGANIZATION } from "./request";

/** The SDK exits with this code after it has reported the error to the user. */
const EXITED_AFTER_USER_MESSAGE = 32;
/** How long a program may take to end after it was interrupted (`cmd.WaitDelay` of the language host). */
const INTERRUPT_MS = 5_000;

/** The Node process in which the SDK runs the user's program, started as the language host starts it. */
export class Program {
  readonly #child: ChildProcess;
  /** Rejects with the reason when the program failed. */
  readonly ended: Promise<void>;

  constructor(request: OperationRequest, address: string, diagnostics: Diagnostics) {
    const { dir, project, stack, parallel } = request;
    const run = require.resolve("@pulumi/pulumi/cmd/run", { paths: [dir] });
    const named = {
      monitor: address,
      engine: address,
      organization: ORGANIZATION,
      project,
      "root-directory": dir,
      stack,
      pwd: dir,
      parallel: String(parallel),
    };
    const flags = Object.entries(named).flatMap(([flag, value]) => [`--${flag}`, value]);
    if (request.kind === "preview") flags.push("--dry-run");
    this.#child = spawn("node", [run, ...flags, "."], {
      env: {
        ...process.env,
        ...configuration(request),
        ...(request.typescript && { PULUMI_NODEJS_TYPESCRIPT: "true" }),
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const [pipe, severity] of [
      [this.#child.stdout, "info"],
      [this.#child.stderr, "info#err"],
    ] as const) {
      const streamID = diagnostics.stream();
      if (!pipe) continue;
      createInterface({ input: pipe }).on("line", (line) => {
        if (line.trim()) diagnostics.log({ severity, message: line, streamID });
      });
    }
    this.ended = new Promise((resolve, reject) => {
      this.#child.once("error", (error) => reject(new Error(`Problem executing program: ${error.message}`)));
      this.#child.once("close", (code, signal) => {
        if (code === 0) resolve();
        else if (code === EXITED_AFTER_USER_MESSAGE) reject(new Bail("the program failed"));
        else reject(new Error(`Program exited with non-zero exit code: ${code ?? signal}`));
      });
    });
    this.ended.catch(() => {});
  }

  async stop(): Promise<void> {
    const { pid } = this.#child;
    if (pid === undefined || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    kill(pid, "SIGINT");
    const timer = setTimeout(() => kill(pid, "SIGKILL"), INTERRUPT_MS);
    await this.ended.catch(() => {});
    clearTimeout(timer);
  }
}

/** The language host hands the configuration over under keys of the old form, `namespace:config:name`. */
function configuration({ config, secretKeys }: OperationRequest): NodeJS.ProcessEnv {
  const old = Object.entries(config).map(([key, value]) => [key.replace(":", ":config:"), value]);
  return {
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(old)),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(secretKeys),
  };
}
