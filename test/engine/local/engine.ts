import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import type { EventBody } from "../events";
import { Checkpoint } from "./checkpoint";
import { Deployment } from "./deployment";
import { Diagnostics } from "./diagnostics";
import { engineService } from "./engine-service";
import { StepExecutor } from "./executor";
import { Bail } from "./failure";
import { Monitor } from "./monitor";
import { Plugin } from "./plugin";
import { Program } from "./program";
import { CHANNEL_OPTIONS, grpc } from "./protocol";
import { Provider } from "./provider";
import { refresh } from "./refresh";
import { Registry } from "./registry";
import type { OperationRequest } from "./request";
import { type PendingOperation, providerOf, type ResourceState, type Snapshot } from "./state";
import type { Runtime } from "./steps";
import type { Store } from "./store";
import { formatReference, providerPackage, typeOf } from "./urn";

/** The only provider this engine can start. */
const PACKAGE = "pulumi-nodejs";

/** One operation from beginning to end: servers, providers, program, steps, and the ways to interrupt it. */
export class LocalOperation {
  readonly #request: OperationRequest;
  readonly #emit: (event: EventBody) => void;
  readonly #diagnostics: Diagnostics;
  readonly #snapshot: Snapshot;
  readonly #save: (snapshot: Snapshot) => void;
  readonly #server = new grpc.Server(CHANNEL_OPTIONS);
  readonly #registry: Registry;
  readonly #runtime: Runtime;
  readonly #checkpoint: Checkpoint;
  readonly #executor: StepExecutor;
  readonly #deployment: Deployment;
  readonly #terminated = Promise.withResolvers<void>();
  #program: Program | undefined;
  /** A plugin that starts while the program does; the first provider takes it. */
  #spare: Promise<Plugin> | undefined;
  #address = "";
  #cancelled = false;

  constructor(request: OperationRequest, store: Store, emit: (event: EventBody) => void) {
    this.#request = request;
    this.#emit = emit;
    this.#diagnostics = new Diagnostics(emit);
    this.#snapshot = store.load();
    this.#save = (snapshot) => store.save(snapshot);
    this.#registry = new Registry((urn) => this.#startProvider(urn));
    const preview = request.kind === "preview";
    this.#runtime = {
      preview,
      registry: this.#registry,
      diagnostics: this.#diagnostics,
      ensureProvider: (state) => this.#ensureProvider(state),
    };
    this.#checkpoint = new Checkpoint(this.#snapshot, this.#save);
    const checkpoint = this.#checkpoint;
    const options = { parallel: request.parallel, goOn: request.kind === "refresh" };
    this.#executor = new StepExecutor(this.#runtime, checkpoint, emit, options);
    const [runtime, executor, snapshot] = [this.#runtime, this.#executor, this.#snapshot];
    this.#deployment = new Deployment({ request, snapshot, runtime, checkpoint, executor, emit });
  }

  /** First signal: nothing new begins, providers are told, what runs is awaited. Second: nothing is awaited. */
  interrupt(): void {
    if (this.#cancelled) this.#terminate();
    else this.#cancel();
  }

  #cancel(): void {
    this.#cancelled = true;
    const note =
      this.#request.kind === "preview"
        ? ""
        : "\nNote that terminating immediately may lead to orphaned resources and other inconsistencies.";
    const message = `^C received; cancelling. If you would like to terminate immediately, press ^C again.${note}\n`;
    this.#emit({ stdoutEvent: { message } });
    this.#executor.stop();
    void this.#registry.cancel().then(() => this.#program?.stop());
  }

  #terminate(): void {
    this.#emit({ stdoutEvent: { message: "^C received; terminating" } });
    this.#executor.terminated = true;
    this.#terminated.resolve();
  }

  async run(): Promise<boolean> {
    const started = performance.now();
    let failed = true;
    try {
      await this.#serve();
      this.#spare = this.#startPlugin();
      this.#spare.catch(() => {});
      this.#emit({ preludeEvent: { config: {} } });
      failed = await Promise.race([this.#carryOut(), this.#terminated.promise.then(() => true)]);
    } catch (error) {
      this.#diagnostics.error("", error instanceof Error ? error.message : String(error));
    } finally {
      this.#deployment.abandon();
      await Promise.all([this.#program?.stop(), this.#registry.close(), this.#closeSpare()]);
      this.#server.forceShutdown();
    }
    this.#emit({
      summaryEvent: {
        maybeCorrupt: this.#executor.maybeCorrupt,
        durationSeconds: Math.round((performance.now() - started) / 1000),
        resourceChanges: this.#executor.changes,
        isPreview: this.#runtime.preview,
        result: failed ? "failed" : "succeeded",
      },
    });
    return !failed;
  }

  async #carryOut(): Promise<boolean> {
    if (this.#request.kind === "refresh") return this.#refresh();
    if (this.#snapshot.pendingOperations.length > 0 && !this.#runtime.preview)
      this.#diagnostics.warn("", pendingWarning(this.#snapshot.pendingOperations));
    const error = await (this.#request.kind === "destroy" ? this.#destroy() : this.#update());
    if (!this.#executor.terminated) this.#checkpoint.flush();
    // An error that was reported where it arose is not followed by a general one.
    if (!error) this.#reportResult();
    return error !== undefined || this.#deployment.failed || this.#cancelled;
  }

  async #update(): Promise<Error | undefined> {
    const program = new Program(this.#request, this.#address, this.#diagnostics);
    this.#program = program;
    program.ended.then(
      () => this.#deployment.ended(),
      (error: Error) => this.#deployment.ended(error),
    );
    const error = await this.#deployment.run();
    if (error || this.#executor.signal.aborted) return error;
    this.#deployment.release();
    return program.ended.then(
      () => undefined,
      (reason: Error) => {
        if (!(reason instanceof Bail)) this.#diagnostics.error("", reason.message);
        return reason;
      },
    );
  }

  async #destroy(): Promise<Error | undefined> {
    this.#deployment.ended();
    return this.#deployment.run();
  }

  async #refresh(): Promise<boolean> {
    const resources = await refresh(this.#runtime, this.#executor, this.#snapshot);
    if (this.#executor.terminated) return true;
    const isKept = ({ type }: PendingOperation) => type === "creating" && !this.#request.clearPendingCreates;
    this.#save({ resources, pendingOperations: this.#snapshot.pendingOperations.filter(isKept) });
    this.#reportResult();
    return this.#executor.failed || this.#cancelled;
  }

  #reportResult(): void {
    const kind = this.#runtime.preview ? "preview" : "update";
    if (this.#deployment.failed) this.#diagnostics.error("", `${kind} failed`);
    else if (this.#cancelled) this.#diagnostics.error("", `${kind} canceled`);
  }

  async #serve(): Promise<void> {
    const monitor = new Monitor(this.#request, this.#deployment);
    this.#server.addService(ResourceMonitorService, monitor.service());
    this.#server.addService(EngineService, engineService(this.#diagnostics));
    const port = await new Promise<number>((resolve, reject) => {
      const credentials = grpc.ServerCredentials.createInsecure();
      this.#server.bindAsync("127.0.0.1:0", credentials, (error, bound) => (error ? reject(error) : resolve(bound)));
    });
    this.#address = `127.0.0.1:${port}`;
  }

  async #startProvider(urn: string): Promise<Provider> {
    const pkg = providerPackage(typeOf(urn));
    if (pkg !== PACKAGE)
      throw new Error(`the local engine has no provider for package '${pkg}', only for '${PACKAGE}'`);
    const plugin = this.#spare ?? this.#startPlugin();
    this.#spare = undefined;
    return new Provider(await plugin);
  }

  async #closeSpare(): Promise<void> {
    const plugin = await this.#spare?.catch(() => undefined);
    await plugin?.close();
  }

  #startPlugin(): Promise<Plugin> {
    const { project, dir, config } = this.#request;
    // A plugin sees the configuration of its own namespace only; the rest comes with Configure.
    const own = Object.entries(config).filter(([key]) => key.startsWith(`${PACKAGE}:`));
    const env = {
      ...process.env,
      PULUMI_NODEJS_PROJECT: project,
      PULUMI_PROJECT: project,
      PULUMI_CONFIG: JSON.stringify(Object.fromEntries(own)),
    };
    return Plugin.start({ cwd: dir, env, engineAddress: this.#address }, this.#diagnostics);
  }

  /** Without the program a provider has the configuration of the last update, as the state holds it. */
  async #ensureProvider(state: ResourceState): Promise<void> {
    const reference = providerOf(state);
    if (!reference || this.#registry.has(formatReference(reference))) return;
    const found = this.#snapshot.resources.find(({ urn, id }) => urn === reference.urn && id === reference.id);
    if (!found) throw new Error(`could not load provider for resource ${state.urn}: it is not in the state`);
    await this.#registry.same(found);
  }
}

function pendingWarning(operations: readonly PendingOperation[]): string {
  const list = operations.map(({ resource, type }) => `  * ${resource.urn}, interrupted while ${type}\n`).join("");
  return (
    `Attempting to deploy or update resources with ${operations.length} pending operations from previous deployment.\n` +
    `${list}These resources are in an unknown state because the Pulumi CLI was interrupted while waiting for changes to ` +
    "these resources to complete. You should confirm whether or not the operations listed completed successfully by " +
    "checking the state of the appropriate provider. For example, if you are using AWS, you can confirm using the AWS " +
    "Console.\n\nOnce you have confirmed the status of the interrupted operations, you can repair your stack using " +
    "`pulumi refresh` which will refresh the state from the provider you are using and clear the pending operations if " +
    "there are any.\n\nNote that `pulumi refresh` will need to be run interactively to clear pending CREATE operations."
  );
}
