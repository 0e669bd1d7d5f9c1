import { isDeepStrictEqual } from "node:util";
import type { OperationType, PendingOperation, ResourceState, Snapshot } from "./state";
import { sameMaps } from "./value";

/**
 * Keeps what the state is while an operation runs (`backend.SnapshotManager`): resources that were operated on, in that
 * order, then the old ones that nothing has touched.
 */
export class Checkpoint {
  readonly #base: Snapshot;
  readonly #save: (snapshot: Snapshot) => void;
  readonly #news: ResourceState[] = [];
  readonly #dones = new Set<ResourceState>();
  readonly #running = new Map<ResourceState, PendingOperation>();
  /** What a step left out is still to be written. */
  #behind = false;

  constructor(base: Snapshot, save: (snapshot: Snapshot) => void) {
    this.#base = base;
    this.#save = save;
  }

  /** An old state that has been replaced by a new one, or deleted. */
  retire(state: ResourceState): void {
    this.#dones.add(state);
  }

  add(state: ResourceState): void {
    this.#news.push(state);
  }

  /** Records an unchanged resource: it is written immediately only if its state differs. */
  keep(old: ResourceState, current: ResourceState): void {
    this.retire(old);
    this.add(current);
    if (saysTheSame(old, current)) this.#behind = true;
    else this.save();
  }

  /** Records an operation before it starts, so that it is known after a crash. */
  begin(resource: ResourceState, type: OperationType): void {
    this.#running.set(resource, { resource, type });
    this.save();
  }

  end(resource: ResourceState): void {
    this.#running.delete(resource);
  }

  /** At the end: writes what no step has written. */
  flush(): void {
    if (this.#behind) this.save();
  }

  save(): void {
    this.#behind = false;
    const resources = [...this.#news, ...this.#base.resources].filter((state) => !this.#dones.has(state));
    // Only a person can resolve pending creates: only an interactive refresh clears them.
    const creates = this.#base.pendingOperations.filter(({ type }) => type === "creating");
    this.#save({
      resources: normalizeUrns(resources),
      pendingOperations: [...this.#running.values(), ...creates],
    });
  }
}

/** Whether two states of an unchanged resource are equivalent (`sameSnapshotMutation.mustWrite`). */
function saysTheSame(old: ResourceState, current: ResourceState): boolean {
  return (
    sameMaps(old.inputs, current.inputs) &&
    sameMaps(old.outputs, current.outputs) &&
    isDeepStrictEqual(essentials(old), essentials(current))
  );
}

function essentials(state: ResourceState): unknown {
  const { urn, type, custom, customTimeouts, retainOnDelete, provider, parent, deletedWith, protect } = state;
  const dependencies = state.dependencies.toSorted();
  return { urn, type, custom, customTimeouts, retainOnDelete, provider, parent, deletedWith, protect, dependencies };
}

/** Renames what old states say of resources that were found under an alias (`NormalizeURNReferences`). */
function normalizeUrns(resources: readonly ResourceState[]): ResourceState[] {
  const renamed = new Map(resources.flatMap(({ urn, aliases }) => aliases.map((alias) => [alias, urn] as const)));
  if (renamed.size === 0) return [...resources];
  const fix = (urn: string) => renamed.get(urn) ?? urn;
  const fixProvider = (reference: string) => {
    const at = reference.lastIndexOf("::");
    return reference && fix(reference.slice(0, at)) + reference.slice(at);
  };
  return resources.map((state) => ({
    ...state,
    urn: fix(state.urn),
    aliases: [],
    parent: fix(state.parent),
    provider: fixProvider(state.provider),
    dependencies: state.dependencies.map(fix),
    deletedWith: fix(state.deletedWith),
    propertyDependencies: Object.fromEntries(
      Object.entries(state.propertyDependencies).map(([key, urns]) => [key, urns.map(fix)]),
    ),
  }));
}
