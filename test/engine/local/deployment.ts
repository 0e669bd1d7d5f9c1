import type { EventBody } from "../events";
import { STACK_TYPE } from "../events";
import type { Checkpoint } from "./checkpoint";
import { metadata, type StepExecutor } from "./executor";
import { Bail } from "./failure";
import { type ReadGoal, StepGenerator } from "./generator";
import type { Goal } from "./goal";
import { DependencyGraph } from "./graph";
import type { Source } from "./monitor";
import { EMPTY_GOAL } from "./new-state";
import { grpc, RpcError } from "./protocol";
import { EventQueue } from "./queue";
import type { OperationRequest } from "./request";
import type { ResourceState, Snapshot } from "./state";
import type { Answer, Runtime, Step } from "./steps";
import { makeUrn, providerType, typeOf } from "./urn";
import { type PropertyMap, Secret, sameMaps } from "./value";

type ProgramEvent =
  | {
      readonly kind: "steps";
      readonly urn: string;
      readonly make: (answer: Answer) => Promise<Step[]>;
      readonly answer: Answer;
    }
  | { readonly kind: "outputs"; readonly urn: string; readonly outputs: PropertyMap; readonly done: () => void }
  | { readonly kind: "end"; readonly error?: Error };

type Named = Pick<Goal, "parent" | "type" | "name">;

interface Parts {
  readonly request: OperationRequest;
  readonly snapshot: Snapshot;
  readonly runtime: Runtime;
  readonly checkpoint: Checkpoint;
  readonly executor: StepExecutor;
  readonly emit: (event: EventBody) => void;
}

/** Brings the state to what the program says (`deploy.deploymentExecutor`), or to nothing when there is no program. */
export class Deployment implements Source {
  readonly #parts: Parts;
  readonly #generator: StepGenerator;
  readonly #queue = new EventQueue<ProgramEvent>();
  readonly #unanswered = new Set<(error: Error) => void>();
  #stackOutputs: { readonly urn: string; readonly outputs: PropertyMap } | undefined;
  #release: () => void = () => {};
  readonly #released = new Promise<void>((resolve) => {
    this.#release = resolve;
  });

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#generator = new StepGenerator(parts.runtime, parts.request, parts.snapshot);
  }

  register(goal: Goal): Promise<ResourceState> {
    return this.#ask(goal, (answer) => this.#generator.register(goal, answer));
  }

  read(goal: ReadGoal): Promise<ResourceState> {
    return this.#ask(goal, async (answer) => this.#generator.read(goal, answer));
  }

  /** It gets the whole stack configuration, namespaces kept (`Target.GetPackageConfig`). */
  registerDefaultProvider(pkg: string, name: string, version: string): Promise<ResourceState> {
    const { config, secretKeys } = this.#parts.request;
    const inputs = Object.entries(config).map(([key, value]) => [
      key,
      secretKeys.includes(key) ? new Secret(value) : value,
    ]);
    const properties = { ...Object.fromEntries(inputs), ...(version && { version }) };
    return this.register({ ...EMPTY_GOAL, type: providerType(pkg), name, custom: true, properties });
  }

  registerOutputs(urn: string, outputs: PropertyMap): Promise<void> {
    return this.#answered((done) => this.#queue.push({ kind: "outputs", urn, outputs, done: () => done() }));
  }

  finished(): Promise<void> {
    this.#queue.push({ kind: "end" });
    return this.#released;
  }

  /** The program has ended, well or with an error. */
  ended(error?: Error): void {
    this.#queue.push({ kind: "end", ...(error && { error }) });
  }

  /** Lets the program exit. */
  release(): void {
    this.#release();
  }

  /** Rejects the remaining registrations, so that the program ends. */
  abandon(): void {
    const error = new RpcError(
      grpc.status.UNAVAILABLE,
      "resource monitor shut down while waiting on step's done channel",
    );
    for (const reject of this.#unanswered) reject(error);
    this.#unanswered.clear();
  }

  /** Works until the program is done; gives the error that ended it, if one did. */
  async run(): Promise<Error | undefined> {
    const { executor } = this.#parts;
    const error = await this.#loop();
    if (error) executor.stop();
    await executor.idle();
    if (!executor.terminated) this.#finishStackOutputs(error !== undefined || this.failed);
    return error;
  }

  get failed(): boolean {
    return this.#parts.executor.failed || this.#generator.sawError;
  }

  /** Deletes what was not registered: after a program what it dropped, without one everything. */
  async deleteUnregistered(): Promise<void> {
    const { executor, snapshot } = this.#parts;
    await executor.idle();
    if (executor.signal.aborted) return;
    const graph = new DependencyGraph(snapshot.resources);
    const kept = new Set<ResourceState>();
    for (const round of await this.#generator.deletions()) {
      const steps = round.filter((step) => !step.old || !kept.has(step.old));
      await executor.runAll(steps);
      // What a protected resource needs cannot go either.
      for (const state of executor.protectedStates)
        for (const needed of graph.transitiveDependenciesOf(state)) kept.add(needed);
    }
  }

  async #loop(): Promise<Error | undefined> {
    const { executor, runtime } = this.#parts;
    for (;;) {
      const event = await this.#queue.next(executor.signal);
      if (!event) return undefined;
      try {
        if (event.kind === "end") {
          if (event.error) throw event.error;
          await this.deleteUnregistered();
          return undefined;
        }
        if (event.kind === "steps") await executor.submit(await event.make(event.answer));
        else this.#recordOutputs(event);
      } catch (error) {
        const failure = error instanceof Error ? error : new Error(String(error));
        const urn = event.kind === "end" ? "" : event.urn;
        if (!(failure instanceof Bail)) runtime.diagnostics.error(urn, failure.message);
        return failure;
      }
    }
  }

  #recordOutputs({ urn, outputs, done }: Extract<ProgramEvent, { kind: "outputs" }>): void {
    // The stack's outputs wait for the end: a failed operation keeps those it did not get to.
    if (typeOf(urn) === STACK_TYPE) this.#stackOutputs = { urn, outputs };
    else this.#setOutputs(urn, outputs);
    done();
  }

  #setOutputs(urn: string, outputs: PropertyMap): void {
    const { executor, runtime, checkpoint, emit } = this.#parts;
    const step = executor.registered.get(urn);
    if (!step?.new) throw new Error(`cannot complete a resource '${urn}' whose registration isn't pending`);
    executor.registered.delete(urn);
    step.new.outputs = outputs;
    emit({ resOutputsEvent: { metadata: metadata(step, step.op), planning: runtime.preview } });
    if (!runtime.preview && !(step.old && sameMaps(step.old.outputs, outputs))) checkpoint.save();
  }

  #finishStackOutputs(failed: boolean): void {
    if (!this.#stackOutputs) return;
    const { urn, outputs } = this.#stackOutputs;
    const old = this.#parts.executor.registered.get(urn)?.old;
    this.#setOutputs(urn, failed ? { ...old?.outputs, ...outputs } : outputs);
  }

  #ask(goal: Named, make: (answer: Answer) => Promise<Step[]>): Promise<ResourceState> {
    const { stack, project } = this.#parts.request;
    const urn = makeUrn(stack, project, goal.parent, goal.type, goal.name);
    return this.#answered((answer) => this.#queue.push({ kind: "steps", urn, make, answer }));
  }

  #answered<T>(send: (answer: (value: T) => void) => void): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#unanswered.add(reject);
      send((value) => {
        this.#unanswered.delete(reject);
        resolve(value);
      });
    });
  }
}
