import type { OperationType, PendingOperation, ResourceState, Snapshot } from "./state";

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

  /** Notes an operation before it starts, so that a crash leaves word of it. */
  begin(resource: ResourceState, type: OperationType): void {
    this.#running.set(resource, { resource, type });
    this.save();
  }

  end(resource: ResourceState): void {
    this.#running.delete(resource);
  }

  save(): void {
    const resources = [...this.#news, ...this.#base.resources].filter((state) => !this.#dones.has(state));
    // Pending creates need a person to say what became of them: only an interactive refresh clears them.
    const creates = this.#base.pendingOperations.filter(({ type }) => type === "creating");
    this.#save({
      resources: normalizeUrns(resources),
      pendingOperations: [...this.#running.values(), ...creates],
    });
  }
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
