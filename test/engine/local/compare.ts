import type { Goal } from "./goal";
import { contains, parsePath, resetPath } from "./paths";
import type { Diff } from "./provider";
import type { ResourceState } from "./state";
import { providerFor, type Runtime } from "./steps";
import { isProviderType } from "./urn";
import { changedKeys, isMap, type PropertyMap, revealMap } from "./value";

/**
 * Calls the provider's diff of the new inputs and the state (`diffResource`). For a provider without a result, the diff is made
 * by comparing old and new inputs as they are, hidden ones included.
 */
export async function compareInputs(
  runtime: Runtime,
  old: ResourceState,
  inputs: PropertyMap,
  ignoreChanges: readonly string[],
): Promise<Diff> {
  const { preview, registry } = runtime;
  const diff = isProviderType(old.type)
    ? await registry.diff(old, inputs)
    : await providerFor(runtime, old).diff(old, old, inputs, { preview, ignoreChanges });
  if (diff.changes !== "unknown") return diff;
  const current = applyIgnoreChanges(runtime, old.urn, inputs, old.inputs, ignoreChanges);
  const changed = changedKeys(revealMap(old.inputs), revealMap(current));
  return changed.length > 0 ? { ...diff, changes: "some", changedKeys: changed } : { ...diff, changes: "none" };
}

/** Sets ignored properties back to their old values (`processIgnoreChanges`). */
export function applyIgnoreChanges(
  { diagnostics }: Runtime,
  urn: string,
  inputs: PropertyMap,
  oldInputs: PropertyMap,
  ignoreChanges: readonly string[],
): PropertyMap {
  let result = inputs;
  const invalid: string[] = [];
  for (const text of ignoreChanges) {
    const reset = resetPath(parsePath(text), oldInputs, result);
    if (isMap(reset)) result = reset;
    else invalid.push(text);
  }
  if (invalid.length > 0) {
    diagnostics.info(urn, `cannot ignore changes in added or removed elements of the path: "${invalid.join(", ")}"`);
  }
  return result;
}

/** Changes of the named properties, or init errors under `#initerror`, become replacements. */
export function applyReplaceOnChanges(diff: Diff, { replaceOnChanges }: Goal, hasInitErrors: boolean): Diff {
  if (diff.changes !== "some" && !hasInitErrors) return diff;
  const paths = replaceOnChanges.map(parsePath);
  const isNamed = (key: string) => paths.some((path) => contains(path, parsePath(key)));
  const byErrors = hasInitErrors && isNamed("#initerror");
  const keys = new Set([...diff.replaceKeys, ...diff.changedKeys.filter(isNamed), ...(byErrors ? ["#initerror"] : [])]);
  return { ...diff, changes: byErrors ? "some" : diff.changes, replaceKeys: [...keys] };
}
