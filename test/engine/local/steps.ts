import type { Checkpoint } from "./checkpoint";
import type { Diagnostics } from "./diagnostics";
import { PartialFailure, StepError } from "./failure";
import type { Provider } from "./provider";
import type { Registry } from "./registry";
import type { ResourceState } from "./state";
import { isProviderType } from "./urn";

export type Op =
  | "same"
  | "create"
  | "update"
  | "delete"
  | "replace"
  | "create-replacement"
  | "delete-replaced"
  | "read"
  | "read-replacement"
  | "discard"
  | "discard-replaced"
  | "remove-pending-replace"
  | "refresh";

/** What steps need of the operation they belong to. */
export interface Runtime {
  readonly preview: boolean;
  readonly registry: Registry;
  readonly diagnostics: Diagnostics;
  /** Starts the provider of a resource as the state has it, unless the program has brought it up already. */
  ensureProvider(state: ResourceState): Promise<void>;
}

/** Answers a registration that waits in the program. */
export type Answer = (state: ResourceState) => void;

/** One change of the state, and of what it stands for (`deploy.Step`). */
export interface Step {
  readonly op: Op;
  readonly urn: string;
  readonly old: ResourceState | undefined;
  readonly new: ResourceState | undefined;
  /** Whether it counts in the summary: the parts of a replacement do not, the replacement does. */
  readonly logical: boolean;
  /** What the step turned out to be: a refresh finds out. */
  resultOp(): Op;
  /** Does it; throws when it failed. After a {@link PartialFailure} the new state holds what exists. */
  apply(): Promise<void>;
  /** Writes to the checkpoint that the step begins. */
  begin(checkpoint: Checkpoint): void;
  /** Writes to the checkpoint what became of it; `kept` is false when nothing is to be recorded. */
  end(checkpoint: Checkpoint, kept: boolean): void;
  /** Lets the program go on. */
  complete(): void;
}

/** What most steps have in common. */
export function base(
  op: Op,
  old: ResourceState | undefined,
  current: ResourceState | undefined,
): Omit<Step, "apply" | "end"> {
  const urn = (current ?? old)?.urn ?? "";
  return { op, urn, old, new: current, logical: true, resultOp: () => op, begin: () => {}, complete: () => {} };
}

export function providerFor(runtime: Runtime, state: ResourceState): Provider {
  return runtime.registry.get(state.provider);
}

/** New inputs are saved; outputs are what they were. */
export function sameStep(runtime: Runtime, old: ResourceState, current: ResourceState, answer: Answer): Step {
  return {
    ...base("same", old, current),
    async apply() {
      current.id = old.id;
      current.outputs = old.outputs;
      if (isProviderType(current.type)) await runtime.registry.same({ ...current, inputs: old.inputs });
    },
    end: (checkpoint, kept) => (kept ? checkpoint.keep(old, current) : checkpoint.save()),
    complete: () => answer(current),
  };
}

interface Replacement {
  readonly old: ResourceState;
  /** The old one is deleted after everything else, not before. */
  readonly pendingDelete: boolean;
}

export function createStep(runtime: Runtime, current: ResourceState, answer: Answer, replacement?: Replacement): Step {
  return {
    ...base(replacement ? "create-replacement" : "create", replacement?.old, current),
    logical: !replacement,
    async apply() {
      const failure = await keepingPartial(current, () => create(runtime, current));
      current.created = current.modified = new Date().toISOString();
      if (replacement?.pendingDelete) replacement.old.delete = true;
      if (failure) throw failure;
    },
    begin: (checkpoint) => checkpoint.begin(current, "creating"),
    end(checkpoint, kept) {
      checkpoint.end(current);
      if (kept) {
        checkpoint.add(current);
        if (replacement?.old.pendingReplacement) checkpoint.retire(replacement.old);
      }
      checkpoint.save();
    },
    complete: () => answer(current),
  };
}

async function create(runtime: Runtime, state: ResourceState): Promise<void> {
  if (!state.custom) return;
  const { preview, registry } = runtime;
  const live = isProviderType(state.type)
    ? await registry.create(state.urn, state.inputs, preview)
    : await providerFor(runtime, state).create(state.urn, state.inputs, state.customTimeouts.create, preview);
  if (!live.id && !preview) throw new StepError("ok", "provider did not return an ID from Create");
  state.id = live.id;
  state.outputs = live.properties;
}

/** The replacement as one conceptual operation, for the summary; its parts do the work. */
export function replaceStep(old: ResourceState, current: ResourceState): Step {
  return { ...base("replace", old, current), apply: async () => {}, end: () => {} };
}

export function updateStep(runtime: Runtime, old: ResourceState, current: ResourceState, answer: Answer): Step {
  return {
    ...base("update", old, current),
    async apply() {
      current.id = old.id;
      current.created = old.created;
      current.modified = old.modified;
      const failure = await keepingPartial(current, () => update(runtime, old, current));
      if (current.custom) current.modified = new Date().toISOString();
      if (failure) throw failure;
    },
    begin: (checkpoint) => checkpoint.begin(current, "updating"),
    end(checkpoint, kept) {
      checkpoint.end(current);
      if (kept) {
        checkpoint.retire(old);
        checkpoint.add(current);
      }
      checkpoint.save();
    },
    complete: () => answer(current),
  };
}

async function update(runtime: Runtime, old: ResourceState, current: ResourceState): Promise<void> {
  if (!current.custom) return;
  const { preview, registry } = runtime;
  if (isProviderType(current.type)) {
    current.outputs = await registry.update(old, current.inputs);
    return;
  }
  current.outputs = await providerFor(runtime, current).update(old, old, current.inputs, {
    timeout: current.customTimeouts.update,
    ignoreChanges: current.ignoreChanges,
    preview,
  });
}

/** Stores the content of a partial failure in the state and returns it; rethrows any other failure. */
async function keepingPartial(state: ResourceState, work: () => Promise<void>): Promise<PartialFailure | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof PartialFailure)) throw error;
    state.id ||= error.id;
    state.outputs = error.properties;
    state.initErrors = [...error.reasons];
    return error;
  }
}
