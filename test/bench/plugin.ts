import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { CHANNEL_OPTIONS, grpc, Struct, unary } from "../engine/local/protocol";

/** The resources that the process has used since the last measurement. */
export interface Usage {
  /** Peak memory in bytes. */
  readonly peak: number;
  readonly resident: number;
  /** The delay of the event loop in milliseconds: the 99th percentile and the maximum. */
  readonly delay99: number;
  readonly delayMost: number;
  /** Processor time in milliseconds. */
  readonly processor: number;
}

type Properties = Record<string, unknown>;

/** The SDK's dynamic-provider process, measured from inside. Calls have no time limit, as in the engine. */
export class MeasuredPlugin {
  readonly #child: ChildProcess;
  readonly #client: ResourceProviderClient;
  readonly #file: string;

  static async start(cwd: string, engineAddress: string): Promise<MeasuredPlugin> {
    const script = createRequire(join(cwd, "index.js")).resolve("@pulumi/pulumi/cmd/dynamic-provider");
    const file = join(cwd, "usage.json");
    const child = spawn(
      process.execPath,
      ["--require", join(__dirname, "probes", "watch.cjs"), script, engineAddress],
      { cwd, env: { ...process.env, PROBE_FILE: file }, stdio: ["ignore", "pipe", "inherit"] },
    );
    const [port] = await once(createInterface({ input: child.stdout }), "line");
    const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), CHANNEL_OPTIONS);
    const configure = new messages.ConfigureRequest().setAcceptsecrets(true).setAcceptresources(true);
    await unary((done) => client.configure(configure.setArgs(Struct.fromJavaScript({})), done));
    return new MeasuredPlugin(child, client, file);
  }

  private constructor(child: ChildProcess, client: ResourceProviderClient, file: string) {
    this.#child = child;
    this.#client = client;
    this.#file = file;
  }

  async create(urn: string, inputs: Properties): Promise<Properties> {
    // The generated class accepts the Struct of the same SDK, although its type declarations differ.
    const properties = Struct.fromJavaScript(inputs as Parameters<typeof Struct.fromJavaScript>[0]);
    const request = new messages.CreateRequest().setUrn(urn).setProperties(properties);
    const response = await unary<messages.CreateResponse>((done) => this.#client.create(request, done));
    return response.getProperties()?.toJavaScript() ?? {};
  }

  /** The usage since the last call, or since the start. */
  async usage(): Promise<Usage> {
    await rm(this.#file, { force: true });
    this.#child.kill("SIGUSR2");
    for (;;) {
      const text = await readFile(this.#file, "utf8").catch(() => undefined);
      if (text !== undefined) return JSON.parse(text);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async stop(): Promise<void> {
    this.#client.close();
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGINT");
    await ended;
  }
}
