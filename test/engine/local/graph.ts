import { providerOf, type ResourceState } from "./state";

/** URNs that a resource needs: its provider and what it depends on, its parent apart (`GetAllDependencies`). */
function requirements(state: ResourceState): Set<string> {
  const provider = providerOf(state);
  return new Set([
    ...state.dependencies,
    ...Object.values(state.propertyDependencies).flat(),
    ...(state.deletedWith ? [state.deletedWith] : []),
    ...(provider ? [provider.urn] : []),
  ]);
}

/** The dependencies among the resources of a snapshot, which lists each one after what it needs. */
export class DependencyGraph {
  readonly #resources: readonly ResourceState[];

  constructor(resources: readonly ResourceState[]) {
    this.#resources = resources;
  }

  /** Direct dependencies and the parent; of a component that is depended on, also what is in it. */
  dependenciesOf(state: ResourceState): Set<ResourceState> {
    const needed = requirements(state);
    const before = this.#resources.slice(0, this.#resources.indexOf(state));
    const found = new Set<ResourceState>();
    for (const candidate of before) {
      if (candidate.urn === state.parent) found.add(candidate);
      if (!needed.has(candidate.urn)) continue;
      found.add(candidate);
      if (!candidate.custom) for (const child of descendantsOf(candidate.urn, before)) found.add(child);
    }
    return found;
  }

  transitiveDependenciesOf(state: ResourceState, found = new Set<ResourceState>()): Set<ResourceState> {
    for (const needed of this.dependenciesOf(state)) {
      if (found.has(needed)) continue;
      found.add(needed);
      this.transitiveDependenciesOf(needed, found);
    }
    return found;
  }

  /** Everything that needs the resource, directly or not, in order; children do not count. */
  dependingOn(state: ResourceState, ignore: ReadonlySet<string>): ResourceState[] {
    const dependents: ResourceState[] = [];
    const urns = new Set([state.urn]);
    for (const candidate of this.#resources.slice(this.#resources.indexOf(state) + 1)) {
      if (ignore.has(candidate.urn) || ![...requirements(candidate)].some((urn) => urns.has(urn))) continue;
      dependents.push(candidate);
      urns.add(candidate.urn);
    }
    return dependents;
  }

  /**
   * Splits what is to be deleted into rounds, so that a resource goes after everything that needs it
   * (`ScheduleDeletes`).
   */
  deletionRounds(condemned: Iterable<ResourceState>): ResourceState[][] {
    const left = new Set(condemned);
    const rounds: ResourceState[][] = [];
    while (left.size > 0) {
      const isFree = (state: ResourceState) => ![...this.dependenciesOf(state)].some((needed) => left.has(needed));
      const round = [...left].filter(isFree);
      if (round.length === 0) throw new Error("the state has resources that depend on each other in a circle");
      for (const state of round) left.delete(state);
      rounds.unshift(round);
    }
    return rounds;
  }
}

function descendantsOf(urn: string, resources: readonly ResourceState[]): ResourceState[] {
  const children = resources.filter(({ parent }) => parent === urn);
  return children.flatMap((child) => [child, ...descendantsOf(child.urn, resources)]);
}
