import type { StepExecutor } from "./executor";
import { refreshStep } from "./reading";
import type { ResourceState, Snapshot } from "./state";
import type { Runtime } from "./steps";

/** Reads every resource of the state again and gives the state that results (`deploymentExecutor.refresh`). */
export async function refresh(
  runtime: Runtime,
  executor: StepExecutor,
  { resources }: Snapshot,
): Promise<ResourceState[]> {
  for (const state of resources) await runtime.ensureProvider(state);
  const steps = resources.map((state) => refreshStep(runtime, state));
  await executor.runAll(steps);
  return rebuild(steps.flatMap(({ new: state }) => state ?? []));
}

/**
 * Takes out what refers to resources that are gone (`rebuildBaseState`, `undangleParentResources`), and with it every
 * property that depends on nothing: the CLI builds those entries again from the dependencies that there are.
 */
function rebuild(resources: readonly ResourceState[]): ResourceState[] {
  const urns = new Set(resources.map(({ urn }) => urn));
  const isThere = (urn: string) => urns.has(urn);
  return resources.map((state) => ({
    ...state,
    dependencies: state.dependencies.filter(isThere),
    propertyDependencies: Object.fromEntries(
      Object.entries(state.propertyDependencies)
        .map(([key, needed]) => [key, needed.filter(isThere)] as const)
        .filter(([, needed]) => needed.length > 0),
    ),
    deletedWith: isThere(state.deletedWith) ? state.deletedWith : "",
    parent: isThere(state.parent) ? state.parent : "",
  }));
}
