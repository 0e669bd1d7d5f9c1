import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as messages from "@pulumi/pulumi/proto/provider_pb";
import { CHANNEL_OPTIONS, Empty, grpc, Struct, unary } from "../engine/local/protocol";
import { definedEnv } from "../engine/settings";
import { type Properties, readFailure, type Sent } from "./failure";

/** Milliseconds after which an RPC is considered to get no response. */
const RESPONSE_TIMEOUT = 50_000;

export interface ProviderOptions {
  /** The provider's modules resolve from here. */
  readonly cwd: string;
  readonly engineAddress: string;
  /** Full keys, `oceanbase:password`. */
  readonly config?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds after which an RPC is considered to get no response. */
  readonly responseTimeout?: number;
}

export interface Subject {
  readonly urn: string;
  readonly id: string;
}

/** A process that serves dynamic providers, as the SDK in `cwd` has it, and the engine's side of the RPCs to it. */
export class DynamicProvider {
  /** Its exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  readonly #child: ChildProcess;
  readonly #client: ResourceProviderClient;
  readonly #lines: string[];
  readonly #responseTimeout: number;

  static async start({
    cwd,
    engineAddress,
    config = {},
    env = {},
    responseTimeout,
  }: ProviderOptions): Promise<DynamicProvider> {
    const script = createRequire(join(cwd, "index.js")).resolve("@pulumi/pulumi/cmd/dynamic-provider");
    const child = spawn(process.execPath, [script, engineAddress], {
      cwd,
      env: definedEnv({ OCEANBASE_PASSWORD: undefined, PULUMI_PROJECT: "shop", PULUMI_NODEJS_PROJECT: "shop", ...env }),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const lines: string[] = [];
    const port = await readPort(child, lines);
    const provider = new DynamicProvider(child, port, lines, responseTimeout);
    await provider.#configure(config);
    return provider;
  }

  private constructor(child: ChildProcess, port: number, lines: string[], responseTimeout = RESPONSE_TIMEOUT) {
    this.#child = child;
    this.#responseTimeout = responseTimeout;
    this.#lines = lines;
    this.exited = new Promise((resolve) => child.once("exit", resolve));
    this.#client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure(), CHANNEL_OPTIONS);
  }

  /** Everything that the process printed. */
  get output(): string {
    return this.#lines.join("\n");
  }

  async check(urn: string, news: Properties, olds: Properties = {}) {
    const request = new messages.CheckRequest().setUrn(urn);
    request.setNews(struct(news)).setOlds(struct(olds));
    const response = await this.#call<messages.CheckResponse>((...rest) => this.#client.check(request, ...rest));
    const failures = response.getFailuresList().map((failure) => failure.toObject());
    return { inputs: plain(response.getInputs()), failures };
  }

  async diff({ urn, id }: Subject, olds: Properties, news: Properties) {
    const request = new messages.DiffRequest().setUrn(urn).setId(id);
    request.setNews(struct(news)).setOlds(struct(olds));
    const response = await this.#call<messages.DiffResponse>((...rest) => this.#client.diff(request, ...rest));
    const changes = (["unknown", "none", "some"] as const)[response.getChanges()];
    return { changes, replaces: response.getReplacesList() };
  }

  /** @param seconds customTimeouts as the engine sends them; 0 for none */
  async create(urn: string, inputs: Properties, seconds = 0) {
    const request = new messages.CreateRequest().setUrn(urn).setTimeout(seconds);
    request.setProperties(struct(inputs));
    const response = await this.#call<messages.CreateResponse>((...rest) => this.#client.create(request, ...rest));
    return { id: response.getId(), properties: plain(response.getProperties()) };
  }

  async update({ urn, id }: Subject, olds: Properties, news: Properties, seconds = 0) {
    const request = new messages.UpdateRequest().setUrn(urn).setId(id).setTimeout(seconds);
    request.setOlds(struct(olds)).setNews(struct(news));
    const response = await this.#call<messages.UpdateResponse>((...rest) => this.#client.update(request, ...rest));
    return { properties: plain(response.getProperties()) };
  }

  async read({ urn, id }: Subject, properties: Properties, inputs: Properties = {}) {
    const request = new messages.ReadRequest().setUrn(urn).setId(id);
    request.setProperties(struct(properties)).setInputs(struct(inputs));
    const response = await this.#call<messages.ReadResponse>((...rest) => this.#client.read(request, ...rest));
    const read = response.getInputs();
    return { id: response.getId(), properties: plain(response.getProperties()), inputs: read && plain(read) };
  }

  async delete({ urn, id }: Subject, properties: Properties): Promise<void> {
    const request = new messages.DeleteRequest().setUrn(urn).setId(id);
    request.setProperties(struct(properties));
    await this.#call((...rest) => this.#client.delete(request, ...rest));
  }

  async cancel(): Promise<void> {
    await this.#call((...rest) => this.#client.cancel(new Empty(), ...rest));
  }

  /** Ends the process as the engine does at the end of a run. */
  async stop(): Promise<number | null> {
    this.#client.close();
    this.#child.kill("SIGINT");
    return this.exited;
  }

  /** Ends the process as the kernel does when memory is low, without any clean-up. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.exited;
    this.#client.close();
  }

  async #configure(config: Readonly<Record<string, string>>): Promise<void> {
    const request = new messages.ConfigureRequest().setAcceptsecrets(true).setAcceptresources(true);
    request.setArgs(struct(config));
    await this.#call((...rest) => this.#client.configure(request, ...rest));
  }

  async #call<R>(send: (...rest: Rest<R>) => unknown): Promise<R> {
    const deadline = Date.now() + this.#responseTimeout;
    try {
      return await unary<R>((done) => send(new grpc.Metadata(), { deadline }, done));
    } catch (error) {
      throw readFailure(error);
    }
  }
}

type Rest<R> = [
  metadata: import("@grpc/grpc-js").Metadata,
  options: { deadline: number },
  done: (error: import("@grpc/grpc-js").ServiceError | null, response: R) => void,
];

function struct(properties: Properties): Sent {
  return Struct.fromJavaScript(properties);
}

function plain(struct: Sent | undefined): Properties {
  return struct?.toJavaScript() ?? {};
}

/** The first line of its output is the port; the other lines are kept. */
function readPort(child: ChildProcess, lines: string[]): Promise<number> {
  const { stdout, stderr } = child;
  if (!stdout || !stderr) throw new Error("the provider has no pipes");
  createInterface({ input: stderr }).on("line", (line) => lines.push(line));
  return new Promise((resolve, reject) => {
    const out = createInterface({ input: stdout });
    out.once("line", (port) => {
      resolve(Number(port));
      out.on("line", (line) => lines.push(line));
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`the provider ended with ${code}: ${lines.join("\n")}`)));
  });
}
