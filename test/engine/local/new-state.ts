import type { Goal } from "./goal";
import { NO_TIMEOUTS, type ResourceState } from "./state";

/** A goal without any option. */
export const EMPTY_GOAL: Goal = {
  type: "",
  name: "",
  custom: false,
  properties: {},
  parent: "",
  protect: undefined,
  dependencies: [],
  provider: "",
  propertyDependencies: {},
  deleteBeforeReplace: undefined,
  ignoreChanges: [],
  additionalSecretOutputs: [],
  aliases: [],
  customTimeouts: NO_TIMEOUTS,
  replaceOnChanges: [],
  retainOnDelete: undefined,
  deletedWith: "",
};

/** The state that a goal leads to, before the provider has filled it in (`resource.NewState`). */
export function newState(urn: string, goal: Goal, old: ResourceState | undefined): ResourceState {
  const { type, custom, parent, provider, additionalSecretOutputs, customTimeouts, ignoreChanges } = goal;
  return {
    urn,
    type,
    custom,
    delete: false,
    id: "",
    inputs: { ...goal.properties },
    outputs: {},
    parent,
    protect: goal.protect ?? false,
    external: false,
    dependencies: [...goal.dependencies],
    initErrors: [],
    provider,
    propertyDependencies: { ...goal.propertyDependencies },
    pendingReplacement: false,
    additionalSecretOutputs,
    aliases: old && old.urn !== urn ? [old.urn] : [],
    customTimeouts,
    retainOnDelete: goal.retainOnDelete ?? false,
    deletedWith: goal.deletedWith,
    created: old?.created,
    modified: old?.modified,
    ignoreChanges,
    replaceOnChanges: goal.replaceOnChanges,
  };
}
