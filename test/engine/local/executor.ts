import type { EventBody, StateMetadata, StepMetadata } from "../events";
import type { Checkpoint } from "./checkpoint";
import { PartialFailure, StepError } from "./failure";
import { ProtectedError } from "./removal";
import type { ResourceState } from "./state";
import type { Op, Runtime, Step } from "./steps";
import { isDefaultProvider } from "./urn";
import { isMap, mapMembers, type PropertyMap, Secret, type Value } from "./value";
import { encodeMap } from "./wire";

/** Carries out chains of steps, several chains at once (`deploy.stepExecutor`), and records what becomes of them. */
export class StepExecutor {
  readonly #runtime: Runtime;
  readonly #checkpoint: Checkpoint;
  readonly #emit: (event: EventBody) => void;
  readonly #abort = new AbortController();
  readonly #slots: number;
  readonly #running = new Set<Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  /** Steps that succeeded, by URN: a component's outputs are registered later. */
  readonly registered = new Map<string, Step>();
  readonly changes: Partial<Record<Op, number>> = {};
  /** Protected resources whose deletion was refused. */
  readonly protectedStates: ResourceState[] = [];
  /** The state of a resource is not known any more. */
  maybeCorrupt = false;
  failed = false;
  /** The user does not wait: nothing is recorded any more. */
  terminated = false;
  /** Failures end a deployment; a refresh continues with the other resources. */
  readonly #goOn: boolean;

  constructor(
    runtime: Runtime,
    checkpoint: Checkpoint,
    emit: (event: EventBody) => void,
    { parallel, goOn }: { readonly parallel: number; readonly goOn: boolean },
  ) {
    this.#runtime = runtime;
    this.#checkpoint = checkpoint;
    this.#emit = emit;
    this.#slots = parallel;
    this.#goOn = goOn;
  }

  /** Aborted when no new step is to begin: a step failed, or the user cancelled. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  stop(): void {
    this.#abort.abort();
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Starts a chain as soon as a worker is free; resolves when it has started. */
  async submit(chain: readonly Step[]): Promise<void> {
    while (this.#running.size >= this.#slots && !this.signal.aborted) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.signal.aborted) return;
    const work = this.#runChain(chain).finally(() => {
      this.#running.delete(work);
      this.#waiting.shift()?.();
    });
    this.#running.add(work);
  }

  /** Runs steps that do not depend on each other and waits for them. */
  async runAll(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.submit([step]);
    await this.idle();
  }

  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async #runChain(chain: readonly Step[]): Promise<void> {
    for (const step of chain) {
      if (this.signal.aborted) return;
      if (!(await this.#run(step))) return;
    }
  }

  async #run(step: Step): Promise<boolean> {
    const { preview } = this.#runtime;
    this.#emit({ resourcePreEvent: { metadata: metadata(step, step.op), planning: preview } });
    if (!preview) step.begin(this.#checkpoint);
    const error = await step.apply().then(
      () => undefined,
      (reason: unknown) => (reason instanceof Error ? reason : new Error(String(reason))),
    );
    if (step.new && step.op !== "replace") markSecrets(step.new);
    if (!error && step.logical && step.new) this.registered.set(step.urn, step);
    // Deliberately without writing: what was running stays in the state as a pending operation.
    if (this.terminated) return false;
    if (error) this.#reportFailure(step, error);
    else this.#reportSuccess(step);
    // Not the inputs it was to have: it was not updated to them.
    if (error instanceof PartialFailure && step.op === "update" && step.new && step.old)
      step.new.inputs = { ...step.old.inputs };
    if (!preview) step.end(this.#checkpoint, !error || error instanceof PartialFailure);
    if (!error) step.complete();
    return !error;
  }

  #reportFailure(step: Step, error: Error): void {
    const { preview, diagnostics } = this.#runtime;
    if (error instanceof StepError && error.status === "unknown") this.maybeCorrupt = true;
    this.failed = true;
    const urn = isInternal(step) ? "" : step.urn;
    diagnostics.error(urn, preview ? `Preview failed: ${error.message}` : error.message);
    if (!preview) this.#emit({ resOpFailedEvent: { metadata: metadata(step, step.op) } });
    if (error instanceof ProtectedError) {
      if (step.old) this.protectedStates.push(step.old);
    } else if (!this.#goOn) this.stop();
  }

  #reportSuccess(step: Step): void {
    const op = step.resultOp();
    if (isRecorded(step) && !isInternal(step)) this.changes[op] = (this.changes[op] ?? 0) + 1;
    const { preview } = this.#runtime;
    const state = step.new ?? step.old;
    if (preview || state?.custom || step.op === "delete" || step.op === "refresh")
      this.#emit({ resOutputsEvent: { metadata: metadata(step, op), planning: preview } });
  }
}

/** Every refresh counts as what it found; a read counts when it found something else than before. */
function isRecorded(step: Step): boolean {
  if (step.op === "refresh") return true;
  if (step.op === "read") return step.old !== undefined;
  return step.logical;
}

function isInternal(step: Step): boolean {
  return step.op === "remove-pending-replace" || isDefaultProvider(step.urn);
}

/** Outputs that the program declared secret, and those that hold what came in as a secret input. */
function markSecrets(state: ResourceState): void {
  const { inputs, outputs, additionalSecretOutputs } = state;
  for (const [key, output] of Object.entries(outputs)) {
    if (output instanceof Secret) continue;
    if (additionalSecretOutputs.includes(key) || inputs[key] instanceof Secret) outputs[key] = new Secret(output);
  }
}

export function metadata(step: Step, op: Op): StepMetadata {
  const { urn, old, new: current, logical } = step;
  const { type, provider } = (current ?? old) as ResourceState; // a step has at least one of them
  return { op, urn, type, provider, logical, detailedDiff: null, old: describe(old), new: describe(current) };
}

function describe(state: ResourceState | undefined): StateMetadata | null {
  if (!state) return null;
  const { type, urn, custom, id, parent, protect, provider, initErrors } = state;
  const [inputs, outputs] = [state.inputs, state.outputs].map(masked);
  return { type, urn, custom, id, parent, protect, provider, initErrors, inputs: inputs ?? {}, outputs: outputs ?? {} };
}

/** What the log shows of properties: secrets are marked, their values are not there. */
function masked(map: PropertyMap): Record<string, unknown> {
  const hide = (value: Value): Value => (value instanceof Secret ? new Secret("[secret]") : mapMembers(value, hide));
  const hidden = hide(map);
  return isMap(hidden) ? encodeMap(hidden, { unknowns: true, secrets: true, resources: true }) : {};
}
