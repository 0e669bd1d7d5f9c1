import { compareInputs } from "./compare";
import type { DependencyGraph } from "./graph";
import { contains, parsePath } from "./paths";
import { providerOf, type ResourceState, type Snapshot } from "./state";
import type { Runtime } from "./steps";
import { isProviderType } from "./urn";
import { mapValues, type PropertyMap, UNKNOWN } from "./value";

/**
 * What has to be replaced when `root` is deleted before its replacement (`calculateDependentReplacements`): dependents
 * whose provider would replace them if the properties they take from it were unknown, and what is deleted with it.
 */
export async function dependentReplacements(
  runtime: Runtime,
  graph: DependencyGraph,
  root: ResourceState,
  impossible: ReadonlySet<string>,
  snapshot: Snapshot,
): Promise<ResourceState[]> {
  const replaced = new Set([root.urn]);
  const found: ResourceState[] = [];
  for (const dependent of graph.dependingOn(root, impossible)) {
    if (!(await mustReplace(runtime, dependent, replaced))) continue;
    found.push(dependent);
    replaced.add(dependent.urn);
  }
  const cascading = snapshot.resources.filter(({ deletedWith, urn }) => deletedWith === root.urn && !replaced.has(urn));
  return [...found, ...cascading];
}

async function mustReplace(runtime: Runtime, state: ResourceState, replaced: ReadonlySet<string>): Promise<boolean> {
  if (!state.custom || state.external) return false;
  const provider = providerOf(state);
  if (provider && replaced.has(provider.urn)) {
    await runtime.ensureProvider(state);
    return true;
  }
  if (state.deletedWith && replaced.has(state.deletedWith)) return true;
  const inputs = unknownWhere(state, replaced);
  if (!inputs) return false;
  if (isProviderType(state.type)) await runtime.registry.same(state);
  else await runtime.ensureProvider(state);
  const diff = await compareInputs({ ...runtime, preview: true }, state, inputs, state.ignoreChanges);
  const paths = state.replaceOnChanges.map(parsePath);
  const isNamed = (key: string) => paths.some((path) => contains(path, parsePath(key)));
  return diff.changes === "some" && (diff.replaceKeys.length > 0 || diff.changedKeys.some(isNamed));
}

/** The inputs, those unknown that depend on something replaced; undefined when none does. */
function unknownWhere(state: ResourceState, replaced: ReadonlySet<string>): PropertyMap | undefined {
  const affected = (key: string) => state.propertyDependencies[key]?.some((urn) => replaced.has(urn)) ?? false;
  if (!Object.keys(state.inputs).some(affected)) return undefined;
  const inputs = mapValues(state.inputs, (value) => value);
  for (const key of Object.keys(inputs).filter(affected)) inputs[key] = UNKNOWN;
  return inputs;
}
