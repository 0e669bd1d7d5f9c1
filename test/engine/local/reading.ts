import { compareInputs } from "./compare";
import { StepError } from "./failure";
import type { ResourceState } from "./state";
import { type Answer, base, providerFor, type Runtime, type Step } from "./steps";
import { isProviderType } from "./urn";
import { sameMaps, Unknown } from "./value";

/** `new Resource(name, args, {id})`: reads what exists and does not manage it (`deploy.ReadStep`). */
export function readStep(
  runtime: Runtime,
  old: ResourceState | undefined,
  current: ResourceState,
  answer: Answer,
  replacing: boolean,
): Step {
  return {
    ...base(replacing ? "read-replacement" : "read", old, current),
    logical: !replacing,
    async apply() {
      if (isUnknownId(current.id)) current.outputs = {};
      else await read(runtime, current);
      if (replacing && old) old.delete = true;
      current.created = old?.created;
      const changed = old && !(sameMaps(current.inputs, old.inputs) && sameMaps(current.outputs, old.outputs));
      current.modified = changed ? new Date().toISOString() : old?.modified;
    },
    begin: (checkpoint) => checkpoint.begin(current, "reading"),
    end(checkpoint, kept) {
      checkpoint.end(current);
      if (kept) {
        if (old) checkpoint.retire(old);
        checkpoint.add(current);
      }
      checkpoint.save();
    },
    complete: () => answer(current),
  };
}

function isUnknownId(id: string): boolean {
  return id === new Unknown("04da6b54-80e4-46f7-96ec-b56ff0331ba9").sentinel;
}

async function read(runtime: Runtime, state: ResourceState): Promise<void> {
  const found = { inputs: state.inputs, outputs: state.inputs };
  const live = await providerFor(runtime, state).read(state, found, state.customTimeouts.read);
  if (!live.outputs) throw new StepError("ok", `resource '${state.id}' does not exist`);
  state.outputs = live.outputs;
  if (live.id) state.id = live.id;
}

/** Reads a managed resource again (`deploy.RefreshStep`); `new` is undefined when it is gone. */
export function refreshStep(runtime: Runtime, old: ResourceState): Step {
  let current: ResourceState | undefined = old;
  let changed = false;
  return {
    ...base("refresh", old, old),
    get new() {
      return current;
    },
    logical: false,
    resultOp: () => (current ? (changed ? "update" : "same") : "delete"),
    async apply() {
      // Components, providers and what waits for its replacement do not change by a refresh.
      if (!old.custom || isProviderType(old.type) || old.pendingReplacement) return;
      const live = await providerFor(runtime, old).read(old, old, old.customTimeouts.read);
      if (!live.id || !live.outputs) {
        current = undefined;
        return;
      }
      // A provider's `Read` cannot fail partially here, so that errors of an earlier update are cleared.
      const found = { ...old, id: live.id, initErrors: [], inputs: live.inputs ?? old.inputs, outputs: live.outputs };
      if (!(sameMaps(found.inputs, old.inputs) && sameMaps(found.outputs, old.outputs)))
        found.modified = new Date().toISOString();
      current = found;
      changed = old.external
        ? !sameMaps(old.outputs, found.outputs)
        : (await compareInputs(runtime, found, old.inputs, old.ignoreChanges)).changes === "some";
    },
    // The state is written once, after all of them.
    end: () => {},
  };
}
